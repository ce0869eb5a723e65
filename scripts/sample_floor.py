# SPDX-License-Identifier: GPL-3.0-or-later
"""Soft shadows that somebody casts on the floor, seen by a camera."""

import cv2
import numpy as np
import numpy.typing as npt

from mannequin_tube import Array
from sample_room import WINDOW
from sample_view import View

CELL = 0.01  # Size of a cell of the map of the floor [m].
ORIGIN = np.array([-4.2, -2.6])  # Its corner [m].
SIZE = (720, 460)  # Its cells, along x and y; it ends before the furniture.

# Height up to which a slice of the body casts a shadow, its blur, its strength: the
# higher the caster, the softer the shadow of a large window [m, m, 1].
WINDOW_SLICES = ((0.25, 0.02, 0.40), (0.7, 0.06, 0.26), (1.2, 0.12, 0.15))
CEILING_SLICES = ((0.12, 0.025, 0.45), (0.5, 0.08, 0.25), (1.8, 0.20, 0.22))


class Floor:
    """A map of the floor at z = 0, seen by `view`."""

    def __init__(self, view: View) -> None:
        self._image_wh = view.camera.image_wh
        corners = np.array([[0, 0], [SIZE[0], 0], [0, SIZE[1]], SIZE], dtype=np.float64)
        # Corners behind the camera have no pixel: use those of a part it sees.
        corners = corners * [1.0, 0.5] + [0.0, 0.5 * SIZE[1]]
        xy = ORIGIN + CELL * corners
        seen = view.project(np.column_stack([xy, np.zeros(4)]))
        self._picture_from_map = cv2.getPerspectiveTransform(
            corners.astype(np.float32), seen.astype(np.float32)
        )

    def brightness(self, xyz: Array, triangles: npt.NDArray[np.int32]) -> Array:
        """Return by what to multiply each pixel under a body, shape `(H, W)`.

        Args:
            xyz: The body's vertices, shape `(V, 3)` [m].
            triangles: Rows of their corners, shape `(T, 3)`.
        """
        light = np.ones(SIZE[::-1])
        window = np.array(WINDOW)
        ratio = window[2] / np.maximum(window[2] - xyz[:, 2], 0.2)
        leaning = window[:2] + (xyz[:, :2] - window[:2]) * ratio[:, np.newaxis]
        for places, slices in (
            (leaning, WINDOW_SLICES),
            (xyz[:, :2], CEILING_SLICES),
        ):
            low = 0.0
            for high, blur, strength in slices:
                heights = xyz[triangles, 2].mean(axis=1)
                chosen = triangles[(heights >= low) & (heights < high)]
                light *= 1.0 - strength * _spread(places, chosen, blur)
                low = high
        shown: Array = cv2.warpPerspective(
            light,
            self._picture_from_map,
            self._image_wh,
            flags=cv2.INTER_LINEAR,
            borderValue=1.0,
        )
        return shown


def _spread(xy: Array, triangles: npt.NDArray[np.int32], blur: float) -> Array:
    """Fill the triangles on the map and blur them, shape `(rows, columns)`."""
    cells = np.rint((xy - ORIGIN) / CELL * 16).astype(np.int32)
    covered = np.zeros(SIZE[::-1], dtype=np.uint8)
    for corners in cells[triangles]:
        cv2.fillConvexPoly(covered, corners, 255, shift=4)
    spread: Array = cv2.GaussianBlur(covered / 255.0, (0, 0), blur / CELL)
    return spread
