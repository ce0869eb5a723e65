# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters from files: what is read, what is kept, what is refused in a sentence."""

import logging

import bpy
import numpy as np
import pytest

from tests.blender.rigs import PREFIX, SMALL_AND_TURNED, add_humanoid, heads
from tests.humanoid import humanoid_bones
from vitpose_blender.blender import character
from vitpose_blender.core.errors import CharacterError, RigError, VitposeError
from vitpose_blender.data_files import data_folder

MANNEQUIN = data_folder("resources") / "characters" / "mannequin.glb"


def cube():
    mesh = bpy.data.meshes.new("Cube")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    item = bpy.data.objects.new("Cube", mesh)
    bpy.context.scene.collection.objects.link(item)
    return item


def save(path):
    """Write the open scene in the path's format, then forget it."""
    if path.suffix == ".blend":
        bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True)
    elif path.suffix == ".fbx":
        bpy.ops.export_scene.fbx(filepath=str(path), add_leaf_bones=False)
    else:
        bpy.ops.export_scene.gltf(filepath=str(path), export_format="GLB")
    character.open_empty_scene()
    return path


def refused(path):
    """Return the sentence with which a file is refused."""
    with pytest.raises(CharacterError) as caught:
        character.load_character(path)
    sentence = str(caught.value)
    assert path.name in sentence
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize("suffix", [".glb", ".blend", ".fbx"])
def test_every_format_brings_the_skeleton(tmp_path, suffix):
    add_humanoid()
    armature = character.load_character(save(tmp_path / f"hero{suffix}"))
    found = heads(armature)
    for name, (_, head, _) in humanoid_bones(PREFIX).items():
        np.testing.assert_allclose(found[name], head, atol=1e-4, err_msg=name)


def test_a_suffix_in_capitals_is_the_same(tmp_path):
    add_humanoid()
    path = save(tmp_path / "hero.glb").rename(tmp_path / "HERO.GLB")
    assert character.load_character(path).type == "ARMATURE"


def test_a_vrm_is_read_as_the_gltf_it_is(tmp_path):
    add_humanoid()
    path = save(tmp_path / "hero.glb").rename(tmp_path / "hero.vrm")
    assert len(character.load_character(path).data.bones) == 22


def test_the_mannequin_stands_on_the_floor_and_faces_us():
    rest = character.read_rig_rest(character.load_character(MANNEQUIN))
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


def test_without_a_skin_the_floor_is_under_the_lowest_bone():
    armature = add_humanoid()
    bpy.data.objects.remove(bpy.data.objects["Skin"])
    assert character.read_skeleton(armature).floor == pytest.approx(0.02)


def test_a_blend_keeps_the_rest_of_its_scene(tmp_path):
    add_humanoid()
    cube()
    bpy.context.scene.render.fps = 48
    bpy.data.collections.new("Props").use_fake_user = True
    path = save(tmp_path / "scene.blend")
    character.load_character(path)
    assert {"Hero", "Skin", "Cube"} <= set(bpy.data.objects.keys())
    assert "Props" in bpy.data.collections
    assert bpy.context.scene.render.fps == 48


def test_other_formats_are_added_to_the_open_scene():
    cube()
    add_humanoid("Already")
    armature = character.load_character(MANNEQUIN)
    assert armature.name != "Already"
    assert {"Cube", "Already"} <= set(bpy.data.objects.keys())


def test_of_several_armatures_the_one_with_most_bones_is_taken(tmp_path, caplog):
    stick = bpy.data.objects.new("Stick", bpy.data.armatures.new("Stick"))
    bpy.context.scene.collection.objects.link(stick)
    bpy.context.view_layer.objects.active = stick
    bpy.ops.object.mode_set(mode="EDIT")
    stick.data.edit_bones.new("a").tail = (0, 0, 1)
    bpy.ops.object.mode_set(mode="OBJECT")
    add_humanoid("Hero")
    path = save(tmp_path / "two.blend")
    with caplog.at_level(logging.WARNING):
        assert character.load_character(path).name == "Hero"
    assert "has 2 armatures" in caplog.text


@pytest.mark.parametrize("suffix", [".glb", ".blend", ".fbx"])
def test_a_file_without_a_skeleton_is_refused(tmp_path, suffix):
    cube()
    assert "has no skeleton" in refused(save(tmp_path / f"cube{suffix}"))


def test_an_armature_without_bones_is_no_skeleton(tmp_path):
    empty = bpy.data.objects.new("Empty", bpy.data.armatures.new("Empty"))
    bpy.context.scene.collection.objects.link(empty)
    assert "has no skeleton" in refused(save(tmp_path / "empty.blend"))


@pytest.mark.parametrize("suffix", [".glb", ".gltf", ".vrm", ".fbx", ".blend"])
@pytest.mark.parametrize(
    "content", [b"", b"I am text.\n", b"glTF\x02\0\0\0", b"\xff" * 400],
    ids=["nothing", "text", "truncated", "noise"],
)  # fmt: skip
def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path, suffix, content):
    path = tmp_path / f"hero{suffix}"
    path.write_bytes(content)
    assert "Blender cannot read" in refused(path)


def test_half_a_glb_is_refused(tmp_path):
    path = tmp_path / "half.glb"
    data = MANNEQUIN.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    assert "Blender cannot read" in refused(path)


def test_a_refused_file_leaves_the_scene_as_it_was(tmp_path):
    add_humanoid()
    before = sorted(bpy.data.objects.keys())
    path = tmp_path / "half.glb"
    data = MANNEQUIN.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    refused(path)
    assert sorted(bpy.data.objects.keys()) == before


def test_a_missing_file_is_named(tmp_path):
    assert "There is no character file" in refused(tmp_path / "none.glb")
    (tmp_path / "folder.glb").mkdir()
    assert "There is no character file" in refused(tmp_path / "folder.glb")


def test_another_format_is_refused_with_those_that_work(tmp_path):
    path = tmp_path / "hero.obj"
    path.write_text("v 0 0 0")
    assert "use one of .glb, .gltf, .vrm, .fbx, .blend" in refused(path)


def test_a_rig_map_is_found_by_name_or_by_path(tmp_path):
    own = tmp_path / "own.toml"
    own.write_bytes((data_folder("rigs") / "mixamo.toml").read_bytes())
    armature = add_humanoid()
    for rig in ("", "mixamo", "Mixamo", str(own)):
        assert len(character.read_rig_rest(armature, rig).names) == 22


def test_a_rig_map_that_does_not_exist_is_named(tmp_path):
    armature = add_humanoid()
    with pytest.raises(CharacterError, match="there are cmu, mannequin, mixamo"):
        character.read_rig_rest(armature, "octopus")
    with pytest.raises(VitposeError, match="Cannot read the rig map"):
        character.read_rig_rest(armature, str(tmp_path / "none.toml"))


def test_a_rig_map_of_another_family_names_what_is_missing():
    with pytest.raises(RigError, match="no bone 'calf_l'"):
        character.read_rig_rest(add_humanoid(), "unreal")


@pytest.mark.parametrize("folder", ["in", "broken", "out_4.5", "out_4.5/blend"])
def test_any_vrm_gives_an_armature_or_one_sentence(shared, folder):
    paths = sorted((shared / "data" / "rigs" / "vrm" / folder).glob("*.vrm"))
    if not paths:
        pytest.skip("no VRM files among the shared data")
    sentences = []
    for path in paths:
        character.open_empty_scene()
        try:
            armature = character.load_character(path)
            assert armature.data.bones
            character.read_rig_rest(armature)
        except VitposeError as error:
            sentences.append(str(error))
    assert not [text for text in sentences if "\n" in text or len(text) < 20]


@pytest.mark.parametrize(
    "name", ["ozz_pab/skeleton.fbx", "kaykit/mannequin_v2/manny_med_mod.gltf"]
)
def test_foreign_skeletons_are_read(shared, name):
    path = shared / "data" / "rigs" / name
    if not path.is_file():
        pytest.skip(f"{name} is not among the shared data")
    skeleton = character.read_skeleton(character.load_character(path))
    assert len(skeleton.names) > 15
    height = np.ptp(skeleton.heads[:, 2])
    assert 0.3 < height < 3
    np.testing.assert_allclose(
        skeleton.rotations @ skeleton.rotations.swapaxes(-1, -2),
        np.tile(np.eye(3), (len(skeleton.names), 1, 1)),
        atol=1e-5,
    )
