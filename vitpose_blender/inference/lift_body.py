# SPDX-License-Identifier: GPL-3.0-or-later
"""A person's own proportions, learned from how long their bones ever look."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..core.body_model import BodyLengths
from ..core.types import FloatArray

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


class BodyEstimate:
    """Proportions that start at the average and move towards what is seen.

    The stated height stays: seeing a person says nothing about their size.

    Args:
        average: An average body of the person's height.
    """

    def __init__(self, average: BodyLengths) -> None:
        self._average = average
        self._seconds = {name: np.zeros(len(_BINS) - 1) for name in _QUANTILES}
        self._t: float | None = None
        self.body = average

    def learn(self, times: FloatArray, looks: Mapping[str, FloatArray]) -> BodyLengths:
        """Return the best proportions after some more frames.

        `body` follows them slowly, without jumps.

        Args:
            times: Of the frames, rising, shape `(T,)` [s].
            looks: How long bones looked, shape `(T, sides)` [m]; NaN where unseen.
        """
        previous = times[0] if self._t is None else self._t
        steps = np.clip(np.diff(times, prepend=previous), 0.0, MAX_STEP)
        self._t = float(times[-1])
        target = {}
        for name, quantile in _QUANTILES.items():
            average = getattr(self._average, name)
            ratio = np.log(np.maximum(looks[name], 1e-6) / average)
            known = np.isfinite(ratio)
            weight = np.broadcast_to(steps[:, np.newaxis], ratio.shape)[known]
            self._seconds[name] += np.histogram(
                np.clip(ratio[known], -_REACH, _REACH), _BINS, weights=weight
            )[0]
            look = _shrunk_quantile(self._seconds[name] / ratio.shape[1], quantile)
            target[name] = average * np.exp(look)
        best = self._of_the_same_height(replace(self._average, **target))
        self._follow(best, SPEED * float(steps.sum()))
        return best

    def _follow(self, best: BodyLengths, step: float) -> None:
        lengths = {}
        for name in _QUANTILES:
            now = getattr(self.body, name)
            away = np.log(getattr(best, name) / now)
            lengths[name] = now * float(np.exp(np.clip(away, -step, step)))
        self.body = replace(self.body, **lengths)

    def _of_the_same_height(self, body: BodyLengths) -> BodyLengths:
        def stature(lengths: BodyLengths) -> float:
            return lengths.torso + lengths.thigh + lengths.shank

        factor = stature(self._average) / stature(body)
        return replace(
            body, **{name: getattr(body, name) * factor for name in _QUANTILES}
        )


def _shrunk_quantile(histogram: FloatArray, quantile: float) -> float:
    """Return a quantile of logarithms, less where little was seen [1]."""
    total = histogram.sum()
    if total <= 0:
        return 0.0
    share = np.concatenate([[0.0], np.cumsum(histogram) / total])
    # Rising strictly, so that the inverse is a function.
    share += np.arange(len(share)) * 1e-9
    value = np.interp(quantile, share, _BINS)
    value *= TRUST * min(total / ENOUGH, 1.0)
    return float(np.clip(value, -LIMIT, LIMIT))
