# SPDX-License-Identifier: GPL-3.0-or-later
"""Poses of a character's main bones in the world, as plain arrays."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vitpose_blender.core.types import FloatArray

SIDES = ("left", "right")
# Where a bone's own axis points: the next joint along it.
NEXT = {
    "hips": "chest", "chest": "neck", "neck": "head",
    **{
        f"{side}_{part}": f"{side}_{after}"
        for side in SIDES
        for part, after in (
            ("clavicle", "upper_arm"), ("upper_arm", "forearm"), ("forearm", "hand"),
            ("thigh", "shin"), ("shin", "foot"), ("foot", "toe"),
        )
    },
}  # fmt: skip

_TIP = 0.5  # Length of a hand or toes, of the bone before.


@dataclass(frozen=True, eq=False)
class Posed:
    """Where the bones of the main roles are in each frame, in the world.

    Attributes:
        heads: Each role's joint, `(F, 3)` [m].
        ends: The next joint along each role's bone, `(F, 3)` [m].
        turns: Turn of each role's bone away from rest, `(F, 3, 3)`.
        matrices: Of all bones, `world_from_rest`, shape `(F, B, 4, 4)`.
    """

    heads: dict[str, FloatArray]
    ends: dict[str, FloatArray]
    turns: dict[str, FloatArray]
    matrices: FloatArray

    @property
    def roles(self) -> tuple[str, ...]:
        return tuple(self.heads)

    def __len__(self) -> int:
        return len(self.matrices)

    def line(self, role: str) -> FloatArray:
        """Return which way a role's bone points, shape `(F, 3)`, unit length."""
        return unit(self.ends[role] - self.heads[role])


def tip(role: str, heads: dict[str, FloatArray], tail: FloatArray) -> FloatArray:
    """Return where a bone ends at rest that no other main bone continues, `(3,)` [m].

    Importers guess the tails of such bones; what comes before shows their direction.

    Args:
        role: The bone's.
        heads: Of all main bones at rest, `(3,)` each [m].
        tail: The bone's own, for want of anything better [m].
    """
    side = role.partition("_")[0]
    before = {
        f"{side}_hand": f"{side}_forearm",
        f"{side}_toe": f"{side}_foot",
        "head": "neck" if "neck" in heads else "chest",
    }.get(role, "")
    if before not in heads:
        return tail
    return heads[role] + _TIP * (heads[role] - heads[before])


@dataclass(frozen=True, eq=False)
class Build:
    """How a character is built.

    Attributes:
        rest: Its main bones at rest, one frame.
        upright: The axes that may be its up, as rows, shape `(N, 3)`, unit length.
    """

    rest: Posed
    upright: FloatArray

    @cached_property
    def body(self) -> FloatArray:
        """World from a person who stands and faces -Y: left, back and up, `(3, 3)`.

        Up is the axis that is nearest to the body's line, so that a bent back at
        rest is no tilt of the whole character.
        """
        joint = {role: xyz[0] for role, xyz in self.rest.heads.items()}
        across = joint["left_thigh"] - joint["right_thigh"]
        across = across + joint["left_upper_arm"] - joint["right_upper_arm"]
        feet = self.rest.ends["left_shin"][0] + self.rest.ends["right_shin"][0]
        line = unit(joint["left_upper_arm"] + joint["right_upper_arm"] - feet)
        up = self.upright[np.argmax(self.upright @ line)]
        up = up if up @ line > np.cos(np.radians(30)) else line
        left = unit(across - (across @ up) * up)
        return np.stack([left, np.cross(up, left), up], axis=-1)

    @cached_property
    def leg_length(self) -> float:
        """From hip to ankle, mean of both sides [m]."""
        lengths = [
            np.linalg.norm(self.rest.ends[role] - self.rest.heads[role])
            for role in ("left_thigh", "left_shin", "right_thigh", "right_shin")
        ]
        return float(np.sum(lengths) / 2)


def unit(vectors: FloatArray) -> FloatArray:
    """Return the vectors with length 1."""
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def angle(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the angle between vectors, shape `(...)` [deg]."""
    sine = np.linalg.norm(np.cross(first, second), axis=-1)
    return np.degrees(np.arctan2(sine, np.sum(first * second, axis=-1)))


def rotation_angle(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the angle of the turn between rotations, shape `(...)` [deg]."""
    turn = first @ np.swapaxes(second, -1, -2)
    cosine = (np.trace(turn, axis1=-2, axis2=-1) - 1) / 2
    across = np.stack(
        [
            turn[..., 2, 1] - turn[..., 1, 2],
            turn[..., 0, 2] - turn[..., 2, 0],
            turn[..., 1, 0] - turn[..., 0, 1],
        ],
        axis=-1,
    )
    return np.degrees(np.arctan2(np.linalg.norm(across, axis=-1) / 2, cosine))


def shortest(start: FloatArray, end: FloatArray) -> FloatArray:
    """Return the smallest turns between unit vectors, shape `(F, 3, 3)`."""
    x, y, z = np.cross(start, end).T
    cosine = np.sum(start * end, axis=-1)[:, np.newaxis, np.newaxis]
    zero = np.zeros_like(x)
    k = np.array([[zero, -z, y], [z, zero, -x], [-y, x, zero]]).transpose(2, 0, 1)
    return np.eye(3) + k + k @ k / np.maximum(1 + cosine, 1e-9)
