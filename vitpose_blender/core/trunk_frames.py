# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames that move with the body: left, up and forward of the trunk."""

import numpy as np
import numpy.typing as npt

from .types import FloatArray

_NEXT, _AFTER_NEXT = [1, 2, 0], [2, 0, 1]


def unit(vectors: FloatArray) -> FloatArray:
    """Return vectors of length 1; NaN where the length is zero or unknown."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    directions: FloatArray = vectors / np.where(lengths > 1e-9, lengths, np.nan)
    return directions


def cross(first: npt.ArrayLike, second: npt.ArrayLike) -> FloatArray:
    """Return the cross product over the last axis.

    `numpy.cross` takes three times as long on small arrays, and live lifting is
    made of small arrays.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    product: FloatArray = (
        a[..., _NEXT] * b[..., _AFTER_NEXT] - a[..., _AFTER_NEXT] * b[..., _NEXT]
    )
    return product


def trunk_frames(lateral: FloatArray, up: FloatArray) -> FloatArray:
    """Return rotations whose rows are the trunk's left, up and forward.

    Args:
        lateral: From the right to the left hip or shoulder, shape `(..., 3)`.
        up: From the hips to the shoulders, shape `(..., 3)`; kept exactly.

    Returns:
        `trunk_from_outside`, shape `(..., 3, 3)`; NaN where the two are parallel.
    """
    up = unit(up)
    left = unit(lateral - (lateral * up).sum(-1, keepdims=True) * up)
    return np.stack([left, up, cross(left, up)], axis=-2)
