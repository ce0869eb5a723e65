# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a picture is shown in the corner of a region, and back from there to pixels.

Region coordinates are those of Blender: from the lower left, upwards [px]. Picture
coordinates are pixels of the camera's picture, from the upper left, downwards; whole
numbers are the middles of pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from .types import FloatArray

Corner = Literal["TOP_LEFT", "TOP_RIGHT", "BOTTOM_LEFT", "BOTTOM_RIGHT"]

MIN_SHARE, MAX_SHARE = 0.1, 1.0  # Of the free area, the size of the picture.


class Rect(NamedTuple):
    """A rectangle of a region; its left lower corner and its size [px]."""

    left: float
    bottom: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def top(self) -> float:
        return self.bottom + self.height

    def contains(self, x: float, y: float) -> bool:
        """Whether a place is inside, the border included."""
        return self.left <= x <= self.right and self.bottom <= y <= self.top

    def lowered(self, height: float) -> "Rect":
        """Return what is left below a strip along the top, at least half of it."""
        return self._replace(height=self.height - min(height, 0.5 * self.height))


def free_area(wh: tuple[float, float], bars: Sequence[tuple[str, Rect]]) -> Rect:
    """Return what of a region is not under its bars.

    Args:
        wh: Size of the region [px].
        bars: The alignment of each region that lies over it, `LEFT`, `RIGHT`, `TOP` or
            `BOTTOM`, and where it is.

    Returns:
        All of it where the bars leave nothing.
    """
    left, bottom, right, top = 0.0, 0.0, *map(float, wh)
    for alignment, bar in bars:
        if alignment == "LEFT":
            left = max(left, bar.right)
        elif alignment == "RIGHT":
            right = min(right, bar.left)
        elif alignment == "TOP":
            top = min(top, bar.bottom)
        elif alignment == "BOTTOM":
            bottom = max(bottom, bar.top)
    if right <= left or top <= bottom:
        return Rect(0.0, 0.0, *map(float, wh))
    return Rect(left, bottom, right - left, top - bottom)


@dataclass(frozen=True)
class PictureView:
    """A picture in a corner.

    Attributes:
        area: Where it may be.
        image_wh: Size of the camera's picture [px].
        corner: Of the area.
        share: How much of the area's width or height it takes.
        margin: Between it and the area's border [px].
        is_mirrored: Whether it is shown as in a mirror.
    """

    area: Rect
    image_wh: tuple[int, int]
    corner: Corner = "BOTTOM_RIGHT"
    share: float = 0.3
    margin: float = 0.0
    is_mirrored: bool = False

    @property
    def scale(self) -> float:
        """Pixels of the region that one of the picture takes."""
        return self._whole * min(max(self.share, MIN_SHARE), MAX_SHARE)

    @property
    def rect(self) -> Rect:
        """Where it is; its proportions are those of the picture."""
        width, height = (side * self.scale for side in self.image_wh)
        area = self._inner
        left = area.left if "LEFT" in self.corner else area.right - width
        bottom = area.bottom if "BOTTOM" in self.corner else area.top - height
        return Rect(left, bottom, width, height)

    @property
    def grip(self) -> tuple[float, float]:
        """The corner that is dragged to resize it: the one towards the middle."""
        rect = self.rect
        x = rect.right if "LEFT" in self.corner else rect.left
        y = rect.top if "BOTTOM" in self.corner else rect.bottom
        return x, y

    def inner_edges(self, thickness: float) -> tuple[Rect, Rect]:
        """Return strips along the two edges that meet in the grip [px]."""
        rect, (x, y), half = self.rect, self.grip, thickness / 2
        return (
            Rect(x - half, rect.bottom - half, thickness, rect.height + thickness),
            Rect(rect.left - half, y - half, rect.width + thickness, thickness),
        )

    def resized(self, x: float, y: float) -> "PictureView":
        """Return the view whose grip is dragged to a place of the region."""
        area = self._inner
        width = x - area.left if "LEFT" in self.corner else area.right - x
        height = y - area.bottom if "BOTTOM" in self.corner else area.top - y
        across, down = self.image_wh
        # Where on the diagonal is nearest to the pointer.
        scale = (width * across + height * down) / (across**2 + down**2)
        share = min(max(scale / self._whole, MIN_SHARE), MAX_SHARE)
        return replace(self, share=share)

    def to_region(self, xy_px: FloatArray) -> FloatArray:
        """Return where pixels of the picture are shown.

        Args:
            xy_px: Shape `(..., 2)`; NaN passes through.
        """
        rect = self.rect
        x = (xy_px[..., 0] + 0.5) * self.scale
        y = (xy_px[..., 1] + 0.5) * self.scale
        x = rect.right - x if self.is_mirrored else rect.left + x
        return np.stack([x, rect.top - y], axis=-1)

    def to_picture(self, x: float, y: float) -> FloatArray | None:
        """Return the pixel that a place of the region shows, shape `(2,)`.

        None where the place is not in the picture.
        """
        rect = self.rect
        if not rect.contains(x, y):
            return None
        across = rect.right - x if self.is_mirrored else x - rect.left
        return np.array([across, rect.top - y]) / self.scale - 0.5

    @property
    def _inner(self) -> Rect:
        margin = min(self.margin, 0.25 * self.area.width, 0.25 * self.area.height)
        return Rect(
            self.area.left + margin,
            self.area.bottom + margin,
            self.area.width - 2 * margin,
            self.area.height - 2 * margin,
        )

    @property
    def _whole(self) -> float:
        """The scale at which it fills the area."""
        area, (width, height) = self._inner, self.image_wh
        return min(area.width / width, area.height / height)
