# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconcile the poses of a whole clip with its picture and with one another.

Least squares over all frames at once: guesses count as far as the lifter is sure of
them, keypoints as far as their scores are good and without their outliers, bones keep
their lengths, and joints move as smoothly as such joints do. What is doubtful in one
frame is so filled in by its neighbours.
"""

from collections.abc import Sequence

import numpy as np

from .pose_fit import equations
from .types import FloatArray

# How much joints accelerate, in the rows of `pose_fit.BODY`: shoulders, elbows, wrists,
# hips, knees, ankles, left and right of each [m/s2].
ACCELERATION = np.repeat([4.0, 8.0, 16.0, 4.0, 8.0, 16.0], 2)
MAX_GAP = 0.25  # Over a longer gap, motion need not be smooth [s].
CHUNK = 256  # Frames solved at once; bounds the memory of a long clip.
OVERLAP = 32  # Frames to either side that have a say without being answered.


def fit_clip(
    places: FloatArray,
    rays: FloatArray,
    trust: FloatArray,
    doubt: FloatArray,
    times: Sequence[float] | FloatArray,
) -> FloatArray:
    """Return body joints as `pose_fit.fit_pose` does, of frames that know each other.

    Args:
        places: Guessed joints, shape `(F, 12, 3)` [m]; see `pose_fit.fit_pose`.
        rays: Unit vectors to where they are seen, shape `(F, 12, 3)`; NaN if unseen.
        trust: In what is seen, shape `(F, 12)`, in [0, 1].
        doubt: Expected error of the guesses, shape `(F, 12)` [m].
        times: Rising, shape `(F,)` [s].

    Returns:
        Shape `(F, 12, 3)` [m]; NaN frames stay NaN.
    """
    t = np.asarray(times, dtype=np.float64)
    known = np.flatnonzero(np.isfinite(places).all(axis=(1, 2)))
    result = places.copy()
    for start in range(0, len(known), CHUNK):
        first = max(start - OVERLAP, 0)
        rows = known[first : start + CHUNK + OVERLAP]
        guess = places[rows]
        matrix, pull = equations(guess, rays[rows], trust[rows], doubt[rows])
        step = _smooth_step(matrix, pull, guess.reshape(len(rows), -1), t[rows])
        moved = guess + step.reshape(guess.shape)
        own = slice(start - first, start - first + CHUNK)
        result[rows[own]] = moved[own]
    return result


def _smooth_step(
    matrix: FloatArray, pull: FloatArray, places: FloatArray, t: FloatArray
) -> FloatArray:
    """Return the step that also keeps accelerations low, shape `(F, N)`."""
    matrix, pull = matrix.copy(), pull.copy()
    count, size = pull.shape
    near, far = np.zeros((count, size)), np.zeros((count, size))
    shares = _second_differences(t)  # (F - 2, 3)
    stiff = np.repeat(ACCELERATION, 3) ** -2.0
    each = np.arange(size)
    bends = len(shares)  # None where there are less than three frames.
    bend = sum(shares[:, [i]] * places[i : i + bends] for i in range(3))
    for i in range(3):
        rows = slice(i, i + bends)
        own = shares[:, [i]] * stiff
        matrix[rows, each, each] += own * shares[:, [i]]
        pull[rows] -= own * bend
        if i < 2:
            near[rows] += own * shares[:, [i + 1]]
    far[:bends] = stiff * shares[:, [0]] * shares[:, [2]]
    return _solve_band(matrix, near, far, pull)


def _second_differences(t: FloatArray) -> FloatArray:
    """Return the shares of three frames in an acceleration, `(F - 2, 3)` [1/s2]."""
    before, after = np.diff(t)[:-1], np.diff(t)[1:]
    shares: FloatArray = 2 / np.stack(
        [before * (before + after), -before * after, after * (before + after)], axis=-1
    )
    shares[np.maximum(before, after) > MAX_GAP] = 0.0
    return shares


def _solve_band(
    matrix: FloatArray, near: FloatArray, far: FloatArray, right: FloatArray
) -> FloatArray:
    """Solve a symmetric system in which frames touch the next two only.

    Frames are eliminated in pairs, which makes the system block tridiagonal.

    Args:
        matrix: Blocks of the diagonal, shape `(F, N, N)`.
        near: Diagonals of the blocks that join a frame and the next, shape `(F, N)`.
        far: And the one after that, shape `(F, N)`.
        right: Right-hand side, shape `(F, N)`.

    Returns:
        The solution, shape `(F, N)`.
    """
    count, size = right.shape
    if count % 2:  # One frame more, that nothing touches.
        matrix = np.concatenate([matrix, np.eye(size)[np.newaxis]])
        near, far, right = (np.pad(x, ((0, 1), (0, 0))) for x in (near, far, right))
    each, other = np.arange(size), np.arange(size) + size
    pairs = len(right) // 2
    own = np.zeros((pairs, 2 * size, 2 * size))
    own[:, :size, :size], own[:, size:, size:] = matrix[::2], matrix[1::2]
    own[:, each, other] = own[:, other, each] = near[::2]
    ahead = np.zeros_like(own)
    ahead[:, each, each], ahead[:, other, other] = far[::2], far[1::2]
    ahead[:, other, each] = near[1::2]
    wanted = right.reshape(pairs, 2 * size)
    solved = np.zeros((pairs, 2 * size, 2 * size + 1))
    for i in range(pairs):
        block, side = own[i], wanted[i]
        if i:
            back = ahead[i - 1].T
            block = block - back @ solved[i - 1, :, :-1]
            side = side - back @ solved[i - 1, :, -1]
        solved[i] = np.linalg.solve(
            block, np.concatenate([ahead[i], side[:, np.newaxis]], axis=1)
        )
    found = solved[:, :, -1]
    for i in range(pairs - 2, -1, -1):
        found[i] -= solved[i, :, :-1] @ found[i + 1]
    answer: FloatArray = found.reshape(2 * pairs, size)[:count]
    return answer
