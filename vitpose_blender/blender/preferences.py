# SPDX-License-Identifier: GPL-3.0-or-later
"""The extension's page in Blender's preferences."""

import bpy
from bpy.types import AddonPreferences, Context

from . import rig_choice, user_files
from .panel_parts import draw_button


class VitposePreferences(AddonPreferences):
    bl_idname = user_files.ROOT_PACKAGE

    def draw(self, context: Context) -> None:
        layout = self.layout
        assert layout is not None
        folder = rig_choice.user_folder()
        if folder is not None:
            row = layout.row()
            row.label(text=f"Your own bone maps: {folder}", icon="ARMATURE_DATA")
            path = str(folder)
            draw_button(row, "wm.path_open", "", "FILE_FOLDER", filepath=path)


register, unregister = bpy.utils.register_classes_factory((VitposePreferences,))
