# SPDX-License-Identifier: GPL-3.0-or-later
"""Live, hold points that stand still and let go of them once they move."""

import numpy as np

from .types import FloatArray

STRAY = 0.025  # This far from where it stood, a point is half let go [m].
STEADY = 1.5  # How slowly the place of what stands still may change [s].
CATCH_UP = 0.1  # And of what has been let go [s].
MAX_GAP = 0.25  # What was missing for longer starts afresh [s].


class HoldFilter:
    """Draws each point towards where it has been, unless it strays from there.

    Tremble is small and goes to and fro; motion goes away. So nothing lags that moves
    by more than a few `STRAY`.
    """

    def __init__(self) -> None:
        self._place: FloatArray | None = None
        self._seen: FloatArray = np.zeros(0)

    def step(self, t: float, values: FloatArray) -> FloatArray:
        """Return the held points, shape `(K, 3)`; NaN rows stay NaN.

        Args:
            t: Time of the values [s]; one that goes back starts the filter afresh.
            values: Shape `(K, 3)` [m].
        """
        known = np.isfinite(values).all(axis=1)
        if self._place is None or self._place.shape != values.shape:
            self._place, self._seen = values.copy(), np.where(known, t, -np.inf)
        dt = t - self._seen
        fresh = known & ~((dt >= 0.0) & (dt <= MAX_GAP))
        self._place[fresh], dt[fresh] = values[fresh], 0.0
        away = values - self._place
        ratio = (away * away).sum(axis=1, keepdims=True) / STRAY**2
        loose = ratio**2 / (ratio**2 + 1)
        held = self._place + away * loose
        memory = STEADY + (CATCH_UP - STEADY) * loose
        follow = 1 - np.exp(-dt[:, np.newaxis] / memory)
        self._place = np.where(
            known[:, np.newaxis], self._place + away * follow, self._place
        )
        self._seen = np.where(known, t, self._seen)
        return np.where(known[:, np.newaxis], held, np.nan)
