# SPDX-License-Identifier: GPL-3.0-or-later
"""How the capture is shown in the 3D view, and picking a person there."""

import bpy
from bpy.types import Context, Panel

from . import access
from .overlay_settings import settings
from .panel_parts import InSidebar


class VITPOSE_PT_overlay(InSidebar, Panel):
    bl_label = "Overlay"
    bl_parent_id = "VITPOSE_PT_capture"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: Context) -> None:
        layout = self.layout
        assert layout is not None
        layout.use_property_split = True
        layout.use_property_decorate = False
        chosen = settings(access.scene())
        column = layout.column(heading="Show")
        column.prop(chosen, "show")
        column = layout.column()
        column.enabled = chosen.show
        column.prop(chosen, "corner")
        row = column.row(align=True)
        row.prop(chosen, "size")
        row.operator("vitpose.resize_picture", text="", icon="ARROW_LEFTRIGHT")
        column.prop(chosen, "opacity")
        layout.column(heading="Ghost").prop(chosen, "ghost")
        row = layout.row()
        row.enabled = chosen.ghost
        row.prop(chosen, "ghost_place", expand=True)
        layout.operator("vitpose.pick_person", icon="EYEDROPPER")


register, unregister = bpy.utils.register_classes_factory((VITPOSE_PT_overlay,))
