# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports FBX, by whichever of Blender's two importers reads the file."""

from pathlib import Path

import bpy

from ..core.errors import CharacterError
from ..core.files.character_file import fbx_version, read_head
from ..core.files.fbx_file import check_fbx

_OLDEST = 7100  # Version of the oldest FBX that the add-on reads.


def import_fbx(path: Path) -> None:
    """Add the content of an .fbx file to the scene, but not its animation.

    Raises:
        CharacterError: This Blender reads no such FBX.
    """
    version = fbx_version(read_head(path))
    if "fbx_import" in dir(bpy.ops.wm):  # Since 4.5; reads any FBX.
        bpy.ops.wm.fbx_import(filepath=str(path), use_anim=False)
    elif version < _OLDEST:
        kind = f"an FBX of version {version / 1000:g}" if version else "an FBX in text"
        raise CharacterError(
            f"{path.name} is {kind}, which this Blender cannot read: export it as "
            "binary FBX of 2011 or later, or use Blender 4.5 or later"
        )
    elif "fbx" in dir(bpy.ops.import_scene):
        check_fbx(path)
        bpy.ops.import_scene.fbx(filepath=str(path), use_anim=False)
    else:
        raise CharacterError(
            f"Blender cannot read {path.name}: enable the FBX add-on in the preferences"
        )
