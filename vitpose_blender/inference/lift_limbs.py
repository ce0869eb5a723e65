# SPDX-License-Identifier: GPL-3.0-or-later
"""Arms and legs: which way each bone points out of the picture, and by how much."""

from dataclasses import dataclass

import numpy as np

from ..core.body_model import BodyLengths
from ..core.limb_prior import limb_prior
from ..core.rotations import unit
from ..core.types import FloatArray
from .grid_filter import Axis, in_chunks
from .lift_modes import Mode

# Start, middle and end of left arm, right arm, left leg, right leg.
LIMB_ROWS = np.array([[5, 7, 9], [6, 8, 10], [11, 13, 15], [12, 14, 16]])
# How far a bone points out of the picture plane, away positive.
ANGLES = Axis(np.radians(np.linspace(-80, 80, 11)), rate=np.radians(90))

# Frames err alike: each counts as half a witness when evidence adds up over time [1].
TRUST = 0.5
PLANE_SIGMA = 0.03  # How wrong a bone's length in the picture may be [m].
LENGTH_SIGMA = 0.06  # How wrong a bone's length may be, relative to it [1].


@dataclass(frozen=True, eq=False)
class LimbStates:
    """Every way that limbs of two bones may point, on a grid of `S` angles a bone.

    Attributes:
        upper: Directions of the upper bones, shape `(T, 4, S, 3)`.
        lower: Of the lower bones for each upper one, shape `(T, 4, S, S, 3)`.
        fit: How well the bones' known lengths agree, log, shape `(T, 4, S, S)`.
    """

    upper: FloatArray
    lower: FloatArray
    fit: FloatArray


def limb_states(
    starts: FloatArray, rays: FloatArray, body: BodyLengths, angles: FloatArray
) -> LimbStates:
    """Return the states of limbs whose upper joints are known.

    A bone that leaves the picture plane by an angle looks shorter by its cosine;
    the picture gives the direction within the plane.

    Args:
        starts: Shoulders and hips, shape `(T, 4, 3)` [m].
        rays: Unit vectors to the COCO-17 keypoints, shape `(T, 17, 3)`.
        body: Lengths of the bones.
        angles: Out of the picture plane, away positive, shape `(S,)` [rad].
    """
    lengths = body.limbs[..., np.newaxis]
    middle_rays, end_rays = rays[:, LIMB_ROWS[:, 1]], rays[:, LIMB_ROWS[:, 2]]
    upper, middles, upper_fit = _bones(starts, middle_rays, lengths[:, 0], angles)
    lower, _, lower_fit = _bones(
        middles, end_rays[:, :, np.newaxis], lengths[:, 1:], angles
    )
    # A wrist that is not seen says nothing about the upper arm.
    lower_fit = np.where(np.isfinite(lower_fit), lower_fit, 0.0)
    return LimbStates(upper, lower, upper_fit[..., np.newaxis] + lower_fit)


def _bones(
    start: FloatArray, ray: FloatArray, length: FloatArray, angles: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Swing bones about their starts so that their ends stay on rays.

    Args:
        start: Shape `(..., 3)` [m].
        ray: Unit vectors, shape `(..., 3)`.
        length: Shape `(..., 1)` [m].
        angles: Out of the picture plane, shape `(S,)` [rad].

    Returns:
        Their directions and ends, shape `(..., S, 3)`, and the fit `(..., S)`.
    """
    along = (start * ray).sum(-1, keepdims=True)
    across = along * ray - start
    seen_length = np.sqrt((across * across).sum(-1, keepdims=True))
    sine, cosine = np.sin(angles), np.cos(angles)
    plane = (across / np.maximum(seen_length, 1e-6))[..., np.newaxis, :]
    ray = ray[..., np.newaxis, :]
    direction = plane * cosine[:, np.newaxis] + ray * sine[:, np.newaxis]
    end = (along + length * sine)[..., np.newaxis] * ray
    looks = length * cosine
    sigma = np.hypot(PLANE_SIGMA, LENGTH_SIGMA * looks)
    residual = (seen_length - looks) / sigma
    # cos is the area of a ring of directions: without it, depth would be favoured.
    fit: FloatArray = np.log(cosine / sigma) - 0.5 * residual * residual
    return direction, end, fit


def limb_evidence(states: LimbStates, frames: FloatArray) -> FloatArray:
    """Return the log-likelihood of each state for each trunk, `(T, 4, Y, S, S)`.

    Args:
        states: Of `T` frames.
        frames: `trunk_from_view` rotations to consider, shape `(T, 4 or 1, Y, 3, 3)`.
    """
    prior = limb_prior()
    lower = np.where(np.isfinite(states.lower), states.lower, 0.0)

    def weigh(part: slice) -> FloatArray:
        density = prior.log_density(frames[part], states.upper[part], lower[part])
        score = states.fit[part, :, np.newaxis] + density
        return np.where(np.isfinite(score), score, 0.0)

    return in_chunks(weigh, len(lower))


def mean_directions(states: LimbStates, belief: FloatArray) -> FloatArray:
    """Return the expected directions of all bones, shape `(T, 4, 2, 3)`.

    Args:
        states: Of `T` frames.
        belief: Probability of each, shape `(T, 4, S, S)`.
    """
    grid = belief.shape[:2]
    upper = belief.sum(axis=-1)[:, :, np.newaxis] @ states.upper
    lower = belief.reshape(*grid, 1, -1) @ states.lower.reshape(*grid, -1, 3)
    return np.concatenate([upper, lower], axis=2)


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
    limbs = limb_states(starts, rays, body, ANGLES.values)
    evidence = TRUST * limb_evidence(limbs, frames[:, :, np.newaxis])
    return unit(mean_directions(limbs, mode.infer("limbs", evidence[:, :, 0])))
