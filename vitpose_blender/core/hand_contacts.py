# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands that meet, and hands on hips, on characters of other proportions.

Directions alone bring the hands of broad or short-armed characters together beside
each other or into the body. Where the person's wrists are near each other, or near a
hip, the character's are brought as near, measured in its own forearms.
"""

from dataclasses import dataclass

import numpy as np

from .body_frames import between, pelvis_frame
from .layouts import SIDES
from .limb_rest import Limb
from .motion import WorldMotion
from .rig_rest import RigRest, limb_end
from .rotations import apply, transpose, unit
from .two_bone import bend_axis, reach
from .types import FloatArray

# Wrists nearer than the first touch, farther than the second they do not; in forearms
# of the person.
_MEETING = (0.45, 1.2)
_ON_HIP = (0.6, 0.9)
# Arms that hang pass the hip as near as a hand on it: what tells is the elbow [rad].
_HANGING, _AKIMBO = np.radians(30), np.radians(60)


@dataclass
class _Arm:
    """One arm of the character over time, rig space; `joints` is `(F, 3, 3)`."""

    limb: Limb
    rows: list[int]
    joints: FloatArray
    hinge: FloatArray

    @property
    def wrist(self) -> FloatArray:
        wrist: FloatArray = self.joints[:, 2]
        return wrist


def keep_contacts(
    person: WorldMotion, rest: RigRest, turns: FloatArray, heads: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Bend the arms so that hands meet as the person's do.

    Args:
        person: The person, facing the character's way.
        rest: The character.
        turns: Of each bone, rig space, shape `(F, D, 3, 3)`.
        heads: Where each bone begins, rig space, shape `(F, D, 3)`.

    Returns:
        Turns and heads with both arms moved; everything else as it was.
    """
    arms = [_arm(rest, limb, turns, heads) for limb in rest.limbs if limb.part == "arm"]
    goals = _meeting(person, rest, arms)
    goals = [
        _on_hip(person, rest, turns, heads, arm, goal) for arm, goal in zip(arms, goals)
    ]
    turns, heads = turns.copy(), heads.copy()
    for arm, goal in zip(arms, goals):
        _bend(rest, arm, goal, turns, heads)
    return turns, heads


def _arm(rest: RigRest, limb: Limb, turns: FloatArray, heads: FloatArray) -> _Arm:
    parts = ("upper_arm", "upper_arm_twist", "forearm", "forearm_twist", "hand")
    rows = [row for part in parts for row in rest.chain(f"{limb.side}_{part}")]
    lower = limb_end(rest, limb.side, "arm") - rest.heads[limb.lower]
    wrist = heads[:, limb.lower] + apply(turns[:, limb.lower], lower)
    joints = np.stack([heads[:, limb.upper], heads[:, limb.lower], wrist], axis=1)
    return _Arm(limb, rows, joints, apply(turns[:, limb.upper], limb.hinge))


def _meeting(person: WorldMotion, rest: RigRest, arms: list[_Arm]) -> list[FloatArray]:
    """Return where both wrists go so that hands meet, about the place they are at."""
    apart = between(person.xyz, "right_wrist", "left_wrist")
    forearm = np.mean([_forearm(person, side) for side in SIDES], axis=0)
    weight = _fall(np.linalg.norm(apart, axis=-1) / forearm, *_MEETING)
    left, right = (arm.wrist for arm in arms)
    wanted = rest.to_rig(apart * (_forearm_of(rest) / forearm)[:, np.newaxis])
    change = np.nan_to_num(weight[:, np.newaxis] * (wanted - (left - right))) / 2
    return [left + change, right - change]


def _on_hip(
    person: WorldMotion,
    rest: RigRest,
    turns: FloatArray,
    heads: FloatArray,
    arm: _Arm,
    goal: FloatArray,
) -> FloatArray:
    """Return where a wrist goes so that it is as near its own hip as the person's."""
    side = arm.limb.side
    pelvis = pelvis_frame(person.xyz)
    offset = between(person.xyz, f"{side}_hip", f"{side}_wrist")
    forearm = _forearm(person, side)
    weight = _fall(np.linalg.norm(offset, axis=-1) / forearm, *_ON_HIP)
    weight *= 1.0 - _fall(_elbow_bend(person, side), _HANGING, _AKIMBO)
    local = apply(transpose(pelvis), offset) * (_forearm_of(rest) / forearm)[:, None]
    outward = apply(rest.trunk, local)
    hip = heads[:, rest.index[f"{side}_thigh"]]
    wanted = hip + apply(turns[:, rest.index["hips"]], rest.to_rig(outward))
    change: FloatArray = np.nan_to_num(weight[:, np.newaxis] * (wanted - goal))
    return goal + change


def _bend(
    rest: RigRest, arm: _Arm, goal: FloatArray, turns: FloatArray, heads: FloatArray
) -> None:
    """Write an arm that reaches a goal into turns and heads, where it has to move."""
    moves = np.linalg.norm(goal - arm.wrist, axis=-1) > 1e-9
    if not moves.any():
        return
    joints = arm.joints[moves]
    hinge = bend_axis(joints, arm.hinge[moves])
    upper_turn, lower_turn = reach(joints, goal[moves], hinge)
    uppers = {f"{arm.limb.side}_upper_arm", f"{arm.limb.side}_upper_arm_twist"}
    for row in arm.rows:
        turn = upper_turn if rest.roles[row] in uppers else lower_turn
        turns[moves, row] = turn @ turns[moves, row]
    for row in arm.rows[1:]:
        anchor = rest.anchors[row]
        offset = rest.heads[row] - rest.heads[anchor]
        heads[moves, row] = heads[moves, anchor] + apply(turns[moves, anchor], offset)


def _forearm(person: WorldMotion, side: str) -> FloatArray:
    """Return the person's forearm in every frame, shape `(F,)` [m]."""
    length: FloatArray = np.linalg.norm(
        between(person.xyz, f"{side}_elbow", f"{side}_wrist"), axis=-1
    )
    return np.where(length > 0, length, np.nan)


def _forearm_of(rest: RigRest) -> float:
    """Return the character's forearm, mean of both sides, world [m]."""
    ends = [
        rest.to_world(
            np.array([rest.heads[limb.lower], limb_end(rest, limb.side, "arm")])
        )
        for limb in rest.limbs
        if limb.part == "arm"
    ]
    return float(np.mean([np.linalg.norm(tip - root) for root, tip in ends]))


def _elbow_bend(person: WorldMotion, side: str) -> FloatArray:
    upper = unit(between(person.xyz, f"{side}_shoulder", f"{side}_elbow"))
    lower = unit(between(person.xyz, f"{side}_elbow", f"{side}_wrist"))
    bend: FloatArray = np.arccos(np.clip(np.sum(upper * lower, axis=-1), -1.0, 1.0))
    return bend


def _fall(values: FloatArray, one: float, none: float) -> FloatArray:
    """Return 1 up to the first bound, 0 from the second and for NaN; smooth between."""
    share = np.clip((none - values) / (none - one), 0.0, 1.0)
    smooth: FloatArray = np.nan_to_num(share * share * (3.0 - 2.0 * share))
    return smooth
