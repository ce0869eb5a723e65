# SPDX-License-Identifier: GPL-3.0-or-later
"""From a recorded take to keyframes that move the character as was seen live.

The take's packets are replayed one by one, by the same steps and from the same state.
"""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from bpy.types import Action, Object

from ..core.errors import CharacterError, TakeError
from ..core.journal import STATE_KEY
from ..core.live_drive import LiveDrive, Manner
from ..core.motion import CharacterMotion, CharacterPose
from ..core.rig_rest import RigRest
from ..core.rotations import same_hemisphere, unit
from ..core.take import Take
from ..core.types import FloatArray
from ..core.world_motion import MAX_GAP, frame_times
from . import access, animate, bake, binding, character, session

_REPLAY = 0.5  # The share of the work that is over when the replay is.
_REPORT_EVERY = 10  # Moments between two reports of progress.


@dataclass(frozen=True)
class BakeOptions:
    """What to bake.

    Attributes:
        manner: Whom the character follows and how; None takes what the take says.
        rig: Rig map by name or path; empty chooses the one that fits.
        action: Name of the new action; empty calls it after the character.
        first_frame: Scene frame of the first key.
    """

    manner: Manner | None = None
    rig: str = ""
    action: str = ""
    first_frame: int = 1


def bake_take(armature: Object, take: Take, options: BakeOptions) -> bake.Steps:
    """Bake a take as it was seen; yields progress and returns the new action.

    The scene's own rate is kept. The armature is bound meanwhile, unless it was.

    Raises:
        TakeError: The person is not in the take, or it holds no 3D joints.
        CharacterError: The character is being driven by the running capture.
        RigError: No rig map fits the character.
    """
    if session.live.drives(armature):
        raise CharacterError(
            f"{armature.name!r} is being driven: stop the capture, then bake"
        )
    name, was_bound = armature.name, binding.is_bound(armature)
    rest = character.read_rig_rest(armature, options.rig)
    motion = yield from _replayed(take, rest, name, options.manner)
    times = frame_times(motion.times[0], motion.times[-1], animate.scene_fps())
    motion = at_times(motion, times)
    armature = _found(name)
    title = options.action or f"{name} ViTPose"
    try:
        binding.ensure_binding(armature, rest)
        action: Action = yield from _second_part(
            bake.bake_steps(armature, rest, motion, title, options.first_frame)
        )
    finally:
        found = access.find_object(name)
        if found is not None and not was_bound:
            binding.remove_binding(found)
    return action


def replay(
    take: Take, rest: RigRest, name: str = "", manner: Manner | None = None
) -> CharacterMotion:
    """Return the poses that a character had while a take was recorded.

    Args:
        take: As it was recorded.
        rest: The character.
        name: Of its armature when it was driven.
        manner: Whom it follows and how; None takes what the take says.

    Raises:
        TakeError: The person is not in the take, or it holds no 3D joints.
    """
    steps = _replayed(take, rest, name, manner)
    while True:
        try:
            next(steps)
        except StopIteration as finished:
            motion: CharacterMotion = finished.value
            return motion


def at_times(motion: CharacterMotion, times: FloatArray) -> CharacterMotion:
    """Return a motion at other times: held where nobody was seen, else in between.

    Args:
        motion: At its own times.
        times: Wanted, within those of the motion, shape `(G,)` [s].
    """
    after = np.clip(np.searchsorted(motion.times, times), 0, len(motion) - 1)
    before = np.maximum(after - 1, 0)
    step = motion.times[after] - motion.times[before]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(step > 0, (times - motion.times[before]) / step, 1.0)
    share = np.where((step > MAX_GAP) & (share < 1.0), 0.0, share)[:, None, None]
    rotation = same_hemisphere(motion.rotation)
    return CharacterMotion(
        motion.names,
        times,
        (1 - share) * motion.location[before] + share * motion.location[after],
        unit((1 - share) * rotation[before] + share * rotation[after]),
    )


def _replayed(
    take: Take, rest: RigRest, name: str, manner: Manner | None
) -> Generator[float, None, CharacterMotion]:
    state = _state_of(take, name)
    if manner is None:
        manner = Manner.from_dict(_table(state.get("manner")))
    if manner.person:
        take = take.of_person(manner.person)
    drive = LiveDrive(rest, take.header.camera, manner, state)
    poses: list[CharacterPose] = []
    moments = [
        list(together) for _, together in groupby(take.packets, key=lambda each: each.t)
    ]
    for number, packets in enumerate(moments):
        pose = drive.step(packets)
        if pose is not None:
            poses.append(pose)
        if number % _REPORT_EVERY == 0:
            yield _REPLAY * number / len(moments)
    if not poses:
        raise TakeError("The take holds no 3D joints; solve them from its keypoints")
    return CharacterMotion(
        poses[0].names,
        np.array([pose.t for pose in poses]),
        np.stack([pose.location for pose in poses]),
        np.stack([pose.rotation for pose in poses]),
    )


def _state_of(take: Take, name: str) -> dict[str, Any]:
    """Return how a character was driven when a take began.

    For another character than those that were there, what is known of the person.
    """
    live = _table(take.header.calibration.get(STATE_KEY))
    states = _table(live.get("characters"))
    own = _table(states.get(name))
    if own or not states:
        return own
    other = _table(next(iter(states.values())))
    memory = _table(other.get("memory")) | {"turns": None}
    return other | {"memory": memory}


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _second_part(steps: bake.Steps) -> bake.Steps:
    """Run a bake whose progress begins where the replay's ended."""
    with closing(steps):
        while True:
            try:
                done = next(steps)
            except StopIteration as finished:
                action: Action = finished.value
                return action
            yield _REPLAY + (1 - _REPLAY) * done


def _found(name: str) -> Object:
    armature = access.find_object(name)
    if armature is None:
        raise CharacterError(f"{name!r} is gone: load it again and bake")
    return armature
