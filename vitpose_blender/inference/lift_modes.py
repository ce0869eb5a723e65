# SPDX-License-Identifier: GPL-3.0-or-later
"""The two ways to reason over time: live, forward only, and a clip, both ways."""

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np

from ..core.types import FloatArray
from .grid_filter import GridFilter
from .lift_hold import DirectionMemory, fill_directions

NUM_QUESTIONS = 5  # Distance twice, facing, head and limbs.


class Mode(Protocol):
    """What carries answers from frame to frame."""

    def infer(self, question: str, evidence: FloatArray) -> FloatArray:
        """Return beliefs given evidence of all frames, both `(T, B, S1, S2)`."""
        ...

    def fill(
        self, directions: FloatArray, rest: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return directions `(T, B, 3)` without holes and the belief `(T, B)`."""
        ...


class LiveMode:
    """One frame at a time; remembers what came before.

    Args:
        filters: One for each question.
        memory: Of limbs that were seen.
        t: Time of the frame [s].
    """

    def __init__(
        self, filters: Mapping[str, GridFilter], memory: DirectionMemory, t: float
    ) -> None:
        self._filters, self._memory, self._t = filters, memory, t

    def infer(self, question: str, evidence: FloatArray) -> FloatArray:
        """Return the belief after one more frame; see `Mode`."""
        return self._filters[question].step(self._t, evidence[0])[np.newaxis]

    def fill(
        self, directions: FloatArray, rest: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Ease limbs that are lost to rest; see `Mode`."""
        filled, belief = self._memory.fill(self._t, directions[0], rest[0])
        return filled[np.newaxis], belief[np.newaxis]


class ClipMode:
    """All frames at once; every answer knows the past and the future.

    Args:
        filters: One for each question; left as they are.
        times: Of the frames, rising, shape `(T,)` [s].
        progress: Called with the finished part, in [0, 1].
    """

    def __init__(
        self,
        filters: Mapping[str, GridFilter],
        times: FloatArray,
        progress: Callable[[float], None] | None = None,
    ) -> None:
        self._filters, self._times, self._progress = filters, times, progress
        self._num_answers = 0

    def infer(self, question: str, evidence: FloatArray) -> FloatArray:
        """Return the beliefs given the whole clip; see `Mode`."""
        belief = self._filters[question].smooth(self._times, evidence)
        self._num_answers += 1
        if self._progress is not None:
            self._progress(min(self._num_answers / NUM_QUESTIONS, 1.0))
        return belief

    def fill(
        self, directions: FloatArray, rest: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Ease limbs to rest before and after they are seen; see `Mode`."""
        return fill_directions(self._times, directions, rest)
