# SPDX-License-Identifier: GPL-3.0-or-later
"""A live low-pass filter that does not fall behind what moves steadily."""

import numpy as np

from .types import BoolArray, FloatArray

MAX_GAP = 0.25  # What was missing for longer starts afresh [s].


class FollowFilter:
    """Estimates place and speed at once (a critically damped alpha-beta filter).

    It forgets old values exponentially and fits a line to the rest, so a steady
    motion passes without lag; a one-euro filter trails behind it. Formula: fading
    memory polynomial filter of first order (Morrison 1969).

    Args:
        memory: How quickly old values are forgotten [s]; longer is calmer.
    """

    def __init__(self, memory: float) -> None:
        self._memory = memory
        self._place: FloatArray | None = None
        self._speed: FloatArray = np.zeros(0)
        self._seen: FloatArray = np.zeros(0)
        self._t = -np.inf

    def step(self, t: float, values: FloatArray) -> FloatArray:
        """Return the filtered values, shape `(K, D)`; NaN rows stay NaN.

        Args:
            t: Time of the values [s]; one that goes back starts the filter afresh.
            values: Shape `(K, D)`.
        """
        known = np.isfinite(values).all(axis=1)
        if self._place is None or t < self._t or self._place.shape != values.shape:
            self._place = np.array(values, dtype=np.float64)
            self._speed = np.zeros_like(self._place)
            self._seen = np.where(known, t, -np.inf)
        dt = t - self._seen
        fresh = known & ~(dt <= MAX_GAP)
        follow = known & ~fresh & (dt > 0.0)
        self._place[fresh], self._speed[fresh] = values[fresh], 0.0
        self._advance(dt[follow, np.newaxis], values[follow], follow)
        self._seen[known] = t
        self._t = t
        return np.where(known[:, np.newaxis], self._place, np.nan)

    def _advance(self, dt: FloatArray, values: FloatArray, rows: BoolArray) -> None:
        assert self._place is not None
        kept = np.exp(-dt / self._memory)
        expected = self._place[rows] + self._speed[rows] * dt
        miss = values - expected
        self._place[rows] = expected + (1.0 - kept**2) * miss
        self._speed[rows] += (1.0 - kept) ** 2 * miss / dt
