# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a person's bones are, from poses that a network guessed one by one."""

import numpy as np

from ..core.body_model import DEFAULT_HEIGHT
from ..core.layouts import CANONICAL
from ..core.skeleton_fit import BONES
from ..core.types import FloatArray

# Medians of the bodies that the network learned from, at a height of 1.7 m [m].
_ADULT = {
    "spine": 0.206, "chest": 0.123, "neck": 0.22, "head_top": 0.259,
    "nose": 0.179, "eye": 0.191, "ear": 0.152,
    "shoulder": 0.152, "elbow": 0.28, "wrist": 0.253, "hand": 0.079,
    "hip": 0.094, "knee": 0.427, "ankle": 0.394, "heel": 0.077, "toe": 0.201,
}  # fmt: skip
_CHAIN = ("spine", "chest", "neck", "head_top", "knee", "ankle")  # Foot to head.
STATURE = 1.03  # Height over the length of that chain [1].
PRIOR_TIME = 0.5  # The median adult counts as if seen for so long [s].
PRIOR_BELIEF = 0.02  # As much as a guess with an error of 70 cm [1].
MEMORY = 30.0  # Live, what was seen longer ago counts less [s].
SPEED = 0.005  # Live, lengths follow what is learned this quickly [1/s].
# How much quicker in the first moment, and how long that lasts [s].
FIRST_SPEED, SETTLING = 0.2, 0.2
MAX_STEP = 0.1  # One frame counts for no more time [s].
CERTAIN = 0.15  # Expected error from which a bone's length counts half [m].

_CHILDREN = [child for child, _ in BONES]
_PARENTS = [parent for _, parent in BONES]
_KINDS = [
    CANONICAL.names[child].removeprefix("left_").removeprefix("right_")
    for child in _CHILDREN
]
ADULT = np.log([_ADULT[kind] for kind in _KINDS])
ADULT.flags.writeable = False
# Row `i` averages over the bones that are alike: one, or one of either side.
_ALIKE = np.array([[float(a == b) for b in _KINDS] for a in _KINDS])
_IN_CHAIN = np.array([_KINDS.count(k) ** -1.0 if k in _CHAIN else 0.0 for k in _KINDS])


class LengthEstimate:
    """Bone lengths of a person who is watched live; they drift, but never jump.

    `lengths` are of a person of 1.7 m, shape `(27,)` [m].
    """

    def __init__(self) -> None:
        self._total = np.zeros(len(BONES))
        self._weight = np.zeros(len(BONES))
        self._t: float | None = None
        self._age = 0.0  # Of the estimate [s].
        self.lengths = _of_height(ADULT)

    def learn(self, xyz: FloatArray, error: FloatArray, t: float) -> FloatArray:
        """Return the lengths after one more frame.

        Args:
            xyz: Joints, shape `(1, 28, 3)` [m]; NaN where nothing is known.
            error: Expected of each joint, shape `(1, 28)` [m].
            t: Time of the frame [s].
        """
        is_first = self._t is None or not self._weight.any()
        step = min(max(t - (t if self._t is None else self._t), 0.0), MAX_STEP)
        self._t = t
        look, weight = _looks(xyz, error)
        fade = np.exp(-step / MEMORY)
        # The first frame stands for a while: lengths cannot move far from it later.
        amount = weight[0] * (PRIOR_TIME if is_first else step)
        self._total = fade * self._total + amount * look[0]
        self._weight = fade * self._weight + amount
        best = _combined(self._total, self._weight)
        if is_first:
            self.lengths = best
            self._age = 0.0
        away = np.log(best / self.lengths)
        speed = SPEED + FIRST_SPEED * np.exp(-self._age / SETTLING)
        self._age += step
        self.lengths = self.lengths * np.exp(np.clip(away, -speed * step, speed * step))
        return self.lengths


def measured_lengths(
    xyz: FloatArray, error: FloatArray, times: FloatArray
) -> FloatArray:
    """Return the bone lengths of a clip for a person of 1.7 m, shape `(27,)` [m].

    Args:
        xyz: Joints, shape `(F, 28, 3)` [m].
        error: Expected of each joint, shape `(F, 28)` [m].
        times: Of the frames, rising, shape `(F,)` [s].
    """
    look, weight = _looks(xyz, error)
    # A clip of one frame still says as much as a live first frame does.
    step = max(float(np.ptp(times)), PRIOR_TIME) / len(times)
    return _combined((look * weight).sum(axis=0) * step, weight.sum(axis=0) * step)


def _looks(xyz: FloatArray, error: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return logarithms of lengths and how far to believe each, both `(F, 27)`.

    A joint guessed between two places makes its bone too short: doubt weighs little.
    """
    length = np.linalg.norm(xyz[:, _CHILDREN] - xyz[:, _PARENTS], axis=-1)
    known = np.isfinite(length)
    doubt = error[:, _CHILDREN] ** 2 + error[:, _PARENTS] ** 2
    weight = np.where(known, 1.0 / (1.0 + doubt / CERTAIN**2), 0.0)
    return np.log(np.where(known, np.maximum(length, 1e-3), 1.0)), weight


def _combined(total: FloatArray, weight: FloatArray) -> FloatArray:
    """Return lengths, alike on both sides, between what was seen and the adult's."""
    total, weight = _ALIKE @ total, _ALIKE @ weight
    prior = PRIOR_TIME * _ALIKE.sum(axis=1) * PRIOR_BELIEF
    return _of_height((total + prior * ADULT) / (weight + prior))


def _of_height(logarithms: FloatArray) -> FloatArray:
    lengths = np.exp(logarithms)
    factor = DEFAULT_HEIGHT / STATURE / float(lengths @ _IN_CHAIN)
    result: FloatArray = lengths * factor
    return result
