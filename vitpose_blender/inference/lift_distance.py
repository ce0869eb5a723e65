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
TRUST = 0.6  # Bones of one frame err together: their evidence counts less [1].
LENGTH_SIGMA = 0.08  # How wrong a bone's length may be, relative to it [1].
PIXEL_SIGMA = 0.02  # How wrong a keypoint may be [m].


def bone_angles(seen: Observation) -> FloatArray:
    """Return how large each of `BONE_NAMES` looks, shape `(T, 11)` [rad]."""
    ends = np.array([bone[:2] for bone in _BONES])
    angles = _angle(seen.rays[:, ends[:, 0]], seen.rays[:, ends[:, 1]])
    torso = _angle(seen.middle(11, 12), seen.middle(5, 6))
    return np.concatenate([angles, torso[:, np.newaxis]], axis=1)


def apparent_lengths(angles: FloatArray, distance: FloatArray) -> dict[str, FloatArray]:
    """Return how long bones look at a distance, each shape `(T, sides)` [m]."""
    metres = angles * distance[:, np.newaxis]
    names = np.array(BONE_NAMES)
    return {name: metres[:, names == name] for name in set(BONE_NAMES)}


def distance_evidence(angles: FloatArray, body: BodyLengths) -> FloatArray:
    """Return the log-likelihood of each distance, shape `(T, 1, 100, 1)`.

    Args:
        angles: As `bone_angles` measures them, shape `(T, 11)` [rad].
        body: Their true lengths.
    """
    distances = np.exp(LOG_DISTANCE.values)
    lengths = np.array([getattr(body, name) for name in BONE_NAMES])
    deficits = np.array([bone[3] for bone in _BONES] + [TORSO_DEFICIT])
    cosine = np.maximum(1 - deficits[:, np.newaxis] * _QUANTILES, 0.05)
    expected = lengths[:, np.newaxis] * cosine  # (B, Q)

    def weigh(part: slice) -> FloatArray:
        looked = angles[part, :, np.newaxis] * distances
        return _length_fit(looked, expected, np.log(distances))

    return in_chunks(weigh, len(angles))[:, np.newaxis, :, np.newaxis]


def _length_fit(
    looked: FloatArray, expected: FloatArray, log_distances: FloatArray
) -> FloatArray:
    """Return the log-likelihood of each distance, shape `(T, 100)`.

    Args:
        looked: How long each bone looks at each distance, shape `(T, B, 100)` [m].
        expected: Quantiles of how long it should look, shape `(B, Q)` [m].
        log_distances: Logarithms of the distances, shape `(100,)`.
    """
    sigma = np.hypot(LENGTH_SIGMA * expected, PIXEL_SIGMA)
    sigma = sigma[:, np.newaxis]
    residual = (looked[..., np.newaxis] - expected[:, np.newaxis]) / sigma
    density = (np.exp(-0.5 * residual**2) / sigma).mean(axis=-1) + 1e-3
    # The angle is what was measured: its density is that of the length times Z.
    score = TRUST * (np.log(density) + log_distances)
    total: FloatArray = np.where(np.isfinite(score), score, 0.0).sum(axis=1)
    return total


def mean_distance(belief: FloatArray) -> FloatArray:
    """Return the expected distance [m], shape `(T,)`, of beliefs `(T, 1, 100, 1)`."""
    mean: FloatArray = np.exp(belief[:, 0, :, 0] @ LOG_DISTANCE.values)
    return mean


def _angle(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the angle between unit vectors [rad]; exact for small ones."""
    angle: FloatArray = 2 * np.arcsin(
        np.clip(np.linalg.norm(first - second, axis=-1) / 2, 0.0, 1.0)
    )
    return angle
