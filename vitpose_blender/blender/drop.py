# SPDX-License-Identifier: GPL-3.0-or-later
"""Dropping a character's file into the 3D view loads it."""

import bpy
from bpy.types import Context, FileHandler

from . import load
from .operators.character import VITPOSE_OT_load_character


def _is_over_3d_view(context: Context | None) -> bool:
    area = context.area if context else None
    return area is not None and area.type == "VIEW_3D"


class VITPOSE_FH_character(FileHandler):
    bl_idname = "VITPOSE_FH_character"
    bl_label = "ViTPose Character"
    bl_import_operator = VITPOSE_OT_load_character.bl_idname
    bl_file_extensions = ";".join(load.SUFFIXES)

    @classmethod
    def poll_drop(cls, context: Context | None) -> bool:
        return _is_over_3d_view(context)


class VITPOSE_FH_blend(FileHandler):
    """Keeps Blender's own way with a dropped .blend: with two, it lets users choose."""

    bl_idname = "VITPOSE_FH_blend"
    bl_label = "Blender File"
    bl_import_operator = "wm.drop_blend_file"
    bl_file_extensions = ".blend"

    @classmethod
    def poll_drop(cls, context: Context | None) -> bool:
        return _is_over_3d_view(context)


register, unregister = bpy.utils.register_classes_factory(
    (VITPOSE_FH_character, VITPOSE_FH_blend)
)
