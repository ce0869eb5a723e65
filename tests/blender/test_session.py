# SPDX-License-Identifier: GPL-3.0-or-later
"""The live capture's life: starting, driving, stopping, and all that goes wrong."""

import logging
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import bpy
import numpy as np
import pytest

import vitpose_blender
from tests.blender.fingerprint import differences, fingerprint
from tests.blender.live_sources import WAIT, FakeSource, joints_of, moments
from tests.blender.rigs import add_humanoid, farthest, heads
from vitpose_blender.blender import binding, character, session, session_characters
from vitpose_blender.core.errors import CameraError, CharacterError, VitposeError
from vitpose_blender.core.take import read_take
from vitpose_blender.live.config import CaptureConfig, Driven

ROOT = Path(__file__).parents[2]


@pytest.fixture
def hero():
    return add_humanoid("Hero")


@pytest.fixture
def source():
    return FakeSource()


@pytest.fixture
def config(tmp_path):
    return CaptureConfig("fake", tmp_path / "journal")


@pytest.fixture
def live(monkeypatch):
    monkeypatch.setattr(session, "BUDGET", 60.0)  # Each tick moves all [s].
    yield session.live
    session.live.stop()
    assert not threads()


def threads():
    return [t for t in threading.enumerate() if t.name.startswith("vitpose")]


def has_timer(live):
    return bpy.app.timers.is_registered(live._tick)


def assert_quiet(live, source=None):
    assert not live.is_running
    assert live.status().state == "idle"
    assert not has_timer(live)
    assert not threads()
    if source is not None:
        assert source.is_closed.is_set()


def begin(live, config, source, *characters):
    live.start(config, [Driven(*each) for each in characters or [("Hero",)]],
               source.open)  # fmt: skip
    assert source.is_open.wait(WAIT)


def pose_of(armature):
    bpy.context.view_layer.update()
    return heads(armature)


def test_bones_follow_and_stop_puts_everything_back(live, hero, config, source):
    before, at_rest = fingerprint(bpy.data), pose_of(hero)
    switching = sys.getswitchinterval()
    seen = moments(joints_of(character.read_rig_rest(hero), 0.5))
    begin(live, config, source)
    assert live.status().state == "starting"
    assert sys.getswitchinterval() == pytest.approx(session.SWITCH) != switching
    source.deliver(*seen)

    assert live.tick() == session.TICK
    status = live.status()
    assert (status.state, status.people, status.device) == (
        "running", (1,), "fake-device",
    )  # fmt: skip
    assert status.num_frames == status.num_journalled == len(seen)
    assert status.confidence == pytest.approx(0.8)
    assert farthest(pose_of(hero), at_rest)[0] > 0.05

    live.stop()
    assert_quiet(live, source)
    assert live.status().message == ""
    assert sys.getswitchinterval() == switching
    assert differences(before, fingerprint(bpy.data)) == []


def test_a_character_waits_at_rest_for_the_first_picture(live, hero, config, source):
    at_rest = pose_of(hero)
    begin(live, config, source)
    assert farthest(pose_of(hero), at_rest)[0] < 0.01


def test_the_preview_shows_the_newest_picture(live, hero, config, source):
    seen = moments(joints_of(character.read_rig_rest(hero), 0.2))
    begin(live, config, source)
    source.deliver(*seen)
    preview = live.preview
    assert preview.t == seen[-1].t
    assert preview.image is seen[-1].image
    assert [each.person for each in preview.packets] == [1]
    assert live.preview is preview
    source.deliver(replace(seen[-1], image=None))
    assert live.preview is preview
    live.stop()
    assert live.preview is None


def test_two_characters_follow_two_people(live, hero, config, source):
    other = add_humanoid("Other")
    rest = character.read_rig_rest(hero)
    first, second = joints_of(rest, 0.5, seed=0), joints_of(rest, 0.5, seed=9)
    begin(live, config, source, ("Hero", 1), ("Other", 2))
    assert source.wanted == -1
    source.deliver(*moments(first, second))
    live.tick()
    together = pose_of(hero), pose_of(other)
    live.stop()

    alone = FakeSource()
    begin(live, config, alone, ("Other", 1))
    alone.deliver(*moments(second))
    live.tick()
    assert farthest(pose_of(other), together[1])[0] < 1e-5
    assert farthest(pose_of(other), together[0])[0] > 0.05


def test_one_person_is_wanted_where_one_is_enough(live, hero, config, source):
    begin(live, config, source, ("Hero", 3))
    assert source.wanted == 3
    live.stop()
    begin(live, config, largest := FakeSource())
    assert largest.wanted == 0


def test_who_comes_too_late_for_a_tick_is_first_in_the_next(
    live, hero, config, source, monkeypatch
):
    others = [hero, add_humanoid("Second"), add_humanoid("Third")]
    joints = joints_of(character.read_rig_rest(hero), 0.5)
    monkeypatch.setattr(session, "BUDGET", 0.0)
    at_rest = [pose_of(each) for each in others]
    begin(live, config, source, *[(each.name,) for each in others])
    source.deliver(*moments(joints))
    for number in range(1, 4):
        live.tick()
        moved = [
            farthest(pose_of(each), rest)[0] > 0.05
            for each, rest in zip(others, at_rest)
        ]
        assert sum(moved) == number


def test_starting_twice_is_refused_and_harms_nothing(live, hero, config, source):
    begin(live, config, source)
    with pytest.raises(VitposeError, match="running already"):
        live.start(config, [Driven("Hero")], FakeSource().open)
    source.deliver(*moments(joints_of(character.read_rig_rest(hero), 0.1)))
    assert live.tick() == session.TICK
    assert live.status().num_frames == 3


def test_stopping_twice_or_without_a_start_does_nothing(live, hero, config, source):
    live.stop()
    begin(live, config, source)
    live.stop("first")
    live.stop("second")
    assert_quiet(live, source)
    assert live.status().message == "first"
    assert live.tick() is None


def test_it_can_start_again_after_any_end(live, hero, config):
    for _ in range(3):
        begin(live, config, source := FakeSource())
        live.stop()
        assert_quiet(live, source)


def test_characters_may_stay_bound_in_their_last_pose(live, hero, tmp_path, source):
    config = CaptureConfig("fake", tmp_path, keeps_binding=True)
    begin(live, config, source)
    source.deliver(*moments(joints_of(character.read_rig_rest(hero), 0.5)))
    live.tick()
    last = pose_of(hero)
    live.stop()
    assert_quiet(live, source)
    assert binding.is_bound(hero)
    assert farthest(pose_of(hero), last)[0] == 0.0


@pytest.mark.parametrize("rig", ["", "no-such-map"])
def test_a_character_that_cannot_be_driven_is_refused(live, hero, config, source, rig):
    before = fingerprint(bpy.data)
    name = "Hero" if rig else "Nobody"
    with pytest.raises(CharacterError):
        live.start(config, [Driven("Hero"), Driven(name, 2, rig)], source.open)
    assert_quiet(live)
    assert not source.is_open.is_set()
    assert differences(before, fingerprint(bpy.data)) == []


def test_one_character_cannot_follow_two_people(live, hero, config, source):
    with pytest.raises(CharacterError, match="two people"):
        live.start(config, [Driven("Hero", 1), Driven("Hero", 2)], source.open)
    assert_quiet(live)


def test_nobody_need_be_driven(live, hero, config, source):
    live.start(config, [], source.open)
    source.deliver(*moments(joints_of(character.read_rig_rest(hero), 0.1)))
    assert live.tick() == session.TICK
    assert live.status().num_journalled == 3


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (CameraError("Camera 0 is gone: plug it in"), "Camera 0 is gone: plug it in"),
        (ZeroDivisionError("oops"), "Internal error"),
    ],
)
@pytest.mark.usefixtures("hero")
def test_a_source_that_fails_ends_with_one_message(
    live, config, source, caplog, error, message
):
    hero, before = bpy.data.objects["Hero"], fingerprint(bpy.data)
    seen = moments(joints_of(character.read_rig_rest(hero), 0.1))
    begin(live, config, source)
    source.deliver(*seen, error)
    end(live)
    assert_quiet(live, source)
    assert live.status().message.startswith(message)
    assert differences(before, fingerprint(bpy.data)) == []
    errors = [r for r in caplog.records if r.levelno >= logging.ERROR]
    assert len(errors) == isinstance(error, ZeroDivisionError)


def end(live):
    """Tick until the capture has noticed that its thread is over."""
    live._worker._thread.join(WAIT)
    assert live.tick() is None


def test_a_source_that_cannot_be_opened_ends_with_one_message(live, hero, config):
    @contextmanager
    def broken(*_):
        raise CameraError("Camera 7 could not be opened: give another index")
        yield

    live.start(config, [Driven("Hero")], broken)
    end(live)
    assert_quiet(live)
    assert live.status().message.startswith("Camera 7")


def test_the_last_poses_count_when_the_source_ends(live, hero, config, source):
    at_rest = pose_of(hero)
    config = CaptureConfig("fake", config.journal, keeps_binding=True)
    begin(live, config, source)
    source.deliver(*moments(joints_of(character.read_rig_rest(hero), 0.5)))
    source.end()
    end(live)
    assert_quiet(live, source)
    assert "come to its end" in live.status().message
    assert farthest(pose_of(hero), at_rest)[0] > 0.05


def test_a_source_that_does_not_let_go_holds_up_nobody(live, hero, config, monkeypatch):
    proceed, opened = threading.Event(), threading.Event()
    monkeypatch.setattr(session, "STOP_TIMEOUT", 0.01)

    @contextmanager
    def stuck(*_):
        opened.set()
        proceed.wait(WAIT)
        raise CameraError("too late to matter")
        yield

    live.start(config, [Driven("Hero")], stuck)
    assert opened.wait(WAIT)
    live.stop()
    assert not live.is_running
    assert not has_timer(live)
    assert not binding.is_bound(hero)
    with pytest.raises(VitposeError, match="not let go"):
        live.start(config, [Driven("Hero")], FakeSource().open)
    proceed.set()
    live._worker._thread.join(WAIT)
    begin(live, config, source := FakeSource())
    live.stop()
    assert_quiet(live, source)


def test_a_renamed_character_goes_on(live, hero, config, source):
    seen = moments(joints_of(character.read_rig_rest(hero), 0.5))
    begin(live, config, source)
    source.deliver(seen[0])
    live.tick()
    first = pose_of(hero)
    hero.name = "Heroine"
    imposter = add_humanoid("Hero")
    source.deliver(*seen[1:])
    assert live.tick() == session.TICK
    assert farthest(pose_of(hero), first)[0] > 0.05
    assert not binding.is_bound(imposter)
    live.stop()
    assert not binding.is_bound(hero)
    assert not [o for o in bpy.data.objects if o.name.startswith("VITPOSE")]


def test_a_deleted_character_ends_the_capture(live, hero, config, source):
    seen = moments(joints_of(character.read_rig_rest(hero), 0.1))
    begin(live, config, source)
    source.deliver(*seen)
    live.tick()
    bpy.data.objects.remove(hero)
    assert live.tick() is None
    assert_quiet(live, source)
    assert live.status().message == (
        "'Hero' is gone: choose a character and start again"
    )
    assert not [o for o in bpy.data.objects if o.name.startswith("VITPOSE")]


def test_a_character_taken_out_of_the_scene_counts_as_deleted(
    live, hero, config, source, monkeypatch
):
    monkeypatch.setattr(session_characters, "_LOOK_EVERY", 0.0)
    begin(live, config, source)
    for collection in hero.users_collection:
        collection.objects.unlink(hero)
    assert live.tick() is None
    assert_quiet(live)
    assert "is gone" in live.status().message


def test_the_others_go_on_without_a_deleted_one(live, hero, config, source):
    other = add_humanoid("Other")
    seen = moments(joints_of(character.read_rig_rest(hero), 0.5))
    begin(live, config, source, ("Hero",), ("Other",))
    source.deliver(seen[0])
    live.tick()
    bpy.data.objects.remove(hero)
    first = pose_of(other)
    source.deliver(*seen[1:])
    assert live.tick() == session.TICK
    assert live.status().message == "'Hero' is gone; the others go on"
    assert farthest(pose_of(other), first)[0] > 0.05


def test_another_file_ends_the_capture(live, hero, config, source):
    begin(live, config, source)
    source.deliver(*moments(joints_of(character.read_rig_rest(hero), 0.1)))
    live.tick()
    bpy.ops.wm.read_homefile(use_empty=True)
    assert_quiet(live, source)
    assert "another file" in live.status().message
    assert live.tick() is None


def test_the_handler_outlives_another_file(live, config):
    bpy.ops.wm.read_homefile(use_empty=True)
    add_humanoid("Hero")
    begin(live, config, source := FakeSource())
    bpy.ops.wm.read_homefile(use_empty=True)
    assert_quiet(live, source)


def test_blender_quits_at_once_while_it_captures(bpy_python, tmp_path):
    code = (
        "import sys, pathlib, bpy, vitpose_blender\n"
        "from tests.blender.live_sources import WAIT, FakeSource\n"
        "from tests.blender.rigs import add_humanoid\n"
        "from vitpose_blender.blender import session\n"
        "from vitpose_blender.live.config import CaptureConfig, Driven\n"
        "source = FakeSource()\n"
        "import atexit\n"
        "atexit.register(lambda: print('closed', source.is_closed.is_set()))\n"
        "vitpose_blender.register()\n"
        "add_humanoid('Hero')\n"
        "config = CaptureConfig('fake', pathlib.Path(sys.argv[1]))\n"
        "session.live.start(config, [Driven('Hero')], source.open)\n"
        "assert source.is_open.wait(WAIT)\n"
    )
    done = subprocess.run(
        [bpy_python, "-c", code, str(tmp_path)],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=WAIT,
    )
    # The wheel of Blender 4.2 crashes afterwards, whatever it was used for.
    assert "closed True" in done.stdout, done.stderr


def test_switching_the_extension_off_ends_the_capture(live, hero, config, source):
    before = fingerprint(bpy.data)
    begin(live, config, source)
    vitpose_blender.unregister()
    try:
        assert_quiet(live, source)
        assert "switched off" in live.status().message
        assert session._before_load not in bpy.app.handlers.load_pre
    finally:
        vitpose_blender.register()
    assert differences(before, fingerprint(bpy.data)) == []


def test_undo_and_redo_do_not_disturb_the_drive(live, config, source):
    bpy.context.preferences.edit.use_global_undo = True
    add_humanoid("Hero")
    bpy.ops.ed.undo_push(message="character")
    bpy.context.scene.frame_current = 7
    bpy.ops.ed.undo_push(message="frame")
    joints = joints_of(character.read_rig_rest(bpy.data.objects["Hero"]), 1.0)
    seen, poses = moments(joints), []
    begin(live, config, source)
    for number, step in enumerate((None, bpy.ops.ed.undo, bpy.ops.ed.redo)):
        if step is not None:
            assert step() == {"FINISHED"}
        source.deliver(*seen[10 * number : 10 * (number + 1)])
        assert live.tick() == session.TICK
        assert binding.is_bound(bpy.data.objects["Hero"])
        poses.append(pose_of(bpy.data.objects["Hero"]))
    assert farthest(poses[0], poses[1])[0] > 0.05
    assert farthest(poses[1], poses[2])[0] > 0.05
    live.stop()
    assert_quiet(live, source)
    assert not binding.is_bound(bpy.data.objects["Hero"])
    assert not [o for o in bpy.data.objects if o.name.startswith("VITPOSE")]


def test_undo_past_the_characters_making_ends_the_capture(live, config, source):
    bpy.context.preferences.edit.use_global_undo = True
    bpy.ops.ed.undo_push(message="empty")
    add_humanoid("Hero")
    bpy.ops.ed.undo_push(message="character")
    begin(live, config, source)
    source.deliver(
        *moments(joints_of(character.read_rig_rest(bpy.data.objects["Hero"]), 0.1))
    )
    live.tick()
    assert bpy.ops.ed.undo() == {"FINISHED"}
    assert "Hero" not in bpy.data.objects
    assert live.tick() is None
    assert_quiet(live, source)
    assert "is gone" in live.status().message


def test_a_bug_in_the_drive_ends_with_one_message(
    live, hero, config, source, monkeypatch, caplog
):
    def broken(*_):
        raise ZeroDivisionError("a bug")

    begin(live, config, source)
    source.deliver(*moments(joints_of(character.read_rig_rest(hero), 0.1)))
    monkeypatch.setattr(binding, "move_targets", broken)
    assert live.tick() is None
    assert_quiet(live, source)
    assert live.status().message.startswith("Internal error: ZeroDivisionError")
    assert not binding.is_bound(hero)
    assert len([r for r in caplog.records if r.levelno >= logging.ERROR]) == 1


def test_a_tick_never_raises(live, hero, config, source, monkeypatch, caplog):
    def broken(*_):
        raise ZeroDivisionError("a bug")

    begin(live, config, source)
    with monkeypatch.context() as patches:
        patches.setattr(session_characters.Characters, "move", broken)
        patches.setattr(session_characters.Characters, "release", broken)
        assert live.tick() is None
    assert_quiet(live, source)
    assert "could not be stopped properly" in caplog.text
    binding.remove_binding(hero)


def test_a_journal_that_cannot_be_written_stops_nothing(
    live, hero, tmp_path, source, caplog
):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    config = CaptureConfig("fake", in_the_way / "journal")
    seen = moments(joints_of(character.read_rig_rest(hero), 0.5))
    begin(live, config, source)
    source.deliver(*seen)
    assert live.tick() == session.TICK
    status = live.status()
    assert status.state == "running"
    assert status.num_frames == len(seen)
    assert status.num_journalled == 0
    assert status.message.startswith("Cannot write")
    assert caplog.text.count("Cannot write") == 1


def test_takes_come_from_a_running_and_from_an_ended_capture(
    live, hero, config, source, tmp_path
):
    seen = moments(joints_of(character.read_rig_rest(hero), 3.0))
    with pytest.raises(VitposeError, match="start"):
        live.mark_start(tmp_path / "early.take.jsonl")
    begin(live, config, source)
    source.deliver(*seen[:30])
    live.mark_start(tmp_path / "marked.take.jsonl")
    assert live.status().is_recording
    source.deliver(*seen[30:60])
    marked = read_take(live.mark_stop())
    source.deliver(*seen[60:])
    assert not live.status().is_recording
    live.stop()
    kept = read_take(live.keep_last(1.5, tmp_path / "kept.take.jsonl"))

    times = np.array([each.t for each in seen])
    np.testing.assert_allclose([p.t for p in marked.packets], times[30:60], atol=1e-6)
    start = kept.packets[0].t
    assert times[-1] - 2.5 - 1e-6 <= start <= times[-1] - 1.5 + 1e-6
    np.testing.assert_allclose(
        [p.t for p in kept.packets], times[times > start - 1e-6], atol=1e-6
    )
    assert marked.header.model == "fake-model"
    started = [datetime.fromisoformat(t.header.started) for t in (marked, kept)]
    assert (started[1] - started[0]).total_seconds() == pytest.approx(
        start - marked.packets[0].t, abs=2e-3
    )
