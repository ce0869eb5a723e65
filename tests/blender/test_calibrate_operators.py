# SPDX-License-Identifier: GPL-3.0-or-later
"""Calibrate and Forget, as a user's clicks call them, and what the panel shows."""

import bpy
import pytest

from tests.blender.drawn import draw
from tests.blender.live_sources import WAIT, FakeSource
from tests.blender.rigs import add_humanoid
from tests.blender.test_calibrating import standing
from vitpose_blender.blender import (
    calibration_overlay,
    calibration_settings,
    capture_settings,
    capture_start,
    session,
)
from vitpose_blender.blender.panel_calibration import VITPOSE_PT_calibration
from vitpose_blender.blender.session import LiveSession
from vitpose_blender.core.calibration import MAX_HEIGHT
from vitpose_blender.live.calibrating import CalibrationStatus


@pytest.fixture
def source(monkeypatch, tmp_path):
    """What every capture looks at meanwhile."""
    source = FakeSource()
    for module in (capture_start, calibration_settings):
        monkeypatch.setattr(module, "user_folder", lambda name: tmp_path / name)
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
    calibration_overlay.hide()


@pytest.fixture
def settings():
    return calibration_settings.settings(bpy.context.scene)


@pytest.fixture
def running(source, tmp_path):
    bpy.context.view_layer.objects.active = add_humanoid("Hero")
    (tmp_path / "clip.mp4").touch()
    capture_settings.settings(bpy.context.scene).video = str(tmp_path / "clip.mp4")
    bpy.ops.vitpose.start()
    assert source.is_open.wait(WAIT)
    return source


def test_it_explains_to_start_first():
    assert not bpy.ops.vitpose.calibrate.poll()
    with pytest.raises(RuntimeError, match="Press Start first"):
        bpy.ops.vitpose.calibrate()
    panel = draw(VITPOSE_PT_calibration)
    assert "Calibrate" in panel.buttons
    assert "Press Start first" in " ".join(panel.texts)


def test_clicks_calibrate_and_the_panel_says_what_was_found(
    running, settings, live, tmp_path
):
    settings.delay, settings.knows_height, settings.height = 1.0, True, 1.8
    assert bpy.ops.vitpose.calibrate() == {"FINISHED"}
    panel = draw(VITPOSE_PT_calibration)
    assert "Stop Calibrating" in panel.buttons
    assert {"height", "delay"} <= set(panel.frozen)
    running.deliver(*standing(100.0))
    texts = draw(VITPOSE_PT_calibration).texts
    assert "1.80 m" in texts
    assert any("down" in text for text in texts)
    assert len(list((tmp_path / "cameras").glob("clip-mp4-*-1280x720.json"))) == 1

    assert bpy.ops.vitpose.forget_calibration() == {"FINISHED"}
    assert list((tmp_path / "cameras").iterdir()) == []
    assert bpy.ops.vitpose.forget_calibration() == {"FINISHED"}


def test_an_unknown_height_is_assumed(running, settings, live):
    settings.delay = 0.0
    bpy.ops.vitpose.calibrate()
    running.deliver(*standing(100.0))
    assert "1.70 m (assumed)" in draw(VITPOSE_PT_calibration).texts


def test_it_can_be_stopped(running, settings, live):
    bpy.ops.vitpose.calibrate()
    running.deliver(*standing(100.0)[:5])
    assert live.status().calibration.phase == "countdown"
    bpy.ops.vitpose.calibrate_stop()
    running.deliver(*standing(101.0))
    status = live.status().calibration
    assert (status.phase, status.result) == ("failed", None)
    assert "stopped" in status.message


def test_stop_ends_it_quietly(running, live):
    bpy.ops.vitpose.calibrate()
    running.deliver(*standing(100.0)[:5])
    assert bpy.app.timers.is_registered(calibration_overlay._tick)
    bpy.ops.vitpose.stop()
    assert not live.status().calibration.is_busy
    assert calibration_overlay._tick() is None
    assert calibration_overlay._handles == []


def test_a_camera_is_known_by_its_name_a_file_by_its_path():
    capture = capture_settings.settings(bpy.context.scene)
    capture.source = "CAMERA"
    capture.camera_name, capture.camera_index = "", 2
    assert calibration_settings.camera_name(capture) == "camera 2"
    capture.camera_name = "Logi"
    assert calibration_settings.camera_name(capture) == "Logi"
    capture.source, capture.url = "STREAM", " rtsp://a/b "
    assert calibration_settings.camera_name(capture) == "rtsp://a/b"


def test_heights_stay_those_of_people(settings):
    settings.height = 40.0
    assert settings.height == pytest.approx(MAX_HEIGHT)
    assert settings.known_height is None
    settings.knows_height = True
    assert settings.known_height == pytest.approx(MAX_HEIGHT)


def test_the_view_shows_a_number_and_what_to_do():
    status = CalibrationStatus("countdown", 2.4, "Step back until seen: 2")
    assert [text for text, _ in calibration_overlay.texts(status, 40)] == [
        "3", "Step back until seen",
    ]  # fmt: skip
    done = CalibrationStatus("done", 0.0, "Calibrated: body 1.80 m")
    assert [text for text, _ in calibration_overlay.texts(done, 40)] == [done.message]
