# SPDX-License-Identifier: GPL-3.0-or-later
"""Start, Stop and their panels, as a user's clicks call them, on a made-up source."""

from pathlib import Path

import bpy
import pytest

import vitpose_blender
from tests.blender.drawn import Layout, draw
from tests.blender.fingerprint import differences, fingerprint
from tests.blender.live_sources import WAIT, FakeSource, joints_of, moments
from tests.blender.rigs import add_humanoid, farthest, heads
from vitpose_blender.blender import (
    binding,
    capture_start,
    character,
    map_editor,
    session,
)
from vitpose_blender.blender.operators import capture as operators
from vitpose_blender.blender.panel_capture import (
    VITPOSE_PT_actors,
    VITPOSE_PT_capture,
    VITPOSE_UL_actors,
    status_lines,
)
from vitpose_blender.blender.panel_source import (
    VITPOSE_PT_lens,
    VITPOSE_PT_preview,
    VITPOSE_PT_source,
)
from vitpose_blender.blender.session import LiveSession
from vitpose_blender.core.errors import VitposeError
from vitpose_blender.live.config import Status


@pytest.fixture
def source(monkeypatch, tmp_path):
    """What every capture looks at meanwhile."""
    source = FakeSource()
    monkeypatch.setattr(capture_start, "user_folder", lambda name: tmp_path / name)
    monkeypatch.setattr(
        session.live,
        "start",
        lambda *given: LiveSession.start(session.live, *given, source.open),
    )
    return source


@pytest.fixture(autouse=True)
def live():
    yield session.live
    session.live.stop()
    session.live.__init__()


@pytest.fixture
def hero():
    hero = add_humanoid("Hero")
    bpy.context.view_layer.objects.active = hero
    return hero


@pytest.fixture
def capture():
    capture = bpy.context.scene.vitpose.capture
    capture.source = "CAMERA"
    return capture


def pose_of(armature):
    bpy.context.view_layer.update()
    return heads(armature)


def run(live, source, hero, seconds=0.3):
    """Let some time pass in which the hero's person moves."""
    assert source.is_open.wait(WAIT)
    source.deliver(*moments(joints_of(character.read_rig_rest(hero), seconds)))
    assert live.tick() is not None


def texts(layout):
    return " ".join(layout.texts)


def test_from_nothing_to_a_moving_mannequin_and_back(live, source):
    bpy.ops.vitpose.load_mannequin()
    bpy.ops.vitpose.sample_clip()
    hero = bpy.context.scene.vitpose.armature
    before, at_rest = fingerprint(bpy.data), pose_of(hero)
    assert bpy.ops.vitpose.start() == {"FINISHED"}
    run(live, source, hero)
    assert farthest(pose_of(hero), at_rest)[0] > 0.05
    assert bpy.ops.vitpose.stop() == {"FINISHED"}
    assert differences(before, fingerprint(bpy.data)) == []
    assert farthest(pose_of(hero), at_rest)[0] < 1e-6


def test_the_settings_are_what_the_capture_gets(live, source, hero, capture):
    got = []
    start = live.start
    live.start = lambda *given: got.append(given) or start(*given)
    capture.fov, capture.mirror, capture.person = 77.0, True, 4
    bpy.ops.vitpose.start()
    config, driven = got[0]
    assert config == capture_start.capture_config(bpy.context)
    assert (config.source, config.fov, config.mirror) == ("0", 77.0, True)
    assert driven == capture_start.driven(bpy.context)
    assert source.wanted == 4


@pytest.mark.usefixtures("capture")
def test_a_character_that_was_never_looked_at_is_recognised(live, source, hero):
    assert not map_editor.read_map(hero).bones
    bpy.ops.vitpose.start()
    assert map_editor.missing_roles(map_editor.read_map(hero)) == []


@pytest.mark.usefixtures("capture")
def test_a_corrected_map_is_kept(live, source, hero):
    bpy.ops.vitpose.detect()
    map_editor.assign(hero, "head", 0, "")
    corrected = map_editor.read_map(hero)
    bpy.ops.vitpose.start()
    assert map_editor.read_map(hero) == corrected


@pytest.mark.usefixtures("capture")
def test_pressing_twice_is_quiet(live, source, hero):
    assert bpy.ops.vitpose.stop() == {"CANCELLED"}
    assert bpy.ops.vitpose.start() == {"FINISHED"}
    assert bpy.ops.vitpose.start() == {"CANCELLED"}
    run(live, source, hero)
    assert bpy.ops.vitpose.stop() == {"FINISHED"}
    assert bpy.ops.vitpose.stop() == {"CANCELLED"}
    assert live.status().message == ""


@pytest.mark.usefixtures("source")
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"source": "VIDEO"}, "Choose a video, or the sample clip"),
        ({"source": "STREAM"}, "Give the address"),
        ({"source": "RECORDED"}, "Choose a take"),
        ({"source": "VIDEO", "video": "gone.mp4"}, "There is no file"),
    ],
)
def test_what_the_source_lacks_is_said(live, hero, capture, settings, message):
    for name, value in settings.items():
        setattr(capture, name, value)
    before = fingerprint(bpy.data)
    with pytest.raises(RuntimeError, match=message):
        bpy.ops.vitpose.start()
    assert not live.is_running
    assert differences(before, fingerprint(bpy.data)) == []


@pytest.mark.usefixtures("source", "capture")
def test_without_a_character_it_says_what_to_do(live):
    with pytest.raises(RuntimeError, match="Load a character first"):
        bpy.ops.vitpose.start()
    assert "Load a character" in texts(draw(VITPOSE_PT_capture))
    assert not live.is_running


@pytest.mark.usefixtures("capture")
def test_a_rig_that_is_no_body_is_refused(live, source, hero):
    bpy.ops.object.mode_set(mode="EDIT")
    for bone in list(hero.data.edit_bones)[2:]:
        hero.data.edit_bones.remove(bone)
    bpy.ops.object.mode_set(mode="OBJECT")
    with pytest.raises(RuntimeError, match="bone"):
        bpy.ops.vitpose.start()
    assert not live.is_running
    assert not binding.is_bound(hero)


@pytest.mark.usefixtures("capture")
def test_a_character_that_is_driven_is_not_worked_on(live, source, hero):
    bpy.ops.vitpose.start()
    for name in ("detect", "bind", "unbind", "wiggle", "map_clear"):
        with pytest.raises(RuntimeError, match="stop the capture first"):
            getattr(bpy.ops.vitpose, name)()
    bpy.ops.vitpose.stop()
    bpy.ops.vitpose.bind()
    assert binding.is_bound(hero)


def test_two_characters_from_the_list(live, source, hero, capture):
    other = add_humanoid("Other")
    bpy.context.scene.vitpose.armature = hero
    bpy.context.view_layer.objects.active = other
    bpy.ops.vitpose.actor_add()
    bpy.ops.vitpose.actor_add()
    rows = [(actor.armature, actor.person) for actor in capture.actors]
    assert rows == [(hero, 1), (other, 2)]
    bpy.ops.vitpose.start()
    assert live.drives(hero)
    assert live.drives(other)
    assert source.wanted == -1
    rest, at_rest = character.read_rig_rest(hero), pose_of(other)
    people = joints_of(rest, 0.3, seed=0), joints_of(rest, 0.3, seed=9)
    source.deliver(*moments(*people))
    live.tick()
    live.tick()
    assert farthest(pose_of(other), at_rest)[0] > 0.05
    bpy.ops.vitpose.stop()
    assert not binding.is_bound(other)


def test_the_list_grows_and_shrinks(capture, hero):
    with pytest.raises(RuntimeError, match="empty"):
        bpy.ops.vitpose.actor_remove()
    for _ in range(3):
        bpy.ops.vitpose.actor_add()
    assert [actor.armature for actor in capture.actors] == [hero, None, None]
    capture.active_actor = 1
    bpy.ops.vitpose.actor_remove()
    assert [actor.person for actor in capture.actors] == [1, 3]
    bpy.ops.vitpose.actor_add()
    assert [actor.person for actor in capture.actors] == [1, 3, 2]
    for _ in range(3):
        bpy.ops.vitpose.actor_remove()
    assert (len(capture.actors), capture.active_actor) == (0, 0)


@pytest.mark.usefixtures("source")
def test_one_character_listed_twice_is_refused(live, hero, capture):
    for _ in range(2):
        bpy.ops.vitpose.actor_add()
    capture.actors[1].armature = hero
    with pytest.raises(RuntimeError, match="two people"):
        bpy.ops.vitpose.start()
    assert not binding.is_bound(hero)


def test_a_chosen_file_is_the_source(capture):
    for setting, kind in (("video", "VIDEO"), ("recorded", "RECORDED")):
        bpy.ops.vitpose.choose_file(filepath="some.file", setting=setting)
        assert (capture.source, getattr(capture, setting)) == (kind, "some.file")
    bpy.ops.vitpose.sample_clip()
    assert capture.source == "VIDEO"
    assert Path(capture.video).is_file()


@pytest.mark.parametrize("setting", operators.KINDS)
def test_every_kind_of_file_can_be_chosen(capture, setting):
    assert setting in capture.bl_rna.properties
    kind, pattern = operators.KINDS[setting]
    assert kind in capture.bl_rna.properties["source"].enum_items
    assert pattern.startswith("*.")


def test_the_capture_panel_while_idle_running_and_after_the_end(
    live, source, hero, capture
):
    idle = draw(VITPOSE_PT_capture)
    assert idle.buttons == {"Start": "vitpose.start"}
    assert {"body", "preset", "person", "mirror"} <= set(idle.properties)
    assert idle.frozen == []

    bpy.ops.vitpose.start()
    assert texts(draw(VITPOSE_PT_capture)).endswith("...")
    run(live, source, hero)
    running = draw(VITPOSE_PT_capture)
    assert running.buttons == {"Stop": "vitpose.stop"}
    assert set(running.frozen) == set(running.properties)
    for text in ("fps", "80%", "fake-device", "0 of 9"):
        assert text in texts(running)

    source.end()
    live._worker._thread.join(WAIT)
    live.tick()
    ended = draw(VITPOSE_PT_capture)
    assert "come to its end" in texts(ended)
    assert ended.buttons == {"Start": "vitpose.start"}


def test_what_the_preferences_can_mend_leads_there(live, source, hero, capture):
    bpy.ops.vitpose.start()
    source.deliver(VitposeError("cv2 is missing: set it up in the preferences"))
    live._worker._thread.join(WAIT)
    live.tick()
    ended = draw(VITPOSE_PT_capture)
    assert "cv2 is missing" in texts(ended)
    assert ended.buttons["Preferences"] == "preferences.addon_show"


def test_the_status_says_what_is_known():
    lines = dict(status_lines(Status("running", fps=29.97, latency=0.0451)))
    assert lines == {
        "Rate": "30.0 fps",
        "Latency": "45 ms",
        "Detection": "None",
        "People": "Nobody seen",
        "Dropped": "0 of 0",
    }
    several = Status("running", people=(1, 3), confidence=0.5, num_frames=5,
                     num_dropped=2, device="cpu (float32)")  # fmt: skip
    lines = dict(status_lines(several))
    assert (lines["People"], lines["Detection"]) == ("1, 3", "50% sure")
    assert (lines["Dropped"], lines["Device"]) == ("2 of 7", "cpu (float32)")


@pytest.mark.parametrize("kind", ["CAMERA", "VIDEO", "STREAM", "UDP", "RECORDED"])
def test_the_source_panel_shows_what_its_kind_needs(live, capture, kind):
    capture.source = kind
    shown = draw(VITPOSE_PT_source)
    needed = {
        "CAMERA": {"camera"},
        "VIDEO": {"video"},
        "STREAM": {"url"},
        "UDP": {"host", "port"},
        "RECORDED": {"recorded", "footage"},
    }
    assert set(shown.properties) == {"source"} | needed[kind]
    assert ("Sample Clip" in shown.buttons) == (kind == "VIDEO")
    assert (draw(VITPOSE_PT_lens) is None) == (kind == "UDP")


@pytest.mark.usefixtures("capture")
def test_the_picture_has_its_place_before_and_shows_while_it_runs(live, source, hero):
    idle = draw(VITPOSE_PT_preview)
    assert idle.icons == [0]
    bpy.ops.vitpose.start()
    run(live, source, hero)
    live.monitor.tick()
    running = draw(VITPOSE_PT_preview)
    assert running.icons == [live.monitor.picture.icon_id]
    assert running.texts != idle.texts
    bpy.ops.vitpose.stop()
    assert draw(VITPOSE_PT_preview).texts == idle.texts


@pytest.mark.usefixtures("capture")
def test_the_source_is_not_changed_meanwhile(live, source, hero):
    bpy.ops.vitpose.start()
    for panel in (VITPOSE_PT_source, VITPOSE_PT_lens):
        shown = draw(panel)
        assert set(shown.frozen) == set(shown.properties)


def test_the_list_of_characters_explains_itself_while_empty(capture, hero):
    assert "each person" in texts(draw(VITPOSE_PT_actors))
    bpy.ops.vitpose.actor_add()
    assert "each person" not in texts(draw(VITPOSE_PT_actors))
    assert "person" not in draw(VITPOSE_PT_capture).properties


def test_a_row_of_the_list_is_red_where_nobody_can_be_driven(capture, hero):
    bpy.ops.vitpose.actor_add()
    bpy.ops.vitpose.actor_add()
    for actor, is_red in zip(capture.actors, (False, True)):
        row = Layout()
        row.split = lambda row=row, **_: row
        VITPOSE_UL_actors.draw_item(None, None, row, capture, actor, *[None] * 5)
        assert row.alert == is_red
        assert row.properties == ["armature", "person"]


def test_settings_survive_the_file(capture, hero, tmp_path):
    capture.source, capture.url, capture.tilt = "STREAM", "rtsp://cam", 12.5
    bpy.ops.vitpose.actor_add()
    path = str(tmp_path / "kept.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    kept = bpy.context.scene.vitpose.capture
    assert (kept.source, kept.url, kept.tilt) == ("STREAM", "rtsp://cam", 12.5)
    assert kept.actors[0].armature == bpy.data.objects["Hero"]


@pytest.mark.usefixtures("capture")
def test_switching_the_extension_off_and_on_again(live, source, hero):
    bpy.ops.vitpose.detect()
    before = fingerprint(bpy.data)
    bpy.ops.vitpose.start()
    run(live, source, hero)
    vitpose_blender.unregister()
    vitpose_blender.register()
    assert not live.is_running
    assert not binding.is_bound(hero)
    assert source.is_closed.is_set()
    assert not bpy.app.timers.is_registered(live.monitor._tick)
    assert differences(before, fingerprint(bpy.data)) == []
