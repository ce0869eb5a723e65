# SPDX-License-Identifier: GPL-3.0-or-later
"""Exporting in the sidebar: a format and a button."""

import bpy
from bpy.types import Context, Panel

from . import access, take_settings
from .operators.export import export_refusal
from .panel_parts import InSidebar, draw_text


class VITPOSE_PT_export(InSidebar, Panel):
    bl_label = "Export"
    bl_order = 5

    def draw(self, context: Context) -> None:
        layout = self.layout
        assert layout is not None
        settings = take_settings.settings(access.scene())
        reason = export_refusal(context)
        if reason:
            draw_text(layout, context, reason, "INFO")
        row = layout.row(align=True)
        row.prop(settings, "format", expand=True)
        layout.operator("vitpose.export", text="Export...", icon="EXPORT")


register, unregister = bpy.utils.register_classes_factory((VITPOSE_PT_export,))
