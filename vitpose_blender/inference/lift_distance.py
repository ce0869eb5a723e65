# SPDX-License-Identifier: GPL-3.0-or-later
"""How far away a person is, from how long their bones look."""

import numpy as np

from ..core.body_model import BodyLengths
from ..core.types import FloatArray
from .grid_filter import Axis, in_chunks
from .lift_observation import Observation

# Distances considered [m], evenly spaced in their logarithm.
LOG_DISTANCE = Axis(np.linspace(np.log(0.35), np.log(30.0), 100), rate=0.3)
NO_AXIS = Axis(np.zeros(1), rate=0.0)

_DISTANCES = np.exp(LOG_DISTANCE.values)

# Bone: its two ends, its field in BodyLengths, mean of 1 - cos of the angle that it
# makes with the picture. The trunk hardly ever points at the camera; arms do.
_BONES = (
    (5, 7, "upper_arm", 0.25), (6, 8, "upper_arm", 0.25),
    (7, 9, "forearm", 0.35), (8, 10, "forearm", 0.35),
    (11, 13, "thigh", 0.15), (12, 14, "thigh", 0.15),
    (13, 15, "shank", 0.10), (14, 16, "shank", 0.10),
    (5, 6, "shoulders", 0.35), (11, 12, "hips", 0.35),
)  # fmt: skip
BONE_NAMES = (*(bone[2] for bone in _BONES), "torso")
TORSO_DEFICIT = 0.06
_QUANTILES = -np.log(1 - (np.arange(8) + 0.5) / 8)  # Of the exponential distribution.
_FIRST, _SECOND = [bone[0] for bone in _BONES], [bone[1] for bone in _BONES]
_DEFICITS = np.array([*(bone[3] for bone in _BONES), TORSO_DEFICIT])
_COSINES = np.maximum(1 - np.outer(_QUANTILES, _DEFICITS), 0.05)  # (Q, B)
TRUST = 0.6  # Bones of one frame err together: their evidence counts less [1].
LENGTH_SIGMA = 0.08  # How wrong a bone's length may be, relative to it [1].
PIXEL_SIGMA = 0.02  # How wrong a keypoint may be [m].


def bone_angles(seen: Observation) -> FloatArray:
    """Return how large each of `BONE_NAMES` looks, shape `(T, 11)` [rad]."""
    middles = seen.middles
    first = np.concatenate([seen.rays[:, _FIRST], middles[:, 1:]], axis=1)
    second = np.concatenate([seen.rays[:, _SECOND], middles[:, :1]], axis=1)
    return _angle(first, second)


def apparent_lengths(angles: FloatArray, distance: FloatArray) -> FloatArray:
    """Return how long `BONE_NAMES` look at a distance, shape `(T, 11)` [m]."""
    return angles * distance[:, np.newaxis]


def distance_evidence(angles: FloatArray, body: BodyLengths) -> FloatArray:
    """Return the log-likelihood of each distance, shape `(T, 1, 100, 1)`.

    Args:
        angles: As `bone_angles` measures them, shape `(T, 11)` [rad].
        body: Their true lengths.
    """
    lengths = np.array([getattr(body, name) for name in BONE_NAMES])
    expected = lengths * _COSINES

    def weigh(part: slice) -> FloatArray:
        return _length_fit(angles[part, :, np.newaxis] * _DISTANCES, expected)

    return in_chunks(weigh, len(angles))[:, np.newaxis, :, np.newaxis]


def _length_fit(looked: FloatArray, expected: FloatArray) -> FloatArray:
    """Return the log-likelihood of each distance, shape `(T, 100)`.

    Args:
        looked: How long each bone looks at each distance, shape `(T, B, 100)` [m].
        expected: Quantiles of how long it should look, shape `(Q, B)` [m].
    """
    expected = expected[..., np.newaxis]
    precision = 1 / np.hypot(LENGTH_SIGMA * expected, PIXEL_SIGMA)
    # Quantiles before bones: sums over a leading axis are the quick ones.
    residual = (looked[:, np.newaxis] - expected) * (np.sqrt(0.5) * precision)
    bells = np.exp(-(residual * residual))
    density = (bells * precision).mean(axis=1) + 1e-3
    # The angle is what was measured: its density is that of the length times Z.
    score = TRUST * (np.log(density) + LOG_DISTANCE.values)
    total: FloatArray = np.where(np.isfinite(score), score, 0.0).sum(axis=1)
    return total


def mean_distance(belief: FloatArray) -> FloatArray:
    """Return the expected distance [m], shape `(T,)`, of beliefs `(T, 1, 100, 1)`."""
    mean: FloatArray = np.exp(belief[:, 0, :, 0] @ LOG_DISTANCE.values)
    return mean


def _angle(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the angle between unit vectors [rad]; exact for small ones."""
    chord = first - second
    half_sine = np.sqrt((chord * chord).sum(-1)) / 2
    angle: FloatArray = 2 * np.arcsin(np.minimum(half_sine, 1.0))
    return angle
