# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds pairs of limbs among branches, whatever pose they are in.

Scores are log-likelihoods: 0 is just as expected.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from ..types import BoolArray, FloatArray
from .structure_branches import Branch, Lengths
from .structure_limbs import Limb, LimbPair, bell
from .structure_tree import Tree

_CLEAR_BEND = np.radians(12)
_NUM_FITS = 12  # Of one branch that are compared with those of the other side.
_SAME_PLACE = 0.1  # Of the extent: both sides hang on what is nearer than this.


@dataclass(frozen=True)
class Proportions:
    """What tells one kind of limb from another.

    Attributes:
        ratio: Of the upper to the lower segment.
        lead: What may come before the limb, against its mean segment.
        reach: How far what hangs on its end may reach, against its mean segment.
        width: From the middle to its root, against both segments.
    """

    ratio: float
    lead: float
    reach: float
    width: float


ARM = Proportions(ratio=1.08, lead=0.5, reach=1.0, width=0.33)
FORELEG = Proportions(ratio=1.0, lead=0.9, reach=0.6, width=0.2)
LEG = Proportions(ratio=1.03, lead=0.3, reach=0.8, width=0.13)


@dataclass(frozen=True, eq=False)
class _Fits:
    """The likeliest limbs in one branch, and what speaks for each but for lengths."""

    branch: Branch
    signs: FloatArray

    def limb(self, row: int) -> Limb:
        root, hinge, end = (int(joint) for joint in self.branch.joints[row])
        return Limb(self.branch.top, (root, hinge, end), self.branch.points[row])


def find_pairs(
    tree: Tree, branches: Sequence[Branch], kind: Proportions
) -> list[LimbPair]:
    """Return pairs of limbs of one kind, best first.

    Args:
        tree: The joints.
        branches: In which limbs may be, as `find_branches` returns them.
        kind: One of `ARM`, `LEG` and `FORELEG`.
    """
    fits = [_fits(branch, kind, tree.is_given) for branch in branches]
    pairs = [
        _best_pair(tree, one, other, kind)
        for one, other in combinations(fits, 2)
        if _may_be_paired(tree, one.branch.top, other.branch.top)
    ]
    return sorted(pairs, key=lambda pair: -pair.score)


def _may_be_paired(tree: Tree, one: int, other: int) -> bool:
    """Return whether two branches leave the trunk at about the same place."""
    if tree.carries(one, other) or tree.carries(other, one):
        return False
    above, beside = tree.parents[one], tree.parents[other]
    if above == beside:
        return True
    if above < 0 or beside < 0 or tree.distance(above, beside) > _SAME_PLACE:
        return False
    met = tree.meeting(above, beside)
    steps = tree.depths[above] + tree.depths[beside] - 2 * tree.depths[met]
    return met >= 0 and steps <= 2


def _fits(branch: Branch, kind: Proportions, counts_fingers: bool) -> _Fits:
    signs = _signs(branch, kind, counts_fingers)
    lengths = branch.lengths
    # What the hand holds is left to the comparison with the other side.
    held = np.minimum(lengths.reach, (kind.reach + 0.4) * lengths.total / 2)
    own = replace(lengths, reach=held)
    scores = signs + _proportions(own, branch.tipped, kind)
    best = np.argsort(-scores, kind="stable")[:_NUM_FITS]
    return _Fits(branch[best], signs[best])


def _signs(branch: Branch, kind: Proportions, counts_fingers: bool) -> FloatArray:
    """Return what speaks for limbs apart from lengths."""
    between = branch.steps[:, 2] - branch.steps[:, 0] - 2
    scores: FloatArray = -0.3 * between - 1.0 * branch.tipped
    scores += np.where(branch.bends > _CLEAR_BEND, 0.4, 0.0)
    if kind is LEG:  # A foot turns forwards.
        turns = np.clip(np.degrees(branch.turns) / 45, 0, 1)
        scores += np.where(np.isnan(turns), 0.0, 0.3 + 0.7 * turns)
        # Whoever makes a bone below the shin makes a foot.
        scores -= 1.0 * (branch.tipped & (branch.fingers > 0))
    elif kind is ARM and counts_fingers:
        fingers = np.where(branch.tipped, 0, np.minimum(branch.fingers, 5))
        scores += np.where(fingers > 1, 0.6 + 0.3 * fingers, 0.0)
    return scores


def _proportions(lengths: Lengths, tipped: BoolArray, kind: Proportions) -> FloatArray:
    """Return how likely the lengths of limbs are."""
    mean = lengths.total / 2
    # Tails are what an importer guessed: the end of a bone is not to be relied on.
    spread = np.where(tipped, 0.8, 0.3)
    scores = bell(np.log(lengths.upper / lengths.lower / kind.ratio), spread)
    scores += _straightness(lengths.upper, lengths.upper_along)
    scores += _straightness(lengths.lower, lengths.lower_along)
    scores += bell(np.maximum(lengths.lead / mean - kind.lead, 0), 0.35)
    scores += bell(np.maximum(lengths.reach / mean - kind.reach, 0), 0.35)
    return scores


def _straightness(chord: FloatArray, arc: FloatArray) -> FloatArray:
    """A segment goes straight: bones in between only twist."""
    return bell(1 - chord / np.maximum(arc, 1e-9), 0.04)


def _best_pair(tree: Tree, one: _Fits, other: _Fits, kind: Proportions) -> LimbPair:
    """Return the limbs of two branches that go together best."""
    left, right = one.branch, other.branch
    tipped = left.tipped[:, None] | right.tipped
    scores = _proportions(_mean_lengths(left.lengths, right.lengths), tipped, kind)
    scores += (one.signs[:, None] + other.signs) / 2
    scores += _likeness(left, right) + _mirror(left, right)
    scores += _width(left, right, kind)
    row, column = np.unravel_index(int(np.argmax(scores)), scores.shape)
    limbs = one.limb(int(row)), other.limb(int(column))
    score = float(scores[row, column]) - _crowd(tree, left.top, right.top)
    # One side may lack a hand, or hold something.
    score += 0.4 * float(bell(np.log(left.size / right.size), 0.6))
    return LimbPair(limbs, tree.meeting(left.top, right.top), score)


def _mean_lengths(one: Lengths, other: Lengths) -> Lengths:
    """Return the lengths of both sides together, shapes `(K, L)`."""
    means = [(a[:, None] + b) / 2 for a, b in zip(one.all(), other.all())]
    # What only one hand holds is no part of it.
    means[-1] = np.minimum(one.reach[:, None], other.reach)
    return Lengths(*means)


def _likeness(one: Branch, other: Branch) -> FloatArray:
    """Return how much both sides have the same joints and lengths; `(K, L)`."""
    lengths, others = one.lengths, other.lengths
    mean = (lengths.total[:, None] + others.total) / 4
    scores = bell((lengths.lead[:, None] - others.lead) / mean, 0.2)
    scores += bell(np.log(lengths.upper[:, None] / others.upper), 0.15)
    scores += bell(np.log(lengths.lower[:, None] / others.lower), 0.15)
    scores -= 0.6 * np.sum(one.steps[:, None] != other.steps, axis=-1)
    scores -= 0.4 * (one.tipped[:, None] != other.tipped)
    return scores


def _mirror(one: Branch, other: Branch) -> FloatArray:
    """Return how well limbs mirror each other's pose, 0 to 1; `(K, L)`."""
    ones, others = one.points[:, None], other.points[None]
    across = ones[..., 0, :] - others[..., 0, :]
    normal = across / np.maximum(np.linalg.norm(across, axis=-1, keepdims=True), 1e-9)
    centre = (ones[..., :1, :] + others[..., :1, :]) / 2
    offsets = np.sum((others - centre) * normal[..., None, :], axis=-1)
    mirrored = others - 2 * offsets[..., None] * normal[..., None, :]
    errors = np.linalg.norm(mirrored - ones, axis=-1)[..., 1:].mean(axis=-1)
    shares = errors / one.lengths.total[:, None]
    likeness: FloatArray = np.exp(-np.square(shares / 0.15))
    return likeness


def _width(one: Branch, other: Branch, kind: Proportions) -> FloatArray:
    """Return how likely the distance between the limbs' roots is; `(K, L)`."""
    across = np.linalg.norm(one.points[:, None, 0] - other.points[None, :, 0], axis=-1)
    total = one.lengths.total[:, None] + other.lengths.total
    return bell(np.log(np.maximum(across / total, 1e-3) / kind.width), 0.55)


def _crowd(tree: Tree, one: int, other: int) -> float:
    """Return how much against a pair it is that there are more of its like around.

    Hair, skirts and fingers come in rings; limbs come in twos.
    """
    around = {*tree.beside(one), *tree.beside(other)} - {one, other}
    reach, size = tree.reaches[one] + 1e-6, tree.sizes[one]
    alike = sum(
        abs(np.log((tree.reaches[row] + 1e-6) / reach)) < 0.35
        and abs(np.log(tree.sizes[row] / size)) < 0.35
        for row in around
    )
    return min(0.8 * alike, 6.0) if alike > 1 else 0.0
