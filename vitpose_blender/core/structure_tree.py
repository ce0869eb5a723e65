# SPDX-License-Identifier: GPL-3.0-or-later
"""The joints of an armature as a tree whose hierarchy can be trusted.

Joints are bone heads. Where the given hierarchy says nothing (several roots, all bones
children of one), nearness says what hangs on what.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .errors import BodyError
from .skeleton import Skeleton
from .types import FloatArray

_NEAR = 0.15  # Of the extent: a part with a root of its own belongs to what is nearer.
_DETACHED = 3.0  # How much farther the parent is than the nearest other joint.


@dataclass(frozen=True, eq=False)
class Tree:
    """Joints and what hangs on what.

    Attributes:
        points: Where the joints are, about their centre and in units of the extent,
            shape `(N, 3)`.
        tips: Where the bones end, in the same units, shape `(N, 3)`.
        parents: Index of each joint's parent, -1 for roots.
    """

    points: FloatArray
    tips: FloatArray
    parents: tuple[int, ...]

    @cached_property
    def children(self) -> tuple[tuple[int, ...], ...]:
        """The joints that hang on each one."""
        lists: list[list[int]] = [[] for _ in self.parents]
        for row, parent in enumerate(self.parents):
            if parent >= 0:
                lists[parent].append(row)
        return tuple(map(tuple, lists))

    @cached_property
    def order(self) -> tuple[int, ...]:
        """All joints, parents before children, each subtree in one piece."""
        stack = [row for row, parent in enumerate(self.parents) if parent < 0][::-1]
        order = []
        while stack:
            row = stack.pop()
            order.append(row)
            stack.extend(reversed(self.children[row]))
        return tuple(order)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """How many joints hang on each one, itself included."""
        sizes = [1] * len(self.parents)
        for row in reversed(self.order):
            if self.parents[row] >= 0:
                sizes[self.parents[row]] += sizes[row]
        return tuple(sizes)

    @cached_property
    def depths(self) -> tuple[int, ...]:
        """How many joints carry each one."""
        depths = [0] * len(self.parents)
        for row in self.order:
            if self.parents[row] >= 0:
                depths[row] = depths[self.parents[row]] + 1
        return tuple(depths)

    @cached_property
    def lengths(self) -> FloatArray:
        """From each joint's parent to it; 0 for roots."""
        parents = np.array(self.parents)
        links = self.points - self.points[parents]
        lengths: FloatArray = np.where(parents < 0, 0.0, np.linalg.norm(links, axis=1))
        return lengths

    @cached_property
    def along(self) -> FloatArray:
        """From the root to each joint along the bones."""
        along = self.lengths.copy()
        for row in self.order:
            if self.parents[row] >= 0:
                along[row] += along[self.parents[row]]
        return along

    @cached_property
    def reaches(self) -> FloatArray:
        """How far the joints that hang on each one reach, along the bones."""
        reaches = np.zeros(len(self.parents))
        for row in reversed(self.order):
            parent = self.parents[row]
            if parent >= 0:
                through = reaches[row] + self.lengths[row]
                reaches[parent] = max(reaches[parent], through)
        return reaches

    @cached_property
    def leaves(self) -> tuple[int, ...]:
        """How many ends hang on each joint; an end counts itself."""
        leaves = [0 if children else 1 for children in self.children]
        for row in reversed(self.order):
            if self.parents[row] >= 0:
                leaves[self.parents[row]] += leaves[row]
        return tuple(leaves)

    @cached_property
    def _places(self) -> dict[int, int]:
        return {row: place for place, row in enumerate(self.order)}

    def below(self, row: int) -> tuple[int, ...]:
        """Return a joint and all that hang on it, parents before children."""
        place = self._places[row]
        return self.order[place : place + self.sizes[row]]

    def carries(self, upper: int, lower: int) -> bool:
        """Return whether `lower` hangs on `upper` or is it."""
        place = self._places[lower] - self._places[upper]
        return 0 <= place < self.sizes[upper]

    def path(self, upper: int, lower: int) -> list[int]:
        """Return the joints from one to another that hangs on it, both included."""
        path = [lower]
        while path[-1] != upper:
            path.append(self.parents[path[-1]])
        return path[::-1]

    def ancestors(self, row: int) -> list[int]:
        """Return a joint and what carries it, up to the root."""
        path = [row]
        while self.parents[path[-1]] >= 0:
            path.append(self.parents[path[-1]])
        return path

    def meeting(self, first: int, second: int) -> int:
        """Return the lowest joint that carries both, -1 if there is none."""
        carriers = set(self.ancestors(first))
        return next((row for row in self.ancestors(second) if row in carriers), -1)

    def distance(self, first: int, second: int) -> float:
        return float(np.linalg.norm(self.points[first] - self.points[second]))


def given_tree(skeleton: Skeleton) -> Tree:
    """Return the tree as the armature has it, with parts that have own roots joined.

    Raises:
        BodyError: Bones are parents of each other in a circle, or places are unknown.
    """
    parents = list(skeleton.parents)
    _refuse_circles(skeleton.names, parents)
    points, tips = _scaled(skeleton)
    tree = Tree(points, tips, tuple(parents))
    roots = [row for row, parent in enumerate(parents) if parent < 0]
    roots.sort(key=lambda row: tree.sizes[row])
    for row in roots[:-1]:
        # A lone bone is a handle; what counts is a part that got no parent.
        if tree.sizes[row] > 1:
            others = np.ones(len(parents), dtype=bool)
            others[list(tree.below(row))] = False
            nearest, distance = _nearest(points, row, others)
            if distance < _NEAR:
                parents[row] = nearest
                tree = Tree(points, tips, tuple(parents))
    return tree


def joined_tree(given: Tree, detached: Iterable[int]) -> Tree:
    """Return the tree with some joints hung on what is near instead of their parents.

    Args:
        given: The tree as it is.
        detached: Joints whose parents mean nothing.
    """
    loose = set(detached)
    kept = [(r, p) for r, p in enumerate(given.parents) if p >= 0 and r not in loose]
    weights = _weights(given)
    for row, parent in kept:
        weights[row, parent] = weights[parent, row] = -1.0
    root = _centre(given.points)
    return Tree(given.points, given.tips, tuple(_spanning_parents(weights, root)))


def hub_children(tree: Tree) -> list[int]:
    """Return joints that hang on a root only because they must hang on something."""
    roots = [row for row, parent in enumerate(tree.parents) if parent < 0]
    found = []
    for root in roots:
        for row in tree.children[root]:
            others = np.ones(len(tree.parents), dtype=bool)
            others[[*tree.below(row), root]] = False
            _, distance = _nearest(tree.points, row, others)
            if tree.distance(row, root) > _DETACHED * distance:
                found.append(row)
    return found


def _refuse_circles(names: Sequence[str], parents: Sequence[int]) -> None:
    state = [0] * len(parents)
    for start in range(len(parents)):
        row, seen = start, []
        while row >= 0 and state[row] == 0:
            state[row] = 1
            seen.append(row)
            row = parents[row]
        if row >= 0 and state[row] == 1:
            raise BodyError(
                f"The bones {names[row]!r} and {names[parents[row]]!r} carry each "
                "other in a circle: give one of them another parent"
            )
        for done in seen:
            state[done] = 2


def _scaled(skeleton: Skeleton) -> tuple[FloatArray, FloatArray]:
    """Return heads and tails about their centre, in units of the armature's extent."""
    heads = np.asarray(skeleton.heads, dtype=np.float64).reshape(-1, 3)
    if not np.isfinite(heads).all():
        row = int(np.argmin(np.isfinite(heads).all(axis=1)))
        raise BodyError(
            f"The bone {skeleton.names[row]!r} has no place: give it finite coordinates"
        )
    centre = (heads.min(axis=0) + heads.max(axis=0)) / 2 if len(heads) else heads
    distances = np.linalg.norm(heads - centre, axis=1)
    extent = 2 * float(distances.max()) if len(heads) else 0.0
    scale = extent if extent > 0 else 1.0
    tails = np.where(np.isfinite(skeleton.tails), skeleton.tails, heads)
    return (heads - centre) / scale, (tails - centre) / scale


def _nearest(points: FloatArray, row: int, among: "np.ndarray") -> tuple[int, float]:
    distances = np.linalg.norm(points - points[row], axis=1)
    distances[~among] = np.inf
    nearest = int(np.argmin(distances))
    return nearest, float(distances[nearest])


def _weights(tree: Tree) -> FloatArray:
    """Return how unlikely two joints are to be joined: their distance, shape `(N, N)`.

    Where a bone ends exactly at another's head it was drawn to carry that one.
    """
    points = tree.points
    weights: FloatArray = np.linalg.norm(points[:, None] - points[None], axis=-1)
    ends = np.linalg.norm(tree.tips[:, None] - points[None], axis=-1) < 1e-4
    weights = np.where(ends | ends.T, 0.1 * weights, weights)
    weights += _plane_penalty(points)
    return weights


def _plane_penalty(points: FloatArray) -> FloatArray:
    return np.zeros((len(points), len(points)))


def _centre(points: FloatArray) -> int:
    middle = np.median(points, axis=0)
    return int(np.argmin(np.linalg.norm(points - middle, axis=1)))


def _spanning_parents(weights: FloatArray, root: int) -> list[int]:
    """Return parents in the spanning tree of least weight (Prim's method)."""
    parents = [-1] * len(weights)
    best, source = weights[root].copy(), np.full(len(weights), root)
    outside = np.ones(len(weights), dtype=bool)
    outside[root] = False
    for _ in range(len(weights) - 1):
        row = int(np.argmin(np.where(outside, best, np.inf)))
        parents[row], outside[row] = int(source[row]), False
        nearer = weights[row] < best
        best = np.where(nearer, weights[row], best)
        source = np.where(nearer, row, source)
    return parents
