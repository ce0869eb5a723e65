# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds pairs of limbs in a tree of joints, whatever pose they are in.

A limb is two long segments: shoulder, elbow, wrist or hip, knee, ankle. Twist bones lie
between, clavicles before, hands and feet behind. Scores are log-likelihoods: 0 is
just as expected.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from .structure_tree import Tree
from .types import BoolArray, FloatArray, IntArray

_SHORTEST = 0.06  # A limb of less than this share of the extent is none.
_TINY = 1e-3  # Segments shorter than this are none.
_CLEAR_BEND = np.radians(12)
_MAX_DEPTH = 10  # Joints between the trunk and a wrist.
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
FORELEG = Proportions(ratio=1.0, lead=0.9, reach=0.9, width=0.2)
LEG = Proportions(ratio=1.03, lead=0.3, reach=0.8, width=0.13)


@dataclass(frozen=True, eq=False)
class Limb:
    """One side's limb.

    Attributes:
        top: The joint at which the branch leaves the trunk: clavicle, hip or the root.
        joints: Root, hinge and end; the end is -1 where only the bone's tail tells it.
        points: Where they are, shape `(3, 3)`.
    """

    top: int
    joints: tuple[int, int, int]
    points: FloatArray

    @property
    def segments(self) -> FloatArray:
        lengths: FloatArray = np.linalg.norm(np.diff(self.points, axis=0), axis=1)
        return lengths

    @property
    def length(self) -> float:
        return float(self.segments.sum())

    @property
    def direction(self) -> FloatArray:
        """From root to end, length 1 for a straight limb."""
        way: FloatArray = (self.points[2] - self.points[0]) / self.length
        return way


@dataclass(frozen=True, eq=False)
class LimbPair:
    """Two limbs that mirror each other; which is left is not known here.

    Attributes:
        limbs: Both sides.
        attach: The joint that carries both, -1 if none does.
        score: How much they look like a pair of their kind.
    """

    limbs: tuple[Limb, Limb]
    attach: int
    score: float

    @property
    def middle(self) -> FloatArray:
        """Between the roots."""
        middle: FloatArray = (self.limbs[0].points[0] + self.limbs[1].points[0]) / 2
        return middle

    @property
    def across(self) -> FloatArray:
        """From the second limb's root to the first's."""
        across: FloatArray = self.limbs[0].points[0] - self.limbs[1].points[0]
        return across

    @property
    def length(self) -> float:
        return (self.limbs[0].length + self.limbs[1].length) / 2

    def swapped(self) -> "LimbPair":
        return LimbPair((self.limbs[1], self.limbs[0]), self.attach, self.score)


def bell(difference: FloatArray | float, spread: FloatArray | float) -> FloatArray:
    """Return how likely a difference is, as a logarithm that ends at -4.5."""
    likelihood: FloatArray = -0.5 * np.minimum(np.square(difference / spread), 9.0)
    return likelihood


def unit(vector: FloatArray) -> FloatArray:
    """Return a vector with length 1; one of no length stays."""
    one: FloatArray = vector / max(float(np.linalg.norm(vector)), 1e-12)
    return one


def branch_tops(tree: Tree) -> list[int]:
    """Return the joints at which something long enough for a limb branches off."""
    tops = []
    for row, parent in enumerate(tree.parents):
        branches = parent < 0 or len(tree.children[parent]) > 1
        if branches and tree.reaches[row] > _SHORTEST / 2:
            tops.append(row)
    return tops


def find_pairs(tree: Tree, tops: Sequence[int], kind: Proportions) -> list[LimbPair]:
    """Return pairs of limbs of one kind, best first.

    Args:
        tree: The joints.
        tops: Where branches start, as `branch_tops` returns them.
        kind: One of `ARM`, `LEG` and `FORELEG`.
    """
    fits = [fit for top in tops if (fit := _fit(tree, top, kind)) is not None]
    pairs = [
        _best_pair(tree, one, other, kind)
        for one, other in combinations(fits, 2)
        if _may_be_paired(tree, one.top, other.top)
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


@dataclass(frozen=True, eq=False)
class _Fit:
    """The likeliest limbs in one branch, best first.

    Attributes:
        top: Where the branch starts.
        joints: Root, hinge and end, shape `(K, 3)`; -1 for an end that is a tail.
        points: Where they are, shape `(K, 3, 3)`.
        lengths: See `_lengths`, shape `(K, 6)`.
        signs: What speaks for each but for its lengths, shape `(K,)`.
    """

    top: int
    joints: IntArray
    points: FloatArray
    lengths: FloatArray
    signs: FloatArray

    def limb(self, row: int) -> Limb:
        root, hinge, end = (int(joint) for joint in self.joints[row])
        return Limb(self.top, (root, hinge, end), self.points[row])


def _fit(tree: Tree, top: int, kind: Proportions) -> _Fit | None:
    joints = np.array([*_triples(tree, top)], dtype=int).reshape(-1, 3)
    points = tree.points[joints]
    tipped = joints[:, 2] < 0
    points[tipped, 2] = tree.tips[joints[tipped, 1]]
    lengths = _lengths(tree, top, joints, points)
    segments = lengths[:, :2]
    sane = (segments.sum(axis=1) > _SHORTEST) & (segments.min(axis=1) > _TINY)
    if not sane.any():
        return None
    joints, points, lengths = joints[sane], points[sane], lengths[sane]
    signs = _signs(tree, joints, points, kind)
    # What the hand holds is left to the comparison with the other side.
    held = lengths.copy()
    held[:, -1] = np.minimum(
        held[:, -1], (kind.reach + 0.4) * segments[sane].mean(axis=1)
    )
    scores = signs + _proportions(held, joints[:, 2] < 0, kind)
    best = np.argsort(-scores, kind="stable")[:_NUM_FITS]
    return _Fit(top, joints[best], points[best], lengths[best], signs[best])


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
        if not tree.children[end]:
            for root in range(depth):
                yield path[root], end, -1


def _lengths(tree: Tree, top: int, joints: IntArray, points: FloatArray) -> FloatArray:
    """Return upper and lower segment, the same along the bones, lead and reach."""
    root, hinge, end = joints.T
    tipped = end < 0
    upper, lower = np.linalg.norm(np.diff(points, axis=1), axis=2).T
    through = np.where(tipped, lower, tree.along[end] - tree.along[hinge])
    reach = np.where(tipped, 0.0, tree.reaches[end])
    lead = tree.along[root] - tree.along[top]
    along = tree.along[hinge] - tree.along[root]
    return np.stack([upper, lower, along, through, lead, reach], axis=1)


def _proportions(
    lengths: FloatArray, tipped: BoolArray, kind: Proportions
) -> FloatArray:
    """Return how likely the lengths of a limb are, shape of `lengths` but the last."""
    upper, lower, along, through, lead, reach = np.moveaxis(lengths, -1, 0)
    mean = (upper + lower) / 2
    # Tails are what an importer guessed: the end of a bone is not to be relied on.
    spread = np.where(tipped, 0.8, 0.3)
    scores = bell(np.log(upper / lower / kind.ratio), spread)
    scores += _straightness(upper, along) + _straightness(lower, through)
    scores += bell(np.maximum(lead / mean - kind.lead, 0), 0.35)
    scores += bell(np.maximum(reach / mean - kind.reach, 0), 0.35)
    return scores


def _signs(
    tree: Tree, joints: IntArray, points: FloatArray, kind: Proportions
) -> FloatArray:
    """Return what speaks for limbs apart from lengths."""
    root, hinge, end = joints.T
    tipped = end < 0
    depths = np.array(tree.depths)
    steps = depths[np.where(tipped, hinge, end)] - depths[root]
    scores = np.where(tipped, -1.0 - 0.3 * (steps - 1), -0.3 * (steps - 2))
    scores += np.where(_bend(points) > _CLEAR_BEND, 0.4, 0.0)
    scores += _end_scores(tree, joints, points, kind)
    return scores


def _straightness(chord: FloatArray, arc: FloatArray) -> FloatArray:
    """A segment goes straight: bones in between only twist."""
    return bell(1 - chord / np.maximum(arc, 1e-9), 0.04)


def _bend(points: FloatArray) -> FloatArray:
    """Return how much limbs bend at their hinges [rad]."""
    first, second = np.moveaxis(np.diff(points, axis=1), 1, 0)
    norms = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    cosine = np.sum(first * second, axis=1) / np.maximum(norms, 1e-12)
    bend: FloatArray = np.arccos(np.clip(cosine, -1, 1))
    return bend


def _end_scores(
    tree: Tree, triples: IntArray, points: FloatArray, kind: Proportions
) -> FloatArray:
    """Fingers tell a hand, a turn forwards tells a foot."""
    scores = np.zeros(len(triples))
    for end in set(triples[:, 2].tolist()) - {-1}:
        rows = triples[:, 2] == end
        if kind is ARM:
            fingers = _num_fingers(tree, end)
            if fingers > 1 and tree.is_given:
                scores[rows] = 0.6 + 0.3 * min(fingers, 5)
        elif tree.children[end]:
            far = np.tile(tree.points[_farthest_below(tree, end)], (rows.sum(), 1, 1))
            turns = _bend(np.concatenate([points[rows][:, 1:], far], axis=1))
            scores[rows] = 0.3 + 0.7 * np.clip(np.degrees(turns) / 45, 0, 1)
    return scores


def _num_fingers(tree: Tree, row: int) -> int:
    """Return how many branches of about the same reach leave a joint."""
    children = list(tree.children[row])
    reaches = tree.reaches[children] + tree.lengths[children]
    if len(reaches) < 2:
        return len(reaches)
    # The longest may be something in the hand.
    return int(np.sum(reaches > 0.35 * np.sort(reaches)[-2]))


def _farthest_below(tree: Tree, row: int) -> int:
    below = list(tree.below(row))
    distances = np.linalg.norm(tree.points[below] - tree.points[row], axis=1)
    return below[int(np.argmax(distances))]


def _best_pair(tree: Tree, one: _Fit, other: _Fit, kind: Proportions) -> LimbPair:
    """Return the limbs of two branches that go together best."""
    lengths = (one.lengths[:, None] + other.lengths) / 2
    # What only one hand holds is no part of it.
    lengths[..., -1] = np.minimum(one.lengths[:, None, -1], other.lengths[:, -1])
    tipped = (one.joints[:, None, 2] < 0) | (other.joints[:, 2] < 0)
    scores = _proportions(lengths, tipped, kind)
    scores += (one.signs[:, None] + other.signs) / 2
    scores += _likeness(one, other) + _same_depths(tree, one, other)
    scores += _mirror(one, other) + _width(one, other, kind)
    row, column = np.unravel_index(int(np.argmax(scores)), scores.shape)
    limbs = one.limb(int(row)), other.limb(int(column))
    attach = tree.meeting(one.top, other.top)
    score = float(scores[row, column]) - _crowd(tree, one.top, other.top)
    score += float(bell(np.log(tree.sizes[one.top] / tree.sizes[other.top]), 0.6))
    return LimbPair(limbs, attach, score)


def _crowd(tree: Tree, one: int, other: int) -> float:
    """Return how much against a pair it is that there are more of its like around.

    Hair, skirts and fingers come in rings; limbs come in twos.
    """
    around = {*tree.children[tree.parents[one]], *tree.children[tree.parents[other]]}
    alike = sum(
        abs(np.log((tree.reaches[row] + 1e-6) / (tree.reaches[one] + 1e-6))) < 0.35
        and abs(np.log(tree.sizes[row] / tree.sizes[one])) < 0.35
        for row in around - {one, other}
    )
    return min(0.8 * alike, 6.0) if alike > 1 else 0.0


def _likeness(one: _Fit, other: _Fit) -> FloatArray:
    """Return how much limbs have the same lengths, whatever their poses; `(K, L)`."""
    lengths, others = one.lengths[:, None], other.lengths[None]
    mean = (lengths[..., :2] + others[..., :2]).sum(axis=-1) / 4
    scores: FloatArray = bell((lengths - others)[..., 4] / mean, 0.2)
    ratios = np.log(lengths[..., :2] / others[..., :2])
    return scores + bell(ratios, 0.15).sum(axis=-1)


def _same_depths(tree: Tree, one: _Fit, other: _Fit) -> FloatArray:
    """Return how much both sides have the same joints; `(K, L)`."""
    depths = np.array(tree.depths)
    ones = depths[one.joints] - tree.depths[one.top]
    others = depths[other.joints] - tree.depths[other.top]
    return -0.6 * np.sum(ones[:, None] != others, axis=-1, dtype=float)


def _mirror(one: _Fit, other: _Fit) -> FloatArray:
    """Return how well limbs mirror each other's pose, 0 to 1; `(K, L)`."""
    ones, others = one.points[:, None], other.points[None]
    across = ones[..., 0, :] - others[..., 0, :]
    normal = across / np.maximum(np.linalg.norm(across, axis=-1, keepdims=True), 1e-9)
    centre = (ones[..., :1, :] + others[..., :1, :]) / 2
    offsets = np.sum((others - centre) * normal[..., None, :], axis=-1)
    mirrored = others - 2 * offsets[..., None] * normal[..., None, :]
    errors = np.linalg.norm(mirrored - ones, axis=-1)[..., 1:].mean(axis=-1)
    length = one.lengths[:, None, :2].sum(axis=-1)
    likeness: FloatArray = np.exp(-np.square(errors / length / 0.15))
    return likeness


def _width(one: _Fit, other: _Fit, kind: Proportions) -> FloatArray:
    """Return how likely the distance between the limbs' roots is; `(K, L)`."""
    across = np.linalg.norm(one.points[:, None, 0] - other.points[None, :, 0], axis=-1)
    length = one.lengths[:, None, :2].sum(axis=-1) + other.lengths[:, :2].sum(axis=-1)
    return bell(np.log(np.maximum(across / length, 1e-3) / kind.width), 0.55)
