# SPDX-License-Identifier: GPL-3.0-or-later
"""Exported files, opened again: rest pose, rate, duration and pose are the same."""

import bpy
import numpy as np
import pytest
from mathutils import Matrix

from tests.blender.rigs import (
    PREFIX,
    SMALL_AND_TURNED,
    add_humanoid,
    farthest,
    heads,
    heads_over_time,
    motion_for,
)
from tests.humanoid import humanoid_bones
from vitpose_blender.blender import (
    actions,
    animate,
    bake,
    binding,
    character,
    export,
    load,
)
from vitpose_blender.core.errors import OutputError
from vitpose_blender.core.steps import finish

# Blender's importer of BVH leaves its file to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")

FORMATS = [".glb", ".blend", ".fbx", ".bvh"]
NUM_FRAMES, FPS, START = 25, 25.0, 11
MOMENTS = (0.0, 0.44, 0.96)  # From the first frame, on frames of the scene [s].
RIGS = {
    "plain": {},
    "rolled": {"rng": np.random.default_rng(1)},
    "small": {"rng": np.random.default_rng(2), "world": SMALL_AND_TURNED},
    "aside": {"world": Matrix.Translation((2, 3, 0)) @ Matrix.Rotation(1, 4, "Z")},
}


def animated_humanoid(**options):
    """Return a humanoid that plays a baked motion from frame `START` on."""
    animate.set_scene_fps(FPS)
    armature = add_humanoid(**options)
    rest = character.read_rig_rest(armature)
    binding.ensure_binding(armature, rest)
    finish(
        bake.bake_steps(
            armature, rest, motion_for(rest, NUM_FRAMES, FPS), bake.Keying("Act", START)
        )
    )
    binding.remove_binding(armature)
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = START, START + NUM_FRAMES - 1
    return armature


def opened(path):
    """Return the armature of an exported file in a scene of its own, and its rate."""
    if path.suffix == ".bvh":
        load.open_empty_scene()
        bpy.ops.import_anim.bvh(filepath=str(path), update_scene_fps=True)
        return character.armatures()[0]
    load.open_empty_scene()
    animate.set_scene_fps(FPS)
    if path.suffix == ".fbx":
        bpy.ops.import_scene.fbx(filepath=str(path))
        return character.armatures()[0]
    return load.load_character(path)


def rest_heads(armature):
    world = armature.matrix_world
    return {
        bone.name: np.array(world @ bone.head_local) for bone in armature.data.bones
    }


def key_frames(armature):
    return {
        key.co[0]
        for curve in actions.curves(armature.animation_data.action)
        for key in curve.keyframe_points
    }


def moments(armature, start):
    return heads_over_time(armature, [start + FPS * t for t in MOMENTS])


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("rig", RIGS)
def test_an_exported_file_is_the_same_animated_character(tmp_path, suffix, rig):
    armature = animated_humanoid(**RIGS[rig])
    rest, poses = rest_heads(armature), moments(armature, START)
    path = tmp_path / f"hero{suffix}"
    export.export_character(armature, path)

    again = opened(path)

    distance, bone = farthest(rest_heads(again), rest)
    assert distance < 1e-3, bone
    assert rest_heads(again).keys() == rest.keys()
    keys = key_frames(again)
    assert animate.scene_fps() == pytest.approx(FPS)
    assert max(keys) - min(keys) == pytest.approx(NUM_FRAMES - 1, abs=0.01)
    for there, here in zip(moments(again, min(keys)), poses):
        distance, bone = farthest(there, here)
        assert distance < 2e-3, bone


@pytest.mark.parametrize("suffix", [".glb", ".blend", ".fbx"])
def test_the_skin_comes_along_and_nothing_of_ours(tmp_path, suffix):
    armature = animated_humanoid()
    path = tmp_path / f"hero{suffix}"
    export.export_character(armature, path)
    again = opened(path)
    (skin,) = character.skinned_meshes(again)
    assert len(skin.data.vertices) == 4 * len(again.data.bones)
    names = [*bpy.data.objects.keys(), *bpy.data.collections.keys()]
    assert not [name for name in names if name.startswith("VITPOSE")]


@pytest.mark.parametrize("suffix", [".glb", ".fbx"])
def test_things_on_a_bone_come_along_and_strangers_stay(tmp_path, suffix):
    armature = animated_humanoid()
    mesh = bpy.data.meshes.new("Hat")
    mesh.from_pydata([(0, 0, 0), (0.1, 0, 0), (0, 0.1, 0)], [], [(0, 1, 2)])
    for name in ("Hat", "Stranger"):
        item = bpy.data.objects.new(name, mesh)
        bpy.context.scene.collection.objects.link(item)
    hat = bpy.data.objects["Hat"]
    hat.parent, hat.parent_type, hat.parent_bone = armature, "BONE", f"{PREFIX}Head"
    path = tmp_path / f"hero{suffix}"
    export.export_character(armature, path)
    opened(path)
    assert "Hat" in bpy.data.objects
    assert "Stranger" not in bpy.data.objects


def test_a_skeleton_under_another_object_keeps_its_size(tmp_path):
    """Importers put a scaled and turned empty above armatures."""
    armature = animated_humanoid()
    above = bpy.data.objects.new("Above", None)
    bpy.context.scene.collection.objects.link(above)
    above.matrix_world = Matrix.Scale(2, 4) @ Matrix.Rotation(0.5, 4, "Z")
    armature.parent = above
    bpy.context.view_layer.update()
    rest, poses = rest_heads(armature), moments(armature, START)
    path = tmp_path / "hero.glb"
    export.export_character(armature, path)
    again = opened(path)
    assert farthest(rest_heads(again), rest)[0] < 2e-3
    for there, here in zip(moments(again, min(key_frames(again))), poses):
        assert farthest(there, here)[0] < 4e-3


def test_a_glb_begins_at_zero_seconds(tmp_path):
    path = tmp_path / "hero.glb"
    export.export_character(animated_humanoid(), path)
    assert min(key_frames(opened(path))) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("suffix", [".glb", ".fbx"])
def test_only_the_new_action_is_exported(tmp_path, suffix):
    armature = animated_humanoid()
    other = actions.new_action(armature, "Other")
    frames = np.arange(3.0)
    path = f'pose.bones["{PREFIX}Head"].location'
    actions.write_curves(other, path, frames, np.zeros((3, 3)), "Head")
    file = tmp_path / f"hero{suffix}"
    export.export_character(armature, file)
    opened(file)
    (action,) = bpy.data.actions
    if suffix == ".glb":  # FBX calls its one animation after the scene.
        assert action.name.startswith("Other")


def test_a_bvh_stands_upright_along_y(tmp_path):
    """As every program that reads BVH expects."""
    path = tmp_path / "hero.bvh"
    export.export_character(animated_humanoid(), path)
    lines = path.read_text(encoding="utf-8").splitlines()
    x, y, z = map(float, lines[3].split()[1:])
    hips = humanoid_bones()["Hips"][1]
    assert (x, y, z) == pytest.approx((hips[0], hips[2], -hips[1]), abs=1e-5)
    assert "Frames: 25" in lines
    assert "Frame Time: 0.040000" in lines


@pytest.mark.parametrize("suffix", FORMATS)
def test_exporting_changes_nothing_in_the_scene(tmp_path, suffix):
    armature = animated_humanoid(world=SMALL_AND_TURNED)
    scene = bpy.context.scene
    scene.frame_set(START + 3)
    before = (
        sorted(bpy.data.objects.keys()),
        sorted(bpy.data.armatures.keys()),
        sorted(bpy.data.actions.keys()),
        scene.frame_current,
    )
    pose, file = heads(armature), bpy.data.filepath
    export.export_character(armature, tmp_path / f"hero{suffix}")
    assert before == (
        sorted(bpy.data.objects.keys()),
        sorted(bpy.data.armatures.keys()),
        sorted(bpy.data.actions.keys()),
        scene.frame_current,
    )
    assert bpy.data.filepath == file
    assert farthest(heads(armature), pose)[0] < 1e-6


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_second_export_replaces_the_first(tmp_path, suffix):
    armature = animated_humanoid()
    for _ in range(2):
        export.export_character(armature, tmp_path / f"hero{suffix}")
    assert [item.name for item in tmp_path.iterdir()] == [f"hero{suffix}"]


@pytest.mark.parametrize("suffix", FORMATS)
def test_folders_are_made(tmp_path, suffix):
    path = tmp_path / "new" / "er" / f"hero{suffix}"
    export.export_character(add_humanoid(), path)
    assert path.is_file()


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_place_that_cannot_be_written_is_named(tmp_path, suffix):
    armature = add_humanoid()
    (tmp_path / "file").write_text("in the way")
    (tmp_path / f"folder{suffix}").mkdir()
    for path in (tmp_path / "file" / f"hero{suffix}", tmp_path / f"folder{suffix}"):
        with pytest.raises(OutputError, match="Cannot write") as caught:
            export.export_character(armature, path)
        assert path.name in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["hero.obj", "hero", "hero.glb.txt"])
def test_another_format_is_refused_with_those_that_work(tmp_path, name):
    with pytest.raises(OutputError, match=r"end in \.glb, \.blend, \.fbx, \.bvh"):
        export.export_character(add_humanoid(), tmp_path / name)
    assert not list(tmp_path.iterdir())
