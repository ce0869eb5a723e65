# SPDX-License-Identifier: GPL-3.0-or-later
"""What a limb is: two long segments, and a pair of them that mirror each other.

Shoulder, elbow, wrist or hip, knee, ankle. Twist bones lie between, clavicles before,
hands and feet behind.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..types import FloatArray


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

    @cached_property
    def segments(self) -> FloatArray:
        lengths: FloatArray = np.linalg.norm(np.diff(self.points, axis=0), axis=1)
        return lengths

    @cached_property
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

    @cached_property
    def middle(self) -> FloatArray:
        """Between the roots."""
        middle: FloatArray = (self.limbs[0].points[0] + self.limbs[1].points[0]) / 2
        return middle

    @cached_property
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
