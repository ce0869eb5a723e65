# SPDX-License-Identifier: GPL-3.0-or-later
"""Chooses the four limbs that make a body, and says whether it goes on two or four.

Scores are log-likelihoods; see `structure_limbs`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..types import FloatArray
from .structure_branches import find_branches
from .structure_limbs import LimbPair, bell, unit
from .structure_pairs import ARM, FORELEG, LEG, find_pairs
from .structure_tree import Tree

_NUM_PAIRS = 8  # Of each kind that are tried together.
_WORST_PAIR = -9.0  # A pair less likely than this is none.


@dataclass(frozen=True, eq=False)
class Body:
    """Four limbs; the first of each pair are of one side.

    Attributes:
        tree: The joints they are in.
        kind: `biped` or `quadruped`.
        legs: The hind legs of a quadruped.
        arms: Its front legs.
        score: How much it looks like a body.
    """

    tree: Tree
    kind: str
    legs: LimbPair
    arms: LimbPair
    score: float

    @cached_property
    def trunk(self) -> FloatArray:
        """From between the hips to between the shoulders."""
        trunk: FloatArray = self.arms.middle - self.legs.middle
        return trunk

    @cached_property
    def size(self) -> float:
        """Length of trunk and legs."""
        return float(np.linalg.norm(self.trunk)) + self.legs.length

    @cached_property
    def up(self) -> FloatArray:
        """Along a biped's trunk; the way from a quadruped's feet."""
        if self.is_upright:
            return unit(self.trunk)
        ways = [
            limb.direction for pair in (self.legs, self.arms) for limb in pair.limbs
        ]
        return -unit(np.sum(ways, axis=0))

    @property
    def is_upright(self) -> bool:
        return self.kind == "biped"

    def swapped(self) -> "Body":
        """Return the body with its sides exchanged."""
        return replace(self, legs=self.legs.swapped(), arms=self.arms.swapped())

    def tops(self) -> list[int]:
        """Return where the limbs branch off."""
        return [limb.top for pair in (self.legs, self.arms) for limb in pair.limbs]

    def middle(self) -> FloatArray:
        """Return where the middle of the trunk is."""
        middle: FloatArray = (self.legs.middle + self.arms.middle) / 2
        return middle

    def joints(self) -> FloatArray:
        """Return the twelve joints of the limbs, shape `(12, 3)`."""
        pairs = (self.legs, self.arms)
        return np.concatenate([limb.points for pair in pairs for limb in pair.limbs])


def find_bodies(tree: Tree) -> list[Body]:
    """Return the bodies that may be in a tree of joints, best first."""
    branches = find_branches(tree)
    legs = find_pairs(tree, branches, LEG)
    arms = find_pairs(tree, branches, ARM)
    forelegs = find_pairs(tree, branches, FORELEG)
    bodies = [*_bodies(tree, "biped", legs, arms)]
    bodies += _bodies(tree, "quadruped", legs, forelegs)
    return sorted(bodies, key=lambda body: -body.score)


def _bodies(
    tree: Tree, kind: str, legs: Sequence[LimbPair], arms: Sequence[LimbPair]
) -> Iterator[Body]:
    for hind in legs[:_NUM_PAIRS]:
        for front in arms[:_NUM_PAIRS]:
            good = min(hind.score, front.score) > _WORST_PAIR
            if good and _are_apart(tree, hind, front):
                yield _scored(_same_sides(Body(tree, kind, hind, front, 0.0)))


def _are_apart(tree: Tree, one: LimbPair, other: LimbPair) -> bool:
    return not any(
        tree.carries(first.top, second.top) or tree.carries(second.top, first.top)
        for first in one.limbs
        for second in other.limbs
    )


def _same_sides(body: Body) -> Body:
    """Return the body with the arms in the order of the legs."""
    if body.legs.across @ body.arms.across < 0:
        return replace(body, arms=body.arms.swapped())
    return body


def _scored(body: Body) -> Body:
    score = body.legs.score + body.arms.score + _trunk_score(body)
    score += _hierarchy_score(body) + _head_score(body)
    score += _standing_score(body) if body.is_upright else _four_legs_score(body)
    return replace(body, score=float(score))


def _cosine(first: FloatArray, second: FloatArray) -> float:
    norms = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / norms if norms > 1e-12 else 0.0


def _trunk_score(body: Body) -> float:
    """Hips and shoulders are parallel and lie across a trunk of sane length."""
    legs, arms, trunk = body.legs, body.arms, body.trunk
    length = max(float(np.linalg.norm(trunk)), 1e-3)
    expected = 0.6 if body.is_upright else 1.0
    score = bell(np.log(length / legs.length / expected), 0.5)
    score += bell(
        np.log(arms.length / legs.length / (0.68 if body.is_upright else 0.9)), 0.4
    )
    score += bell(1 - _cosine(legs.across, arms.across), 0.2)
    score += 0.5 * bell(_cosine(legs.across, trunk), 0.25)
    score += 0.5 * bell(_cosine(arms.across, trunk), 0.25)
    return float(score + 1.5 * np.log(min(1.0, body.size / 0.5)))


def _hierarchy_score(body: Body) -> float:
    """As a rule the hips carry the trunk, and that the arms."""
    tree, hips, chest = body.tree, body.legs.attach, body.arms.attach
    if hips < 0 or chest < 0:
        return 0.0
    if tree.carries(hips, chest):
        return 1.5
    return -1.0 if tree.carries(chest, hips) else 0.5


def _head_score(body: Body) -> float:
    """Something goes on beyond the shoulders, away from the legs."""
    chest = body.arms.attach
    if chest < 0:
        return 0.0
    tree, length = body.tree, float(np.linalg.norm(body.trunk))
    limbs = {limb.top for pair in (body.legs, body.arms) for limb in pair.limbs}
    others = [
        row
        for child in tree.children[chest]
        if not any(tree.carries(child, top) for top in limbs)
        for row in tree.below(child)
    ]
    if not others or length < 1e-6:
        return 0.0
    offsets = tree.points[others] - body.arms.middle
    beyond = offsets @ (body.trunk / length) / length
    return 2.0 if beyond.max() > 0.12 else 0.0


def _standing_score(body: Body) -> float:
    """Legs lead away from the trunk."""
    down = -body.trunk / max(float(np.linalg.norm(body.trunk)), 1e-9)
    ways = [limb.direction for limb in body.legs.limbs]
    standing = float(bell(1 - np.mean(ways, axis=0) @ down, 0.45))
    return standing - 4.0 * _share_below(body, down)


def _share_below(body: Body, down: FloatArray) -> float:
    """Return how many of the joints that hang on the hips are lower than the feet."""
    tree, hips = body.tree, body.legs.attach
    if hips < 0:
        return 0.0
    ends = np.max([limb.points[2] @ down for limb in body.legs.limbs])
    feet = ends + 0.35 * body.legs.length
    heights = tree.points[list(tree.below(hips))] @ down
    return float(np.mean(heights > feet))


def _four_legs_score(body: Body) -> float:
    """All legs lead the same way, across the trunk, to the same ground."""
    hind = np.mean([limb.direction for limb in body.legs.limbs], axis=0)
    front = np.mean([limb.direction for limb in body.arms.limbs], axis=0)
    down = hind / max(float(np.linalg.norm(hind)), 1e-9)
    down = down + front / max(float(np.linalg.norm(front)), 1e-9)
    norm = float(np.linalg.norm(down))
    if norm < 1e-6:
        return -9.0
    levels = [
        np.mean([limb.points[2] @ down for limb in pair.limbs]) / norm
        for pair in (body.legs, body.arms)
    ]
    score = bell(1 - _cosine(hind, front), 0.2) + bell(_cosine(down, body.trunk), 0.35)
    score += bell((levels[0] - levels[1]) / body.legs.length, 0.3)
    return float(score) - 0.5
