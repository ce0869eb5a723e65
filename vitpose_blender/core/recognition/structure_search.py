# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the one body in an armature, or says in a sentence why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import BodyError
from ..skeleton import Skeleton
from .structure_body import Body, find_bodies
from .structure_branches import find_branches
from .structure_joining import hub_children, joined_tree
from .structure_pairs import ARM, LEG, find_pairs
from .structure_tree import Tree, given_tree

FEWEST = 8  # Bones: two arms and two legs of two each.
_GOOD = -1.0  # A body of that score needs no other reading of the hierarchy.
_JOINING = 2.0  # How much better a body must be to believe nearness more.
_SECOND = 1.0  # Of that score another body is one, too.
_WAY_OUT = "pick the character's armature, or map its bones by hand"


@dataclass(frozen=True, eq=False)
class Found:
    """A body and how sure it is.

    Attributes:
        body: The likeliest one.
        confidence: That its limbs are right, 0 to 1.
    """

    body: Body
    confidence: float


def find_body(skeleton: Skeleton) -> Found:
    """Return the likeliest body; nearness is asked where the hierarchy makes none.

    Raises:
        BodyError: There is none, or there are two.
    """
    if len(skeleton.names) < FEWEST:
        raise BodyError(
            f"The armature has only {len(skeleton.names)} bones, and a body needs "
            f"hips, two arms and two legs of two bones each: {_WAY_OUT}"
        )
    given = given_tree(skeleton)
    bodies = find_bodies(given)
    for loose in (hub_children(given), range(len(given.parents))):
        if bodies and bodies[0].score > _GOOD:
            break
        others = _joined_bodies(joined_tree(given, loose)) if loose else []
        if others and (not bodies or others[0].score > bodies[0].score + _JOINING):
            bodies = others
    if not bodies:
        raise BodyError(_what_is_missing(given, skeleton.names))
    _refuse_two(bodies, skeleton.names)
    return Found(bodies[0], _confidence(bodies))


def _joined_bodies(tree: Tree) -> list[Body]:
    """Return the bodies of joints that were hung on what is near, best first."""
    bodies = find_bodies(tree)
    if not bodies or bodies[0].legs.attach < 0:
        return bodies
    return find_bodies(tree.rooted_at(bodies[0].legs.attach)) or bodies


def _confidence(bodies: Sequence[Body]) -> float:
    """Return how sure the best of some bodies is, by its score and its lead."""
    best = bodies[0]
    rivals = [body.score for body in bodies[1:] if not _is_alike(best, body)]
    lead = best.score - max(rivals, default=-np.inf)
    sure = 1 / (1 + np.exp(-1.2 * (best.score + 0.6)))
    return float(sure / (1 + np.exp(-1.5 * (lead - 0.6))))


def _is_alike(one: Body, other: Body) -> bool:
    """Return whether two bodies are the same places, as doubled bones make them."""
    apart = np.linalg.norm(one.joints() - other.joints(), axis=1)
    exchanged = np.linalg.norm(one.joints() - other.swapped().joints(), axis=1)
    near = min(float(apart.max()), float(exchanged.max()))
    return one.kind == other.kind and near < 0.03 * one.size


def _refuse_two(bodies: Sequence[Body], names: Sequence[str]) -> None:
    best = bodies[0]
    for other in bodies[1:]:
        if other.score < _SECOND or other.size < 0.5 * best.size:
            continue
        if _shares_a_limb(best, other) or _is_in_the_same_place(best, other):
            continue
        first, second = (names[body.legs.limbs[0].joints[0]] for body in (best, other))
        raise BodyError(
            f"Two bodies are in the armature, with legs from {first!r} and from "
            f"{second!r}: separate them, or map the bones of one by hand"
        )


def _shares_a_limb(one: Body, other: Body) -> bool:
    tree = one.tree
    return any(
        tree.carries(first, second) or tree.carries(second, first)
        for first in one.tops()
        for second in other.tops()
    )


def _is_in_the_same_place(one: Body, other: Body) -> bool:
    return bool(np.linalg.norm(one.middle() - other.middle()) < 0.2 * one.size)


def _what_is_missing(tree: Tree, names: Sequence[str]) -> str:
    branches = find_branches(tree)
    pairs = [find for kind in (LEG, ARM) for find in find_pairs(tree, branches, kind)]
    if not pairs:
        return (
            "No two chains of bones in the armature mirror each other as legs do: "
            f"{_WAY_OUT}"
        )
    first, second = (names[limb.joints[0]] for limb in pairs[0].limbs)
    return (
        f"Only one pair of limbs is in the armature, from {first!r} and {second!r}, "
        f"and a body needs arms and legs: {_WAY_OUT}"
    )
