# SPDX-License-Identifier: GPL-3.0-or-later
"""The head: a small rigid thing that turns and nods on the chest."""

import numpy as np

from ..core.body_model import EARS_FROM_SHOULDERS, HEAD_POINTS
from ..core.rotations import cross, unit
from ..core.types import FloatArray
from .grid_filter import Axis, in_chunks
from .lift_observation import Observation, nan_mean

YAW = Axis(np.radians(np.arange(0, 360, 15.0)), rate=np.radians(120), period=2 * np.pi)
NOD = Axis(np.radians(np.linspace(-45, 45, 7)), rate=np.radians(60))  # Up positive.
NOD_SIGMA = np.radians(20)
PART_SIGMA = 0.03  # How wrong a part of the face may be in the picture [m].
TURN_CONCENTRATION = 4.0  # Of the head on the chest.


def picture_axes(torso: FloatArray) -> FloatArray:
    """Return directions across and along the trunk in the picture, `(T, 2, 3)`.

    Yaw 0 faces the camera; at 90 degrees the person looks along the first.
    """
    level = unit(cross([0.0, 0.0, 1.0], torso))
    # A trunk that points straight at the camera leaves the choice open.
    level = np.where(np.isfinite(level), level, [1.0, 0.0, 0.0])
    return np.stack([level, cross(level, [0.0, 0.0, 1.0])], axis=1)


def turned_faces(scale: float) -> FloatArray:
    """Return where the parts of a face lie for each yaw and nod, `(24, 7, 5, 2)`.

    Across and along the trunk, from the middle of the ears [m].
    """
    left, up, forward = (HEAD_POINTS * scale).T
    yaw, nod = YAW.values[:, np.newaxis, np.newaxis], NOD.values[:, np.newaxis]
    ahead = forward * np.cos(nod) - up * np.sin(nod)
    across = left * np.cos(yaw) + ahead * np.sin(yaw)
    along = up * np.cos(nod) + forward * np.sin(nod) + 0 * yaw
    return np.stack([across, along], axis=-1)


def face_evidence(
    seen: Observation, distance: FloatArray, torso: FloatArray, scale: float
) -> FloatArray:
    """Return the log-likelihood of each yaw and nod of the head, `(T, 24, 7)`.

    Args:
        seen: Nose, eyes and ears, as far as the picture shows them.
        distance: To the person, shape `(T,)` [m].
        torso: From the hips to the shoulders, shape `(T, 3)`.
        scale: Of the person [1].
    """
    axes = picture_axes(torso) * distance[:, np.newaxis, np.newaxis]
    looked = np.einsum("tki,tai->tka", seen.rays[:, :5], axes)
    known = np.isfinite(looked[..., 0])
    centred = np.nan_to_num(looked - nan_mean(looked)[:, np.newaxis])
    weight = np.where(known, seen.score[:, :5], 0.0)
    share = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-9)
    centred -= np.einsum("tk,tka->ta", share, centred)[:, np.newaxis]
    faces = turned_faces(scale)

    def weigh(part: slice) -> FloatArray:
        # Both the face seen and the one imagined are taken about their own middle.
        middle = np.einsum("tk,ynka->tyna", share[part], faces)
        imagined = faces - middle[..., np.newaxis, :]
        residual = (centred[part, np.newaxis, np.newaxis] - imagined) / PART_SIGMA
        fit: FloatArray = -0.5 * np.einsum("tk,tynka->tyn", weight[part], residual**2)
        return fit

    fit = in_chunks(weigh, len(centred))
    fit = np.where((known.sum(axis=1) >= 2)[:, np.newaxis, np.newaxis], fit, 0.0)
    evidence: FloatArray = fit - 0.5 * (NOD.values / NOD_SIGMA) ** 2
    return evidence


def chest_evidence(face: FloatArray) -> FloatArray:
    """Return what the head's yaw says of the chest's, log, shape `(T, 24)`."""
    between = np.cos(YAW.values[:, np.newaxis] - YAW.values)
    turn = np.exp(TURN_CONCENTRATION * (between - 1)) + 1e-3
    best = face.max(axis=(1, 2), keepdims=True)
    head = np.exp(face - best).sum(axis=2) + 1e-3
    evidence: FloatArray = np.log(head @ turn)
    return evidence


def turn_prior(torso: FloatArray, left_chest: FloatArray) -> FloatArray:
    """Return how likely each yaw of the head is on a known chest, `(T, 24, 1)`."""
    level = picture_axes(torso)[:, 0]
    away = cross(torso, level)
    cosine = (left_chest * level).sum(-1, keepdims=True)
    sine = (left_chest * away).sum(-1, keepdims=True)
    between = cosine * np.cos(YAW.values) + sine * np.sin(YAW.values)
    prior: FloatArray = TURN_CONCENTRATION * (between - 1)
    return prior[..., np.newaxis]


def head_frames(torso: FloatArray, belief: FloatArray) -> FloatArray:
    """Return the head's left, up and forward as rows, shape `(T, 3, 3)`.

    Args:
        torso: From the hips to the shoulders, shape `(T, 3)`.
        belief: Probability of each yaw and nod, shape `(T, 24, 7)`.
    """
    level = picture_axes(torso)[:, 0]
    away = cross(torso, level)
    sides = np.stack([level, away, torso], axis=1)  # (T, 3, 3)
    yaw, nod = YAW.values[:, np.newaxis], NOD.values
    forward = np.stack(
        np.broadcast_arrays(
            np.cos(nod) * np.sin(yaw), -np.cos(nod) * np.cos(yaw), np.sin(nod)
        ),
        axis=-1,
    )
    forward = unit(np.einsum("tyn,yni,tij->tj", belief, forward, sides))
    left = unit(cross(torso, forward))
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
    ears = nan_mean(parts - np.einsum("ki,tij->tkj", HEAD_POINTS, head))
    looked = ears - seen.middle(5, 6) * distance[:, np.newaxis]
    looked = np.where(np.isfinite(looked), looked, usual)
    # The picture says nothing about depth; half of the rest may be error.
    offset = np.concatenate([looked[:, :2] + usual[:, :2], 2 * usual[:, 2:]], axis=1)
    length = np.linalg.norm(usual, axis=-1, keepdims=True)
    ears_from_shoulders: FloatArray = unit(offset) * length
    return ears_from_shoulders
