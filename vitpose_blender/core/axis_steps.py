# SPDX-License-Identifier: GPL-3.0-or-later
"""Axes across a bone, frame after frame: taken along by swings, turned in steps.

Plain numbers are faster here than arrays of three.
"""

import math

import numpy as np

from .types import FloatArray

# Lower bones, hands and feet turn about themselves a bit slower than upper bones, since
# they swing as well [rad/s].
SPEED_BELOW = math.radians(1200)

Vector = list[float]


def steady(
    elapsed: FloatArray,
    directions: FloatArray,
    wanted: FloatArray,
    start: tuple[FloatArray, FloatArray],
) -> FloatArray:
    """Return axes across a bone that come to the wanted ones at a limited speed.

    Swinging the bone takes them along; only turning about it has a limit.

    Args:
        elapsed: Since the frame before, shape `(F,)` [s].
        directions: Where the bone points, shape `(F, 3)`, unit.
        wanted: Axes, shape `(F, 3)`; only what is across the bone counts.
        start: Axis and direction before the first frame, shape `(3,)` each.

    Returns:
        Unit axes across the bone, shape `(F, 3)`.
    """
    axis, before = (vector.tolist() for vector in start)
    path = []
    rows = zip(elapsed.tolist(), directions.tolist(), wanted.tolist())
    for dt, direction, goal in rows:
        along = carried(axis, before, direction)
        angle = turned(direction, along, goal)
        limit = SPEED_BELOW * dt
        axis = turn(along, direction, min(max(angle, -limit), limit))
        before = direction
        path.append(axis)
    return np.array(path)


def carried(axis: Vector, before: Vector, direction: Vector) -> Vector:
    """Return a unit axis across a bone after the bone's shortest turn, across it."""
    share = _dot(axis, direction) / max(1.0 + _dot(before, direction), 1e-9)
    moved = [a - share * (b + d) for a, b, d in zip(axis, before, direction)]
    along = _dot(moved, direction)  # What rounding leaves.
    moved = [m - along * d for m, d in zip(moved, direction)]
    length = max(math.sqrt(_dot(moved, moved)), 1e-12)
    return [m / length for m in moved]


def turned(direction: Vector, start: Vector, end: Vector) -> float:
    """Return how far an axis is turned from another one across a bone [rad]."""
    return math.atan2(_dot(_cross(direction, start), end), _dot(start, end))


def turn(axis: Vector, direction: Vector, angle: float) -> Vector:
    """Return an axis across a bone, turned by an angle about the bone [rad]."""
    sine, cosine = math.sin(angle), math.cos(angle)
    beside = _cross(direction, axis)
    return [cosine * a + sine * b for a, b in zip(axis, beside)]


def _dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _cross(a: Vector, b: Vector) -> Vector:
    return [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
