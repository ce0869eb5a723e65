# SPDX-License-Identifier: GPL-3.0-or-later
"""What a capture did to characters stays out of files, undo steps and copies."""

import bpy
import pytest

import vitpose_blender
from tests.blender.live_sources import WAIT, FakeSource, joints_of, moments
from tests.blender.rigs import add_humanoid, farthest, heads
from vitpose_blender.blender import binding, character, session
from vitpose_blender.live.config import CaptureConfig, Driven


@pytest.fixture(autouse=True)
def hero():
    bpy.context.preferences.edit.use_global_undo = True
    return add_humanoid("Hero")


@pytest.fixture
def live(monkeypatch):
    monkeypatch.setattr(session, "BUDGET", 60.0)
    yield session.live
    session.live.stop()


@pytest.fixture
def source():
    return FakeSource()


def begin(live, source, tmp_path, **settings):
    config = CaptureConfig("fake", tmp_path / "journal", **settings)
    live.start(config, [Driven("Hero")], source.open)
    assert source.is_open.wait(WAIT)


def see(live, source, start=100.0):
    rest = character.read_rig_rest(bpy.data.objects["Hero"])
    source.deliver(*moments(joints_of(rest, 0.3, start=start)))
    assert live.tick() == session.TICK


def pose_of(name="Hero"):
    bpy.context.view_layer.update()
    return heads(bpy.data.objects[name])


def assert_free(*names):
    for name in names or ("Hero",):
        assert not binding.is_bound(bpy.data.objects[name])
        for bone in bpy.data.objects[name].pose.bones:
            assert not [c for c in bone.constraints if c.name.startswith("VITPOSE")]
    assert not [item for item in bpy.data.objects if item.name.startswith("VITPOSE")]


def push(message):
    bpy.context.scene.frame_current += 1
    bpy.ops.ed.undo_push(message=message)


def test_undo_and_redo_after_the_end_bring_no_binding_back(live, source, tmp_path):
    push("before")
    at_rest = pose_of()
    begin(live, source, tmp_path)
    see(live, source)
    push("meanwhile")
    push("meanwhile, too")
    live.stop()
    assert_free()
    push("after")
    assert bpy.ops.ed.undo() == {"FINISHED"}
    assert_free()
    assert farthest(pose_of(), at_rest)[0] < 1e-6
    assert bpy.ops.ed.undo() == {"FINISHED"}
    assert_free()
    assert bpy.ops.ed.redo() == {"FINISHED"}
    assert_free()


def test_undo_in_the_middle_leaves_driven_characters_alone(live, source, tmp_path):
    push("before")
    begin(live, source, tmp_path)
    see(live, source)
    push("meanwhile")
    push("meanwhile, too")
    assert bpy.ops.ed.undo() == {"FINISHED"}
    assert binding.is_bound(bpy.data.objects["Hero"])
    see(live, source, start=200.0)


def test_a_file_saved_meanwhile_is_as_before_and_the_capture_goes_on(
    live, source, tmp_path
):
    at_rest = pose_of()
    begin(live, source, tmp_path)
    see(live, source)
    seen = pose_of()
    path = str(tmp_path / "saved.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path, copy=True)
    assert live.tick() == session.TICK
    assert farthest(pose_of(), seen)[0] < 1e-5
    see(live, source, start=200.0)
    live.stop()
    vitpose_blender.unregister()  # As for somebody without the extension.
    try:
        bpy.ops.wm.open_mainfile(filepath=path)
        assert_free()
        assert farthest(pose_of(), at_rest)[0] < 1e-6
    finally:
        vitpose_blender.register()


def test_a_file_that_was_saved_without_asking_is_put_right_when_opened(
    live, source, tmp_path
):
    at_rest = pose_of()
    begin(live, source, tmp_path)
    see(live, source)
    path = str(tmp_path / "autosaved.blend")
    # What Blender saves by itself calls no handlers.
    bpy.data.libraries.write(path, {bpy.context.scene}, fake_user=True)
    live.stop()
    bpy.ops.wm.open_mainfile(filepath=path)
    bpy.context.window.scene = bpy.data.scenes[0]
    assert_free()
    assert farthest(pose_of(), at_rest)[0] < 1e-6


@pytest.mark.parametrize("content", [b"no file of Blender's", None])
def test_a_file_that_cannot_be_opened_leaves_the_open_one_as_before(
    live, source, tmp_path, content
):
    at_rest = pose_of()
    begin(live, source, tmp_path)
    see(live, source)
    path = tmp_path / "broken.blend"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RuntimeError):
        bpy.ops.wm.open_mainfile(filepath=str(path))
    live.stop()
    assert_free()
    assert farthest(pose_of(), at_rest)[0] < 1e-6


def test_a_copy_made_meanwhile_is_released_with_the_original(
    live, source, tmp_path, hero
):
    begin(live, source, tmp_path)
    see(live, source)
    copy = hero.copy()
    copy.name = "Copy"
    bpy.context.scene.collection.objects.link(copy)
    see(live, source, start=200.0)
    live.stop()
    assert_free("Hero", "Copy")


def test_what_the_user_bound_stays_bound(live, source, tmp_path, hero):
    other = add_humanoid("Other")
    rest = character.read_rig_rest(other)
    binding.ensure_binding(other, rest)
    push("before")
    begin(live, source, tmp_path)
    see(live, source)
    push("meanwhile")
    live.stop()
    bpy.ops.ed.undo()
    assert binding.is_bound(bpy.data.objects["Other"])
    assert not binding.is_bound(bpy.data.objects["Hero"])


def test_a_kept_binding_is_saved_and_undone_like_anything_else(live, source, tmp_path):
    begin(live, source, tmp_path, keeps_binding=True)
    see(live, source)
    path = str(tmp_path / "kept.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path, copy=True)
    assert binding.is_bound(bpy.data.objects["Hero"])
    last = pose_of()
    live.stop()
    push("after")
    push("later")
    bpy.ops.ed.undo()
    assert binding.is_bound(bpy.data.objects["Hero"])
    bpy.ops.wm.open_mainfile(filepath=path)
    assert binding.is_bound(bpy.data.objects["Hero"])
    assert farthest(pose_of(), last)[0] < 1e-5


def test_another_scene_in_the_window_disturbs_nothing(live, source, tmp_path, hero):
    at_rest = pose_of()
    home = bpy.context.scene
    begin(live, source, tmp_path)
    bpy.context.window.scene = bpy.data.scenes.new("Other")
    see(live, source)
    assert bpy.ops.vitpose.stop() == {"FINISHED"}
    assert_free()
    bpy.context.window.scene = home
    assert farthest(pose_of(), at_rest)[0] < 1e-6


def test_a_scene_deleted_with_its_character_ends_the_capture(
    live, source, tmp_path, monkeypatch
):
    home = bpy.context.scene
    begin(live, source, tmp_path)
    see(live, source)
    bpy.context.window.scene = bpy.data.scenes.new("Other")
    bpy.data.scenes.remove(home)
    monkeypatch.setattr("vitpose_blender.blender.session_characters._LOOK_EVERY", 0.0)
    assert live.tick() is None
    assert not live.is_running
    assert live.status().message.startswith("'Hero' is gone")
