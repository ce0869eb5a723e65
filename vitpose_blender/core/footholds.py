# SPDX-License-Identifier: GPL-3.0-or-later
"""Hold feet that stand: the body's way is corrected first, then the legs give in.

A single camera sees sideways well and depth badly, so the whole body swims to and fro
over its feet. What a standing foot seems to move is that error: taken off the whole
body, it makes the way of the hips true; the little that is left, legs absorb.

A foot stands where it rests in the picture. A lifter that has seen many people stand
knows more of those that it does not see rest, as behind another leg.
"""

from collections.abc import Sequence

import numpy as np

from .feet import (
    is_resting,
    move_foot,
    nearest_rows,
    runs,
    seen_place,
    sole_points,
)
from .filters import zero_phase
from .layouts import SIDES
from .types import BoolArray, FloatArray

_SHORTEST = 0.12  # A foot that rests for less is passing by [s].
_BELIEVED = 0.6  # So likely, a foot stands without being seen to rest [1].
_TWITCH = 0.4  # A foot is not lifted and put down again in less [s].
_STRAY = 0.08  # A foot this far from its foothold in the picture has left it [m].
_LIFTED = 0.08  # A foot this much above the lower one stands on nothing [m].
_CUTOFF = 3.0  # The body's way is corrected no more suddenly than this [Hz].
_EASE = 0.13  # A leg gives in over this long before and after a foothold [s].
_LEVEL = np.array([1.0, 1.0, 0.0])


def hold_feet(
    xyz_world: FloatArray,
    times: Sequence[float] | FloatArray,
    contact: FloatArray | None = None,
) -> FloatArray:
    """Return the motion with standing feet held in place on the ground.

    Args:
        xyz_world: Joints in Blender's axes, the camera at the origin, shape
            `(F, 28, 3)` [m]; NaN passes through.
        times: Rising, shape `(F,)` [s].
        contact: How likely left heel, left toe, right heel and right toe stand, shape
            `(F, 4)`, in [0, 1]; NaN or None where nobody says.

    Returns:
        Joints of the same shape. Heights of the body stay as they are.
    """
    t = np.asarray(times, dtype=np.float64)
    stands = np.full((len(t), 4), np.nan) if contact is None else contact
    holds = {
        side: _contacts(xyz_world, side, t, believed)
        for side, believed in zip(SIDES, (stands[:, :2], stands[:, 2:]))
    }
    held = xyz_world + _body_error(xyz_world, t, holds)[:, np.newaxis]
    for side in SIDES:
        move_foot(held, side, _eased(_error(held, side, holds[side]), t))
    return held


def _middle(xyz: FloatArray, side: str) -> FloatArray:
    middle: FloatArray = sole_points(xyz, side).mean(axis=1)
    return middle


def _contacts(
    xyz: FloatArray, side: str, t: FloatArray, believed: FloatArray
) -> list[slice]:
    """Return when a foot stands, as slices of frames; `believed` has shape `(F, 2)`."""
    is_low = _is_low(xyz, side)
    resting = is_resting(sole_points(xyz, side), t, _SHORTEST)
    resting = (resting | _is_believed(believed, t)) & is_low
    place = seen_place(sole_points(xyz, side))
    parts = [part for run in runs(resting) for part in _split(place, run)]
    contacts: list[slice] = []
    for part in parts:
        last = contacts[-1] if contacts else None
        if last is not None and _is_same_hold(place, is_low, t, last, part):
            contacts[-1] = slice(last.start, part.stop)
        elif t[part.stop - 1] - t[part.start] >= _SHORTEST:
            contacts.append(part)
    return contacts


def _is_believed(believed: FloatArray, t: FloatArray) -> BoolArray:
    """Return when heel or toe is believed to stand for long enough, shape `(F,)`."""
    stands: BoolArray = (believed > _BELIEVED).any(axis=1)
    for run in runs(stands):
        if t[run.stop - 1] - t[run.start] < _SHORTEST:
            stands[run] = False
    return stands


def _is_same_hold(
    place: FloatArray, is_low: BoolArray, t: FloatArray, first: slice, second: slice
) -> bool:
    """Say whether a foot only twitched between two rests, without leaving."""
    gap = slice(first.stop, second.start)
    way = np.median(place[second], axis=0) - np.median(place[first], axis=0)
    is_short = t[second.start] - t[first.stop - 1] < _TWITCH
    return bool(is_short and is_low[gap].all() and np.linalg.norm(way) < _STRAY)


def _is_low(xyz: FloatArray, side: str) -> BoolArray:
    heights = [sole_points(xyz, s)[..., 2].min(axis=1) for s in SIDES]
    own = heights[SIDES.index(side)]
    with np.errstate(invalid="ignore"):
        low: BoolArray = own - np.fmin(*heights) < _LIFTED
    return low


def _split(place: FloatArray, run: slice) -> list[slice]:
    """Cut a stretch wherever the foot has left the place where it began.

    Args:
        place: The foot as the camera sees it, shape `(F, 2)` [m].
        run: Frames in which the foot is slow.
    """
    parts, start = [], run.start
    for frame in range(run.start, run.stop):
        so_far = place[start : frame + 1].mean(axis=0)
        if np.linalg.norm(place[frame] - so_far) > _STRAY:
            parts.append(slice(start, frame))
            start = frame
    return [*parts, slice(start, run.stop)]


def _error(xyz: FloatArray, side: str, holds: list[slice]) -> FloatArray:
    """Return the way from a standing foot to its foothold, `(F, 3)`; NaN between."""
    error = np.full((len(xyz), 3), np.nan)
    place = _middle(xyz, side)
    for part in holds:
        error[part] = (np.median(place[part], axis=0) - place[part]) * _LEVEL
    return error


def _body_error(
    xyz: FloatArray, t: FloatArray, holds: dict[str, list[slice]]
) -> FloatArray:
    """Return the correction of the body's way, shape `(F, 3)` [m]."""
    both = np.stack([_error(xyz, side, holds[side]) for side in SIDES])
    known = np.isfinite(both[..., 0])
    num_feet = known.sum(axis=0)
    stands = num_feet > 0
    if not stands.any():
        return np.zeros((len(t), 3))
    mean = np.nan_to_num(both).sum(axis=0) / np.maximum(num_feet, 1)[:, np.newaxis]
    filled = np.stack(
        [np.interp(t, t[stands], mean[stands, axis]) for axis in range(3)], axis=-1
    )
    return zero_phase(t, filled, _CUTOFF)


def _eased(error: FloatArray, t: FloatArray) -> FloatArray:
    """Return the error, fading in before each foothold and out after it, `(F, 3)`."""
    known = np.isfinite(error[:, 0])
    if not known.any():
        return np.zeros_like(error)
    nearest = nearest_rows(t, known)
    share = np.clip(1 - np.abs(t - t[nearest]) / _EASE, 0.0, 1.0)
    smooth_share = share**2 * (3 - 2 * share)
    eased: FloatArray = error[nearest] * smooth_share[:, np.newaxis]
    return eased
