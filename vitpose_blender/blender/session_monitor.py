# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sidebar shows of a running capture: fresh figures and a small picture.

The picture is an icon that Blender keeps outside of the file; it goes at the end.
"""

from collections.abc import Callable
from typing import Any

import bpy
import bpy.utils.previews
import numpy as np
import numpy.typing as npt
from bpy.types import ImagePreview
from bpy.utils.previews import ImagePreviewCollection

from ..core.types import FloatArray, ImageArray
from ..live.run import Preview

PERIOD = 0.25  # Between two looks at a running capture [s].
PICTURE = 192  # The longer side of the small picture [px].
_KEY = "VITPOSE_preview"
_DOT = 2  # Half of a keypoint's side [px].
_SEEN = 0.3  # The least score of a keypoint that is shown.
_COLOUR = (90, 255, 120)  # Of keypoints, RGB.


class SessionMonitor:
    """Redraws sidebars while a capture runs, and keeps its small picture.

    Args:
        newest: Returns the newest picture; None where there is none.
    """

    def __init__(self, newest: Callable[[], Preview | None]) -> None:
        self._tick = self.tick  # bpy.app.timers compares by identity: keep one object.
        self._newest = newest
        self._shown: Preview | None = None
        self._pictures: ImagePreviewCollection | None = None

    @property
    def picture(self) -> ImagePreview | None:
        """The small picture, which has an icon; None where there is none."""
        return self._pictures[_KEY] if self._pictures is not None else None

    def begin(self) -> None:
        """Watch, until `end`."""
        self.end()
        bpy.app.timers.register(self._tick, first_interval=PERIOD)

    def end(self) -> None:
        """Take the picture away and show a last time how it is; may be called twice."""
        if bpy.app.timers.is_registered(self._tick):
            bpy.app.timers.unregister(self._tick)
        pictures, self._pictures, self._shown = self._pictures, None, None
        if pictures is not None:
            bpy.utils.previews.remove(pictures)
        redraw_sidebars()

    def tick(self) -> float:
        """Show what is new."""
        newest = self._newest()
        if newest is not None and newest is not self._shown:
            self._shown = newest
            if newest.image is not None:
                self._show(small_picture(newest))
        redraw_sidebars()
        return PERIOD

    def _show(self, rgba: npt.NDArray[np.uint8]) -> None:
        if self._pictures is None:
            self._pictures = bpy.utils.previews.new()
            self._pictures.new(_KEY)
        preview: Any = self._pictures[_KEY]
        height, width = rgba.shape[:2]
        if tuple(preview.image_size) != (width, height):
            preview.image_size = (width, height)
        preview.image_pixels.foreach_set(rgba.view(np.int32).ravel())


def small_picture(preview: Preview) -> npt.NDArray[np.uint8]:
    """Return a preview with its keypoints as RGBA, from the bottom up, `(H, W, 4)`."""
    assert preview.image is not None
    step = max(1, -(-max(preview.image.shape[:2]) // PICTURE))
    small: ImageArray = preview.image[::step, ::step, ::-1]
    rgba = np.full((*small.shape[:2], 4), 255, dtype=np.uint8)
    rgba[..., :3] = small
    for packet in preview.packets:
        is_seen = packet.keypoints.score >= _SEEN
        scale = small.shape[1] / packet.image_wh[0]
        _dot(rgba, packet.keypoints.xy[is_seen] * scale)
    return np.ascontiguousarray(rgba[::-1])


def _dot(rgba: npt.NDArray[np.uint8], xy: FloatArray) -> None:
    for x, y in xy[np.isfinite(xy).all(axis=1)].round().astype(int).tolist():
        rows = slice(max(y - _DOT, 0), max(y + _DOT, 0))
        columns = slice(max(x - _DOT, 0), max(x + _DOT, 0))
        rgba[rows, columns, :3] = _COLOUR


def redraw_sidebars() -> None:
    """Have the sidebars of all 3D views drawn again."""
    manager = bpy.context.window_manager
    for window in manager.windows if manager is not None else ():
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                for region in area.regions:
                    if region.type == "UI":
                        region.tag_redraw()
