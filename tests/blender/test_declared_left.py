# SPDX-License-Identifier: GPL-3.0-or-later
"""What a VRM says of its front is kept on its bones, whatever becomes of them."""

import math

import bpy
import numpy as np
import pytest

from tests.vrm_files import humanoid_document, humanoid_vrm
from vitpose_blender.blender import character, load, rig_choice
from vitpose_blender.blender.declared_left import LEFT_MARK
from vitpose_blender.core.errors import RigError
from vitpose_blender.core.files.gltf_file import write_glb
from vitpose_blender.data_files import data_folder

MANNEQUIN = data_folder("resources") / "characters" / "mannequin.glb"

each_version = pytest.mark.parametrize("version", [0, 1])


def flat_nodes(version):
    """A body in one plane, without toes: nothing in it tells its front."""
    nodes = humanoid_document(version)["nodes"]
    for node in nodes:
        if "translation" in node:
            node["translation"][2] = 0.0
        if node["name"].endswith("ToeBase"):  # Below the middle of the foot.
            node["translation"] = [0.0, -0.01, 0.0]
    return nodes


@pytest.fixture
def load_flat(tmp_path):
    def load_one(version=1, written=None):
        path = tmp_path / "flat.vrm"
        nodes = flat_nodes(version if written is None else written)
        write_glb(path, humanoid_vrm(version, nodes=nodes))
        return load.load_character(path)

    return load_one


def hide_names(armature):
    """Give every bone a name that says nothing; returns the old ones by the new."""
    bones = armature.data.bones
    olds = list(bones.keys())
    for row, old in enumerate(olds):
        bones[old].name = f"bone {row}"
    return {f"bone {row}": old for row, old in enumerate(olds)}


def apply_transforms(armature):
    bpy.ops.object.select_all(action="DESELECT")
    bpy.context.view_layer.objects.active = armature
    armature.select_set(True)
    bpy.ops.object.transform_apply(location=True, rotation=True, scale=True)


def roll_bones(armature):
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    for row, bone in enumerate(armature.data.edit_bones):
        bone.roll += 1.0 + row
    bpy.ops.object.mode_set(mode="OBJECT")


@each_version
@pytest.mark.parametrize("turn", [0.0, 100.0, 180.0])
@pytest.mark.parametrize("change", [None, apply_transforms, roll_bones])
def test_a_flat_vrm_is_recognised_without_names(load_flat, version, turn, change):
    armature = load_flat(version)
    armature.rotation_mode = "XYZ"
    armature.rotation_euler.z += math.radians(turn)
    bpy.context.view_layer.update()
    if change:
        change(armature)
    olds = hide_names(armature)
    found = rig_choice.choose_rig(armature).bones
    assert olds[found["left_forearm"][0]] == "LeftForeArm"
    assert olds[found["right_shin"][0]] == "RightLeg"


def test_the_mark_is_on_the_left(load_flat):
    for version, sign in ((0, -1), (1, 1)):
        (place,) = character.read_skeleton(load_flat(version)).lefts
        assert place[0] * sign > 0.3


def test_a_file_whose_bones_contradict_its_format_declares_nothing(load_flat):
    armature = load_flat(version=0, written=1)  # Faces as VRM 1 has it.
    assert len(character.read_skeleton(armature).lefts) == 0
    hide_names(armature)
    with pytest.raises(RigError, match="Nothing tells which side"):
        rig_choice.choose_rig(armature)


def test_other_files_declare_nothing():
    armature = load.load_character(MANNEQUIN)
    assert not [bone for bone in armature.data.bones if LEFT_MARK in bone]


def test_vertices_are_read_where_the_world_shows_them():
    armature = load.load_character(MANNEQUIN)
    skin = character.read_skeleton(armature).skin
    assert 1.6 < np.ptp(skin[:, 2]) < 1.9
    armature.scale *= 2.0
    bpy.context.view_layer.update()
    grown = character.read_skeleton(armature).skin
    np.testing.assert_allclose(np.ptp(grown, axis=0), 2 * np.ptp(skin, axis=0), 1e-4)
