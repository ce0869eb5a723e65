# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames of a person's pelvis, chest and head, built from several joints each."""

import numpy as np

from .layouts import CANONICAL
from .rotations import about_axis, apply, body_frame, reject, unit
from .types import FloatArray

ROW = CANONICAL.index

# The nose lies this far below the ears' height as seen from between the ears; the
# face of the canonical skeleton is built so [rad].
NOSE_DROP = np.radians(7.25)


def mean_joint(xyz: FloatArray, *names: str) -> FloatArray:
    mean: FloatArray = xyz[:, [ROW[name] for name in names]].sum(axis=1) / len(names)
    return mean


def between(xyz: FloatArray, start: str, end: str) -> FloatArray:
    vector: FloatArray = xyz[:, ROW[end]] - xyz[:, ROW[start]]
    return vector


def prefer(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return `first` where it is known and `second` elsewhere."""
    known = np.isfinite(first).all(axis=-1, keepdims=True)
    return np.where(known, first, second)


def trunk_line(xyz: FloatArray) -> FloatArray:
    shoulders = mean_joint(xyz, "left_shoulder", "right_shoulder")
    return unit(shoulders - mean_joint(xyz, "left_hip", "right_hip"))


def pelvis_frame(xyz: FloatArray) -> FloatArray:
    """Frame of the pelvis; its up is along the lumbar spine."""
    hips = mean_joint(xyz, "left_hip", "right_hip")
    lumbar = prefer(unit(xyz[:, ROW["spine"]] - hips), trunk_line(xyz))
    return body_frame(between(xyz, "right_hip", "left_hip"), lumbar)


def chest_frame(xyz: FloatArray) -> FloatArray:
    """Frame of the chest; its up is along the thoracic spine."""
    shoulders = mean_joint(xyz, "left_shoulder", "right_shoulder")
    thoracic = prefer(unit(shoulders - xyz[:, ROW["spine"]]), trunk_line(xyz))
    return body_frame(between(xyz, "right_shoulder", "left_shoulder"), thoracic)


def forward_tilt(angles: FloatArray) -> FloatArray:
    """Return the turns that lean a body part forward by angles [rad], `(..., 3, 3)`."""
    return about_axis(np.array([1.0, 0.0, 0.0]), angles)


def head_frame(xyz: FloatArray) -> FloatArray:
    """Frame of the head from ears and nose."""
    left = unit(between(xyz, "right_ear", "left_ear"))
    ahead = xyz[:, ROW["nose"]] - mean_joint(xyz, "left_ear", "right_ear")
    ahead = unit(reject(ahead, left))
    raised = apply(about_axis(left, np.full(len(left), -NOSE_DROP)), ahead)
    return np.stack([left, -raised, np.cross(left, -raised)], axis=-1)
