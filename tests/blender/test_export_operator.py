# SPDX-License-Identifier: GPL-3.0-or-later
"""The Export panel's operator: what is baked is written, and the scene stays."""

import bpy
import numpy as np
import pytest

from tests.blender.fingerprint import differences, fingerprint
from tests.blender.rigs import farthest, heads
from tests.blender.test_export import (
    FORMATS,
    FPS,
    NUM_FRAMES,
    START,
    animated_humanoid,
    opened,
)
from vitpose_blender.blender import own_action, take_settings

OPS = bpy.ops.vitpose
# Blender's importer of BVH leaves its file to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")


@pytest.fixture
def hero():
    armature = animated_humanoid()
    bpy.context.view_layer.objects.active = armature
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, 250
    scene.frame_set(3)
    return armature


def heads_at(armature, frame):
    bpy.context.scene.frame_set(frame)
    return heads(armature)


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_is_played_is_written_from_its_first_frame_to_its_last(
    hero, tmp_path, suffix
):
    last = START + NUM_FRAMES - 1
    wanted = [heads_at(hero, frame) for frame in (START, last)]
    path = tmp_path / f"out{suffix}"
    assert OPS.export(filepath=str(path)) == {"FINISHED"}
    loaded = opened(path)
    action = loaded.animation_data.action
    first, end = action.frame_range
    assert end - first == pytest.approx(NUM_FRAMES - 1, abs=0.1)
    if suffix != ".bvh":  # Whose bones end elsewhere; see test_export.
        for frame, pose in zip((first, end), wanted):
            assert farthest(heads_at(loaded, round(frame)), pose)[0] < 2e-3
    assert bpy.context.scene.render.fps == pytest.approx(FPS, abs=5)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("mode", ["OBJECT", "POSE"])
def test_the_scene_stays_as_it_is(hero, tmp_path, suffix, mode):
    bpy.ops.object.mode_set(mode=mode)
    before = fingerprint(bpy.data)
    OPS.export(filepath=str(tmp_path / f"out{suffix}"))
    assert differences(before, fingerprint(bpy.data)) == []


@pytest.mark.parametrize("suffix", [".glb", ".fbx"])
def test_what_plays_on_a_track_is_written_too(hero, tmp_path, suffix):
    wanted = heads_at(hero, START + 12)
    own_action.to_track(hero, hero.animation_data.action)
    own_action.play_again(hero)
    assert farthest(heads_at(hero, START + 12), wanted)[0] < 1e-4
    path = tmp_path / f"out{suffix}"
    OPS.export(filepath=str(path))
    loaded = opened(path)
    first = loaded.animation_data.action.frame_range[0]
    assert farthest(heads_at(loaded, round(first) + 12), wanted)[0] < 2e-3


def test_the_chosen_format_is_the_names_ending(hero, tmp_path):
    take_settings.settings(bpy.context.scene).format = "BVH"
    OPS.export(filepath=str(tmp_path / "dance.v2"))
    assert (tmp_path / "dance.v2.bvh").is_file()


def test_what_cannot_be_exported_is_refused(hero, tmp_path):
    path = str(tmp_path / "out.glb")
    OPS.bind()
    with pytest.raises(RuntimeError, match="is bound"):
        OPS.export(filepath=path)
    OPS.unbind()
    hero.animation_data.action = None
    with pytest.raises(RuntimeError, match="bake a take first"):
        OPS.export(filepath=path)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_told(hero, tmp_path):
    (tmp_path / "file").write_text("in the way")
    before = fingerprint(bpy.data)
    with pytest.raises(RuntimeError, match="Cannot write"):
        OPS.export(filepath=str(tmp_path / "file" / "out.glb"))
    assert differences(before, fingerprint(bpy.data)) == []
    assert np.isfinite(heads(hero)["mixamorig:Hips"]).all()
