# SPDX-License-Identifier: GPL-3.0-or-later
"""The bones of an armature at rest, as plain arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from .types import FloatArray


@dataclass(frozen=True, eq=False)
class Skeleton:
    """The bones of an armature at rest, in rig space: the armature object's own.

    Attributes:
        names: Bone names, parents before children.
        parents: Index of each bone's parent, -1 for roots.
        heads: Shape `(B, 3)`, in the armature's own units.
        tails: Shape `(B, 3)`.
        rotations: Bone axes as columns, shape `(B, 3, 3)`, orthonormal.
        floor: Height in the world of the ground that the character stands on [m].
        top: Height in the world of the character's highest point; NaN if not known [m].
        world_from_rig: The armature object's matrix, shape `(4, 4)`; it may scale,
            mirror and shear.
        held: Bones that something else holds: constraints of their own, or no mesh.
        lefts: Places that the character's file says are on its left, rig space, shape
            `(L, 3)`; none if it says nothing.
        skin: Vertices of its meshes at rest, in the world, shape `(V, 3)` [m].
    """

    names: Sequence[str]
    parents: Sequence[int]
    heads: FloatArray
    tails: FloatArray
    rotations: FloatArray
    floor: float = 0.0
    top: float = np.nan
    world_from_rig: FloatArray = field(default_factory=lambda: np.eye(4))
    held: frozenset[str] = frozenset()
    lefts: FloatArray = field(default_factory=lambda: np.empty((0, 3)))
    skin: FloatArray = field(default_factory=lambda: np.empty((0, 3)))

    def is_free(self, row: int) -> bool:
        """Whether a bone may be made to follow another."""
        return self.names[row] not in self.held

    @cached_property
    def world_heads(self) -> FloatArray:
        """Where the heads are in the world, shape `(B, 3)` [m]."""
        return self.in_world(self.heads)

    def in_world(self, points: FloatArray) -> FloatArray:
        """Return points of rig space in the world, shape `(..., 3)` [m]."""
        linear, origin = self.world_from_rig[:3, :3], self.world_from_rig[:3, 3]
        placed: FloatArray = np.asarray(points, dtype=np.float64) @ linear.T + origin
        return placed


def ancestors(parents: Sequence[int], row: int) -> list[int]:
    """Return the bones above a bone, nearest first."""
    found = []
    while parents[row] >= 0:
        row = parents[row]
        found.append(row)
    return found
