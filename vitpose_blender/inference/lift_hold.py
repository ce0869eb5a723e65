# SPDX-License-Identifier: GPL-3.0-or-later
"""What limbs do while they are not seen: stay a moment, then hang or stand."""

from collections.abc import Sequence

import numpy as np

from ..core.rotations import unit
from ..core.types import FloatArray

TIME_CONSTANT = 0.5  # How long the last sight of a limb is believed [s].


class DirectionMemory:
    """The last known direction of each of `B` bones, in frames that move along."""

    def __init__(self, num_bones: int) -> None:
        self._direction = np.full((num_bones, 3), np.nan)
        self._t = np.full(num_bones, -np.inf)

    def fill(
        self, t: float, directions: FloatArray, rest: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return directions without holes, and how far they can be believed.

        Args:
            t: Time of the frame [s].
            directions: As seen, shape `(B, 3)`; NaN where unseen.
            rest: Where an unseen bone eases to, shape `(B, 3)`.

        Returns:
            Directions `(B, 3)`; belief `(B,)`, 1 where seen, falling to 0.
        """
        if (self._t > t).any():  # The source was rewound.
            self._t[:] = -np.inf
        known = np.isfinite(directions).all(axis=1)
        self._direction[known], self._t[known] = directions[known], t
        belief = np.exp(-(t - self._t) / TIME_CONSTANT)
        return _ease([self._direction], [belief], rest), belief


def fill_directions(
    times: FloatArray, directions: FloatArray, rest: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return a clip's directions without holes; each side of a hole eases to rest.

    Args:
        times: Rising, shape `(T,)` [s].
        directions: As seen, shape `(T, B, 3)`; NaN where unseen.
        rest: Where an unseen bone eases to, shape `(T, B, 3)`.

    Returns:
        Directions `(T, B, 3)`; belief `(T, B)`, 1 where seen.
    """
    t = times[:, np.newaxis]
    known = np.isfinite(directions).all(axis=-1)
    row = np.arange(len(t))[:, np.newaxis]
    before = np.maximum.accumulate(np.where(known, row, -1), axis=0)
    after = np.where(known, row, len(t))[::-1]
    after = np.minimum.accumulate(after, axis=0)[::-1]
    found, beliefs = [], []
    for nearest in (before, after):
        exists = (nearest >= 0) & (nearest < len(t))
        index = np.where(exists, nearest, 0)
        away = np.abs(t[index, 0] - t)
        beliefs.append(np.where(exists, np.exp(-away / TIME_CONSTANT), 0.0))
        found.append(np.take_along_axis(directions, index[..., np.newaxis], axis=0))
    return _ease(found, beliefs, rest), np.maximum(*beliefs)


def _ease(
    directions: Sequence[FloatArray], beliefs: Sequence[FloatArray], rest: FloatArray
) -> FloatArray:
    remaining = np.maximum(1 - np.max(np.stack(beliefs), axis=0), 0.0)
    total = remaining[..., np.newaxis] * rest
    for direction, belief in zip(directions, beliefs):
        weight = belief[..., np.newaxis]
        total = total + np.where(weight > 0, weight * direction, 0.0)
    return unit(total)
