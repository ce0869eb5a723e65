# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists what may be a limb in the branches of a tree of joints, with its measures."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..types import BoolArray, FloatArray, IntArray
from .structure_tree import Tree

SHORTEST = 0.06  # A limb of less than this share of the extent is none.
_TINY = 1e-3  # Segments shorter than this are none.
_MAX_DEPTH = 10  # Joints between the trunk and a wrist.


@dataclass(frozen=True, eq=False)
class Lengths:
    """Lengths of what may be limbs; arrays of any one shape.

    Attributes:
        upper: From root to hinge.
        lower: From hinge to end.
        upper_along: From root to hinge along the bones.
        lower_along: From hinge to end along the bones.
        lead: From where the branch starts to the root.
        reach: How far what hangs on the end reaches.
    """

    upper: FloatArray
    lower: FloatArray
    upper_along: FloatArray
    lower_along: FloatArray
    lead: FloatArray
    reach: FloatArray

    @property
    def total(self) -> FloatArray:
        return self.upper + self.lower

    def __getitem__(self, rows: IntArray | BoolArray) -> "Lengths":
        return Lengths(*(each[rows] for each in self.all()))

    def all(self) -> tuple[FloatArray, ...]:
        """Return all lengths in their order."""
        return (
            self.upper, self.lower, self.upper_along, self.lower_along,
            self.lead, self.reach,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Branch:
    """What may be limbs in one branch.

    Attributes:
        top: Where the branch starts.
        size: How many joints are in it.
        joints: Root, hinge and end, shape `(K, 3)`; -1 for an end that is a tail.
        points: Where they are, shape `(K, 3, 3)`.
        steps: How many joints lead from the top to each, shape `(K, 3)`.
        lengths: Of shape `(K,)`.
        bends: At the hinges, shape `(K,)` [rad].
        turns: At the ends, towards what hangs there farthest, shape `(K,)` [rad]; NaN
            where nothing does.
        fingers: How many branches leave the ends, or hinges that end in tails; `(K,)`.
    """

    top: int
    size: int
    joints: IntArray
    points: FloatArray
    steps: IntArray
    lengths: Lengths
    bends: FloatArray
    turns: FloatArray
    fingers: IntArray

    @property
    def tipped(self) -> BoolArray:
        """Whether the end is only a bone's tail."""
        tipped: BoolArray = self.joints[:, 2] < 0
        return tipped

    def __getitem__(self, rows: IntArray | BoolArray) -> "Branch":
        return Branch(
            self.top, self.size, self.joints[rows], self.points[rows],
            self.steps[rows], self.lengths[rows], self.bends[rows], self.turns[rows],
            self.fingers[rows],
        )  # fmt: skip


def find_branches(tree: Tree) -> list[Branch]:
    """Return the branches of a tree in which limbs may be."""
    branches = []
    for row, parent in enumerate(tree.parents):
        leaves = parent < 0 or len(tree.children[parent]) > 1
        if leaves and tree.reaches[row] > SHORTEST / 2:
            branch = _branch(tree, row)
            if len(branch.joints):
                branches.append(branch)
    return branches


def _branch(tree: Tree, top: int) -> Branch:
    joints = np.array([*_triples(tree, top)], dtype=np.int64).reshape(-1, 3)
    points = tree.points[joints]
    tipped = joints[:, 2] < 0
    points[tipped, 2] = tree.tips[joints[tipped, 1]]
    lengths = _lengths(tree, top, joints, points)
    shorter = np.minimum(lengths.upper, lengths.lower)
    sane = (lengths.total > SHORTEST) & (shorter > _TINY)
    joints, points, tipped = joints[sane], points[sane], tipped[sane]
    depths = np.array(tree.depths)
    steps = depths[joints] - tree.depths[top]
    steps[tipped, 2] = steps[tipped, 1] + 1
    ends = joints[:, 2]
    fars = np.array(tree.farthest)[ends]
    onwards = np.where(((fars == ends) | tipped)[:, None], np.nan, tree.points[fars])
    turned = np.stack([points[:, 1], points[:, 2], onwards], axis=1)
    fingers = np.array(tree.fingers)[np.where(tipped, joints[:, 1], ends)]
    return Branch(
        top, tree.sizes[top], joints, points, steps, lengths[sane],
        _bend(points), _bend(turned), fingers,
    )  # fmt: skip


def _triples(tree: Tree, top: int) -> Iterator[tuple[int, int, int]]:
    """Yield every root, hinge and end of one branch that follow each other."""
    for end in tree.below(top):
        depth = tree.depths[end] - tree.depths[top]
        if depth > _MAX_DEPTH:
            continue
        path = tree.path(top, end)
        for hinge in range(1, depth):
            for root in range(hinge):
                yield path[root], path[hinge], end
        # Nothing but twist bones hangs on the last bone of a limb without a hand.
        if not any(tree.children[child] for child in tree.children[end]):
            for root in range(depth):
                yield path[root], end, -1


def _lengths(tree: Tree, top: int, joints: IntArray, points: FloatArray) -> Lengths:
    root, hinge, end = joints.T
    tipped = end < 0
    upper, lower = np.linalg.norm(np.diff(points, axis=1), axis=2).T
    along = tree.along
    return Lengths(
        upper,
        lower,
        along[hinge] - along[root],
        np.where(tipped, lower, along[end] - along[hinge]),
        along[root] - along[top],
        np.where(tipped, 0.0, tree.reaches[end]),
    )


def _bend(points: FloatArray) -> FloatArray:
    """Return how much the way through three points `(K, 3, 3)` bends [rad]."""
    first, second = np.moveaxis(np.diff(points, axis=1), 1, 0)
    norms = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    cosine = np.sum(first * second, axis=1) / np.maximum(norms, 1e-12)
    bend: FloatArray = np.arccos(np.clip(cosine, -1, 1))
    return bend
