# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way pelvis and chest face, judged from widths, the face and the limbs."""

import numpy as np

from ..core.body_model import BodyLengths
from ..core.limb_prior import limb_priors
from ..core.rotations import cross, unit
from ..core.types import FloatArray
from .grid_filter import Axis
from .lift_head import picture_axes
from .lift_limbs import LIMB_ROWS, limb_evidence, limb_states
from .lift_observation import Observation

# Yaw 0 faces the camera; at 90 degrees the person looks to the picture's right.
YAW = Axis(np.radians(np.arange(0, 360, 15.0)), rate=np.radians(90), period=2 * np.pi)
_COS_BETWEEN = np.cos(YAW.values[:, np.newaxis] - YAW.values)
# Chest and pelvis face the same way, but for swings and throws.
TWIST_PRIOR = np.log(
    np.exp(12 * (_COS_BETWEEN - 1)) + 0.15 * np.exp(3 * (_COS_BETWEEN - 1))
)

COARSE_ANGLES = np.radians(np.linspace(-72, 72, 7))  # Of limbs while facing is open.
LIMB_TRUST = 0.7  # How much limbs say about facing; their prior is rough [1].
WIDTH_SIGMA = 0.05  # How wrong a width in the picture may be [m].


def yaw_frames(torso: FloatArray) -> FloatArray:
    """Return `trunk_from_view` for every yaw about the torso, `(T, 24, 3, 3)`."""
    level = picture_axes(torso)[:, 0]
    away = cross(torso, level)
    cosine, sine = np.cos(YAW.values)[:, np.newaxis], np.sin(YAW.values)[:, np.newaxis]
    left = level[:, np.newaxis] * cosine + away[:, np.newaxis] * sine
    up = np.broadcast_to(torso[:, np.newaxis], left.shape)
    return np.stack([left, up, cross(left, up)], axis=-2)


def facing_evidence(
    seen: Observation,
    body: BodyLengths,
    distance: FloatArray,
    torso: FloatArray,
) -> FloatArray:
    """Return the log-likelihood of every pair of yaws, `(T, 1, hips 24, chest 24)`.

    Args:
        seen: What the picture shows.
        body: Lengths of the bones.
        distance: To the person, shape `(T,)` [m].
        torso: From the hips to the shoulders, shape `(T, 3)`.
    """
    metres = distance[:, np.newaxis, np.newaxis]
    across = np.einsum("tki,ti->tk", seen.rays * metres, picture_axes(torso)[:, 0])
    hips = _width_evidence(across[:, 11] - across[:, 12], body.hips)
    chest = _width_evidence(across[:, 5] - across[:, 6], body.shoulders)
    frames = yaw_frames(torso)
    for i, (rows, prior) in enumerate(zip(LIMB_ROWS, limb_priors())):
        is_arm = i < 2
        z = distance + is_arm * body.torso * torso[:, 2]
        start = seen.rays[:, rows[0]]
        start = start * (z / start[:, 2])[:, np.newaxis]
        rays = seen.rays[:, rows[1:]]
        states = limb_states(start, rays, body.limbs[i], COARSE_ANGLES)
        best = limb_evidence(states, frames, prior).max(axis=(-2, -1))
        (chest if is_arm else hips)[:] += LIMB_TRUST * best
    pairs: FloatArray = hips[:, :, np.newaxis] + chest[:, np.newaxis] + TWIST_PRIOR
    return pairs[:, np.newaxis]


def mean_left(torso: FloatArray, belief: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the expected leftward directions of hips and chest, `(T, 3)` each."""
    left = yaw_frames(torso)[:, :, 0]
    # Whoever could face anywhere faces the camera.
    undecided = 1e-6 * left[:, 0]
    return (
        unit(np.einsum("tab,tai->ti", belief[:, 0], left) + undecided),
        unit(np.einsum("tab,tbi->ti", belief[:, 0], left) + undecided),
    )


def _width_evidence(across: FloatArray, width: float) -> FloatArray:
    """Return how well each yaw explains the width of shoulders or hips, `(T, 24)`."""
    expected = width * np.cos(YAW.values)
    residual = np.nan_to_num((across[:, np.newaxis] - expected) / WIDTH_SIGMA)
    fit: FloatArray = -0.5 * residual**2
    return fit
