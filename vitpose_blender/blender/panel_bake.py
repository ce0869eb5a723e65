# SPDX-License-Identifier: GPL-3.0-or-later
"""Baking in the sidebar: which motion, which part of it, and where it goes."""

import bpy
from bpy.types import Context, Panel, UILayout

from . import access, take_list, take_settings
from .operators.bake import bake_refusal
from .operators.stepwise import running
from .panel_parts import InSidebar, draw_text
from .take_settings import VitposeTakes


class VITPOSE_PT_bake(InSidebar, Panel):
    bl_label = "Bake"
    bl_order = 4

    def draw(self, context: Context) -> None:
        layout = self.layout
        assert layout is not None
        layout.use_property_split = True
        layout.use_property_decorate = False
        settings = take_settings.settings(access.scene())
        item = take_list.active_item()
        if item is not None:
            row = layout.row()
            row.label(text=item.name, icon="ACTION")
        reason = bake_refusal(context)
        if reason and not running:
            draw_text(layout, context, reason, "INFO")
        _draw_motion(layout, settings)
        _draw_time(layout, settings)
        column = layout.column()
        column.prop(settings, "target")
        column.prop(settings, "action", placeholder="Character and take")
        _draw_parts(layout, settings)
        _draw_buttons(layout)


def _draw_motion(layout: UILayout, settings: VitposeTakes) -> None:
    column = layout.column()
    column.prop(settings, "mode")
    if settings.mode == "SOLVED":
        column.prop(settings, "preset")
        column.prop(settings, "lifter")
        row = column.row()
        row.use_property_split = False
        row.operator("vitpose.solve_again", icon="FILE_REFRESH")
        row = column.row()
        row.use_property_split = False
        row.operator("vitpose.detect_again", icon="VIEWZOOM")
    column.prop(settings, "person")


def _draw_time(layout: UILayout, settings: VitposeTakes) -> None:
    column = layout.column()
    column.prop(settings, "range")
    if settings.range == "SECONDS":
        column.prop(settings, "start")
        column.prop(settings, "end")
    column.prop(settings, "begin")
    column.prop(settings, "rate")
    if settings.rate == "OWN":
        column.prop(settings, "fps", text="a Second")


def _draw_parts(layout: UILayout, settings: VitposeTakes) -> None:
    column = layout.column(align=True)
    column.use_property_split = False
    column.label(text="Body Parts")
    for names in (("HIPS", "TRUNK", "HEAD"), ("LEFT_ARM", "RIGHT_ARM"),
                  ("LEFT_LEG", "RIGHT_LEG")):  # fmt: skip
        row = column.row(align=True)
        for name in names:
            row.prop_enum(settings, "parts", name)


def _draw_buttons(layout: UILayout) -> None:
    if running:
        job = running[0]
        layout.progress(factor=job.share, text=f"{job.title}: {job.share:.0%}")
        layout.label(text="Esc stops and changes nothing")
        return
    column = layout.column(align=True)
    row = column.row(align=True)
    row.scale_y = 1.4
    row.operator("vitpose.bake", icon="KEY_HLT")
    column.operator("vitpose.key_pose", icon="KEYFRAME")


register, unregister = bpy.utils.register_classes_factory((VITPOSE_PT_bake,))
