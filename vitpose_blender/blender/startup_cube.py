# SPDX-License-Identifier: GPL-3.0-or-later
"""The cube of Blender's startup file, in which every new character would stand."""

import bpy
import numpy as np
from bpy.types import Mesh, Object

from . import access

_NAME = "Cube"


def hide() -> bool:
    """Hide the cube from view and render, if nobody has touched it; returns whether.

    It stays in the scene. In a file that was saved it is somebody's own.
    """
    cube = access.find_object(_NAME)
    if bpy.data.filepath or cube is None or not _is_untouched(cube):
        return False
    cube.hide_set(True)
    cube.hide_render = True
    return True


def _is_untouched(item: Object) -> bool:
    mesh = item.data
    if not isinstance(mesh, Mesh) or not item.visible_get():
        return False
    is_used = item.parent or item.children or item.animation_data
    has_more = len(item.modifiers) + len(item.constraints) + len(item.vertex_groups)
    if is_used or has_more or mesh.users > 1 or len(mesh.vertices) != 8:
        return False
    corners = np.empty(24, dtype=np.float32)
    mesh.vertices.foreach_get("co", corners)
    at_home = np.allclose(np.array(item.matrix_world), np.eye(4))
    return at_home and np.allclose(np.abs(corners), 1.0)
