# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand both feet on one floor: what a single camera gets wrong about their heights.

An unknown tilt of the camera, or a wrong depth of one leg, lifts one foot off the
ground for good. Two feet that rest at nearly the same height are therefore taken to
rest on the floor, and the higher one's leg is bent until they do.
"""

from collections.abc import Sequence

import numpy as np

from .feet import is_resting, move_foot, nearest_rows, sole_points
from .filters import zero_phase
from .layouts import SIDES
from .types import FloatArray

# A resting foot that is this much higher than the other is so by mistake; twice as
# much is a foot that is held up on purpose [m].
_MISTAKE = 0.13
_SHORTEST = 0.25  # Two feet that rest together for less are on their way [s].
_CUTOFF = 1.0  # How quickly the mistake may drift [Hz].
_FADE = 0.7  # How long it is remembered when a foot leaves the ground [s].
_UP = np.array([0.0, 0.0, 1.0])


def level_feet(
    xyz_world: FloatArray, times: Sequence[float] | FloatArray
) -> FloatArray:
    """Return the pose with both feet standing on the same floor.

    Args:
        xyz_world: Joints in Blender's axes, the camera at the origin, shape
            `(F, 28, 3)` [m]; NaN passes through.
        times: Rising, shape `(F,)` [s].

    Returns:
        Joints of the same shape; only knees, ankles and feet differ, and the bones
        of the legs keep their lengths.
    """
    t = np.asarray(times, dtype=np.float64)
    rise = _mistaken_rise(xyz_world, t)
    levelled = xyz_world.copy()
    left, right = SIDES
    for high, low, drop in ((left, right, rise), (right, left, -rise)):
        wanted = np.maximum(drop, 0.0)
        # A leg that is straight already reaches no further: the other one bends.
        done = move_foot(levelled, high, -wanted[:, np.newaxis] * _UP)
        move_foot(levelled, low, wanted[:, np.newaxis] * _UP + done * _UP)
    return levelled


def _mistaken_rise(xyz: FloatArray, t: FloatArray) -> FloatArray:
    """Return how much too high the left foot is over the right, shape `(F,)` [m].

    It is measured while both feet rest, and fades while one is on its way.
    """
    soles = [sole_points(xyz, side) for side in SIDES]
    left, right = (sole[..., 2].min(axis=1) for sole in soles)
    left_rests, right_rests = (is_resting(sole, t, _SHORTEST) for sole in soles)
    resting = left_rests & right_rests
    if not resting.any():
        return np.zeros(len(t))
    difference = np.where(resting, left - right, 0.0)
    share = np.clip(2 - np.abs(difference) / _MISTAKE, 0.0, 1.0)
    rise = np.interp(t, t[resting], (difference * share)[resting])
    away: FloatArray = np.abs(t - t[nearest_rows(t, resting)])
    memory = np.maximum(1 - away / _FADE, 0.0)
    return zero_phase(t, rise * memory, _CUTOFF)
