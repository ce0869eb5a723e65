# SPDX-License-Identifier: GPL-3.0-or-later
"""How a limb's hinge turns about the limb over time: shown by bends, guessed between.

Angles are about the upper bone, from where it has its hinge when it is swung straight
from rest; a joint turns so far to either side, and never the other way round. Live only
the past is known; over a whole clip the hinge of a straight limb already turns to where
the next bend will show it.
"""

import math

import numpy as np

from .bend_reading import Bends
from .types import FloatArray

# A bone is shown turning about itself no faster; throws reach four times that [rad/s].
SPEED = math.radians(1500)
_HINT_RATE = 1.5  # How fast a straight limb's hinge drifts to the hint [1/s].
# Over a clip, turning costs as much as being this long off what a bend shows [s]; a
# hint counts for little against it.
_EASE = 0.05
_HINT_WEIGHT = 0.01
# A bend that is that near to the far side is at either end of the joint's way [rad].
_FAR_SIDE = math.radians(20)


def follow(
    elapsed: FloatArray,
    drift: FloatArray,
    hint: FloatArray,
    bends: Bends,
    start: float,
    most: float,
) -> FloatArray:
    """Return the hinge's angle in every frame from the past alone, `(F,)` [rad].

    Args:
        elapsed: Since the frame before, shape `(F,)` [s]; infinite for the first.
        drift: How far a hinge that goes along with the bone moves, `(F,)` [rad].
        hint: Where an unbent limb would have it, shape `(F,)` [rad].
        bends: Where the bend has it.
        start: Where it was in the frame before [rad].
        most: How far the joint turns to either side [rad].
    """
    path, last = [], start
    rows = np.stack([elapsed, drift, hint, bends.angles, bends.trust], axis=1).tolist()
    for dt, moved, rest, bend, trust in rows:
        last = _within(last + moved, last, most)
        resting = last + min(_HINT_RATE * dt, 1.0) * (_within(rest, last, most) - last)
        change = resting + trust * (_within(bend, last, most) - resting) - last
        last += min(max(change, -SPEED * dt), SPEED * dt)
        path.append(last)
    return np.array(path)


def follow_both_ways(
    elapsed: FloatArray, drift: FloatArray, hint: FloatArray, bends: Bends, most: float
) -> FloatArray:
    """Return the hinge's angle in every frame from past and future, `(F,)` [rad].

    The smoothest path by least squares: `sum w (s - wanted)^2 + sum c (ds)^2`, whose
    normal equations are tridiagonal. Arguments are those of `follow`.
    """
    moved = np.cumsum(np.concatenate([[0.0], drift[1:]]))
    wanted = _wanted(hint, bends, most) - moved
    weight = _HINT_WEIGHT + bends.trust
    stiffness = (_EASE / np.maximum(elapsed[1:], 1e-6)) ** 2
    diagonal = weight.copy()
    diagonal[1:] += stiffness
    diagonal[:-1] += stiffness
    smooth = _solve_tridiagonal(diagonal, -stiffness, weight * wanted) + moved
    return follow(
        elapsed, drift, smooth, Bends(smooth, np.ones_like(smooth)), smooth[0], most
    )


def _wanted(hint: FloatArray, bends: Bends, most: float) -> FloatArray:
    """Return what hints and bends say together, as far as the joint turns, `(F,)`."""
    wanted, last = [], 0.0
    rows = np.stack([hint, bends.angles, bends.trust], axis=1).tolist()
    for rest, bend, trust in rows:
        resting = _within(rest, last, most)
        last = resting + trust * (_within(bend, last, most) - resting)
        wanted.append(last)
    return np.array(wanted)


def _within(angle: float, near: float, most: float) -> float:
    """Return the angle at which a joint comes nearest to one, from -most to most [rad].

    Args:
        angle: Wanted [rad].
        near: Where the joint is; decides if both its ends are as near [rad].
        most: How far it turns to either side [rad].
    """
    angle = math.remainder(angle, math.tau)
    if abs(angle) > math.pi - _FAR_SIDE:
        angle = math.copysign(angle, near)
    return min(max(angle, -most), most)


def _solve_tridiagonal(
    diagonal: FloatArray, beside: FloatArray, right: FloatArray
) -> FloatArray:
    """Solve a symmetric tridiagonal system (Thomas algorithm), shape `(F,)`."""
    d, b, r = diagonal.tolist(), beside.tolist(), right.tolist()
    for row in range(1, len(d)):
        factor = b[row - 1] / d[row - 1]
        d[row] -= factor * b[row - 1]
        r[row] -= factor * r[row - 1]
    r[-1] /= d[-1]
    for row in range(len(d) - 2, -1, -1):
        r[row] = (r[row] - b[row] * r[row + 1]) / d[row]
    return np.array(r)
