# SPDX-License-Identifier: GPL-3.0-or-later
"""The joints of an armature as a tree whose hierarchy can be trusted.

Joints are bone heads. Where the given hierarchy says nothing (several roots, all bones
children of one), nearness says what hangs on what.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from ..errors import BodyError
from ..skeleton import Skeleton
from ..types import BoolArray, FloatArray

_NEAR = 0.15  # Of the extent: a part with a root of its own belongs to what is nearer.
_ASIDE = 0.03  # Of the extent: what is farther from the middle plane is not in it.
_DETACHED = 3.0  # How much farther the parent is than the nearest other joint.


@dataclass(frozen=True, eq=False)
class Tree:
    """Joints and what hangs on what.

    Attributes:
        points: Where the joints are in the world, about their centre and in units of
            the extent, shape `(N, 3)`.
        tips: Where the bones end, in the same units, shape `(N, 3)`.
        parents: Index of each joint's parent, -1 for roots.
        scale: The extent [m].
        is_given: Whether the armature has it so; otherwise it is what is near.
    """

    points: FloatArray
    tips: FloatArray
    parents: tuple[int, ...]
    scale: float = 1.0
    is_given: bool = True

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
    def farthest(self) -> tuple[int, ...]:
        """Which of the joints that hang on each one is farthest, itself if none is."""
        return tuple(self._farthest(row) for row in range(len(self.parents)))

    def _farthest(self, row: int) -> int:
        below = list(self.below(row))
        distances = np.linalg.norm(self.points[below] - self.points[row], axis=1)
        return below[int(np.argmax(distances))]

    @cached_property
    def fingers(self) -> tuple[int, ...]:
        """How many branches of about the same reach leave each joint."""
        return tuple(map(self._fingers, self.children))

    def _fingers(self, children: Sequence[int]) -> int:
        if len(children) < 2:
            return len(children)
        rows = list(children)
        reaches = self.reaches[rows] + self.lengths[rows]
        # The longest may be something in the hand.
        return int(np.sum(reaches > 0.35 * np.sort(reaches)[-2]))

    @cached_property
    def roots(self) -> tuple[int, ...]:
        """The joints that hang on nothing."""
        return tuple(row for row, parent in enumerate(self.parents) if parent < 0)

    def beside(self, row: int) -> tuple[int, ...]:
        """Return the joints that hang on what this one hangs on, itself included."""
        parent = self.parents[row]
        return self.children[parent] if parent >= 0 else self.roots

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
        path = self.ancestors(lower)
        return path[path.index(upper) :: -1]

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

    def rooted_at(self, root: int) -> "Tree":
        """Return the same joints hanging on another one."""
        parents = list(self.parents)
        path = self.ancestors(root)
        for lower, upper in pairwise(path):
            parents[upper] = lower
        parents[root] = -1
        return replace(self, parents=tuple(parents))

    def distance(self, first: int, second: int) -> float:
        return float(np.linalg.norm(self.points[first] - self.points[second]))


def given_tree(skeleton: Skeleton) -> Tree:
    """Return the tree as the armature has it, with parts that have own roots joined.

    Raises:
        BodyError: Bones are parents of each other in a circle, or places are unknown.
    """
    parents = list(skeleton.parents)
    _refuse_circles(skeleton.names, parents)
    points, tips, scale = _scaled(skeleton)
    tree = Tree(points, tips, tuple(parents), scale)
    roots = [row for row, parent in enumerate(parents) if parent < 0]
    roots.sort(key=lambda row: tree.sizes[row])
    for row in roots[:-1]:
        # A lone bone is a handle; what counts is a part that got no parent.
        if tree.sizes[row] > 1:
            others = np.ones(len(parents), dtype=bool)
            others[list(tree.below(row))] = False
            nearest, distance = nearest_joint(points, row, others)
            if distance < _NEAR:
                parents[row] = nearest
                tree = replace(tree, parents=tuple(parents))
    return tree


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


def _scaled(skeleton: Skeleton) -> tuple[FloatArray, FloatArray, float]:
    """Return heads and tails about their centre in units of the extent, and that.

    They are where the world shows them: an object's scale may mirror or stretch.
    """
    heads, tails = skeleton.world_heads, skeleton.in_world(skeleton.tails)
    finite = np.isfinite(heads).all(axis=1)
    if not finite.all():
        name = skeleton.names[int(np.argmin(finite))]
        raise BodyError(f"The bone {name!r} has no place: give it finite coordinates")
    centre = (heads.min(axis=0) + heads.max(axis=0)) / 2
    extent = 2 * float(np.linalg.norm(heads - centre, axis=1).max())
    if not extent > 0:
        raise BodyError("All bones start in one place: pick the character's armature")
    tails = np.where(np.isfinite(tails), tails, heads)
    return (heads - centre) / extent, (tails - centre) / extent, extent


def nearest_joint(points: FloatArray, row: int, among: BoolArray) -> tuple[int, float]:
    """Return the nearest other joint to that of a row, and how far it is.

    Args:
        points: All joints, shape `(B, 3)`.
        row: Which one.
        among: The joints that count, shape `(B,)`.
    """
    distances = np.linalg.norm(points - points[row], axis=1)
    distances[~among] = np.inf
    nearest = int(np.argmin(distances))
    return nearest, float(distances[nearest])
