# SPDX-License-Identifier: GPL-3.0-or-later
"""A person's feet: where their soles are, when they rest, how to move them."""

import numpy as np

from .layouts import CANONICAL
from .rotations import reject, unit
from .types import BoolArray, FloatArray, IntArray

RESTING = 0.4  # A foot on the ground is slower than this in the picture [m/s].
_REACH = 0.999  # A leg is never quite straight: the knee would lose its direction.
_ROW = CANONICAL.index


def sole_points(xyz: FloatArray, side: str) -> FloatArray:
    """Return heel and toe of a foot, shape `(F, 2, 3)` [m]."""
    points: FloatArray = xyz[:, [_ROW[f"{side}_heel"], _ROW[f"{side}_toe"]]]
    return points


def seen_place(sole: FloatArray) -> FloatArray:
    """Return where the camera sees a foot, sideways and up, shape `(F, 2)` [m].

    One distance holds for all frames, so that an error in depth moves nothing.

    Args:
        sole: Heel and toe in Blender's axes with the camera at the origin, shape
            `(F, 2, 3)` [m].
    """
    middle = sole.mean(axis=1)
    ahead = np.where(middle[:, 1] > 0.1, middle[:, 1], np.nan)
    distance = np.nanmedian(ahead) if np.isfinite(ahead).any() else np.nan
    place: FloatArray = middle[:, [0, 2]] / ahead[:, np.newaxis] * distance
    return place


def is_resting(sole: FloatArray, t: FloatArray, shortest: float) -> BoolArray:
    """Say when a foot is slow as the camera sees it; its depth is too uncertain.

    Args:
        sole: As for `seen_place`.
        t: Rising, shape `(F,)` [s].
        shortest: A foot that is slow for less only turns back in its swing [s].
    """
    if len(t) < 2:
        return np.full(len(t), False)
    speed = np.linalg.norm(np.gradient(seen_place(sole), t, axis=0), axis=1)
    slow: BoolArray = np.nan_to_num(speed, nan=np.inf) < RESTING
    for run in runs(slow):
        if t[run.stop - 1] - t[run.start] < shortest:
            slow[run] = False
    return slow


def runs(mask: BoolArray) -> list[slice]:
    """Return the stretches of frames in which the mask is true."""
    edges = np.diff(np.concatenate([[False], mask, [False]]).astype(int))
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return [slice(int(a), int(b)) for a, b in zip(starts, stops)]


def nearest_rows(t: FloatArray, known: BoolArray) -> IntArray:
    """Return for each frame the nearest in time of those that are known.

    Args:
        t: Rising, shape `(F,)` [s].
        known: Shape `(F,)`, true at least once.
    """
    rows = np.flatnonzero(known)
    after = np.clip(np.searchsorted(t[rows], t), 0, len(rows) - 1)
    before = np.maximum(after - 1, 0)
    is_before = np.abs(t - t[rows[before]]) <= np.abs(t[rows[after]] - t)
    nearest: IntArray = np.where(is_before, rows[before], rows[after])
    return nearest


def move_foot(xyz: FloatArray, side: str, shift: FloatArray) -> FloatArray:
    """Move a foot with its leg following and keeping its bones' lengths; in place.

    Args:
        xyz: Joints, shape `(F, 28, 3)` [m]; changed.
        side: `left` or `right`.
        shift: Where to, seen from where it is, shape `(F, 3)` [m].

    Returns:
        How the foot moved, shape `(F, 3)` [m]: less than wanted where the leg is too
        short.
    """
    hip, knee, ankle, heel, toe = (
        _ROW[f"{side}_{joint}"] for joint in ("hip", "knee", "ankle", "heel", "toe")
    )
    thigh = np.linalg.norm(xyz[:, knee] - xyz[:, hip], axis=-1)
    shank = np.linalg.norm(xyz[:, ankle] - xyz[:, knee], axis=-1)
    wanted = xyz[:, ankle] + shift - xyz[:, hip]
    line = unit(wanted)
    length = np.minimum(np.linalg.norm(wanted, axis=-1), _REACH * (thigh + shank))
    # Law of cosines: how far along the line the knee is, and how far beside it.
    along = (thigh**2 - shank**2 + length**2) / (2 * length)
    beside = np.sqrt(np.maximum(thigh**2 - along**2, 0.0))[:, np.newaxis]
    aside = unit(reject(xyz[:, knee] - xyz[:, hip], line))
    new_knee = xyz[:, hip] + line * along[:, np.newaxis] + aside * beside
    new_ankle = xyz[:, hip] + line * length[:, np.newaxis]
    is_moved = (np.abs(shift) > 1e-6).any(axis=-1) & np.isfinite(new_knee).all(axis=-1)
    is_moved = is_moved[:, np.newaxis]
    done = np.where(is_moved, new_ankle - xyz[:, ankle], 0.0)
    xyz[:, knee] = np.where(is_moved, new_knee, xyz[:, knee])
    for joint in (ankle, heel, toe):
        xyz[:, joint] += done
    return done
