# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of a character: it is in them, and the scene is as before."""

import bpy
import numpy as np
import pytest

from tests.blender.rigs import add_humanoid
from tests.humanoid import seen_by_camera
from vitpose_blender.blender import animate, load, preview
from vitpose_blender.core.camera_model import Camera
from vitpose_blender.data_files import data_folder

MANNEQUIN = data_folder("resources") / "characters" / "mannequin.glb"
SIZE = (60, 80)


def pixels(path):
    """Return grey values, shape `(H, W)`, the top row first."""
    image = bpy.data.images.load(str(path))
    flat = np.empty(image.size[0] * image.size[1] * 4, dtype=np.float32)
    image.pixels.foreach_get(flat)
    width, height = image.size
    bpy.data.images.remove(image)
    return flat.reshape(height, width, 4)[::-1, :, :3].mean(axis=-1)


def scene_state():
    scene = bpy.context.scene
    return (
        scene.camera,
        scene.world,
        scene.render.engine,
        scene.frame_current,
        scene.render.resolution_x,
        scene.render.resolution_y,
        scene.render.resolution_percentage,
        scene.cycles.samples,
        scene.cycles.use_denoising,
        sorted(bpy.data.objects.keys()),
        sorted(bpy.data.meshes.keys()),
        sorted(bpy.data.materials.keys()),
        sorted(bpy.data.worlds.keys()),
        sorted(bpy.data.lights.keys()),
        sorted(bpy.data.cameras.keys()),
    )


@pytest.fixture
def walker():
    """The mannequin carried five metres aside, stiff as it is."""
    armature = load.load_character(MANNEQUIN)
    nothing = np.full((61, 28, 3), np.nan)
    path = np.linspace((0, 0, 0), (5, 0, 0), 61)
    animate.set_scene_fps(30)
    animate.animate(
        armature,
        seen_by_camera(nothing, path, np.arange(61) / 30),
        Camera((1280, 720)),
    )
    return armature


def test_the_character_is_in_the_middle_of_every_picture(walker, tmp_path):
    """Even when it has walked away: the camera follows."""
    paths = list(preview.render_frames(walker, [1, 30.5, 61], tmp_path, SIZE))
    pictures = [pixels(path) for path in paths]
    assert [path.parent for path in paths] == [tmp_path] * 3
    assert {picture.shape for picture in pictures} == {(80, 60)}
    for picture in pictures:
        trunk, beside = picture[25:45, 27:33], picture[25:45, [0, 1, -2, -1]]
        assert abs(np.median(trunk) - np.median(beside)) > 0.05
        assert beside.std() < 0.05


def test_another_pose_makes_another_picture(tmp_path):
    armature = load.load_character(MANNEQUIN)
    (still,) = (pixels(p) for p in preview.render_frames(armature, [1], tmp_path, SIZE))
    arm = armature.pose.bones["upper_arm.L"]
    arm.rotation_mode, arm.rotation_euler = "XYZ", (0.0, 0.0, 1.2)
    (bent,) = (pixels(p) for p in preview.render_frames(armature, [1], tmp_path, SIZE))
    assert (np.abs(still - bent) > 0.1).sum() > 20


@pytest.mark.parametrize("given_up", [False, True])
def test_the_scene_is_as_before(tmp_path, given_up):
    armature = add_humanoid()
    bpy.context.scene.frame_set(7)
    before = scene_state()
    pictures = preview.render_frames(armature, [1, 2], tmp_path, SIZE)
    next(pictures)
    assert scene_state() != before
    if given_up:
        pictures.close()
    else:
        list(pictures)
    assert scene_state() == before
