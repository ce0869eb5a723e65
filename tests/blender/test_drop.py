# SPDX-License-Identifier: GPL-3.0-or-later
"""Files dropped into the 3D view are characters."""

from types import SimpleNamespace

import bpy
import pytest

from vitpose_blender.blender.drop import VITPOSE_FH_blend, VITPOSE_FH_character
from vitpose_blender.blender.load import SUFFIXES
from vitpose_blender.data_files import data_folder


def test_every_character_format_can_be_dropped():
    handled = set(VITPOSE_FH_character.bl_file_extensions.split(";"))
    assert handled == set(SUFFIXES) >= {".glb", ".gltf", ".vrm", ".fbx", ".blend"}


def test_a_dropped_blend_can_still_be_opened():
    """Else the extension would take Blender's own choice away."""
    properties = bpy.ops.wm.drop_blend_file.get_rna_type().properties
    assert VITPOSE_FH_blend.bl_import_operator == "wm.drop_blend_file"
    assert ".blend" in VITPOSE_FH_blend.bl_file_extensions
    assert "filepath" in properties


def test_the_drop_calls_the_operator_that_loads():
    name = VITPOSE_FH_character.bl_import_operator
    module, function = name.split(".")
    operator = getattr(getattr(bpy.ops, module), function)
    assert "filepath" in operator.get_rna_type().properties


@pytest.mark.parametrize(
    ("area", "is_taken"), [("VIEW_3D", True), ("NODE_EDITOR", False)]
)
def test_only_the_3d_view_takes_it(area, is_taken):
    context = SimpleNamespace(area=SimpleNamespace(type=area))
    assert VITPOSE_FH_character.poll_drop(context) is is_taken


def test_without_an_area_nothing_is_taken():
    assert not VITPOSE_FH_character.poll_drop(SimpleNamespace(area=None))


def test_a_dropped_file_loads_without_a_file_browser():
    """Blender invokes the import operator with the path of what was dropped."""
    path = data_folder("resources") / "characters" / "mannequin.glb"
    result = bpy.ops.vitpose.load_character("INVOKE_DEFAULT", filepath=str(path))
    assert result == {"FINISHED"}
    assert bpy.context.scene.vitpose.armature is not None
