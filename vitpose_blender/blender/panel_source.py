# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the person is seen: camera, video, stream, another machine, a take."""

from collections.abc import Callable, Mapping

import bpy
from bpy.types import Context, Panel, UILayout

from . import access
from .capture_settings import VitposeCapture, settings
from .panel_parts import InSidebar, draw_button
from .session import live

_PICTURE_SCALE = 8.0  # Of the small picture, in rows of buttons.


class VITPOSE_PT_source(InSidebar, Panel):
    bl_label = "Source"
    bl_order = 1

    def draw(self, context: Context) -> None:
        layout = self.layout
        assert layout is not None
        layout.use_property_split = True
        layout.use_property_decorate = False
        capture = settings(access.scene())
        column = layout.column()
        column.enabled = not live.is_running
        column.prop(capture, "source", text="Type")
        _DRAWN[capture.source](column, capture)


class VITPOSE_PT_preview(InSidebar, Panel):
    bl_label = "Preview"
    bl_parent_id = "VITPOSE_PT_source"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: Context) -> None:
        layout = self.layout
        assert layout is not None
        picture = live.monitor.picture
        # Its place is kept free, so that Stop is where Start was.
        icon = picture.icon_id if picture is not None else 0
        layout.template_icon(icon, scale=_PICTURE_SCALE)
        if picture is None:
            layout.label(text="Shows the picture while capturing", icon="INFO")
        else:
            layout.label()


class VITPOSE_PT_lens(InSidebar, Panel):
    bl_label = "Lens and Position"
    bl_parent_id = "VITPOSE_PT_source"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: Context) -> bool:
        # The other machine tells with its packets how its camera stands.
        return settings(access.scene()).source != "UDP"

    def draw(self, context: Context) -> None:
        layout = self.layout
        assert layout is not None
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.enabled = not live.is_running
        capture = settings(access.scene())
        column = layout.column(align=True)
        column.prop(capture, "fov")
        column.prop(capture, "tilt")
        if capture.source in ("VIDEO", "RECORDED"):
            layout.prop(capture, "fps")


def _draw_camera(layout: UILayout, capture: VitposeCapture) -> None:
    row = layout.row(align=True)
    row.prop(capture, "camera")
    row.operator("vitpose.find_cameras", text="", icon="FILE_REFRESH")
    if live.cameras.found == ():
        layout.label(text="No camera is plugged in", icon="INFO")


def _draw_video(layout: UILayout, capture: VitposeCapture) -> None:
    _draw_file(layout, capture, "video")
    layout.operator("vitpose.sample_clip", icon="SEQUENCE")


def _draw_stream(layout: UILayout, capture: VitposeCapture) -> None:
    layout.prop(capture, "url")


def _draw_udp(layout: UILayout, capture: VitposeCapture) -> None:
    column = layout.column(align=True)
    column.prop(capture, "host")
    column.prop(capture, "port")


def _draw_recorded(layout: UILayout, capture: VitposeCapture) -> None:
    _draw_file(layout, capture, "recorded")
    _draw_file(layout, capture, "footage")


_DRAWN: Mapping[str, Callable[[UILayout, VitposeCapture], None]] = {
    "CAMERA": _draw_camera,
    "VIDEO": _draw_video,
    "STREAM": _draw_stream,
    "UDP": _draw_udp,
    "RECORDED": _draw_recorded,
}


def _draw_file(layout: UILayout, capture: VitposeCapture, setting: str) -> None:
    row = layout.row(align=True)
    row.prop(capture, setting)
    draw_button(row, "vitpose.choose_file", "", "FILEBROWSER", setting=setting)


register, unregister = bpy.utils.register_classes_factory(
    (VITPOSE_PT_source, VITPOSE_PT_preview, VITPOSE_PT_lens)
)
