# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand both feet on one floor: what a single camera gets wrong about their heights.

An unknown tilt of the camera, or a wrong depth of one leg, lifts one foot off the
ground for good. Two feet that rest at nearly the same height are therefore taken to
rest on the floor, and the higher one's leg is bent until they do.
"""

from collections.abc import Sequence

import numpy as np

from .filters import zero_phase
from .layouts import CANONICAL
from .rotations import reject, unit
from .types import BoolArray, FloatArray

# A resting foot that is this much higher than the other is so by mistake; twice as
# much is a foot that is held up on purpose [m].
_MISTAKE = 0.13
_RESTING = 0.4  # A foot on the ground is slower than this in the picture [m/s].
_CUTOFF = 1.0  # How quickly the mistake may drift [Hz].
_FADE = 0.7  # How long it is remembered when a foot leaves the ground [s].
_REACH = 0.999  # A leg is never quite straight: the knee would lose its direction.
_ROW = CANONICAL.index
_SIDES = ("left", "right")


def level_feet(
    xyz_world: FloatArray, times: Sequence[float] | FloatArray
) -> FloatArray:
    """Return the pose with both feet standing on the same floor.

    Args:
        xyz_world: Joints with z up, shape `(F, 28, 3)` [m]; NaN passes through.
        times: Rising, shape `(F,)` [s].

    Returns:
        Joints of the same shape; only knees, ankles and feet differ, and the bones
        of the legs keep their lengths.
    """
    t = np.asarray(times, dtype=np.float64)
    rise = _mistaken_rise(xyz_world, t)
    levelled = xyz_world.copy()
    left, right = _SIDES
    for high, low, drop in ((left, right, rise), (right, left, -rise)):
        wanted = np.maximum(drop, 0.0)
        # A leg that is straight already reaches no further: the other one bends.
        done = _move_foot(levelled, high, -wanted)
        _move_foot(levelled, low, wanted + done)
    return levelled


def _mistaken_rise(xyz: FloatArray, t: FloatArray) -> FloatArray:
    """Return how much too high the left foot is over the right, shape `(F,)` [m].

    It is measured while both feet rest, and fades while one is on its way.
    """
    soles = [xyz[:, [_ROW[f"{side}_heel"], _ROW[f"{side}_toe"]]] for side in _SIDES]
    left, right = (sole[..., 2].min(axis=1) for sole in soles)
    resting = _is_resting(soles[0], t) & _is_resting(soles[1], t)
    if not resting.any():
        return np.zeros(len(t))
    difference = np.where(resting, left - right, 0.0)
    share = np.clip(2 - np.abs(difference) / _MISTAKE, 0.0, 1.0)
    measured = t[resting]
    rise = np.interp(t, measured, (difference * share)[resting])
    after = np.clip(np.searchsorted(measured, t), 0, len(measured) - 1)
    before = np.maximum(after - 1, 0)
    away = np.minimum(np.abs(measured[after] - t), np.abs(measured[before] - t))
    return zero_phase(t, rise * np.clip(1 - away / _FADE, 0.0, 1.0), _CUTOFF)


def _is_resting(sole: FloatArray, t: FloatArray) -> BoolArray:
    """Say when a foot is slow as the camera sees it; its depth is too uncertain."""
    if len(t) < 2:
        return np.full(len(t), False)
    place = sole.mean(axis=1)[:, [0, 2]]
    speed = np.linalg.norm(np.gradient(place, t, axis=0), axis=1)
    slow: BoolArray = np.nan_to_num(speed, nan=np.inf) < _RESTING
    return slow


def _move_foot(xyz: FloatArray, side: str, climb: FloatArray) -> FloatArray:
    """Move a foot up or down with its leg following; in place.

    Args:
        xyz: Joints, shape `(F, 28, 3)` [m]; changed.
        side: `left` or `right`.
        climb: How far up, shape `(F,)` [m].

    Returns:
        How far up the foot went: less than wanted where the leg is too short.
    """
    hip, knee, ankle, heel, toe = (
        _ROW[f"{side}_{joint}"] for joint in ("hip", "knee", "ankle", "heel", "toe")
    )
    thigh = np.linalg.norm(xyz[:, knee] - xyz[:, hip], axis=-1)
    shank = np.linalg.norm(xyz[:, ankle] - xyz[:, knee], axis=-1)
    wanted = xyz[:, ankle] + climb[:, np.newaxis] * (0.0, 0.0, 1.0)
    line = unit(wanted - xyz[:, hip])
    length = np.minimum(
        np.linalg.norm(wanted - xyz[:, hip], axis=-1), _REACH * (thigh + shank)
    )
    # Law of cosines: how far along the line the knee is, and how far beside it.
    along = (thigh**2 - shank**2 + length**2) / (2 * length)
    beside = np.sqrt(np.maximum(thigh**2 - along**2, 0.0))
    side_way = unit(reject(xyz[:, knee] - xyz[:, hip], line))
    new_ankle = xyz[:, hip] + line * length[:, np.newaxis]
    new_knee = (
        xyz[:, hip] + line * along[:, np.newaxis] + side_way * beside[:, np.newaxis]
    )
    moved = (np.abs(climb) > 1e-6) & np.isfinite(new_knee).all(axis=-1)
    shift = np.where(moved[:, np.newaxis], new_ankle - xyz[:, ankle], 0.0)
    xyz[:, knee] = np.where(moved[:, np.newaxis], new_knee, xyz[:, knee])
    for joint in (ankle, heel, toe):
        xyz[:, joint] += shift
    gained: FloatArray = shift[:, 2]
    return gained
