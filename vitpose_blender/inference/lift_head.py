# SPDX-License-Identifier: GPL-3.0-or-later
"""The head: a small rigid thing that turns and nods on the chest."""

import numpy as np

from ..core.body_model import EARS_FROM_SHOULDERS, HEAD_POINTS
from ..core.rotations import cross, unit
from ..core.types import FloatArray
from .grid_filter import Axis, in_chunks
from .lift_observation import Observation, nan_mean
from .lift_torso import Torso

YAW = Axis(np.radians(np.arange(0, 360, 15.0)), rate=np.radians(120), period=2 * np.pi)
NOD = Axis(np.radians(np.linspace(-45, 45, 7)), rate=np.radians(60))  # Up positive.
NOD_SIGMA = np.radians(20)
PART_SIGMA = 0.03  # How wrong a part of the face may be in the picture [m].
TURN_CONCENTRATION = 4.0  # Of the head on the chest.


def _turned_faces() -> FloatArray:
    """Return where the parts of a face lie for each yaw and nod, `(24, 7, 5, 2)`.

    Across and along the trunk, from the middle of the ears [m].
    """
    left, up, forward = HEAD_POINTS.T
    yaw, nod = YAW.values[:, np.newaxis, np.newaxis], NOD.values[:, np.newaxis]
    ahead = forward * np.cos(nod) - up * np.sin(nod)
    across = left * np.cos(yaw) + ahead * np.sin(yaw)
    along = up * np.cos(nod) + forward * np.sin(nod) + 0 * yaw
    return np.stack([across, along], axis=-1)


def _forwards() -> FloatArray:
    """Return where each yaw and nod looks, `(168, 3)`: level, away, up."""
    yaw, nod = YAW.values[:, np.newaxis], NOD.values
    forward = (np.cos(nod) * np.sin(yaw), -np.cos(nod) * np.cos(yaw), np.sin(nod))
    forwards: FloatArray = np.stack(np.broadcast_arrays(*forward), axis=-1)
    return forwards.reshape(-1, 3)


_FACES, _FORWARDS = _turned_faces(), _forwards()
_COSINE, _SINE = np.cos(YAW.values), np.sin(YAW.values)
_NOD_PRIOR = -0.5 * (NOD.values / NOD_SIGMA) ** 2
_COS_BETWEEN = np.cos(YAW.values[:, np.newaxis] - YAW.values)
_TURN = np.exp(TURN_CONCENTRATION * (_COS_BETWEEN - 1)) + 1e-3


def face_evidence(
    seen: Observation, distance: FloatArray, torso: Torso, scale: float
) -> FloatArray:
    """Return the log-likelihood of each yaw and nod of the head, `(T, 24, 7)`.

    Args:
        seen: Nose, eyes and ears, as far as the picture shows them.
        distance: To the person, shape `(T,)` [m].
        torso: From the hips to the shoulders.
        scale: Of the person [1].
    """
    axes = torso.picture_axes * distance[:, np.newaxis, np.newaxis]
    looked = seen.rays[:, :5] @ np.swapaxes(axes, 1, 2)
    known = np.isfinite(looked[..., 0])
    weight = np.where(known, seen.score[:, :5], 0.0)
    share = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-9)
    looked = np.where(known[..., np.newaxis], looked, 0.0)
    centred = looked - share[:, np.newaxis] @ looked
    faces = _FACES * scale
    parts = np.moveaxis(faces, 2, 0).reshape(5, -1)

    def weigh(part: slice) -> FloatArray:
        # Both the face seen and the one imagined are taken about their own middle.
        middle = (share[part] @ parts).reshape(-1, *faces.shape[:2], 1, 2)
        residual = (centred[part, np.newaxis, np.newaxis] + middle) - faces
        square = (residual * residual).sum(axis=-1)
        weights = weight[part, np.newaxis, :, np.newaxis]
        fit: FloatArray = -0.5 / PART_SIGMA**2 * (square @ weights)[..., 0]
        return fit

    fit = in_chunks(weigh, len(centred))
    fit = np.where((known.sum(axis=1) >= 2)[:, np.newaxis, np.newaxis], fit, 0.0)
    evidence: FloatArray = fit + _NOD_PRIOR
    return evidence


def chest_evidence(face: FloatArray) -> FloatArray:
    """Return what the head's yaw says of the chest's, log, shape `(T, 24)`."""
    best = face.max(axis=(1, 2), keepdims=True)
    head = np.exp(face - best).sum(axis=2) + 1e-3
    evidence: FloatArray = np.log(head @ _TURN)
    return evidence


def turn_prior(torso: Torso, left_chest: FloatArray) -> FloatArray:
    """Return how likely each yaw of the head is on a known chest, `(T, 24, 1)`."""
    cosine = (left_chest * torso.level).sum(-1, keepdims=True)
    sine = (left_chest * torso.away).sum(-1, keepdims=True)
    between = cosine * _COSINE + sine * _SINE
    prior: FloatArray = TURN_CONCENTRATION * (between - 1)
    return prior[..., np.newaxis]


def head_frames(torso: Torso, belief: FloatArray) -> FloatArray:
    """Return the head's left, up and forward as rows, shape `(T, 3, 3)`.

    Args:
        torso: From the hips to the shoulders.
        belief: Probability of each yaw and nod, shape `(T, 24, 7)`.
    """
    sides = np.stack([torso.level, torso.away, torso.up], axis=1)  # (T, 3, 3)
    mean = belief.reshape(len(belief), 1, -1) @ _FORWARDS
    forward = unit((mean @ sides)[:, 0])
    left = unit(cross(torso.up, forward))
    return np.stack([left, cross(forward, left), forward], axis=1)


def ears_offset(
    seen: Observation, distance: FloatArray, chest: FloatArray, head: FloatArray
) -> FloatArray:
    """Return the middle of the ears from the middle of the shoulders, `(T, 3)`.

    Args:
        seen: The face and the shoulders.
        distance: To the person, shape `(T,)` [m].
        chest: Frames of the chest times the person's scale, shape `(T, 3, 3)`.
        head: The same of the head.
    """
    usual = EARS_FROM_SHOULDERS @ chest
    parts = seen.rays[:, :5] * distance[:, np.newaxis, np.newaxis]
    ears = nan_mean(parts - HEAD_POINTS @ head)
    looked = ears - seen.middles[:, 0] * distance[:, np.newaxis]
    looked = np.where(np.isfinite(looked), looked, usual)
    # The picture says nothing about depth; half of the rest may be error.
    offset = np.concatenate([looked[:, :2] + usual[:, :2], 2 * usual[:, 2:]], axis=1)
    length = np.sqrt((usual * usual).sum(-1, keepdims=True))
    ears_from_shoulders: FloatArray = unit(offset) * length
    return ears_from_shoulders
