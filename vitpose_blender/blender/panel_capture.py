# SPDX-License-Identifier: GPL-3.0-or-later
"""Start and Stop, how the character follows, and how the capture fares meanwhile."""

import math
from collections.abc import Iterator
from typing import Any

import bpy
from bpy.types import Context, Panel, UILayout, UIList

from ..live.config import Status
from . import access
from .capture_settings import VitposeCapture, listed_actors, settings
from .operators.capture import start_refusal
from .panel_parts import InSidebar, draw_button, draw_rows, draw_text
from .session import CALM, live
from .user_files import ROOT_PACKAGE

_ENGINES = {"process": "Separate process", "thread": "In Blender"}


class VITPOSE_PT_capture(InSidebar, Panel):
    bl_label = "Capture"
    bl_order = 2

    def draw(self, context: Context) -> None:
        layout = self.layout
        assert layout is not None
        status = live.status()
        _draw_switch(layout, context)
        _draw_message(layout, context, status)
        if live.is_running:
            _draw_status(layout.box().column(align=True), context, status)
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        column.enabled = not live.is_running
        _draw_manner(column, settings(access.scene()))


class VITPOSE_PT_actors(InSidebar, Panel):
    bl_label = "Several Characters"
    bl_parent_id = "VITPOSE_PT_capture"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: Context) -> None:
        layout = self.layout
        assert layout is not None
        capture = settings(access.scene())
        row = layout.row()
        row.template_list(  # The active row is whom a picked person is given to.
            "VITPOSE_UL_actors", "", capture, "actors", capture, "active_actor", rows=3
        )
        column = row.column(align=True)
        column.enabled = not live.is_running
        column.operator("vitpose.actor_add", text="", icon="ADD")
        column.operator("vitpose.actor_remove", text="", icon="REMOVE")
        if not capture.actors:
            hint = "Give each person in the picture a character of their own"
            draw_text(layout, context, hint, "INFO")


class VITPOSE_UL_actors(UIList):
    def draw_item(  # noqa: PLR0913, PLR0917  Blender's own list of arguments.
        self,
        context: Context | None,
        layout: UILayout,
        data: Any | None,
        item: Any | None,
        icon: int | None,
        active_data: Any,
        active_property: str | None,
        index: int | None,
        flt_flag: int | None,
    ) -> None:
        """Draw a row: the character and the number of its person."""
        row = layout.split(factor=0.7, align=True)
        row.alert = item not in listed_actors(access.scene())
        assert item is not None
        if live.is_running:  # A row can be chosen, but not changed.
            row.label(
                text=item.armature.name if item.armature else "",
                icon="OUTLINER_OB_ARMATURE",
            )
            row.label(text=str(item.person))
            return
        row.prop(item, "armature", text="", icon="OUTLINER_OB_ARMATURE")
        row.prop(item, "person", text="")


def _draw_switch(layout: UILayout, context: Context) -> None:
    row = layout.row()
    row.scale_y = 1.6
    if live.is_running:
        row.alert = True
        row.operator("vitpose.stop", icon="SNAP_FACE")
        return
    row.operator("vitpose.start", icon="PLAY")
    if reason := start_refusal(context):
        draw_text(layout, context, reason, "INFO")


def _draw_message(layout: UILayout, context: Context, status: Status) -> None:
    if status.message:
        is_calm = status.message.startswith(CALM)
        draw_text(layout, context, status.message, "INFO" if is_calm else "ERROR")
    if "preferences" in status.message:
        values = {"module": ROOT_PACKAGE}
        draw_button(
            layout, "preferences.addon_show", "Preferences", "PREFERENCES", **values
        )


def _draw_status(layout: UILayout, context: Context, status: Status) -> None:
    if status.state == "starting":
        stage = status.stage or "starting"
        draw_text(layout, context, f"{stage[:1].upper()}{stage[1:]}...", "TIME")
        return
    draw_rows(layout, status_lines(status))
    for sentence in filter(None, (status.dropped, status.stage)):
        draw_text(layout, context, sentence, "INFO")


def status_lines(status: Status) -> Iterator[tuple[str, str]]:
    """Yield what is told of a running capture, as label and text.

    The same labels all the time: a row that came and went would move the buttons below
    it while somebody presses them.
    """
    yield "Rate", f"{status.fps:.1f} fps"
    if math.isfinite(status.latency):
        yield "Latency", f"{status.latency * 1000:.0f} ms"
    yield "Detection", f"{status.confidence:.0%} sure" if status.people else "None"
    numbers = ", ".join(map(str, status.people))
    yield "Person" if len(status.people) == 1 else "People", numbers or "Nobody seen"
    yield "Dropped", f"{status.num_dropped} of {status.num_frames + status.num_dropped}"
    if status.device:
        yield "Device", status.device
    if status.engine:
        yield "Engine", _ENGINES[status.engine]


def _draw_manner(layout: UILayout, capture: VitposeCapture) -> None:
    layout.prop(capture, "body")
    layout.prop(capture, "preset")
    if not listed_actors(access.scene()):
        layout.prop(capture, "person")
    column = layout.column(heading="Options", align=True)
    column.prop(capture, "mirror")
    column.prop(capture, "hands_meet")
    column.prop(capture, "keeps_binding")


register, unregister = bpy.utils.register_classes_factory(
    (VITPOSE_UL_actors, VITPOSE_PT_capture, VITPOSE_PT_actors)
)
