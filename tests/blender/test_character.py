# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters in the open scene: how they are at rest, where they stand."""

import bpy
import numpy as np
import pytest
from mathutils import Matrix

from tests.blender.rigs import PREFIX, SMALL_AND_TURNED, add_humanoid
from vitpose_blender.blender import character, load
from vitpose_blender.core.errors import CharacterError, RigError, VitposeError
from vitpose_blender.data_files import data_folder

MANNEQUIN = data_folder("resources") / "characters" / "mannequin.glb"


def test_the_mannequin_stands_on_the_floor_and_faces_us():
    rest = character.read_rig_rest(load.load_character(MANNEQUIN))
    assert rest.floor == pytest.approx(0.0, abs=1e-3)
    np.testing.assert_allclose(rest.facing, np.eye(3), atol=1e-6)
    assert {limb.name for limb in rest.limbs} == {
        "left_arm", "right_arm", "left_leg", "right_leg"
    }  # fmt: skip


def test_a_scaled_and_turned_armature_reads_the_same_in_the_world():
    plain = character.read_rig_rest(add_humanoid("Plain"))
    small = character.read_rig_rest(add_humanoid("Small", world=SMALL_AND_TURNED))
    for of_bones in ("heads", "tails"):
        points = [rest.to_world(getattr(rest, of_bones)) for rest in (small, plain)]
        np.testing.assert_allclose(*points, atol=1e-5)
    np.testing.assert_allclose(
        small.rotations @ small.rotations.swapaxes(-1, -2),
        np.tile(np.eye(3), (len(small.names), 1, 1)),
        atol=1e-5,
    )
    assert small.floor == pytest.approx(plain.floor, abs=1e-3)
    assert small.leg_length == pytest.approx(plain.leg_length, abs=1e-5)


def test_a_posed_character_is_read_at_rest():
    armature = add_humanoid()
    before = character.read_rig_rest(armature)
    armature.pose.bones[f"{PREFIX}LeftArm"].rotation_quaternion = (0.7, 0.7, 0, 0)
    bpy.context.view_layer.update()
    np.testing.assert_array_equal(character.read_rig_rest(armature).heads, before.heads)


def test_the_floor_is_the_lowest_point_of_the_skin():
    armature = add_humanoid()
    skin = bpy.data.objects["Skin"]
    skin.data.vertices[0].co.z = -0.07
    assert character.read_skeleton(armature).floor == pytest.approx(-0.07)


def test_meshes_that_hang_on_bones_stand_on_the_floor_too():
    armature = add_humanoid()
    skin = bpy.data.objects["Skin"]
    skin.modifiers.clear()
    skin.parent_type, skin.parent_bone = "BONE", f"{PREFIX}Hips"
    skin.matrix_world = Matrix.Translation((0, 0, -0.1))
    bpy.context.view_layer.update()
    lowest = min(vertex.co.z for vertex in skin.data.vertices)
    assert character.read_skeleton(armature).floor == pytest.approx(lowest - 0.1)


def test_without_a_mesh_the_floor_is_under_the_lowest_joint():
    armature = add_humanoid()
    bpy.data.objects.remove(bpy.data.objects["Skin"])
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")  # An importer may guess tails anywhere.
    armature.data.edit_bones[f"{PREFIX}LeftToeBase"].tail.z = -0.5
    bpy.ops.object.mode_set(mode="OBJECT")
    assert character.read_skeleton(armature).floor == pytest.approx(0.02)


def test_a_rig_map_is_found_by_name_or_by_path(tmp_path):
    own = tmp_path / "own.toml"
    own.write_bytes((data_folder("rigs") / "mixamo.toml").read_bytes())
    armature = add_humanoid()
    for rig in ("", "mixamo", "Mixamo", str(own)):
        assert len(character.read_rig_rest(armature, rig).names) == 22


def test_a_rig_map_that_does_not_exist_is_named(tmp_path):
    armature = add_humanoid()
    with pytest.raises(CharacterError, match=r"there are .*mannequin.*, mixamo"):
        character.read_rig_rest(armature, "octopus")
    with pytest.raises(VitposeError, match="Cannot read the rig map"):
        character.read_rig_rest(armature, str(tmp_path / "none.toml"))


def test_a_rig_map_of_another_family_names_what_is_missing():
    with pytest.raises(RigError, match="no bone 'calf_l'"):
        character.read_rig_rest(add_humanoid(), "unreal")
