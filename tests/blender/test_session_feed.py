# SPDX-License-Identifier: GPL-3.0-or-later
"""Real sources and a real network under the live capture, and what may lack."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import bpy
import numpy as np
import pytest

import vitpose_blender
from tests.blender.live_sources import WAIT
from tests.blender.rigs import farthest, heads
from tests.inference.mjpeg_server import MjpegServer
from tests.live.conftest import is_gone, wait_until
from vitpose_blender.blender import (
    animate,
    binding,
    load,
    session,
    session_bake,
)
from vitpose_blender.core.steps import finish
from vitpose_blender.core.take import read_take
from vitpose_blender.data_files import data_folder
from vitpose_blender.live import process_feed
from vitpose_blender.live.camera_feed import Look
from vitpose_blender.live.config import CaptureConfig, Driven
from vitpose_blender.live.pace import Pace

ROOT = Path(__file__).parents[2]
RESOURCES = data_folder("resources")
VIDEO = RESOURCES / "videos" / "sample.mp4"
KEYPOINTS = RESOURCES / "videos" / "sample.keypoints.json"

NUM_FRAMES = 90


@pytest.fixture(autouse=True)
def hero():
    return load.load_character(RESOURCES / "characters" / "mannequin.glb")


@pytest.fixture
def live():
    yield session.live
    session.live.stop()


@pytest.fixture
def hasty(monkeypatch):
    """Let files be looked at as fast as it goes."""
    monkeypatch.setattr(Pace, "wait_for", lambda *_: 0.0)


@pytest.fixture
def halfway(monkeypatch):
    """Let files stand still after a third of a second; returns the event of that."""
    reached = threading.Event()

    def wait_for(self, t):
        if t > 0.3:
            reached.set()
            self._stop.wait(WAIT)
        return 0.0

    monkeypatch.setattr(Pace, "wait_for", wait_for)
    return reached


def start(live, tmp_path, hero, **settings):
    defaults = {"device": "cpu", "detector": "full-frame", "engine": "thread"}
    config = CaptureConfig(journal=tmp_path / "journal", **defaults | settings)
    live.start(config, [Driven(hero.name)])


def run_to_the_end(live):
    live._worker._thread.join(WAIT)
    assert live.tick() is None
    assert_quiet(live)


def assert_quiet(live):
    assert not live.is_running
    assert not bpy.app.timers.is_registered(live._tick)
    assert [t for t in threading.enumerate() if t.name.startswith("vitpose")] == []


@pytest.fixture
def keypoints(tmp_path):
    """The recorded keypoints of the sample's first three seconds."""
    table = json.loads(KEYPOINTS.read_text())
    for part, key in (("images", "id"), ("annotations", "image_id")):
        table[part] = [each for each in table[part] if each[key] < NUM_FRAMES]
    path = tmp_path / "keypoints.json"
    path.write_text(json.dumps(table))
    return path


@pytest.mark.usefixtures("hasty")
def test_the_sample_is_seen_recorded_and_baked(live, hero, tmp_path, keypoints):
    pytest.importorskip("cv2")
    start(
        live,
        tmp_path,
        hero,
        source=str(keypoints),
        footage=str(VIDEO),
        keeps_binding=True,
    )
    live.mark_start(tmp_path / "sample.take.jsonl")
    live._worker._thread.join(WAIT)
    assert live.preview.image.shape == (360, 640, 3)
    run_to_the_end(live)
    status = live.status()
    assert status.message == "The source has come to its end"
    num_seen = len(json.loads(keypoints.read_text())["annotations"])
    assert status.num_frames == status.num_journalled == num_seen > NUM_FRAMES / 2
    assert 0.5 < status.confidence < 1.0

    bpy.context.view_layer.update()
    last_seen = heads(hero)
    binding.remove_binding(hero)
    take = read_take(live.mark_stop())
    animate.set_scene_fps(30)
    finish(session_bake.bake_take(hero, take, session_bake.BakeOptions()))
    bpy.context.scene.frame_set(NUM_FRAMES)
    assert farthest(heads(hero), last_seen)[0] < 5e-4
    bpy.context.scene.frame_set(NUM_FRAMES // 3)
    assert farthest(heads(hero), last_seen)[0] > 0.05


def test_a_network_drives_the_character(live, hero, tmp_path, vitpose_folder, halfway):
    bpy.context.view_layer.update()
    at_rest = heads(hero)
    start(live, tmp_path, hero, source=str(VIDEO), model=str(vitpose_folder))
    assert halfway.wait(WAIT)
    assert live.tick() == session.TICK
    status = live.status()
    assert status.state == "running"
    assert status.device.startswith("cpu (")
    assert status.num_frames == status.num_journalled > 5
    bpy.context.view_layer.update()
    assert farthest(heads(hero), at_rest)[0] > 0.05
    assert live.preview.image.shape == (360, 640, 3)
    live.stop()
    assert_quiet(live)
    assert not binding.is_bound(hero)


def start_process(live, tmp_path, hero, **settings):
    """Start in a process and wait for its first moment; returns the process."""
    started = []

    class Noted(process_feed.ChildProcess):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            started.append(self)

    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(process_feed, "ChildProcess", Noted)
        start(live, tmp_path, hero, engine="process", fps=30.0, **settings)
        end = time.monotonic() + WAIT
        while not live.status().num_frames and time.monotonic() < end:
            assert live.tick() == session.TICK
            threading.Event().wait(0.01)
    return started[0]


def test_a_process_drives_the_character(live, hero, tmp_path):
    bpy.context.view_layer.update()
    at_rest = heads(hero)
    start_process(live, tmp_path, hero, source=str(KEYPOINTS))
    assert live.tick() == session.TICK
    status = live.status()
    assert (status.state, status.engine, status.stage) == ("running", "process", "")
    assert 0.0 < status.latency < WAIT
    bpy.context.view_layer.update()
    assert farthest(heads(hero), at_rest)[0] > 0.05
    live.stop()
    assert_quiet(live)
    assert live.status().message == ""
    assert not binding.is_bound(hero)


def test_a_killed_process_ends_the_capture_with_one_message(live, hero, tmp_path):
    child = start_process(live, tmp_path, hero, source=str(KEYPOINTS))
    child.kill()
    run_to_the_end(live)
    assert "ended unexpectedly" in live.status().message
    assert not binding.is_bound(hero)


def test_a_process_can_be_started_again_after_any_end(live, hero, tmp_path):
    for _ in range(2):
        start_process(live, tmp_path, hero, source=str(KEYPOINTS))
        live.stop()
        live.stop()
        assert_quiet(live)


def test_switching_the_extension_off_ends_the_process(live, hero, tmp_path):
    child = start_process(live, tmp_path, hero, source=str(KEYPOINTS))
    vitpose_blender.unregister()
    try:
        assert_quiet(live)
        assert child._process.returncode is not None
    finally:
        vitpose_blender.register()


def test_a_stream_that_hangs_up_ends_its_process_with_one_message(
    live, hero, tmp_path, vitpose_folder
):
    server = MjpegServer()
    try:
        server.show(*range(40))
        settings = {"source": server.url, "model": str(vitpose_folder), "timeout": 0.5}
        child = start_process(live, tmp_path, hero, **settings)
        server.hang_up()
        run_to_the_end(live)
    finally:
        server.close()
    assert "has delivered no picture for 0.5 s" in live.status().message
    assert "secret" not in live.status().message
    assert child._process.returncode is not None
    assert not binding.is_bound(hero)


def test_a_model_that_its_process_lacks_is_one_sentence(live, hero, tmp_path):
    pytest.importorskip("torch")
    start(
        live,
        tmp_path,
        hero,
        engine="process",
        source=str(VIDEO),
        model=str(tmp_path / "no-model"),
    )
    run_to_the_end(live)
    assert "no-model" in live.status().message


def test_the_process_ends_when_blender_quits(bpy_python, tmp_path):
    code = (
        "import sys, pathlib, bpy, vitpose_blender\n"
        "from tests.blender.rigs import add_humanoid\n"
        "from vitpose_blender.blender import session\n"
        "from vitpose_blender.live import process_feed\n"
        "from vitpose_blender.live.config import CaptureConfig, Driven\n"
        "class Told(process_feed.ChildProcess):\n"
        "    def __init__(self, *arguments):\n"
        "        super().__init__(*arguments)\n"
        "        print('child', self.pid, flush=True)\n"
        "process_feed.ChildProcess = Told\n"
        "vitpose_blender.register()\n"
        "add_humanoid('Hero')\n"
        "config = CaptureConfig(sys.argv[1], pathlib.Path(sys.argv[2]), fps=30.0)\n"
        "session.live.start(config, [Driven('Hero')])\n"
        "while not session.live.status().num_frames:\n"
        "    session.live.tick()\n"
    )
    done = subprocess.run(
        [bpy_python, "-c", code, str(KEYPOINTS), str(tmp_path)],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=3 * WAIT,
    )
    said = dict(line.split() for line in done.stdout.splitlines() if "child" in line)
    assert wait_until(lambda: is_gone(int(said["child"]))), done.stderr


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("no-such-film.mp4", "There is no file"),
        ("97", "Camera 97 could not be opened"),
        ("http://127.0.0.1:9/x.mjpg", "could not be opened"),
    ],
)
def test_a_source_that_is_not_there_is_one_sentence(
    live, hero, tmp_path, vitpose_folder, source, message
):
    start(live, tmp_path, hero, source=source, model=str(vitpose_folder))
    run_to_the_end(live)
    assert message in live.status().message
    assert not binding.is_bound(hero)


def test_a_model_that_is_not_there_is_one_sentence(live, hero, tmp_path):
    pytest.importorskip("torch")
    start(live, tmp_path, hero, source=str(VIDEO), model=str(tmp_path / "no-model"))
    run_to_the_end(live)
    assert "no-model" in live.status().message
    assert live.status().num_frames == 0


def test_a_runtime_that_is_not_installed_is_one_sentence(
    live, hero, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "cv2", None)  # Importing it fails.
    for name in list(sys.modules):
        if name.startswith("vitpose_blender.inference"):
            monkeypatch.delitem(sys.modules, name)
    start(live, tmp_path, hero, source=str(VIDEO), model="any")
    run_to_the_end(live)
    assert live.status().message == (
        "The Python module cv2 is not installed: set up the extension's runtime in "
        "its preferences, then start again"
    )


@pytest.mark.parametrize("happens", ["stalls", "hangs up", "is stopped"])
def test_a_stream_that_breaks_off_ends_quietly(
    live, hero, tmp_path, vitpose_folder, happens, monkeypatch
):
    seen = threading.Event()
    look = Look.__iter__

    def watched(self):
        for moment in look(self):
            yield moment
            seen.set()

    monkeypatch.setattr(Look, "__iter__", watched)
    server = MjpegServer()
    try:
        settings = {"source": server.url, "model": str(vitpose_folder), "timeout": 0.5}
        start(live, tmp_path, hero, **settings)
        server.show(*range(5))
        assert seen.wait(WAIT)
        assert live.tick() == session.TICK
        if happens == "hangs up":
            server.hang_up()
        if happens == "is stopped":
            live.stop()
            live._worker._thread.join(WAIT)
            message = ""
        else:
            run_to_the_end(live)
            message = "has delivered no picture for 0.5 s"
    finally:
        server.close()
    assert_quiet(live)
    assert message in live.status().message
    assert "secret" not in live.status().message
    assert not binding.is_bound(hero)


def test_files_are_looked_at_in_real_time_and_never_skipped():
    now, waits = [50.0], []

    class Stop:
        def wait(self, seconds):
            waits.append(seconds)
            now[0] += seconds

    pace = Pace(Stop(), lambda: now[0])
    rests = []
    for t, work in ((3.0, 0.01), (3.04, 0.3), (3.08, 0.0), (3.12, 0.0)):
        rests.append(pace.wait_for(t))
        now[0] += work
    assert rests == waits
    np.testing.assert_allclose(waits, [0.0, 0.03, 0.0, 0.04], atol=1e-9)
