# SPDX-License-Identifier: GPL-3.0-or-later
"""How a limb's hinge turns about the limb over time: shown by bends, guessed between.

Angles are about the upper bone, from where the bone itself carried the hinge. Live only
the past is known; over a whole clip the hinge of a straight limb already turns to where
the next bend will show it.
"""

import math

import numpy as np

from .types import FloatArray

_SPEED = np.radians(900)  # No arm turns about itself faster [rad/s].
_HINT_RATE = 1.5  # How fast a straight limb's hinge drifts to the hint [1/s].
# Over a clip, turning costs as much as being this long off what a bend shows [s]; a
# hint counts for little against it.
_EASE = 0.05
_HINT_WEIGHT = 0.01


def follow(
    elapsed: FloatArray, hint: FloatArray, shown: FloatArray, trust: FloatArray
) -> FloatArray:
    """Return the hinge's angle in every frame from the past alone, `(F,)` [rad].

    Args:
        elapsed: Since the frame before, shape `(F,)` [s]; infinite for the first.
        hint: Where an unbent limb would have it, shape `(F,)` [rad].
        shown: Where the bend has it, shape `(F,)` [rad].
        trust: How much the bend counts, shape `(F,)`, in [0, 1].
    """
    path = np.empty_like(hint)
    last = 0.0
    for frame, (dt, rest, bend, share) in enumerate(
        np.stack([elapsed, hint, shown, trust], axis=1).tolist()
    ):
        resting = last + min(_HINT_RATE * dt, 1.0) * _wrapped(rest - last)
        change = _wrapped(resting + share * _wrapped(bend - resting) - last)
        last += min(max(change, -_SPEED * dt), _SPEED * dt)
        path[frame] = last
    return path


def follow_both_ways(
    elapsed: FloatArray, hint: FloatArray, shown: FloatArray, trust: FloatArray
) -> FloatArray:
    """Return the hinge's angle in every frame from past and future, `(F,)` [rad].

    The smoothest path by least squares: `sum w (s - wanted)^2 + sum c (ds)^2`, whose
    normal equations are tridiagonal. Arguments are those of `follow`.
    """
    wanted = hint + trust * _wrapped_all(shown - hint)
    wanted = wanted[0] + np.concatenate(
        [[0.0], np.cumsum(_wrapped_all(np.diff(wanted)))]
    )
    weight = _HINT_WEIGHT + trust
    stiffness = (_EASE / np.maximum(elapsed[1:], 1e-6)) ** 2
    diagonal = weight.copy()
    diagonal[1:] += stiffness
    diagonal[:-1] += stiffness
    return _solve_tridiagonal(diagonal, -stiffness, weight * wanted)


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


def _wrapped(angle: float) -> float:
    """Return the same angle between half a turn back and half a turn ahead [rad]."""
    return math.remainder(angle, math.tau)


def _wrapped_all(angles: FloatArray) -> FloatArray:
    wrapped: FloatArray = np.remainder(angles + np.pi, 2 * np.pi) - np.pi
    return wrapped
