# SPDX-License-Identifier: GPL-3.0-or-later
"""Twist of upper arms, forearms, thighs and shins, shared among their bones."""

import numpy as np

from .layouts import SIDES
from .motion import Memory
from .rig_rest import RigRest
from .rotations import about_axis, apply, shortest_turn, transpose, unit
from .twist_shares import TWISTING
from .types import FloatArray

_TWIST_SPEED = np.radians(900)  # As fast as a limb's hinge may turn [rad/s].


def share_twist(
    known: FloatArray, times: FloatArray, rest: RigRest, memory: Memory
) -> None:
    """Turn the twist bones of limbs, and main bones whose twist bones carry the limb.

    Args:
        known: Turns so far in rig space, shape `(F, D, 3, 3)`; limbs, hands and feet
            are there; filled in.
        times: Shape `(F,)` [s].
        rest: The character.
        memory: Of the frame before; brought up to date.
    """
    for side in SIDES:
        for part, (following, _) in TWISTING.items():
            segment, end = f"{side}_{part}", f"{side}_{following}"
            if rest.chain(f"{segment}_twist"):
                _share(known, times, rest, segment, end, memory)


def _share(
    known: FloatArray,
    times: FloatArray,
    rest: RigRest,
    segment: str,
    end: str,
    memory: Memory,
) -> None:
    main = rest.index[segment]
    full = known[:, main].copy()
    is_upper = segment.endswith(("upper_arm", "thigh"))
    direction = apply(full, _rest_direction(rest, main, end))
    if is_upper:  # Full at its end: what is near the trunk gives some back.
        twist = -_twist_from_carrier(known, rest, main, full, direction)
    elif end in rest.index:  # None at its beginning: it goes over to hand or foot.
        relative = known[:, rest.index[end]] @ transpose(full)
        twist = _twist_about(relative, direction)
    else:
        twist = np.zeros(len(times))
    angle = _steady(times, _folded(twist), segment, memory)
    for row in (main, *rest.chain(f"{segment}_twist")):
        share = rest.twist_shares[row]
        part = (1.0 - share) if is_upper else share
        known[:, row] = about_axis(direction, part * angle) @ full


def _rest_direction(rest: RigRest, main: int, end: str) -> FloatArray:
    tip = rest.heads[rest.index[end]] if end in rest.index else rest.tails[main]
    return unit(tip - rest.heads[main])


def _twist_from_carrier(
    known: FloatArray,
    rest: RigRest,
    main: int,
    full: FloatArray,
    direction: FloatArray,
) -> FloatArray:
    """Return how far a bone is twisted against what carries it, shape `(F,)` [rad]."""
    carrier = known[:, rest.anchors[main]]
    at_rest = transpose(full) @ direction[..., np.newaxis]
    carried = (carrier @ at_rest)[..., 0]
    swing = shortest_turn(carried, direction) @ carrier
    return _twist_about(full @ transpose(swing), direction)


def _twist_about(turn: FloatArray, axis: FloatArray) -> FloatArray:
    """Return the part of a rotation that is about an axis, shape `(F,)` [rad]."""
    skew = turn - transpose(turn)
    sine = np.stack([skew[:, 2, 1], skew[:, 0, 2], skew[:, 1, 0]], axis=-1)
    along = np.sum(sine * axis, axis=-1) / 2
    trace = np.trace(turn, axis1=1, axis2=2)
    # Of the quaternion (w, v): tan(twist / 2) = v.axis / w, and v.axis = along / 2w.
    twist: FloatArray = 2 * np.arctan2(along, (1 + trace) / 2)
    return twist


def _folded(angle: FloatArray) -> FloatArray:
    """Let twists beyond a quarter turn fade: half a turn has no shorter way round."""
    folded: FloatArray = np.where(
        np.abs(angle) <= np.pi / 2, angle, np.sign(angle) * (np.pi - np.abs(angle))
    )
    return folded


def _steady(
    times: FloatArray, wanted: FloatArray, name: str, memory: Memory
) -> FloatArray:
    """Follow a twist no faster than a limb can turn; unknown frames hold it."""
    steady = np.empty_like(wanted)
    last, last_t = memory.twists.get(name, (None, -np.inf))
    for frame, (t, angle) in enumerate(zip(times.tolist(), wanted.tolist())):
        if np.isfinite(angle):
            limit = _TWIST_SPEED * (t - last_t)
            last = angle if last is None else last + _clipped(angle - last, limit)
            last_t = t
        steady[frame] = 0.0 if last is None else last
    if last is not None:
        memory.twists[name] = (last, last_t)
    return steady


def _clipped(change: float, limit: float) -> float:
    return min(max(change, -limit), limit)
