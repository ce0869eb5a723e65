# SPDX-License-Identifier: GPL-3.0-or-later
"""Bayes filter over a small grid of states: forward in time, or both ways."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..core.types import FloatArray

MAX_STEP = 1.0  # After a longer silence the past says nothing [s].
CHUNK = 16  # Frames weighed at once.
FLOOR = 1e-12  # Keeps a state that one bad frame excluded alive.


@dataclass(frozen=True, eq=False)
class Axis:
    """One dimension of the grid.

    Attributes:
        values: The states, shape `(S,)`, evenly spaced; one for an axis not used.
        rate: How far the state wanders in a second, one sigma [unit/sqrt(s)].
        period: After which the values repeat (360 for an angle); 0 for never.
    """

    values: FloatArray
    rate: float
    period: float = 0.0

    def transition(self, dt: float) -> FloatArray:
        """Return probabilities `(to, from)` of a Gaussian random walk over `dt` [s].

        The walk is never narrower than half a cell, or states could not change.
        """
        distance = self.values[:, np.newaxis] - self.values
        if self.period:
            distance = (distance + self.period / 2) % self.period - self.period / 2
        cell = abs(self.values[1] - self.values[0]) if len(self.values) > 1 else 1.0
        sigma = max(self.rate * np.sqrt(max(dt, 0.0)), 0.5 * cell)
        matrix = np.exp(-0.5 * (distance / sigma) ** 2) + 1e-6
        normalised: FloatArray = matrix / matrix.sum(axis=0, keepdims=True)
        return normalised


def in_chunks(weigh: Callable[[slice], FloatArray], num_frames: int) -> FloatArray:
    """Return evidence of all frames, weighed `CHUNK` at a time.

    Weighing compares every state with every example; for the whole of a long take
    at once that would take gigabytes.
    """
    starts = range(0, num_frames, CHUNK)
    return np.concatenate([weigh(slice(start, start + CHUNK)) for start in starts])


class GridFilter:
    """Probability of each cell of a grid of two axes, carried through time.

    Several independent things that share the axes (four limbs) are filtered at
    once: beliefs have shape `(B, S1, S2)`.
    """

    def __init__(self, first: Axis, second: Axis) -> None:
        self._axes = (first, second)
        self._matrices: dict[int, tuple[FloatArray, FloatArray]] = {}
        self._belief: FloatArray | None = None
        self._t = 0.0

    def reset(self) -> None:
        self._belief = None

    def step(self, t: float, log_likelihood: FloatArray) -> FloatArray:
        """Return the belief after one more frame, shape `(B, S1, S2)`.

        Args:
            t: Time of the frame [s]; going back or a long silence starts afresh.
            log_likelihood: Evidence for each cell, shape `(B, S1, S2)`.
        """
        dt = t - self._t
        likelihood = _likelihood(log_likelihood)
        if self._belief is not None and 0.0 <= dt <= MAX_STEP:
            likelihood = likelihood * self._spread(self._belief, dt)
        self._belief, self._t = _normalised(likelihood), t
        return self._belief

    def smooth(self, times: FloatArray, log_likelihood: FloatArray) -> FloatArray:
        """Return the beliefs of a clip given its whole past and future.

        Args:
            times: Of each frame, rising, shape `(T,)` [s].
            log_likelihood: Evidence, shape `(T, B, S1, S2)`.

        Returns:
            Probabilities, shape `(T, B, S1, S2)` (forward-backward algorithm).
        """
        likelihood = _likelihood(log_likelihood)
        forward = np.empty_like(likelihood)
        belief = _normalised(np.ones_like(likelihood[0]))
        for i, frame in enumerate(likelihood):
            if i:
                belief = self._spread(belief, times[i] - times[i - 1])
            belief = forward[i] = _normalised(belief * frame)
        future = np.ones_like(belief)
        for i in range(len(times) - 2, -1, -1):
            dt = times[i + 1] - times[i]
            future = self._spread_back(likelihood[i + 1] * future, dt)
            future = _normalised(future)
            forward[i] = _normalised(forward[i] * future)
        return forward

    def _pair(self, dt: float) -> tuple[FloatArray, FloatArray]:
        key = round(min(max(dt, 0.0), MAX_STEP) * 1000)
        if key not in self._matrices:
            first, second = self._axes
            self._matrices[key] = (
                first.transition(key / 1000),
                second.transition(key / 1000),
            )
        return self._matrices[key]

    def _spread(self, belief: FloatArray, dt: float) -> FloatArray:
        first, second = self._pair(dt)
        spread: FloatArray = first @ belief @ second.T + FLOOR
        return spread

    def _spread_back(self, belief: FloatArray, dt: float) -> FloatArray:
        first, second = self._pair(dt)
        spread: FloatArray = first.T @ belief @ second + FLOOR
        return spread


def _likelihood(log_likelihood: FloatArray) -> FloatArray:
    peak = log_likelihood.max(axis=(-2, -1), keepdims=True)
    likelihood: FloatArray = np.exp(log_likelihood - peak)
    return likelihood


def _normalised(belief: FloatArray) -> FloatArray:
    probability: FloatArray = belief / belief.sum(axis=(-2, -1), keepdims=True)
    return probability
