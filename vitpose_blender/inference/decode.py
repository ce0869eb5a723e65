# SPDX-License-Identifier: GPL-3.0-or-later
"""From heatmaps to keypoints, finer than the heatmap's grid.

The peak's neighbourhood is blurred, and a second-order expansion of its logarithm
gives the summit (Zhang et al., Distribution-Aware Coordinate Representation for
Human Pose Estimation, CVPR 2020). Blurring is linear, so only the nine values that
the expansion needs are computed, never a whole blurred map.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

from ..core.types import FloatArray

HeatmapArray = npt.NDArray[np.float32]

# As in transformers' processor: the results agree only if all four do.
_SIGMA = 0.8  # Width of the blur [heatmap px].
_RADIUS = 5  # A kernel of 11 [heatmap px].
_LOG_RANGE = (0.001, 50.0)  # Blurred values are clipped to it before the logarithm.
_RIDGE = float(np.finfo(np.float32).eps)  # Keeps a flat summit's Hessian invertible.


def decode_heatmaps(heatmaps: HeatmapArray) -> tuple[FloatArray, FloatArray]:
    """Find the highest point of each heatmap.

    Args:
        heatmaps: Shape `(N, K, height, width)`.

    Returns:
        Positions, shape `(N, K, 2)` [heatmap px], and the heatmaps' highest values,
        shape `(N, K)`. A heatmap that has no peak (flat, nowhere positive, or with
        NaN in it) gives NaN and 0.
    """
    num_people, num_keypoints, height, width = heatmaps.shape
    maps = heatmaps.reshape(num_people * num_keypoints, height, width)
    flat = maps.reshape(len(maps), height * width)
    peak = flat.argmax(axis=1) if flat.size else np.zeros(0, dtype=np.int64)
    highest = flat[np.arange(len(flat)), peak].astype(np.float64)
    has_peak = np.isfinite(highest) & (highest > 0)
    has_peak[has_peak] = flat[has_peak].min(axis=1) < highest[has_peak]

    xy = np.full((len(maps), 2), np.nan)
    column, row = peak[has_peak] % width, peak[has_peak] // width
    around = _blurred_neighbours(maps[has_peak], column, row)
    xy[has_peak] = np.stack([column, row], axis=1) + _summit_offset(around)
    score = np.where(has_peak, highest, 0.0)
    shape = (num_people, num_keypoints)
    return xy.reshape(*shape, 2), score.reshape(shape)


def _blurred_neighbours(
    maps: HeatmapArray, column: npt.NDArray[np.int64], row: npt.NDArray[np.int64]
) -> FloatArray:
    """Return the blurred values around each peak, shape `(M, 3, 3)`, rows first.

    A neighbour beyond the border repeats the border's value.
    """
    _, height, width = maps.shape
    step = np.array([-1, 0, 1])
    rows = np.clip(row[:, np.newaxis] + step, 0, height - 1)
    columns = np.clip(column[:, np.newaxis] + step, 0, width - 1)
    down = _blur_matrix(height)[rows]
    across = _blur_matrix(width)[columns].transpose(0, 2, 1)
    return np.asarray(down @ maps.astype(np.float64) @ across)


@cache
def _blur_matrix(length: int) -> FloatArray:
    """Return the matrix that blurs a line of `length` values, mirrored at its ends."""
    taps = np.arange(-_RADIUS, _RADIUS + 1)
    weights = np.exp(-0.5 * (taps / _SIGMA) ** 2)
    weights /= weights.sum()
    source = (np.arange(length)[:, np.newaxis] + taps) % (2 * length)
    source = np.where(source < length, source, 2 * length - 1 - source)
    matrix = np.zeros((length, length))
    np.add.at(matrix, (np.arange(length)[:, np.newaxis], source), weights)
    matrix.flags.writeable = False
    return matrix


def _summit_offset(around: FloatArray) -> FloatArray:
    """Return where the summit lies from the middle of `around`.

    One Newton step on the logarithm, which is a paraboloid where the peak is a
    Gaussian: offset = -H^-1 g, with g and H from central differences.

    Args:
        around: Blurred values, shape `(M, 3, 3)`, rows first.

    Returns:
        Offsets, shape `(M, 2)`, x then y [heatmap px].
    """
    f = np.log(np.clip(around, *_LOG_RANGE))
    middle = f[:, 1, 1]
    gx, gy = (f[:, 1, 2] - f[:, 1, 0]) / 2, (f[:, 2, 1] - f[:, 0, 1]) / 2
    hxx = f[:, 1, 2] - 2 * middle + f[:, 1, 0] + _RIDGE
    hyy = f[:, 2, 1] - 2 * middle + f[:, 0, 1] + _RIDGE
    sides = f[:, 1, 0] + f[:, 1, 2] + f[:, 0, 1] + f[:, 2, 1]
    hxy = (f[:, 2, 2] + f[:, 0, 0] + 2 * middle - sides) / 2
    determinant = hxx * hyy - hxy**2
    with np.errstate(divide="ignore", invalid="ignore"):
        x = (hxy * gy - hyy * gx) / determinant
        y = (hxy * gx - hxx * gy) / determinant
    offset: FloatArray = np.stack([x, y], axis=1)
    offset[determinant == 0] = 0.0  # A ridge: stay on the grid.
    return offset
