# SPDX-License-Identifier: GPL-3.0-or-later
"""A person's own proportions, learned from how long their bones ever look."""

from dataclasses import replace

import numpy as np

from ..core.body_model import BodyLengths
from ..core.types import FloatArray
from .lift_distance import BONE_NAMES

# A bone looks its full length only now and then: this quantile of how long it looked
# stands for it. Arms are left out, because they reach towards the camera and then look
# longer than they are.
_QUANTILES = {
    "thigh": 0.85, "shank": 0.85, "shoulders": 0.9, "hips": 0.9, "torso": 0.6,
}  # fmt: skip
TRUST = 0.5  # How far a person may differ from the average, as measured [1].
LIMIT = 0.2  # And at most, in the logarithm [1].
ENOUGH = 1.0  # Seconds of looking after which a length is known as well as it gets.
SPEED = 0.02  # Live, lengths follow what is learned this quickly [1/s].
MAX_STEP = 0.1  # One frame counts for no more time [s].
_REACH = 0.8  # Logarithm of the largest difference that is counted [1].
_BINS = np.linspace(-_REACH, _REACH, 81)
_NAMES = tuple(_QUANTILES)
_SHARES = np.array(list(_QUANTILES.values()))[:, np.newaxis]
_EACH = np.arange(len(_NAMES))
_STATURE = [_NAMES.index(name) for name in ("torso", "thigh", "shank")]
_COLUMNS = [i for i, name in enumerate(BONE_NAMES) if name in _QUANTILES]
_NAME_OF_COLUMN = np.array([_NAMES.index(BONE_NAMES[i]) for i in _COLUMNS])
_NUM_SIDES = np.bincount(_NAME_OF_COLUMN)


class BodyEstimate:
    """Proportions that start at the average and move towards what is seen.

    The stated height stays: seeing a person says nothing about their size.

    Args:
        average: An average body of the person's height.
    """

    def __init__(self, average: BodyLengths) -> None:
        self._average = _lengths(average)
        self._lengths = self._average
        self._seconds = np.zeros((len(_NAMES), len(_BINS) - 1))
        self._t: float | None = None
        self.body = average

    def learn(self, times: FloatArray, looks: FloatArray) -> BodyLengths:
        """Return the best proportions after some more frames.

        `body` follows them slowly, without jumps.

        Args:
            times: Of the frames, rising, shape `(T,)` [s].
            looks: How long `BONE_NAMES` looked, shape `(T, 11)` [m]; NaN where unseen.
        """
        previous = times[0] if self._t is None else self._t
        steps = np.diff(times, prepend=previous)
        steps = np.minimum(np.maximum(steps, 0.0), MAX_STEP)
        self._t = float(times[-1])
        self._count(steps, looks[:, _COLUMNS])
        look = _shrunk_quantiles(self._seconds / _NUM_SIDES[:, np.newaxis])
        best = self._average * np.exp(look)
        best *= self._average[_STATURE].sum() / best[_STATURE].sum()
        self._follow(best, SPEED * float(steps.sum()))
        return _with_lengths(self.body, best)

    def _count(self, steps: FloatArray, looks: FloatArray) -> None:
        """Add the seconds that each bone looked so long, in bins of the logarithm."""
        ratio = np.log(np.maximum(looks, 1e-6) / self._average[_NAME_OF_COLUMN])
        known = np.isfinite(ratio)
        bins = np.searchsorted(_BINS[1:-1], ratio, side="right")
        bins += _NAME_OF_COLUMN * self._seconds.shape[1]
        weights = np.broadcast_to(steps[:, np.newaxis], ratio.shape)[known]
        seconds = np.bincount(bins[known], weights, self._seconds.size)
        self._seconds += seconds.reshape(self._seconds.shape)

    def _follow(self, best: FloatArray, step: float) -> None:
        away = np.log(best / self._lengths)
        self._lengths = self._lengths * np.exp(
            np.minimum(np.maximum(away, -step), step)
        )
        self.body = _with_lengths(self.body, self._lengths)


def _lengths(body: BodyLengths) -> FloatArray:
    return np.array([getattr(body, name) for name in _NAMES])


def _with_lengths(body: BodyLengths, lengths: FloatArray) -> BodyLengths:
    return replace(body, **dict(zip(_NAMES, lengths.tolist())))


def _shrunk_quantiles(histograms: FloatArray) -> FloatArray:
    """Return `_QUANTILES` of logarithms, less where little was seen, `(5,)` [1]."""
    total = histograms.sum(axis=1)
    share = np.zeros((len(_NAMES), len(_BINS)))
    share[:, 1:] = histograms.cumsum(axis=1) / np.maximum(total, 1e-300)[:, np.newaxis]
    # Rising strictly, so that the inverse is a function.
    share += np.arange(len(_BINS)) * 1e-9
    before = np.minimum((share <= _SHARES).sum(axis=1), len(_BINS) - 1) - 1
    low, high = share[_EACH, before], share[_EACH, before + 1]
    part = np.minimum((_SHARES[:, 0] - low) / (high - low), 1.0)
    value = _BINS[before] + part * (_BINS[1] - _BINS[0])
    value *= TRUST * np.minimum(total / ENOUGH, 1.0)
    shrunk: FloatArray = np.minimum(np.maximum(value, -LIMIT), LIMIT)
    return shrunk
