# SPDX-License-Identifier: GPL-3.0-or-later
"""From a recorded take to keyframes: as was seen live, or better, solved again."""

from dataclasses import dataclass, replace

import numpy as np
from bpy.types import Action, Object

from ..core.errors import CharacterError, TakeError
from ..core.live_drive import Manner
from ..core.motion import CharacterMotion
from ..core.replay import at_times, manner_of, replay, retarget_clip
from ..core.rig_rest import RigRest
from ..core.solve import stored_joints
from ..core.steps import Progress, Steps, finish, part
from ..core.take import SOLVED_KEY, Take
from ..core.types import FloatArray
from ..core.world_motion import frame_times, to_world
from . import access, animate, bake, binding, character, own_action, session, solving
from .beside import beside

# The share of the work that is over when the motion is known: of joints that are kept,
# and of those that are made again.
_KEPT, _ANEW = 0.2, 0.6
MAX_FRAME = 1_048_574  # Of a scene in Blender.


@dataclass(frozen=True)
class BakeOptions:
    """What to bake, and where to.

    Attributes:
        manner: Whom the character follows and how; None takes what the take says.
        person: Another person than that, by number; 0 leaves it.
        rig: Rig map by name or path; empty chooses the one that fits.
        solved: How the take is solved again; None keeps what was seen live.
        between: Seconds of the take where the baked part begins and ends.
        fps: Keys a second; None keys every frame of the scene [Hz].
        action: Name of the new action; empty calls it after the character.
        first_frame: Scene frame of the first key.
        roles: Whose bones get keys; None keys all.
        as_copy: Whether the new action begins as a copy of the one that is played.
        to_track: Whether it goes to an NLA track of its own.
    """

    manner: Manner | None = None
    person: int = 0
    rig: str = ""
    solved: solving.Solver | None = None
    between: tuple[float, float] = (0.0, np.inf)
    fps: float | None = None
    action: str = ""
    first_frame: float = 1
    roles: frozenset[str] | None = None
    as_copy: bool = False
    to_track: bool = False

    def manner_in(self, take: Take, name: str) -> Manner:
        """Return whom a character follows, and how."""
        manner = self.manner or manner_of(take, name)
        return replace(manner, person=self.person) if self.person else manner

    def keeps_joints(self, take: Take) -> bool:
        """Whether the joints are those that an earlier solving found."""
        return self.solved is None and SOLVED_KEY in take.header.calibration

    def times(self, take: Take) -> FloatArray:
        """Return the times of the keys, shape `(F,)` [s].

        Raises:
            TakeError: The take has nothing in that range, or lasts too long.
        """
        begin, end = take.packets[0].t, take.packets[-1].t
        first, last = (begin + second for second in self.between)
        if not first <= min(end, last):
            raise TakeError(
                f"There is nothing from {self.between[0]:.1f} to "
                f"{self.between[1]:.1f} s: the take is {take.duration:.1f} s long"
            )
        last = min(end, last)
        fps = animate.scene_fps()
        if self.first_frame + (last - first) * fps > MAX_FRAME:
            raise TakeError(
                f"The take lasts {take.duration / 3600:.3g} hours by its time stamps, "
                f"more than Blender's {MAX_FRAME} frames: bake a part of it"
            )
        return frame_times(first, last, self.fps or fps)


def bake_take(armature: Object, take: Take, options: BakeOptions) -> Steps[Action]:
    """Bake a take; yields progress and returns the new action.

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
    known = _KEPT if options.keeps_joints(take) else _ANEW
    motion = yield from part(take_motion(take, rest, name, options), 0.0, known)
    armature = _found(name)
    fps = animate.scene_fps()
    keying = bake.Keying(
        options.action or f"{name} ViTPose",
        options.first_frame,
        fps / (options.fps or fps),
        options.roles,
        options.as_copy,
    )
    try:
        binding.ensure_binding(armature, rest)
        steps = bake.bake_steps(armature, rest, motion, keying)
        action = yield from part(steps, known, 1.0)
        if options.to_track:
            own_action.to_track(_found(name), action)
    finally:
        found = access.find_object(name)
        if found is not None and not was_bound:
            binding.remove_binding(found)
    return action


def take_motion(
    take: Take, rest: RigRest, name: str, options: BakeOptions
) -> Steps[CharacterMotion]:
    """Return the motion that a take is to a character, at the times of the keys.

    Args:
        take: As it was recorded, or solved again.
        rest: The character.
        name: Of its armature.
        options: Which part of the take, how and at which rate.

    Raises:
        TakeError: The person is not in the take, or it holds no 3D joints.
    """
    manner, times = options.manner_in(take, name), options.times(take)
    if options.solved is None and not options.keeps_joints(take):
        return (
            yield from beside(
                lambda progress: at_times(
                    finish(replay(take, rest, name, manner), progress), times
                )
            )
        )
    one = take.of_person(manner.person or take.people[0])
    solved = 0.0  # The share of the work that is over when the joints are known.
    if options.solved is not None:
        lifter, solved = options.solved.lifter, 0.8
        one = yield from part(solving.calibrated(one), 0.0, 0.1)
        joints = yield from part(solving.solve(one, options.solved), 0.1, solved)
    else:
        lifter, joints = one.header.lifter, stored_joints(one)

    def follow(progress: Progress) -> CharacterMotion:
        memory = solving.memory(one, lifter)
        person = to_world(joints, one.header.camera, times)
        return retarget_clip(person, rest, manner, memory, progress)

    motion = yield from part(beside(follow), solved, 1.0)
    return motion


def _found(name: str) -> Object:
    armature = access.find_object(name)
    if armature is None:
        raise CharacterError(f"{name!r} is gone: load it again and bake")
    return armature
