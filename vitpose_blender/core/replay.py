# SPDX-License-Identifier: GPL-3.0-or-later
"""A recorded take as a character's motion: as it was seen live, or from its joints."""

from itertools import groupby
from typing import Any

import numpy as np

from .errors import TakeError
from .journal import STATE_KEY
from .live_drive import LiveDrive, Manner, in_manner
from .motion import CharacterMotion, CharacterPose, Memory, WorldMotion
from .retarget import retarget
from .rig_rest import RigRest
from .rotations import same_hemisphere, unit
from .steps import Progress, Steps, ignore
from .take import Take
from .types import FloatArray
from .world_motion import MAX_GAP

_REPORT_EVERY = 10  # Moments between two reports of progress.


def replay(
    take: Take, rest: RigRest, name: str = "", manner: Manner | None = None
) -> Steps[CharacterMotion]:
    """Return the poses that a character had while a take was recorded, in steps.

    The packets are replayed one by one, by the same steps and from the same state.

    Args:
        take: As it was recorded.
        rest: The character.
        name: Of its armature when it was driven.
        manner: Whom it follows and how; None takes what the take says.

    Raises:
        TakeError: The person is not in the take, or it holds no 3D joints.
    """
    manner = manner or manner_of(take, name)
    if manner.person:
        take = take.of_person(manner.person)
    drive = LiveDrive(rest, take.header.camera, manner, _state_of(take, name))
    poses: list[CharacterPose] = []
    moments = [
        list(together) for _, together in groupby(take.packets, key=lambda each: each.t)
    ]
    for number, packets in enumerate(moments):
        pose = drive.step(packets)
        if pose is not None:
            poses.append(pose)
        if number % _REPORT_EVERY == 0:
            yield number / len(moments)
    if not poses:
        raise TakeError("The take holds no 3D joints; solve them from its keypoints")
    return CharacterMotion(
        poses[0].names,
        np.array([pose.t for pose in poses]),
        np.stack([pose.location for pose in poses]),
        np.stack([pose.rotation for pose in poses]),
    )


def retarget_clip(
    person: WorldMotion,
    rest: RigRest,
    manner: Manner,
    memory: Memory | None = None,
    progress: Progress = ignore,
) -> CharacterMotion:
    """Return a character's motion by a person's whole clip, looking both ways.

    Args:
        person: The person, at the wanted times.
        rest: The character.
        manner: How it follows; whom does not matter here.
        memory: What is known of the person; see `self_calibration.memory_of`.
        progress: Called with the finished part, in [0, 1].
    """
    return retarget(
        in_manner(person, manner),
        rest,
        memory,
        hands_meet=manner.hands_meet,
        progress=progress,
    )


def manner_of(take: Take, name: str = "") -> Manner:
    """Return whom a character followed and how while a take was recorded."""
    return Manner.from_dict(_table(_state_of(take, name).get("manner")))


def manners_of(take: Take) -> dict[str, Any]:
    """Return whom each character followed and how, as JSON values, by its name."""
    live = _table(take.header.calibration.get(STATE_KEY))
    states = _table(live.get("characters"))
    return {
        name: {"manner": _table(state).get("manner")} for name, state in states.items()
    }


def at_times(motion: CharacterMotion, times: FloatArray) -> CharacterMotion:
    """Return a motion at other times: held where nobody was seen, else in between.

    Args:
        motion: At its own times; before and after them it stands still.
        times: Wanted, shape `(G,)` [s].
    """
    wanted = np.clip(times, motion.times[0], motion.times[-1])
    after = np.clip(np.searchsorted(motion.times, wanted), 0, len(motion) - 1)
    before = np.maximum(after - 1, 0)
    step = motion.times[after] - motion.times[before]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(step > 0, (wanted - motion.times[before]) / step, 1.0)
    share = np.where((step > MAX_GAP) & (share < 1.0), 0.0, share)[:, None, None]
    rotation = same_hemisphere(motion.rotation)
    return CharacterMotion(
        motion.names,
        times,
        (1 - share) * motion.location[before] + share * motion.location[after],
        unit((1 - share) * rotation[before] + share * rotation[after]),
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
