# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells which way a body faces, and with it which side is left, from several clues.

Each clue is a log-likelihood ratio: above 0 it speaks for the first limbs of the body's
pairs being the left ones.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from ..types import FloatArray
from .structure_body import Body
from .structure_limbs import Limb, unit
from .structure_trunk import Trunk

_FEW = 6  # Joints on a head: fewer may be hair as well as a face.


@dataclass(frozen=True)
class Clue:
    """One sign of which way a body faces.

    Attributes:
        name: In words, for reasons: "the toes".
        weight: Log-likelihood ratio for the first limbs being left.
    """

    name: str
    weight: float


@dataclass(frozen=True, eq=False)
class Facing:
    """How a body stands; directions are of length 1.

    Attributes:
        up: Along the trunk of a biped, away from the ground for a quadruped.
        forward: The way it faces if the first limbs of the pairs are left.
        clues: What speaks for and against that.
    """

    up: FloatArray
    forward: FloatArray
    clues: tuple[Clue, ...]

    @property
    def weight(self) -> float:
        return sum(clue.weight for clue in self.clues)

    def turned(self) -> "Facing":
        """Return the opposite."""
        clues = tuple(Clue(clue.name, -clue.weight) for clue in self.clues)
        return Facing(self.up, -self.forward, clues)


def find_facing(body: Body, trunk: Trunk) -> Facing:
    """Return what speaks for the first limbs of the pairs being left."""
    across = unit(body.legs.across) + unit(body.arms.across)
    if not body.is_upright:
        return _four_legged(body, across)
    up = body.up
    forward = unit(np.cross(across, up))
    clues = _Clues(body, trunk, up, forward)
    return Facing(up, forward, tuple(clue for clue in clues.all() if clue.weight))


def _four_legged(body: Body, across: FloatArray) -> Facing:
    """A quadruped faces from its hips to its shoulders."""
    up = body.up
    ahead = body.trunk - (body.trunk @ up) * up
    forward = unit(np.cross(across, up))
    sign = float(np.sign(forward @ ahead))
    return Facing(up, forward, (Clue("the trunk", 5.0 * sign),))


class _Clues:
    """Weighs clues of one biped; lengths are in units of its legs."""

    def __init__(
        self, body: Body, trunk: Trunk, up: FloatArray, forward: FloatArray
    ) -> None:
        self.body, self.tree, self.trunk = body, body.tree, trunk
        self.up, self.forward = up, forward
        self.unit = body.legs.length
        self.noise = self._noise()

    def _noise(self) -> float:
        """Return how far the sides are from mirroring each other."""
        across = np.cross(self.up, self.forward)
        errors = []
        for pair in (self.body.legs, self.body.arms):
            one, other = (limb.points - pair.middle for limb in pair.limbs)
            mirrored = other - 2 * np.outer(other @ across, across)
            errors.append(np.linalg.norm(mirrored - one, axis=1))
        return float(np.median(errors)) / self.unit / 2

    def all(self) -> Iterator[Clue]:
        legs, arms = self.body.legs.limbs, self.body.arms.limbs
        yield self._clue("the feet", fmean(map(self._foot, legs)), 0.02, 4.5)
        yield self._clue("the knees", fmean(map(self._hinge, legs)), 0.015, 1.5)
        yield self._clue("the elbows", -fmean(map(self._hinge, arms)), 0.02, 1.5)
        yield self._clue("the arms", fmean(map(self._swing, arms)), 0.1, 0.7)
        yield self._clue("the thumbs", fmean(map(self._thumb, arms)), 0.02, 2.2)
        yield from self._head_clues()
        yield self._clue("the spine", -self._spine(), 0.02, 0.5)
        yield self._clue("what hangs on the back", -self._burden(), 0.1, 1.5)

    def _clue(self, name: str, offset: float, typical: float, most: float) -> Clue:
        """Weigh an offset forwards; noise and smallness make it count less."""
        spread = np.hypot(typical, 2 * self.noise)
        return Clue(name, float(most * np.tanh(offset / spread)))

    def _ahead(self, points: FloatArray, origin: FloatArray) -> FloatArray:
        """Return how far points lie forwards of one, in legs."""
        offsets: FloatArray = (points - origin) @ self.forward / self.unit
        return offsets

    def _foot(self, leg: Limb) -> float:
        end = leg.joints[2]
        if end < 0:
            return 0.0
        below = list(self.tree.below(end))
        offsets = self._ahead(self.tree.points[below], leg.points[2])
        return float(offsets.max() + offsets.min())

    def _hinge(self, limb: Limb) -> float:
        """Return how far forwards a knee or elbow is of the straight limb."""
        root, hinge, end = limb.points
        way = end - root
        length = float(way @ way)
        if length < 1e-9:
            return 0.0
        straight = root + way * float((hinge - root) @ way) / length
        return float(self._ahead(hinge, straight))

    def _swing(self, arm: Limb) -> float:
        return float(self._ahead(arm.points[2], arm.points[0]))

    def _thumb(self, arm: Limb) -> float:
        """Return how far forwards the thumb is of the other fingers."""
        end = arm.joints[2]
        children = self.tree.children[end] if end >= 0 else ()
        if len(children) < 3:
            return 0.0
        tips = np.array(
            [self.tree.points[list(self.tree.below(row))].mean(0) for row in children]
        )
        hand = tips.mean(axis=0) - arm.points[2]
        thumb = int(np.argmin((tips - arm.points[2]) @ hand))
        others = np.delete(tips, thumb, axis=0).mean(axis=0)
        along = unit(others - arm.points[2])
        aside = tips[thumb] - others
        aside = aside - (aside @ along) * along
        return float(aside @ self.forward) / self.unit

    def _head_clues(self) -> Iterator[Clue]:
        head = self.trunk.head
        if head < 0:
            return
        base = self.tree.parents[head]
        if base >= 0:
            nod = self._ahead(self.tree.points[head], self.tree.points[base])
            yield self._clue("the neck", float(nod), 0.03, 0.6)
        face = self._face(head)
        if len(face) > 1:
            offsets = self._ahead(self.tree.points[face], self.tree.points[head])
            most = 2.5 if len(face) >= _FEW else 1.6
            yield self._clue("the face", float(np.median(offsets)), 0.03, most)

    def _face(self, head: int) -> list[int]:
        """Return the joints on the head but for long chains, which are hair."""
        return [
            row
            for child in self.tree.children[head]
            for row in self.tree.below(child)
            if self.tree.reaches[child] < 0.12 * self.unit
        ]

    def _spine(self) -> float:
        """Return how far forwards the middle of the spine is of hips and neck."""
        chain = [self.trunk.hips, *self.trunk.spine, *self.trunk.neck[:1]]
        if len(chain) < 4:
            return 0.0
        points = self.tree.points[chain]
        heights = points @ self.up
        share = (heights - heights[0]) / max(heights[-1] - heights[0], 1e-6)
        straight = points[0] + share[:, None] * (points[-1] - points[0])
        return float(np.mean((points - straight) @ self.forward) / self.unit)

    def _burden(self) -> float:
        """Return how far forwards tails, wings, capes and the like reach."""
        own = {self.trunk.hips, *self.trunk.spine, *self.trunk.neck, self.trunk.head}
        limbs = {limb.top for p in (self.body.legs, self.body.arms) for limb in p.limbs}
        offsets = []
        for carrier in (self.trunk.hips, *self.trunk.spine):
            for child in self.tree.children[carrier]:
                if child in own | limbs or self.tree.reaches[child] < 0.15 * self.unit:
                    continue
                if self._carries_any(child, [*own, *limbs]):
                    continue
                below = list(self.tree.below(child))
                offsets += [
                    *self._ahead(self.tree.points[below], self.body.legs.middle)
                ]
        return float(np.mean(offsets)) if offsets else 0.0

    def _carries_any(self, row: int, others: Sequence[int]) -> bool:
        return any(other >= 0 and self.tree.carries(row, other) for other in others)
