# SPDX-License-Identifier: GPL-3.0-or-later
"""Arms and legs: which way each bone points out of the picture, and by how much."""

from dataclasses import dataclass

import numpy as np

from ..core.body_model import BodyLengths
from ..core.limb_prior import LimbPrior, limb_priors
from ..core.rotations import unit
from ..core.types import FloatArray
from .grid_filter import Axis, in_chunks
from .lift_modes import Mode

# Start, middle and end of left arm, right arm, left leg, right leg.
LIMB_ROWS = ((5, 7, 9), (6, 8, 10), (11, 13, 15), (12, 14, 16))
# How far a bone points out of the picture plane, away positive.
ANGLES = Axis(np.radians(np.linspace(-80, 80, 11)), rate=np.radians(90))

# Frames err alike: each counts as half a witness when evidence adds up over time [1].
TRUST = 0.5
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

    def weigh(part: slice) -> FloatArray:
        density = prior.log_density(frames[part], states.upper[part], lower[part])
        score = states.fit[part, np.newaxis] + density
        return np.where(np.isfinite(score), score, 0.0)

    return in_chunks(weigh, len(lower))


def mean_directions(states: LimbStates, belief: FloatArray) -> FloatArray:
    """Return the expected directions of both bones, shape `(T, 2, 3)`.

    Args:
        states: Of `T` frames.
        belief: Probability of each, shape `(T, S, S)`.
    """
    upper = np.einsum("tab,tai->ti", belief, states.upper)
    lower = np.einsum("tab,tabi->ti", belief, states.lower)
    return np.stack([upper, lower], axis=1)


def likely_directions(
    rays: FloatArray,
    starts: FloatArray,
    frames: FloatArray,
    body: BodyLengths,
    mode: Mode,
) -> FloatArray:
    """Return the directions of all limbs, `(T, 4, 2, 3)`; NaN where unseen.

    Args:
        rays: Unit vectors to the COCO-17 keypoints, shape `(T, 17, 3)`.
        starts: Shoulders and hips, shape `(T, 4, 3)` [m].
        frames: That the limbs move in, shape `(T, 4, 3, 3)`.
        body: Lengths of the bones.
        mode: Live or clip.
    """
    limbs, evidence = [], []
    for i, (rows, prior) in enumerate(zip(LIMB_ROWS, limb_priors())):
        limbs.append(
            limb_states(starts[:, i], rays[:, rows[1:]], body.limbs[i], ANGLES.values)
        )
        evidence.append(TRUST * limb_evidence(limbs[i], frames[:, i : i + 1], prior))
    belief = mode.infer("limbs", np.concatenate(evidence, axis=1))
    means = [mean_directions(limb, belief[:, i]) for i, limb in enumerate(limbs)]
    return unit(np.stack(means, axis=1))
