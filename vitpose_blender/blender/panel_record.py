# SPDX-License-Identifier: GPL-3.0-or-later
"""Recording in the sidebar: one big button, and the list of takes."""

from datetime import datetime
from typing import Any

import bpy
from bpy.types import Context, Panel, UILayout, UIList

from . import access, session, take_list, take_settings
from .panel_parts import InSidebar, draw_button, draw_text
from .take_list import VitposeTakeItem, VitposeTakeList, shelf

_NAME_SHARE = 0.56  # Of a row's width.


class VITPOSE_UL_takes(UIList):
    """Takes with their names, lengths and quality, the newest first."""

    def draw_item(  # type: ignore[override]
        self,
        _context: Context | None,
        layout: UILayout,
        _data: Any,
        item: Any,
        _icon: int | None,
        _active_data: Any,
        _active_property: str | None,
    ) -> None:
        """Draw one take; the index and the filter's flag are left out, as one may."""
        split = layout.split(factor=_NAME_SHARE)
        is_recorded = item.name == shelf.recording
        split.prop(
            item,
            "title",
            text="",
            emboss=False,
            icon="REC" if is_recorded else "ARMATURE_DATA" if item.solved else "ACTION",
        )
        figures = split.row()
        figures.alignment = "RIGHT"
        if is_recorded:
            figures.label(text="recording")
        elif item.is_read:
            figures.label(text=f"{item.duration:.1f} s")
            figures.label(text=f"{item.quality:.0%}")


class VITPOSE_PT_record(InSidebar, Panel):
    bl_label = "Record"
    bl_order = 3

    def draw(self, context: Context) -> None:
        layout = self.layout
        assert layout is not None
        layout.use_property_split = True
        layout.use_property_decorate = False
        _draw_buttons(layout)
        _draw_cut_short(layout, context)
        takes = take_list.listed()
        _draw_list(layout, takes)
        if takes.message:
            draw_text(layout, context, takes.message, "INFO")
        item = take_list.active_item()
        if item is not None and item.is_read:
            _draw_details(layout, context, item)
        settings = take_settings.settings(access.scene())
        layout.prop(settings, "folder", placeholder="Extension's own")


def _draw_buttons(layout: UILayout) -> None:
    column = layout.column(align=True)
    row = column.row()
    row.scale_y = 1.4
    if session.live.marked is None:
        row.operator("vitpose.record_start", icon="REC")
    else:
        row.operator("vitpose.record_stop", icon="SNAP_FACE", depress=True)
    row = column.row(align=True)
    row.use_property_split = False
    row.operator("vitpose.keep_last", icon="RECOVER_LAST")
    row.prop(take_settings.settings(access.scene()), "seconds", text="")


def _draw_cut_short(layout: UILayout, context: Context) -> None:
    for each in shelf.cut_short:
        box = layout.box().column()
        when = datetime.fromtimestamp(each.last)
        draw_text(
            box,
            context,
            f"A capture was cut short on {when:%d %b, %H:%M}; its end can be had back",
            "ERROR",
        )
        row = box.row(align=True)
        for name, icon in (("take_recover", "FILE_REFRESH"), ("take_forgo", "X")):
            label = "Recover" if name == "take_recover" else "Dismiss"
            draw_button(row, f"vitpose.{name}", label, icon, capture=each.name)


def _draw_list(layout: UILayout, takes: VitposeTakeList) -> None:
    row = layout.row()
    row.template_list(
        "VITPOSE_UL_takes", "", takes, "items", takes, "index", rows=4, maxrows=8
    )
    column = row.column(align=True)
    column.operator("vitpose.take_import", text="", icon="IMPORT")
    column.operator("vitpose.take_delete", text="", icon="TRASH")
    column.separator()
    column.operator("vitpose.takes_folder", text="", icon="FILE_FOLDER")
    column.operator("vitpose.takes_refresh", text="", icon="FILE_REFRESH")


def _draw_details(layout: UILayout, context: Context, item: VitposeTakeItem) -> None:
    column = layout.column(align=True)
    people = f"person {item.people}" if item.people else "nobody"
    figures = f"{item.num_frames} frames, {item.fps:.0f} fps, {people}"
    for text in (item.solved, item.started, item.source, figures):
        if text:
            draw_text(column, context, text)


register, unregister = bpy.utils.register_classes_factory(
    (VITPOSE_UL_takes, VITPOSE_PT_record)
)
