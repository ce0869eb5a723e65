# SPDX-License-Identifier: GPL-3.0-or-later
"""How the trunk leans out of the picture plane."""

import numpy as np

from ..core.body_model import BodyLengths
from ..core.rotations import unit
from ..core.types import FloatArray
from .lift_observation import Observation

ANGLES = np.radians(np.linspace(-75, 75, 13))  # Out of the picture plane [rad].
LENGTH_SIGMA = 0.05  # How wrong the trunk's length in the picture may be [m].
# Most people stand or sit upright; some bend, lie or turn cartwheels.
UPRIGHT_SHARE, UPRIGHT_CONCENTRATION = 0.95, 20.0


def torso_directions(
    seen: Observation, distance: FloatArray, body: BodyLengths
) -> FloatArray:
    """Return the direction from the hips to the shoulders, shape `(T, 3)`.

    The trunk's foreshortening is a weak hint, because it hardly changes near
    upright: most of the answer is that people stand against gravity.

    Args:
        seen: What the picture shows.
        distance: To the person, shape `(T,)` [m].
        body: Length of the trunk.
    """
    hips = seen.middle(11, 12) * distance[:, np.newaxis]
    ray = seen.middle(5, 6)
    across = (hips * ray).sum(-1, keepdims=True) * ray - hips
    seen_length = np.linalg.norm(across, axis=-1, keepdims=True)
    plane = across / np.maximum(seen_length, 1e-6)
    cosine, sine = np.cos(ANGLES)[:, np.newaxis], np.sin(ANGLES)[:, np.newaxis]
    directions = plane[:, np.newaxis] * cosine + ray[:, np.newaxis] * sine
    residual = (seen_length - body.torso * cosine[:, 0]) / LENGTH_SIGMA
    upright = np.einsum("tsi,ti->ts", directions, seen.up)
    kappa = UPRIGHT_CONCENTRATION
    prior = np.log(
        UPRIGHT_SHARE * kappa * np.exp(kappa * (upright - 1)) + (1 - UPRIGHT_SHARE)
    )
    score = -0.5 * residual**2 + prior + np.log(cosine[:, 0])
    weight = np.exp(score - score.max(axis=1, keepdims=True))
    mean = unit(np.einsum("ts,tsi->ti", weight, directions))
    return np.where(np.isfinite(mean), mean, seen.up)
