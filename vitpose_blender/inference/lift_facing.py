# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way pelvis and chest face, judged from widths, the face and the limbs."""

import numpy as np

from ..core.body_model import BodyLengths
from ..core.rotations import cross, unit
from ..core.types import FloatArray
from .grid_filter import Axis
from .lift_limbs import LIMB_ROWS, limb_evidence, limb_states
from .lift_observation import TRUNK_ROWS, Observation
from .lift_torso import Torso

# Yaw 0 faces the camera; at 90 degrees the person looks to the picture's right.
YAW = Axis(np.radians(np.arange(0, 360, 15.0)), rate=np.radians(90), period=2 * np.pi)
_COS_BETWEEN = np.cos(YAW.values[:, np.newaxis] - YAW.values)
# Chest and pelvis face the same way, but for swings and throws.
TWIST_PRIOR = np.log(
    np.exp(12 * (_COS_BETWEEN - 1)) + 0.15 * np.exp(3 * (_COS_BETWEEN - 1))
)

COARSE_ANGLES = np.radians(np.linspace(-72, 72, 7))  # Of limbs while facing is open.
LIMB_TRUST = 0.7  # How much limbs say about facing; their prior is rough [1].
_IS_ARM = np.array([1.0, 1.0, 0.0, 0.0])
WIDTH_SIGMA = 0.05  # How wrong a width in the picture may be [m].
_COSINE, _SINE = np.cos(YAW.values)[:, np.newaxis], np.sin(YAW.values)[:, np.newaxis]


def yaw_frames(torso: Torso) -> FloatArray:
    """Return `trunk_from_view` for every yaw about the torso, `(T, 24, 3, 3)`."""
    left = _lefts(torso)
    up = np.broadcast_to(torso.up[:, np.newaxis], left.shape)
    return np.stack([left, up, cross(left, up)], axis=-2)


def _lefts(torso: Torso) -> FloatArray:
    """Return the direction to the person's left for every yaw, `(T, 24, 3)`."""
    level, away = torso.level[:, np.newaxis], torso.away[:, np.newaxis]
    lefts: FloatArray = level * _COSINE + away * _SINE
    return lefts


def facing_evidence(
    seen: Observation, body: BodyLengths, distance: FloatArray, torso: Torso
) -> FloatArray:
    """Return the log-likelihood of every pair of yaws, `(T, 1, hips 24, chest 24)`.

    Args:
        seen: What the picture shows.
        body: Lengths of the bones.
        distance: To the person, shape `(T,)` [m].
        torso: From the hips to the shoulders.
    """
    starts = seen.rays[:, LIMB_ROWS[:, 0]]
    z = distance[:, np.newaxis] + body.torso * torso.up[:, 2:] * _IS_ARM
    starts = starts * (z / starts[..., 2])[..., np.newaxis]
    states = limb_states(starts, seen.rays, body, COARSE_ANGLES)
    evidence = limb_evidence(states, yaw_frames(torso)[:, np.newaxis])
    limbs = LIMB_TRUST * evidence.max(axis=(-2, -1))
    widths = _width_evidence(seen, body, distance, torso)
    chest = widths[:, 0] + limbs[:, 0] + limbs[:, 1]
    hips = widths[:, 1] + limbs[:, 2] + limbs[:, 3]
    pairs: FloatArray = hips[:, :, np.newaxis] + chest[:, np.newaxis] + TWIST_PRIOR
    return pairs[:, np.newaxis]


def mean_left(torso: Torso, belief: FloatArray) -> FloatArray:
    """Return the expected leftward directions of chest and hips, `(T, 2, 3)`."""
    lefts = _lefts(torso)
    sides = np.stack([belief[:, 0].sum(axis=1), belief[:, 0].sum(axis=2)], axis=1)
    # Whoever could face anywhere faces the camera.
    return unit(sides @ lefts + 1e-6 * lefts[:, :1])


def _width_evidence(
    seen: Observation, body: BodyLengths, distance: FloatArray, torso: Torso
) -> FloatArray:
    """Return how each yaw explains the widths of shoulders and hips, `(T, 2, 24)`."""
    between = seen.rays[:, TRUNK_ROWS[::2]] - seen.rays[:, TRUNK_ROWS[1::2]]
    across = (between @ torso.level[..., np.newaxis]) * distance[
        :, np.newaxis, np.newaxis
    ]
    expected = np.outer((body.shoulders, body.hips), _COSINE)
    residual = (across - expected) / WIDTH_SIGMA
    return np.where(np.isfinite(residual), -0.5 * residual * residual, 0.0)
