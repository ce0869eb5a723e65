# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconcile a guessed pose with the picture: whatever is less sure gives way more.

A detector misplaces joints by some two centimetres. Laying them exactly onto their
pixels would, with bones of fixed lengths, turn that into large errors in depth.
"""

import numpy as np

from .types import FloatArray

BODY = slice(5, 17)  # Shoulders to ankles, of COCO-17.
# Limbs first, then what holds the trunk together; rows of `BODY`.
_BONES = (
    (0, 2), (2, 4), (1, 3), (3, 5), (6, 8), (8, 10), (7, 9), (9, 11),
    (6, 7), (0, 1), (6, 0), (7, 1), (6, 1), (7, 0),
)  # fmt: skip
_STARTS, _ENDS = (list(rows) for rows in zip(*_BONES))
_NUM = BODY.stop - BODY.start
_INCIDENCE = np.zeros((len(_BONES), _NUM))
for _row, (_start, _end) in enumerate(_BONES):
    _INCIDENCE[_row, [_start, _end]] = -1.0, 1.0
_PAIRS = np.einsum("na,nb->nab", _INCIDENCE, _INCIDENCE).reshape(len(_BONES), -1)
# Of the guessed way along each bone, over the expected error of its two joints [1], and
# between these limits, of a 1.7 m person [m]. Where a lifter is lost, so is the step:
# bones that turn far cannot be told from bones that grow.
POSE_SHARE, POSE_SIGMA = 0.5, (0.015, 0.03)
PICTURE_SIGMA = 0.02  # Of a joint beside its ray, likewise [m].
DEPTH_SIGMA = 0.1  # Of the whole person along the camera's axis [m].
# Lengths of limbs give hardly way, the trunk bends a little [m].
_LENGTH_SIGMA = np.where(np.arange(len(_BONES)) < 8, 0.004, 0.02)[:, np.newaxis]
_OUTLIER = 2.0  # Further than so many sigmas from its ray, a joint pulls no harder [1].


def fit_pose(
    places: FloatArray, rays: FloatArray, trust: FloatArray, doubt: FloatArray
) -> FloatArray:
    """Return body joints between where they were guessed and where they are seen.

    One step of Gauss-Newton; more change nothing that matters.

    Args:
        places: Guessed joints of a 1.7 m person in the camera's frame, with bones of
            the lengths to keep, shape `(F, 12, 3)` [m].
        rays: Unit vectors to where they are seen, shape `(F, 12, 3)`; NaN if unseen.
        trust: In what is seen, shape `(F, 12)`, in [0, 1].
        doubt: Expected error of the guesses, shape `(F, 12)` [m].

    Returns:
        Shape `(F, 12, 3)` [m]; NaN frames stay NaN.
    """
    known = np.isfinite(places).all(axis=(1, 2))
    result = places.copy()
    if known.any():
        matrix, pull = equations(places[known], rays[known], trust[known], doubt[known])
        step = np.linalg.solve(matrix, pull[..., np.newaxis])
        result[known] += step.reshape(-1, _NUM, 3)
    return result


def equations(
    places: FloatArray, rays: FloatArray, trust: FloatArray, doubt: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return what a step from the guess has to solve, every frame by itself.

    Args:
        places: As for `fit_pose`, all known.
        rays: Likewise.
        trust: Likewise.
        doubt: Likewise.

    Returns:
        Matrices, shape `(F, 36, 36)` [1/m2], and right-hand sides, `(F, 36)` [1/m].
    """
    seen = np.isfinite(rays).all(axis=-1)
    ray = np.where(seen[..., np.newaxis], rays, 0.0)
    across = np.eye(3) - ray[..., :, np.newaxis] * ray[..., np.newaxis, :]
    beside = np.einsum("fkij,fkj->fki", across, places)
    far = np.linalg.norm(beside, axis=-1) / (_OUTLIER * PICTURE_SIGMA)
    sure = np.where(seen, trust, 0.0) / PICTURE_SIGMA**2 / np.maximum(far, 1.0)
    matrix = _stiffness(places, doubt)
    joints = np.arange(_NUM)
    matrix[:, joints, :, joints] += np.moveaxis(
        across * sure[..., np.newaxis, np.newaxis], 1, 0
    )
    pull = -beside * sure[..., np.newaxis]
    size = 3 * _NUM
    return matrix.reshape(-1, size, size), pull.reshape(-1, size)


def _stiffness(places: FloatArray, doubt: FloatArray) -> FloatArray:
    """Return how hard the guessed pose is to change, shape `(F, 12, 3, 12, 3)`."""
    bones = np.einsum("na,faj->fnj", _INCIDENCE, places)
    reach = np.linalg.norm(bones, axis=-1, keepdims=True)
    line = bones / np.maximum(reach, 1e-6) / _LENGTH_SIGMA
    weight = line[..., :, np.newaxis] * line[..., np.newaxis, :]
    error = np.hypot(doubt[:, _STARTS], doubt[:, _ENDS])
    sigma = np.clip(POSE_SHARE * error, *POSE_SIGMA)[..., np.newaxis, np.newaxis]
    weight += np.eye(3) / sigma**2
    count = len(places)
    blocks = weight.reshape(count, len(_BONES), 9).transpose(0, 2, 1) @ _PAIRS
    matrix: FloatArray = (
        blocks.reshape(count, 3, 3, _NUM, _NUM).transpose(0, 3, 1, 4, 2).copy()
    )
    matrix[:, :, 2, :, 2] += 1 / (_NUM * DEPTH_SIGMA) ** 2
    for axis in range(3):  # What nothing is seen of stays where it is.
        matrix[:, range(_NUM), axis, range(_NUM), axis] += 1.0
    return matrix
