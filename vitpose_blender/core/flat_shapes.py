# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines as triangles with soft edges, for graphics cards that draw only thin lines."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .types import FloatArray

SOFT = 1.0  # Over which an edge fades out [px].

# Across a line: transparent, solid, solid, transparent.
_OFFSETS = np.array([1.0, 0.0, 0.0, -1.0])
_SIDES = np.array([1.0, 1.0, -1.0, -1.0])
_STRIP = np.array([[i, i + 1, i + 4, i + 1, i + 5, i + 4] for i in range(3)]).reshape(
    -1, 3
)  # Of the eight corners of a line.


@dataclass(frozen=True, eq=False)
class Triangles:
    """What a graphics card draws.

    Attributes:
        points: Shape `(V, 3)`, float32 [px].
        rgba: Shape `(V, 4)`, float32.
        corners: Rows of the points, shape `(T, 3)`, int32.
    """

    points: npt.NDArray[np.float32]
    rgba: npt.NDArray[np.float32]
    corners: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.corners)


def thick_lines(ends: FloatArray, rgba: FloatArray, width: FloatArray) -> Triangles:
    """Return lines of a width, each a band whose edges fade out.

    Args:
        ends: Shape `(E, 2, 2)` [px].
        rgba: Shape `(E, 4)`.
        width: Shape `(E,)` [px].
    """
    num_lines = len(ends)
    along = ends[:, 1] - ends[:, 0]
    length = np.linalg.norm(along, axis=1, keepdims=True)
    along = np.where(length > 1e-9, along / np.maximum(length, 1e-9), (1.0, 0.0))
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    offsets = width[:, np.newaxis] / 2 * _SIDES + SOFT * _OFFSETS
    # A line reaches half of its width beyond its ends, so that lines meet.
    reach = (width / 2)[:, np.newaxis, np.newaxis] * along[:, np.newaxis]
    tips = ends + reach * np.array([-1.0, 1.0])[:, np.newaxis]
    points = np.zeros((num_lines, 2, 4, 3), np.float32)
    points[..., :2] = (
        tips[:, :, np.newaxis]
        + offsets[:, np.newaxis, :, np.newaxis] * across[:, np.newaxis, np.newaxis]
    )
    colours = np.empty((num_lines, 2, 4, 4), np.float32)
    colours[...] = rgba[:, np.newaxis, np.newaxis]
    colours[..., 3] *= np.abs(_OFFSETS) < 0.5
    firsts = 8 * np.arange(num_lines)[:, np.newaxis, np.newaxis]
    corners = (firsts + _STRIP).reshape(-1, 3).astype(np.int32)
    return Triangles(points.reshape(-1, 3), colours.reshape(-1, 4), corners)


def frame_lines(rects: FloatArray) -> FloatArray:
    """Return the sides of rectangles as lines, shape `(4 * R, 2, 2)`.

    Args:
        rects: Two opposite corners of each, shape `(R, 2, 2)`.
    """
    low, high = rects.min(axis=1), rects.max(axis=1)
    others = np.stack([high[:, 0], low[:, 1]], 1), np.stack([low[:, 0], high[:, 1]], 1)
    corners = np.stack([low, others[0], high, others[1]], axis=1)
    sides: FloatArray = np.stack([corners, np.roll(corners, -1, axis=1)], axis=2)
    return sides.reshape(-1, 2, 2)
