# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge of the camera's picture, by which it is dragged to another size.

A gizmo, since Blender asks these first whether the pointer is on them: a click anywhere
else, on the picture too, goes where it would without it.
"""

from typing import Any

import bpy
from bpy.types import Context, Event, Gizmo, GizmoGroup

from ..core.picture_in_picture import PictureView
from . import access, overlay_gpu, overlay_place
from .overlay_settings import settings
from .session import live

_REACH = 5.0  # How near the edge counts as on it [px].
_THICKNESS = 3.0  # Of the edge while the pointer is on it [px].
_COLOUR = (1.0, 1.0, 1.0, 0.9)


def _view(context: Context) -> PictureView | None:
    """Return how the picture lies in the region that is looked at, if it is there."""
    space: Any = context.space_data
    if not overlay_place.is_home(context) or not space.overlay.show_overlays:
        return None
    return live.overlay.view(context)


class VITPOSE_GT_edge(Gizmo):
    bl_idname = "VITPOSE_GT_edge"

    def setup(self) -> None:
        self.use_draw_modal = True

    def draw(self, context: Context) -> None:
        view = _view(context)
        if view is not None and (self.is_highlight or self.is_modal):
            thickness = _THICKNESS * access.preferences().system.ui_scale
            for edge in view.inner_edges(thickness):
                overlay_gpu.draw_rect(edge, _COLOUR)

    def test_select(self, context: Context, location: Any) -> int:
        """Return 0 where the pointer is on an inner edge, -1 elsewhere.

        Args:
            context: Of the region under the pointer.
            location: Of the pointer in that region, shape `(2,)` [px].
        """
        view = _view(context)
        if view is None:
            return -1
        reach = _REACH * access.preferences().system.ui_scale
        edges = view.inner_edges(2 * reach)
        return 0 if any(edge.contains(*location) for edge in edges) else -1

    def invoke(self, context: Context, event: Event) -> Any:
        view = _view(context)
        if view is None:
            return {"CANCELLED"}
        x, y = view.grip
        self._former = settings(access.scene()).size
        self._to_grip = x - event.mouse_region_x, y - event.mouse_region_y
        return {"RUNNING_MODAL"}

    def modal(self, context: Context, event: Event, tweak: Any) -> Any:
        view = _view(context)
        if view is not None:
            x = event.mouse_region_x + self._to_grip[0]
            y = event.mouse_region_y + self._to_grip[1]
            settings(access.scene()).size = view.resized(x, y).share
        return {"RUNNING_MODAL"}

    def exit(self, context: Context, cancel: Any) -> None:
        if cancel:
            settings(access.scene()).size = self._former


class VITPOSE_GGT_edge(GizmoGroup):
    bl_idname = "VITPOSE_GGT_edge"
    bl_label = "Edge of the Camera's Picture"
    bl_space_type = "VIEW_3D"
    bl_region_type = "WINDOW"
    bl_options = {"PERSISTENT"}

    @classmethod
    def poll(cls, context: Context) -> bool:
        return live.overlay.is_drawing and settings(access.scene()).show

    def setup(self, context: Context) -> None:
        self.gizmos.new(VITPOSE_GT_edge.bl_idname)


register, unregister = bpy.utils.register_classes_factory(
    (VITPOSE_GT_edge, VITPOSE_GGT_edge)
)
