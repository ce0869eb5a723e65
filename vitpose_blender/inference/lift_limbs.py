# SPDX-License-Identifier: GPL-3.0-or-later
"""Arms and legs: which way each bone points out of the picture, and by how much."""

from dataclasses import dataclass

import numpy as np

from ..core.limb_prior import LimbPrior
from ..core.types import FloatArray

PLANE_SIGMA = 0.03  # How wrong a bone's length in the picture may be [m].
LENGTH_SIGMA = 0.06  # How wrong a bone's length may be, relative to it [1].


@dataclass(frozen=True, eq=False)
class LimbStates:
    """Every way a limb of two bones may point, on a grid of `S` angles a bone.

    Attributes:
        upper: Directions of the upper bone, shape `(T, S, 3)`.
        lower: Of the lower bone for each upper one, shape `(T, S, S, 3)`.
        fit: How well the bones' known lengths agree, log, shape `(T, S, S)`.
    """

    upper: FloatArray
    lower: FloatArray
    fit: FloatArray


def limb_states(
    start: FloatArray, rays: FloatArray, lengths: FloatArray, angles: FloatArray
) -> LimbStates:
    """Return the states of one limb whose upper joint is known.

    A bone that leaves the picture plane by an angle looks shorter by its cosine;
    the picture gives the direction within the plane.

    Args:
        start: Shoulder or hip, shape `(T, 3)` [m].
        rays: Unit vectors to the middle and the end joint, shape `(T, 2, 3)`.
        lengths: Of both bones, shape `(2,)` [m].
        angles: Out of the picture plane, away positive, shape `(S,)` [rad].
    """
    upper, middle, upper_fit = _bone(start, rays[:, :1], lengths[0], angles)
    lower, _, lower_fit = _bone(middle, rays[:, 1:, np.newaxis], lengths[1], angles)
    # A wrist that is not seen says nothing about the upper arm.
    lower_fit = np.where(np.isfinite(lower_fit), lower_fit, 0.0)
    return LimbStates(upper, lower, upper_fit[..., np.newaxis] + lower_fit)


def _bone(
    start: FloatArray, ray: FloatArray, length: float, angles: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Swing a bone about its start so that its end stays on a ray.

    Returns:
        Its directions and ends, shape `(..., S, 3)`, and the fit `(..., S)`.
    """
    along = (start[..., np.newaxis, :] * ray).sum(-1, keepdims=True)
    across = along * ray - start[..., np.newaxis, :]
    seen_length = np.linalg.norm(across, axis=-1)
    sine, cosine = np.sin(angles), np.cos(angles)
    plane = across / np.maximum(seen_length, 1e-6)[..., np.newaxis]
    direction = plane * cosine[:, np.newaxis] + ray * sine[:, np.newaxis]
    end = (along + length * sine[:, np.newaxis]) * ray
    sigma = np.hypot(PLANE_SIGMA, LENGTH_SIGMA * length * cosine)
    residual = (seen_length - length * cosine) / sigma
    # cos is the area of a ring of directions: without it, depth would be favoured.
    fit: FloatArray = -0.5 * residual**2 - np.log(sigma) + np.log(cosine)
    return direction, end, fit


def limb_evidence(
    states: LimbStates, frames: FloatArray, prior: LimbPrior
) -> FloatArray:
    """Return the log-likelihood of each state for each trunk, `(T, Y, S, S)`.

    Args:
        states: Of `T` frames.
        frames: `trunk_from_view` rotations to consider, shape `(T, Y, 3, 3)`.
        prior: How such limbs usually point.
    """
    lower = np.where(np.isfinite(states.lower), states.lower, 0.0)
    score = states.fit[:, np.newaxis] + prior.log_density(frames, states.upper, lower)
    evidence: FloatArray = np.where(np.isfinite(score), score, 0.0)
    return evidence


def mean_directions(states: LimbStates, belief: FloatArray) -> FloatArray:
    """Return the expected directions of both bones, shape `(T, 2, 3)`.

    Args:
        states: Of `T` frames.
        belief: Probability of each, shape `(T, S, S)`.
    """
    upper = np.einsum("tab,tai->ti", belief, states.upper)
    lower = np.einsum("tab,tabi->ti", belief, states.lower)
    return np.stack([upper, lower], axis=1)
