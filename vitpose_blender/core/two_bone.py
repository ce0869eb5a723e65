# SPDX-License-Identifier: GPL-3.0-or-later
"""Bend a two-bone limb so that its end reaches a place, in closed form."""

import numpy as np

from .rotations import about_axis, apply, cross, reject, shortest_turn, unit
from .types import FloatArray

# Beyond this part of its length a limb follows a goal ever less, so that it comes to
# the stretched pose softly instead of snapping straight.
_SOFT_FROM = 0.95
_LONGEST = 0.995


def reach(
    joints: FloatArray, goal: FloatArray, hinge: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return how both bones of a limb turn so that its end comes to a goal.

    The limb stays in its plane, turned the shortest way; it keeps bending to the same
    side and never stretches: goals out of reach are met as far as it goes.

    Args:
        joints: Root, hinge and end, shape `(F, 3, 3)`.
        goal: Where the end shall be, shape `(F, 3)`.
        hinge: Axis about which the limb bends, shape `(F, 3)`.

    Returns:
        Rotations of the upper and of the lower bone, shape `(F, 3, 3)` each.
    """
    root, middle, end = np.moveaxis(joints, 1, 0)
    upper = np.linalg.norm(middle - root, axis=-1)
    lower = np.linalg.norm(end - middle, axis=-1)
    distance = np.linalg.norm(goal - root, axis=-1)
    wanted = soft_reach(distance, np.abs(upper - lower), upper + lower)
    swing = shortest_turn(unit(end - root), unit(goal - root))
    axis = unit(reject(apply(swing, hinge), unit(goal - root)))
    before = _interior(upper, lower, np.linalg.norm(end - root, axis=-1))
    after = _interior(upper, lower, wanted)
    upper_turn = about_axis(axis, before[0] - after[0]) @ swing
    lower_turn = about_axis(axis, after[1] - before[1]) @ swing
    return upper_turn, lower_turn


def soft_reach(
    distance: FloatArray, shortest: FloatArray, longest: FloatArray
) -> FloatArray:
    """Return how far a limb reaches for a goal at some distance; smooth and monotone.

    Args:
        distance: From root to goal, shape `(F,)`.
        shortest: The least distance between the limb's ends, shape `(F,)`.
        longest: The limb's length, shape `(F,)`.
    """
    soft, room = _SOFT_FROM * longest, (_LONGEST - _SOFT_FROM) * longest
    beyond = np.maximum(distance - soft, 0.0)
    eased = soft + room * (1.0 - np.exp(-beyond / room))
    return np.maximum(np.where(beyond > 0, eased, distance), shortest * 1.001)


def _interior(
    upper: FloatArray, lower: FloatArray, reached: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the angles of both bones to the line between the ends (law of cosines)."""
    at_root = _angle(upper, reached, lower)
    at_end = _angle(lower, reached, upper)
    return at_root, at_end


def _angle(first: FloatArray, second: FloatArray, opposite: FloatArray) -> FloatArray:
    cosine = (first**2 + second**2 - opposite**2) / (2 * first * second)
    angle: FloatArray = np.arccos(np.clip(cosine, -1.0, 1.0))
    return angle


def bend_axis(joints: FloatArray, fallback: FloatArray) -> FloatArray:
    """Return the axis about which limbs are bent; a given one where they are straight.

    Args:
        joints: Root, hinge and end, shape `(F, 3, 3)`.
        fallback: Shape `(F, 3)`, unit.
    """
    upper, lower = np.moveaxis(np.diff(joints, axis=1), 1, 0)
    normal = cross(unit(upper), unit(lower))
    is_bent = np.linalg.norm(normal, axis=-1, keepdims=True) > 0.02
    return np.where(is_bent, unit(normal), fallback)
