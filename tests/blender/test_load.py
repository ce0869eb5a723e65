# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters from files: what is read, what is kept, what is refused in a sentence."""

import contextlib
import json
import logging

import bpy
import numpy as np
import pytest

from tests.blender.rigs import PREFIX, add_humanoid, heads
from tests.fbx_text import humanoid_text
from tests.humanoid import humanoid_bones, humanoid_roles
from tests.vrm_files import TRIANGLE, humanoid_document, humanoid_vrm, with_table
from vitpose_blender.blender import character, load, rig_choice
from vitpose_blender.core.errors import CharacterError, RigError
from vitpose_blender.core.files.gltf_file import Gltf, write_glb
from vitpose_blender.core.files.gltf_import import NODE_MARK
from vitpose_blender.data_files import data_folder

MANNEQUIN = data_folder("resources") / "characters" / "mannequin.glb"
FORMATS = [".glb", ".blend", ".fbx"]

each_format = pytest.mark.parametrize("suffix", FORMATS)
each_version = pytest.mark.parametrize("version", [0, 1])


def link(name, data):
    item = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(item)
    return item


def add_cube():
    mesh = bpy.data.meshes.new("Cube")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    return link("Cube", mesh)


def add_prop(name, num_bones):
    """Make an armature that is nothing like a body: a chain."""
    prop = link(name, bpy.data.armatures.new(name))
    bpy.context.view_layer.objects.active = prop
    bpy.ops.object.mode_set(mode="EDIT")
    for number in range(num_bones):
        bone = prop.data.edit_bones.new(f"link{number}")
        bone.head, bone.tail = (0, number, 0), (0, number + 1, 0)
    bpy.ops.object.mode_set(mode="OBJECT")
    return prop


def save(path):
    """Write the open scene in the path's format, then forget it."""
    if path.suffix == ".blend":
        bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True)
    elif path.suffix == ".fbx":
        bpy.ops.export_scene.fbx(filepath=str(path), add_leaf_bones=False)
    else:
        bpy.ops.export_scene.gltf(filepath=str(path), export_format="GLB")
    load.open_empty_scene()
    return path


@pytest.fixture
def vrm(tmp_path):
    """Write a humanoid without a skin as a VRM file, some of its JSON replaced."""

    def write(version=1, **changes):
        path = tmp_path / "hero.vrm"
        write_glb(path, humanoid_vrm(version, **changes))
        return path

    return write


def state():
    """Return all there is in the open file, and how it is worked on."""
    scene, view_layer = bpy.context.scene, bpy.context.view_layer
    active = view_layer.objects.active
    return {
        "data": sorted(
            (block.session_uid, block.name_full) for block in bpy.data.user_map()
        ),
        "in the scene": sorted(item.name for item in scene.objects),
        "active": active and (active.name, active.mode),
        "selected": sorted(item.name for item in view_layer.objects.selected),
        "frames": (scene.frame_start, scene.frame_end, scene.frame_current),
        "rate": (scene.render.fps, scene.render.fps_base),
    }


def refused(path, how=load.load_into_scene, armature=""):
    """Return the sentence with which a file is refused; nothing may change by it."""
    before = state()
    with pytest.raises(CharacterError) as caught:
        how(path, armature)
    assert state() == before
    sentence = str(caught.value)
    assert path.name in sentence
    assert "\n" not in sentence
    return sentence


def own_table(armature):
    return rig_choice.stored_map(armature, rig_choice.TABLE_KEY)


# What is read.


@each_format
@pytest.mark.parametrize("how", [load.load_character, load.load_into_scene])
def test_every_format_brings_the_skeleton(tmp_path, suffix, how):
    add_humanoid()
    found = heads(how(save(tmp_path / f"hero{suffix}")))
    for name, (_, head, _) in humanoid_bones(PREFIX).items():
        np.testing.assert_allclose(found[name], head, atol=1e-4, err_msg=name)


def test_a_suffix_in_capitals_is_the_same(tmp_path):
    add_humanoid()
    path = save(tmp_path / "hero.glb").rename(tmp_path / "HERO.GLB")
    assert load.load_character(path).type == "ARMATURE"


def test_a_folder_may_have_any_name(tmp_path):
    folder = tmp_path / "héros % & ürsprung"
    folder.mkdir()
    content = humanoid_document()
    content["buffers"] = [{"byteLength": len(TRIANGLE), "uri": "my%20body%25.bin"}]
    (folder / "my body%.bin").write_bytes(TRIANGLE)
    (folder / "hero.gltf").write_text(json.dumps(content))
    armature = load.load_character(folder / "hero.gltf")
    assert character.hung_meshes(armature)


def test_no_bone_shapes_or_scenes_are_left_lying_about(tmp_path, vrm):
    scenes = [{"nodes": [0]}, {"name": "empty", "nodes": []}]
    load.load_character(vrm(scenes=scenes))
    assert len(bpy.data.scenes) == 1
    load.open_empty_scene()
    add_humanoid()
    load.load_character(save(tmp_path / "hero.glb"))
    assert sorted(bpy.data.objects.keys()) == ["Hero", "Skin"]


def test_an_fbx_in_text_is_read_or_the_way_out_is_said(tmp_path):
    path = tmp_path / "hero.fbx"
    path.write_text(humanoid_text())
    if bpy.app.version < (4, 5):
        assert "in text, which this Blender cannot read: export it as" in refused(path)
        return
    found = heads(load.load_character(path))
    for name, (_, head, _) in humanoid_bones().items():
        np.testing.assert_allclose(found[name], head, atol=1e-4, err_msg=name)


# VRM.


@each_version
def test_a_vrm_without_a_skin_gets_an_armature_and_its_map(vrm, version):
    armature = load.load_character(vrm(version))
    found = heads(armature)
    facing = -1 if version == 0 else 1
    for name, (_, head, _) in humanoid_bones().items():
        np.testing.assert_allclose(found[name], head * (facing, facing, 1), atol=1e-5)
    assert own_table(armature).name == f"VRM {version}"
    assert dict(own_table(armature).bones) == humanoid_roles()
    assert dict(rig_choice.choose_rig(armature).bones) == humanoid_roles()
    assert character.read_rig_rest(armature).leg_length > 0.5


@each_version
def test_meshes_of_a_vrm_without_a_skin_go_along_with_their_bones(vrm, version):
    armature = load.load_character(vrm(version))
    box = bpy.data.objects["box of LeftHand"]
    bpy.context.view_layer.update()
    before, elbow = box.matrix_world.translation.copy(), heads(armature)["LeftForeArm"]
    armature.pose.bones["LeftForeArm"].rotation_quaternion = (0.7, 0.7, 0, 0)
    bpy.context.view_layer.update()
    after = box.matrix_world.translation
    assert (after - before).length > 0.1
    reach = [np.linalg.norm(np.array(place) - elbow) for place in (before, after)]
    assert reach[0] == pytest.approx(reach[1], abs=1e-5)


def test_a_table_does_not_outlive_its_bones(vrm):
    armature = load.load_character(vrm())
    armature.data.bones["LeftForeArm"].name = "mixed up"
    with contextlib.suppress(RigError):
        assert not rig_choice.choose_rig(armature).rig.startswith("VRM")


def test_no_mark_is_left_on_anything(vrm):
    armature = load.load_character(vrm())
    marked = [*bpy.data.objects, *armature.pose.bones, *armature.data.bones]
    assert not [item for item in marked if NODE_MARK in item]


def test_bones_that_must_be_renamed_are_found(vrm):
    nodes = humanoid_document()["nodes"]
    for row, node in enumerate(nodes):
        node["name"] = "bone" if row % 2 else "long " * 30
    armature = load.load_character(vrm(nodes=nodes))
    (hand,) = own_table(armature).bones["left_hand"]
    place = humanoid_bones()["LeftHand"][1]
    np.testing.assert_allclose(heads(armature)[hand], place, atol=1e-5)


def test_a_table_that_cannot_be_true_is_passed_over(vrm, caplog):
    table = with_table(1, {"hips": 1, "spine": 12345})
    with caplog.at_level(logging.WARNING):
        armature = load.load_character(vrm(None, **table))
    assert "hero.vrm: its VRM 1 table of bones is not used, because" in caplog.text
    assert own_table(armature) is None
    assert set(humanoid_bones()) <= set(armature.data.bones.keys())


def test_extensions_that_only_add_are_not_required(vrm):
    required = ["VRMC_vrm", "VRMC_materials_mtoon"]
    assert load.load_character(vrm(extensionsRequired=required))


def test_an_extension_that_is_needed_is_named(vrm):
    path = vrm(
        extensionsRequired=["EXT_meshopt_compression"],
        extensionsUsed=["EXT_meshopt_compression"],
    )
    assert "EXT_meshopt_compression" in refused(path)


def test_a_vrm_is_at_rest_as_its_nodes_are(vrm):
    """Its skin may have been bound elsewhere, such as with the hips at the origin."""
    names = [node["name"] for node in humanoid_document()["nodes"]]
    joints = list(range(1, len(humanoid_bones()) + 1))
    matrices = np.tile(np.eye(4, dtype="<f4").T.ravel(), (len(joints), 1)).tobytes()
    document = humanoid_document()
    document["skins"] = [{"joints": joints, "inverseBindMatrices": 1}]
    document["accessors"].append(
        {"bufferView": 1, "componentType": 5126, "count": len(joints), "type": "MAT4"}
    )
    start, size = len(TRIANGLE), len(matrices)
    document["bufferViews"].append(
        {"buffer": 0, "byteOffset": start, "byteLength": size}
    )
    document["buffers"] = [{"byteLength": start + size}]
    path = vrm()
    write_glb(path, Gltf(document, TRIANGLE + matrices))
    armature = load.load_character(path)
    for name, (_, head, _) in humanoid_bones().items():
        assert name in names
        rest = armature.data.bones[name].head_local
        np.testing.assert_allclose(rest, head, atol=1e-5)


# Which armature.


@each_format
def test_the_armature_most_like_a_body_is_taken(tmp_path, suffix, caplog):
    add_prop("Chain", 40)
    add_humanoid("Hero")
    path = save(tmp_path / f"two{suffix}")
    with caplog.at_level(logging.WARNING):
        assert load.load_character(path).name == "Hero"
    assert f"two{suffix} has 2 armatures; taking 'Hero'" in caplog.text
    assert "not 'Chain'" in caplog.text


def test_of_bodies_alike_the_one_with_most_bones_is_taken(tmp_path):
    add_humanoid("Few")
    add_humanoid("More", has_twist=True)
    assert load.load_character(save(tmp_path / "two.blend")).name == "More"


@each_format
def test_an_armature_can_be_named(tmp_path, suffix):
    add_prop("Chain", 4)
    add_humanoid("Hero")
    path = save(tmp_path / f"two{suffix}")
    assert load.load_character(path, "Chain").name == "Chain"
    load.open_empty_scene()
    sentence = refused(path, armature="Bob")
    assert f"two{suffix} has no armature 'Bob'; it has " in sentence
    assert {"Chain", "Hero"} == set(sentence.split("it has ")[1].split(", "))


# What is kept.


def test_a_blend_replaces_the_open_file(tmp_path):
    add_humanoid()
    add_cube()
    bpy.context.scene.render.fps = 48
    path = save(tmp_path / "scene.blend")
    add_prop("Before", 2)
    load.load_character(path)
    assert {"Hero", "Skin", "Cube"} == set(bpy.data.objects.keys())
    assert bpy.context.scene.render.fps == 48


def test_the_open_file_can_be_opened_again_but_not_added(tmp_path):
    add_humanoid()
    path = save(tmp_path / "hero.blend")
    for _ in range(2):
        assert load.load_character(path).name == "Hero"
    assert "hero.blend is the open file" in refused(path)


def test_of_a_blend_only_what_belongs_to_armatures_is_added(tmp_path):
    armature = add_humanoid()
    add_cube()
    holder, hat = link("Holder", None), link("Hat", None)
    armature.parent, hat.parent = holder, armature
    path = save(tmp_path / "scene.blend")
    add_prop("Before", 2)
    load.load_into_scene(path)
    wanted = {"Before", "Hero", "Skin", "Holder", "Hat"}
    assert set(bpy.data.objects.keys()) == wanted
    assert set(bpy.context.scene.objects.keys()) == wanted
    assert bpy.data.objects["Skin"].modifiers[0].object == bpy.data.objects["Hero"]


@each_format
def test_the_scene_keeps_its_time_and_what_is_in_it(tmp_path, suffix):
    add_humanoid("Hero")
    bpy.context.scene.render.fps = 30
    bpy.context.scene.frame_end = 77
    path = save(tmp_path / f"hero{suffix}")
    cube, scene = add_cube(), bpy.context.scene
    scene.render.fps, scene.render.fps_base = 24, 1.001
    scene.frame_start, scene.frame_end = 5, 50
    before = state()
    armature = load.load_into_scene(path)
    after = state()
    assert (after["frames"], after["rate"]) == (before["frames"], before["rate"])
    assert set(before["in the scene"]) < set(after["in the scene"])
    assert bpy.context.view_layer.objects.active == armature
    assert cube.name in scene.objects


@each_format
def test_a_character_joins_its_likes(tmp_path, suffix):
    add_humanoid("Hero")
    path = save(tmp_path / f"hero{suffix}")
    first = load.load_into_scene(path)
    second = load.load_into_scene(path)
    assert first != second
    assert len(character.armatures()) == 2
    assert len(character.skinned_meshes(second)) == 1


@each_format
def test_it_loads_while_another_armature_is_edited(tmp_path, suffix):
    add_humanoid("Hero")
    path = save(tmp_path / f"hero{suffix}")
    add_prop("Edited", 2)
    bpy.ops.object.mode_set(mode="EDIT")
    assert load.load_into_scene(path).name == "Hero"


# What is refused.


@each_format
@pytest.mark.parametrize("how", [load.load_character, load.load_into_scene])
def test_a_file_without_a_skeleton_is_refused(tmp_path, suffix, how):
    add_cube()
    path = save(tmp_path / f"cube{suffix}")
    add_prop("Before", 2)
    assert "has no skeleton" in refused(path, how)


@pytest.mark.parametrize("how", [load.load_character, load.load_into_scene])
def test_an_armature_without_bones_is_no_skeleton(tmp_path, how):
    link("Empty", bpy.data.armatures.new("Empty"))
    path = save(tmp_path / "empty.blend")
    assert "has no skeleton" in refused(path, load.load_into_scene)
    with pytest.raises(CharacterError, match="has no skeleton"):
        load.load_character(path)
    assert not bpy.data.objects


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        (".glb", b""),
        (".glb", b"glTF\x02\0\0\0"),
        (".gltf", b'{"asset": {"version": "2.0"}}'),
        (".vrm", b"\x89PNG\r\n\x1a\n"),
        (".fbx", b"Kaydara FBX Binary  \0\x1a\0\xe8\x1c\0\0" + b"\xff" * 99),
        (".fbx", b"; FBX 7.4.0\n"),
        (".blend", b"BLENDER-v405RENDH" + b"\xff" * 999),
        (".blend", b"\x28\xb5\x2f\xfd" + b"\xff" * 99),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path, suffix, content):
    path = tmp_path / f"hero{suffix}"
    path.write_bytes(content)
    refused(path)
    refused(path, load.load_character)


@each_format
def test_half_a_file_leaves_the_scene_as_it_was(tmp_path, suffix):
    add_humanoid()
    path = save(tmp_path / f"half{suffix}")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    add_prop("Before", 2)
    bpy.ops.object.mode_set(mode="EDIT")
    refused(path)


def test_an_import_that_fails_on_its_way_is_undone(vrm):
    """The mesh comes after the armature, and after a picture and a material."""
    meshes = [{"primitives": [{"attributes": {"POSITION": 7}, "material": 0}]}]
    materials = [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}]
    path = vrm(
        meshes=[humanoid_document()["meshes"][0], *meshes],
        nodes=[*humanoid_document()["nodes"], {"mesh": 1}],
        scenes=[{"nodes": [0, len(humanoid_document()["nodes"])]}],
        materials=materials,
    )
    add_prop("Before", 2)
    sentence = refused(path)
    assert "Blender cannot read hero.vrm: its importer stumbles over it" in sentence
    assert "IndexError: list index out of range" in sentence


def test_a_blend_of_a_newer_blender_says_so(tmp_path):
    path = tmp_path / "hero.blend"
    for head in (b"BLENDER-v990", b"BLENDER17-01v0990"):
        path.write_bytes(head + b"\0" * 2000)
        assert "Blender 9.90 saved it, which is newer" in refused(path)
        assert "Blender 9.90 saved it" in refused(path, load.load_character)


def test_a_character_linked_from_elsewhere_names_its_file(tmp_path):
    add_humanoid()
    path = save(tmp_path / "hero.blend")
    with bpy.data.libraries.load(str(path), link=True) as (_, wanted):
        wanted.objects = ["Hero"]
    bpy.context.scene.collection.objects.link(wanted.objects[0])
    shot = save(tmp_path / "shot.blend")
    sentence = refused(shot)
    assert "shot.blend links 'Hero' from hero.blend: load that file" in sentence
    assert load.load_character(shot).name == "Hero"


def test_what_is_missing_is_named(tmp_path):
    assert "There is no character file" in refused(tmp_path / "none.glb")
    path = tmp_path / "hero.gltf"
    content = {"asset": {"version": "2.0"}, "buffers": [{"uri": "hero.bin"}]}
    path.write_text(json.dumps(content))
    assert "it needs hero.bin, which is not beside it" in refused(path)


# Real files.


@pytest.mark.parametrize(
    "folder", ["", "in", "out_4.5", "out_4.5/blend", "broken"], ids=str
)
def test_real_vrm_files_load_with_their_own_tables(shared, folder):
    paths = sorted((shared / "data" / "rigs" / "vrm" / folder).glob("*.vrm"))
    if not paths:
        pytest.skip("no VRM files among the shared data")
    for path in paths:
        load.open_empty_scene()
        if path.name == "empty.vrm":
            assert "has no skeleton" in refused(path)
            continue
        try:
            armature = load.load_character(path)
        except CharacterError as error:
            if "libextern_draco" not in str(error):  # Some wheels lack it.
                raise
            continue
        is_broken = path.name == "human_bone.vrm"
        assert (own_table(armature) is None) == is_broken, path.name
        assert len(character.read_rig_rest(armature).limbs) == 4, path.name


@pytest.mark.parametrize(
    ("name", "height"),
    [
        ("ozz_pab/skeleton.fbx", 1.83),
        ("kaykit/mannequin_v2/manny_med_mod.gltf", 1.24),
        ("mpfb2_glb/male_adult__mixamo.glb", 1.55),
        ("vrm/debug_robot.vrm", 1.75),
        ("vrm/in/sphere.vrm", 1.1),
    ],
)
def test_real_characters_stand_upright(shared, name, height):
    path = shared / "data" / "rigs" / name
    if not path.is_file():
        pytest.skip(f"{name} is not among the shared data")
    armature = load.load_character(path)
    skeleton = character.read_skeleton(armature)
    assert np.ptp(skeleton.world_heads[:, 2]) == pytest.approx(height, abs=0.05)
    head, foot = (
        rig_choice.choose_rig(armature).bones[role][0] for role in ("head", "left_foot")
    )
    assert heads(armature)[head][2] - heads(armature)[foot][2] > 0.7 * height
