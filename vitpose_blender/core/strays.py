# SPDX-License-Identifier: GPL-3.0-or-later
"""Keypoints that jump aside for a moment and come back: not motion, but mistakes."""

from collections.abc import Sequence

import numpy as np

from .types import FloatArray

WINDOW = 0.15  # A mistake is judged by what is this near, before and after [s].
ALLOWED = 0.02  # From the median of those, over the person's size [1].
SPREADS = 3.0  # And so many times what those scatter themselves [1].
_ENOUGH = 4  # Fewer that are known judge nobody.
_CHUNK = 512  # Frames judged at once; bounds the memory of a long take.


def without_strays(times: Sequence[float] | FloatArray, xy: FloatArray) -> FloatArray:
    """Return keypoints without those that nobody could have moved to and back from.

    A detector puts a wrist on the other arm for a frame or two and is sure of it.

    Args:
        times: Rising, shape `(F,)` [s].
        xy: Shape `(F, K, 2)` [px]; NaN where unseen.

    Returns:
        Of the same shape; strays are NaN.
    """
    t = np.asarray(times, dtype=np.float64)
    if len(t) < _ENOUGH:
        return xy
    allowed = ALLOWED * _person_size(xy)
    reach = int(np.ceil(WINDOW / max(float(np.median(np.diff(t))), 1e-3)))
    offsets = np.arange(-reach, reach + 1)
    kept = xy.copy()
    for start in range(0, len(t), _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, len(t)))
        near = np.clip(rows[:, np.newaxis] + offsets, 0, len(t) - 1)
        is_near = np.abs(t[near] - t[rows, np.newaxis]) <= WINDOW
        is_near &= near == rows[:, np.newaxis] + offsets
        known = is_near[..., np.newaxis] & np.isfinite(xy[near, :, 0])
        # What is known on one side only says where motion goes, not where it is.
        known &= known[:, ::-1]
        around = np.where(known[..., np.newaxis], xy[near], np.nan)
        middle = _median(around)
        scatter = _median(np.abs(around - middle[:, np.newaxis]))
        limit = allowed + SPREADS * np.linalg.norm(scatter, axis=-1)
        is_stray = np.linalg.norm(xy[rows] - middle, axis=-1) > limit
        is_stray &= known.sum(axis=1) >= _ENOUGH
        kept[rows[:, np.newaxis], np.arange(xy.shape[1])] = np.where(
            is_stray[..., np.newaxis], np.nan, xy[rows]
        )
    return kept


def _person_size(xy: FloatArray) -> float:
    """Return the median of the larger extent of the keypoints [px]."""
    known = np.isfinite(xy)
    high = np.where(known, xy, -np.inf).max(axis=1)
    low = np.where(known, xy, np.inf).min(axis=1)
    size = (high - low).max(axis=-1)
    size = size[np.isfinite(size)]
    return float(np.median(size)) if len(size) else 0.0


def _median(values: FloatArray) -> FloatArray:
    """Return medians of what is known along axis 1; NaN where nothing is."""
    ordered = np.sort(values, axis=1)  # NaN comes last.
    count = np.isfinite(values).sum(axis=1, keepdims=True)
    low = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=1)
    high = np.take_along_axis(ordered, count // 2, axis=1)
    middle: FloatArray = np.where(count > 0, (low + high) / 2, np.nan)[:, 0]
    return middle
