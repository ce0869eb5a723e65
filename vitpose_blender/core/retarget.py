# SPDX-License-Identifier: GPL-3.0-or-later
"""From joints of a person to targets of a character: pure functions over whole clips.

Every bone turns away from its rest pose as the person's limb turns away from the
same limb of the character at rest; lengths are always the character's own. A live
frame is a clip of length one whose `Memory` comes from the frame before.
"""

import numpy as np

from .bone_turns import bone_turns
from .hand_contacts import keep_contacts
from .layouts import SIDES
from .limb_rest import Limb
from .motion import CharacterMotion, CharacterPose, Memory, WorldMotion
from .person_measures import leg_length, with_plain_back
from .rig_rest import RigRest
from .rotations import apply, reject, to_quaternion, unit
from .steps import Progress, ignore
from .types import FloatArray


def retarget(
    motion: WorldMotion,
    rest: RigRest,
    memory: Memory | None = None,
    *,
    hands_meet: bool = False,
    progress: Progress = ignore,
) -> CharacterMotion:
    """Return the targets that make a character move as the person does.

    Args:
        motion: The person.
        rest: The character.
        memory: Continues an earlier clip; brought up to date. Without one the motion
            is a whole clip, in which later frames may help earlier ones.
        hands_meet: Bring hands together, and to the hips, as near as the person's,
            at the cost of the arms' exact directions.
        progress: Called with the finished part, in [0, 1].

    Returns:
        Targets for every frame. A bone about which nothing is known keeps the turn
        it last had against the bone that carries it, at first its rest pose.
    """
    memory = Memory(looks_ahead=True) if memory is None else memory
    person = _rotate_motion(motion, rest.facing)
    if rest.body == "biped":
        person = with_plain_back(person, memory)
    turns = bone_turns(person, rest, memory, progress)
    heads = _place(person, rest, turns, memory)
    if hands_meet:
        turns, heads = keep_contacts(person, rest, turns, heads)
    return _targets(motion.times, rest, turns, heads)


def _rotate_motion(motion: WorldMotion, facing: FloatArray) -> WorldMotion:
    """Turn the person so that facing the camera becomes the character's own way."""
    return WorldMotion(
        motion.times,
        motion.xyz @ facing.T,
        motion.path @ facing.T,
        motion.clearance,
    )


def _place(
    person: WorldMotion, rest: RigRest, turns: FloatArray, memory: Memory
) -> FloatArray:
    """Return where each bone's head is in rig space, shape `(F, D, 3)`."""
    heads = _heads_from_hips(rest, turns)
    scale = rest.leg_length / leg_length(person.xyz, memory)
    thighs = [rest.index[f"{side}_thigh"] for side in SIDES]
    pelvis_rest = rest.to_world(rest.heads[thighs].mean(axis=0))
    pelvis = rest.to_world(heads[:, thighs].mean(axis=1))
    path = _hold_path(person.path, memory)
    shift = pelvis_rest + path * scale - pelvis
    feet = _lowest_point(rest, rest.ground_points, turns, heads)
    body = _lowest_point(rest, rest.body_points, turns, heads)
    clearance = np.nan_to_num(person.clearance) * scale
    # A large head or a short neck must not end under the floor in a cartwheel.
    shift[:, 2] = rest.floor + np.maximum(clearance - feet, -body)
    placed: FloatArray = heads + rest.to_rig(shift)[:, np.newaxis]
    return placed


def _heads_from_hips(rest: RigRest, turns: FloatArray) -> FloatArray:
    """Chain the bones up from hips that stay where they are at rest."""
    heads = np.empty((len(turns), len(rest.names), 3))
    for row, anchor in enumerate(rest.anchors):
        if anchor < 0:
            heads[:, row] = rest.heads[row]
        else:
            offset = rest.heads[row] - rest.heads[anchor]
            heads[:, row] = heads[:, anchor] + apply(turns[:, anchor], offset)
    return heads


def _hold_path(path: FloatArray, memory: Memory) -> FloatArray:
    """Fill unknown stretches of the way with the last known place."""
    missing = ~np.isfinite(path).all(axis=1)
    source = np.maximum.accumulate(np.where(missing, -1, np.arange(len(path))))
    filled = np.where((source >= 0)[:, np.newaxis], path[source], memory.path)
    if len(path):
        memory.path = filled[-1].copy()
    return filled


def _lowest_point(
    rest: RigRest,
    points_of_bones: list[tuple[int, FloatArray]],
    turns: FloatArray,
    heads: FloatArray,
) -> FloatArray:
    """Return the height in the world of the lowest of some points, `(F,)` [m].

    Args:
        rest: The character.
        points_of_bones: Bones, and points that go with each, rig space, `(P, 3)`.
        turns: Of each bone, shape `(F, D, 3, 3)`.
        heads: Where each bone begins, shape `(F, D, 3)`.
    """
    heights = []
    for row, points in points_of_bones:
        offsets = points - rest.heads[row]
        turned = np.einsum("fij,pj->fpi", turns[:, row], offsets)
        heights.append(rest.to_world(heads[:, row, np.newaxis] + turned)[..., 2])
    lowest: FloatArray = np.concatenate(heights, axis=1).min(axis=1)
    return lowest


def goal_name(limb: Limb) -> str:
    """Return the name of the target that a limb's IK constraint pulls at."""
    return f"{limb.name}_goal"


def pole_name(limb: Limb) -> str:
    """Return the name of the target that a limb's IK constraint bends towards."""
    return f"{limb.name}_pole"


def bone_target_names(rest: RigRest) -> tuple[str, ...]:
    """Return the name of each driven bone's target: its role, numbered in chains."""
    counts: dict[str, int] = {}
    names = []
    for role in rest.roles:
        counts[role] = counts.get(role, 0) + 1
        names.append(role if counts[role] == 1 else f"{role}_{counts[role]}")
    return tuple(names)


def target_names(rest: RigRest) -> tuple[str, ...]:
    """Return all targets: one a driven bone, then goal and pole of each limb."""
    ends = (name(limb) for limb in rest.limbs for name in (goal_name, pole_name))
    return (*bone_target_names(rest), *ends)


def rest_targets(rest: RigRest) -> CharacterPose:
    """Return the targets that keep a character in its rest pose."""
    turns = np.tile(np.eye(3), (1, len(rest.names), 1, 1))
    return _targets(np.zeros(1), rest, turns, rest.heads[np.newaxis]).pose(0)


def _targets(
    times: FloatArray, rest: RigRest, turns: FloatArray, heads: FloatArray
) -> CharacterMotion:
    """Return a target a bone, then each limb's goal and pole."""
    ends = [_limb_targets(rest, limb, turns, heads) for limb in rest.limbs]
    bones = [row for limb in rest.limbs for row in (limb.lower, limb.upper)]
    rotation = to_quaternion(turns @ rest.rotations)
    return CharacterMotion(
        target_names(rest),
        times,
        np.concatenate([heads, *ends], axis=1),
        np.concatenate([rotation, rotation[:, bones]], axis=1),
    )


def _limb_targets(
    rest: RigRest, limb: Limb, turns: FloatArray, heads: FloatArray
) -> FloatArray:
    """Return where IK pulls the lower bone's tail, and its pole, shape `(F, 2, 3)`.

    The pole lies beside the hinge in the half plane of the limb's line and the pole
    axis, so it agrees with the limb's full orientation even when it is straight.
    """
    tail = rest.tails[limb.lower] - rest.heads[limb.lower]
    goal = heads[:, limb.lower] + apply(turns[:, limb.lower], tail)
    root = heads[:, limb.upper]
    line = unit(goal - root)
    beside = unit(reject(apply(turns[:, limb.upper], limb.pole_axis), line))
    reach = np.sum((heads[:, limb.lower] - root) * line, axis=-1, keepdims=True)
    length = np.linalg.norm(rest.heads[limb.lower] - rest.heads[limb.upper])
    return np.stack([goal, root + line * reach + beside * length], axis=1)
