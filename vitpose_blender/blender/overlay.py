# SPDX-License-Identifier: GPL-3.0-or-later
"""What the 3D view shows of a running capture: the picture, the people, their joints.

Nothing here takes clicks. What it makes on the graphics card goes with the capture.
"""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import bpy
import gpu
from bpy.types import SpaceView3D

from ..core.picture_in_picture import PictureView
from ..core.types import FloatArray
from ..live.run import Preview
from . import access, overlay_figures, overlay_ghost, overlay_gpu, overlay_place
from .overlay_settings import VitposeOverlay, settings
from .session_characters import Follower

log = logging.getLogger(__name__)

PERIOD = 1 / 15  # Between two looks for a new picture [s].
_MARGIN = 12.0  # Between the picture and the view's border [px].
_TEXT = 13.0  # Size of letters [px].
_GROUND = (0.05, 0.05, 0.05, 0.75)  # Where there is no picture.


class Overlay:
    """Draws into 3D views between `begin` and `end`.

    Args:
        newest: Returns the newest picture; None where there is none.
        followers: Returns whom the characters follow.

    Attributes:
        pointed: Number of the person under the pointer while one is picked.
    """

    def __init__(
        self,
        newest: Callable[[], Preview | None],
        followers: Callable[[], Sequence[Follower]],
    ) -> None:
        self._tick = self.tick  # bpy.app.timers compares by identity: keep one object.
        self._newest = newest
        self._followers = followers
        self._handlers: list[Any] = []
        self._shown: Preview | None = None
        self._image_wh: tuple[int, int] | None = None
        # Each with what it was made of, so that only what is new is made anew.
        self._texture: tuple[Preview, Any] | None = None
        self._frame: tuple[Any, Any] | None = None
        self._figures: tuple[Any, Any, overlay_figures.Texts] | None = None
        self._is_mirrored = self._has_failed = False
        self.pointed: int | None = None

    @property
    def is_drawing(self) -> bool:
        """Whether anything is drawn, as a capture runs and nothing has failed."""
        return bool(self._handlers) and not self._has_failed

    def begin(self, *, is_mirrored: bool = False) -> None:
        """Draw, until `end`; the picture as it is, or as in a mirror."""
        self.end()
        self._is_mirrored, self._has_failed = is_mirrored, False
        for draw, when in (
            (self._draw_ghost, "POST_VIEW"),
            (self._draw_picture, "POST_PIXEL"),
        ):
            add: Any = SpaceView3D.draw_handler_add
            self._handlers.append(add(partial(self._guarded, draw), (), "WINDOW", when))
        bpy.app.timers.register(self._tick, first_interval=PERIOD)

    def end(self) -> None:
        """Take everything away; may be called twice."""
        if bpy.app.timers.is_registered(self._tick):
            bpy.app.timers.unregister(self._tick)
        was_drawing = bool(self._handlers)
        self._remove_handlers()
        self._shown = self._image_wh = self.pointed = None
        if was_drawing:
            overlay_place.redraw_views()

    def tick(self) -> float | None:
        """Have views drawn again if there is something new; None ends the timer."""
        if not self.is_drawing:
            self._remove_handlers()
            return None
        chosen, newest = settings(access.scene()), self._newest()
        if newest is not None and newest is not self._shown:
            self._shown = newest
            self._image_wh = _image_wh(newest) or self._image_wh
            if chosen.show or chosen.ghost:
                overlay_place.redraw_views(only_home=not chosen.ghost)
        return PERIOD

    def view(self, context: bpy.types.Context) -> PictureView | None:
        """Return how the picture lies in the home view of a window.

        None where there is no picture, or no 3D view.
        """
        found = overlay_place.home(context.window)
        if found is None or self._image_wh is None or context.scene is None:
            return None
        chosen, scale = settings(context.scene), access.preferences().system.ui_scale
        room = overlay_place.room(*found)
        if chosen.corner == "TOP_LEFT":
            lines = overlay_place.text_lines(*found)
            room = room.lowered(lines * overlay_place.LINE * scale)
        return PictureView(
            room,
            self._image_wh,
            chosen.corner,
            chosen.size,
            _MARGIN * scale,
            self._is_mirrored,
        )

    @property
    def shown(self) -> Preview | None:
        """The picture that is shown now."""
        return self._shown

    def person_at(self, xy_px: FloatArray) -> int | None:
        """Return the number of the person at a pixel of the picture."""
        return overlay_figures.person_at(self._shown, xy_px)

    def _guarded(self, draw: Callable[[VitposeOverlay], None]) -> None:
        """Draw; what fails once is not tried again, and says so once."""
        if self._has_failed or self._shown is None:
            return
        try:
            if _space().overlay.show_overlays:
                draw(settings(access.scene()))
        except Exception:  # Top of a draw handler: Blender would print it each time.
            log.exception("The capture cannot be shown in the 3D view")
            self._has_failed = True  # Blender goes through its handlers just now.

    def _remove_handlers(self) -> None:
        handlers, self._handlers = self._handlers, []
        for handler, region in zip(handlers, ("WINDOW", "WINDOW")):
            SpaceView3D.draw_handler_remove(handler, region)
        self._texture = self._frame = self._figures = None

    def _draw_ghost(self, chosen: VitposeOverlay) -> None:
        if chosen.ghost:
            overlay_ghost.draw(
                self._followers(), is_beside=chosen.ghost_place == "BESIDE"
            )

    def _draw_picture(self, chosen: VitposeOverlay) -> None:
        context, preview = bpy.context, self._shown
        if not chosen.show or not overlay_place.is_home(context):
            return
        view = self.view(context)
        if view is None or preview is None:
            return
        gpu.state.blend_set("ALPHA")
        gpu.state.depth_test_set("NONE")
        try:
            self._draw_image(preview, view, chosen.opacity)
            self._draw_figures(preview, view)
        finally:
            gpu.state.blend_set("NONE")

    def _draw_image(self, preview: Preview, view: PictureView, opacity: float) -> None:
        if preview.image is None:
            overlay_gpu.draw_rect(view.rect, _GROUND)
            return
        if self._texture is None or self._texture[0] is not preview:
            texture = overlay_gpu.upload(preview.image, view.rect.width)
            self._texture = preview, texture
        if self._frame is None or self._frame[0] != view:
            frame = overlay_gpu.frame_of(view.rect, is_mirrored=view.is_mirrored)
            self._frame = view, frame
        overlay_gpu.draw_texture(self._texture[1], self._frame[1], opacity)

    def _draw_figures(self, preview: Preview, view: PictureView) -> None:
        scale = access.preferences().system.ui_scale
        names = {each.person: each.name for each in self._followers() if each.person}
        what = (preview, view, names, self.pointed, scale)
        if self._figures is None or self._figures[0] != what:
            shapes = overlay_figures.shapes(
                preview, view, frozenset(names), self.pointed, scale
            )
            texts = overlay_figures.texts(preview, view, names, scale)
            self._figures = what, overlay_gpu.batch_of(shapes), texts
        overlay_gpu.draw_batch(self._figures[1])
        overlay_gpu.draw_texts(self._figures[2], _TEXT * scale)


def _space() -> SpaceView3D:
    """Return the 3D view that is drawn now."""
    space = bpy.context.space_data
    assert isinstance(space, SpaceView3D)
    return space


def _image_wh(preview: Preview) -> tuple[int, int] | None:
    """Return the size of the camera's picture; None where nothing tells it."""
    if preview.packets:
        return preview.packets[0].image_wh
    if preview.image is None:
        return None
    height, width = preview.image.shape[:2]
    return width, height
