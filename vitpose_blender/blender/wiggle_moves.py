# SPDX-License-Identifier: GPL-3.0-or-later
"""How the wiggle test moves each role: about which axis, how far, and what to see.

A movement is told by two directions of the body, from which to which it turns. That
holds in mirrored armatures too, where the sign of an axis would not.
"""

from dataclasses import dataclass

import numpy as np

from ..core.rig import FINGER_ROLES, ROLES, RigMap
from ..core.skeleton import Skeleton
from ..core.types import FloatArray
from .body_axes import BodyAxes
from .role_texts import part_of

# Turns that the rest pose shows, rather than two directions of the body.
_HINGE = ("hinge", "")
_CURL = ("curl", "")
_ALONG = ("along", "")


@dataclass(frozen=True)
class Movement:
    """One way of moving a role.

    Attributes:
        turn: From which direction of the body to which, as `front` to `down`; `out`
            is the role's own side.
        degrees: How far, all bones of the role together.
        both_ways: Whether it swings back beyond the rest pose.
        caption: What a right map shows.
    """

    turn: tuple[str, str]
    degrees: float
    both_ways: bool
    caption: str


_TWIST = Movement(_ALONG, 60, True, "twists along the limb")
_MOVEMENTS: dict[str, tuple[Movement, ...]] = {
    "hips": (Movement(("up", "left"), 15, True, "the whole body sways"),),
    "spine": (
        Movement(("up", "front"), 35, False, "bends forwards"),
        Movement(("up", "left"), 30, True, "bends to both sides"),
    ),
    "neck": (Movement(("front", "down"), 30, True, "nods the whole head"),),
    "head": (
        Movement(("front", "down"), 30, True, "nods"),
        Movement(("front", "left"), 45, True, "turns to both sides"),
    ),
    "jaw": (Movement(("front", "down"), 20, False, "opens the mouth"),),
    "tail": (Movement(("down", "left"), 60, True, "sways to both sides"),),
    "clavicle": (Movement(("out", "up"), 25, False, "shrugs the shoulder"),),
    "upper_arm": (Movement(("out", "up"), 50, False, "lifts the arm"),),
    "forearm": (Movement(_HINGE, 80, False, "the elbow bends forwards"),),
    "hand": (Movement(_HINGE, 40, True, "the wrist bends both ways"),),
    "thigh": (Movement(("down", "front"), 50, False, "lifts the leg forwards"),),
    "shin": (Movement(_HINGE, 80, False, "the knee bends backwards"),),
    "foot": (Movement(("front", "down"), 25, True, "the ankle bends up and down"),),
    "toe": (Movement(("front", "up"), 35, False, "the toes bend up"),),
    "eye": (Movement(("front", "left"), 25, True, "looks to both sides"),),
    **dict.fromkeys(
        FINGER_ROLES, (Movement(_CURL, 180, False, "curls into the palm"),)
    ),
    "thumb": (Movement(_CURL, 90, False, "moves across the palm"),),
    **dict.fromkeys(
        ("upper_arm_twist", "forearm_twist", "thigh_twist", "shin_twist"), (_TWIST,)
    ),
}
# The legs of an animal stand under it, whatever their roles are called.
_FOUR_LEGGED = {
    "spine": (Movement(("front", "left"), 40, True, "bends to both sides"),),
    "hips": (Movement(("front", "left"), 12, True, "the whole body turns"),),
    "clavicle": (Movement(("down", "front"), 20, True, "swings the shoulder"),),
    "upper_arm": (Movement(("down", "front"), 35, False, "lifts the front leg"),),
}


@dataclass(frozen=True, eq=False)
class Move:
    """A movement of one role's bones.

    Attributes:
        role: One of `ROLES`.
        bones: The role's bones, root to tip.
        axes: Of each bone in its own space, shape `(N, 3)`, unit.
        angle: Of each bone at the movement's end [rad].
        both_ways: Whether it swings back beyond the rest pose.
        caption: What a right map shows.
    """

    role: str
    bones: tuple[str, ...]
    axes: FloatArray
    angle: float
    both_ways: bool
    caption: str

    def angle_at(self, phase: float) -> float:
        """Return each bone's turn [rad] at a share of the movement's time."""
        if self.both_ways:
            return float(self.angle * np.sin(2 * np.pi * phase))
        return float(self.angle * (1 - np.cos(2 * np.pi * phase)) / 2)


def plan_moves(skeleton: Skeleton, rig_map: RigMap) -> list[list[Move]]:
    """Return the moves of each role that has bones, in the order of the body.

    Args:
        skeleton: The whole armature at rest.
        rig_map: Its map, which may be incomplete.
    """
    body = BodyAxes(skeleton, rig_map)
    movements = dict(_MOVEMENTS)
    if rig_map.body == "quadruped":
        movements |= _FOUR_LEGGED
    return [
        [_move(body, role, movement) for movement in movements[part_of(role)]]
        for role in ROLES
        if body.rows.get(role)
    ]


def _move(body: BodyAxes, role: str, movement: Movement) -> Move:
    rows = body.rows[role]
    axes = np.array(
        [_axis(body, role, place, movement.turn) for place in range(len(rows))]
    )
    local = np.einsum("nji,nj->ni", body.skeleton.rotations[rows], axes)
    return Move(
        role,
        tuple(body.skeleton.names[row] for row in rows),
        local,
        float(np.radians(movement.degrees)) / len(rows),
        movement.both_ways,
        movement.caption,
    )


def _axis(body: BodyAxes, role: str, place: int, turn: tuple[str, str]) -> FloatArray:
    """Return the axis of a turn for one bone of a role, rig space, shape `(3,)`."""
    if turn == _HINGE:
        return body.hinge(role)
    if turn == _CURL:
        return body.curl(role, place)
    if turn == _ALONG:
        return body.along(role, place)
    return body.turn(role, *turn)
