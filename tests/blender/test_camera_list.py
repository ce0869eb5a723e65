# SPDX-License-Identifier: GPL-3.0-or-later
"""The menu of cameras: found in a thread, chosen by name, missed when unplugged."""

import threading

import bpy
import pytest

from tests.blender.live_sources import WAIT
from vitpose_blender.blender import capture_start
from vitpose_blender.blender.camera_list import LOOK, CameraList
from vitpose_blender.blender.session import live
from vitpose_blender.core.errors import SourceError
from vitpose_blender.live.cameras import CameraName

FRONT, DESK = CameraName(0, "Front"), CameraName(2, "Desk")


@pytest.fixture
def plugged():
    return [FRONT, DESK]


@pytest.fixture
def cameras(plugged, monkeypatch):
    cameras = CameraList(lambda: tuple(plugged))
    monkeypatch.setattr(live, "cameras", cameras)
    yield cameras
    cameras.forget()


@pytest.fixture
def capture(monkeypatch, tmp_path):
    monkeypatch.setattr(capture_start, "user_folder", lambda name: tmp_path / name)
    capture = bpy.context.scene.vitpose.capture
    capture.source = "CAMERA"
    return capture


def look(cameras):
    cameras.look()
    cameras._thread.join(WAIT)
    assert cameras.poll() is None


def source():
    return capture_start.capture_config(bpy.context).source


def test_looking_holds_up_nobody_and_happens_once_at_a_time(plugged):
    proceed, calls = threading.Event(), []

    def find():
        calls.append(1)
        proceed.wait(WAIT)
        return tuple(plugged)

    cameras = CameraList(find)
    cameras.look()
    cameras.look()
    assert cameras.poll() == LOOK
    assert cameras.found is None
    proceed.set()
    cameras._thread.join(WAIT)
    assert cameras.poll() is None
    assert cameras.found == (FRONT, DESK)
    assert len(calls) == 1
    cameras.forget()
    assert not bpy.app.timers.is_registered(cameras._poll)


def test_a_number_will_do_before_anything_is_known(cameras, capture):
    assert capture.camera == "0"
    capture.camera = "2"
    assert source() == "2"
    look(cameras)
    assert (capture.camera, source()) == ("2", "2")


def test_a_camera_is_found_again_by_its_name(cameras, capture, plugged):
    look(cameras)
    capture.camera = "2"
    plugged[:] = [CameraName(1, "Desk"), CameraName(4, "New")]
    look(cameras)
    assert (capture.camera, source()) == ("1", "1")


def test_a_camera_that_is_gone_is_missed(cameras, capture, plugged):
    look(cameras)
    capture.camera = "2"
    plugged[:] = [FRONT]
    look(cameras)
    assert capture.camera == "GONE"
    with pytest.raises(SourceError, match="Desk is not there: plug it in"):
        source()
    capture.camera = "GONE"
    capture.camera = "0"
    assert source() == "0"


def test_the_menu_holds_what_is_there(cameras, capture, plugged):
    look(cameras)
    assert [item[:2] for item in cameras.items(0, "")] == [
        ("0", "Front"),
        ("2", "Desk"),
    ]
    assert cameras.items(7, "")[-1][:2] == ("7", "Camera 7")
    assert "not there" in cameras.items(2, "Old")[-1][1]
    plugged.clear()
    look(cameras)
    assert [item[1] for item in cameras.items(0, "")] == ["Camera 0"]


def test_refresh_looks_again(cameras):
    assert bpy.ops.vitpose.find_cameras() == {"FINISHED"}
    cameras._thread.join(WAIT)
    assert cameras.found == (FRONT, DESK)
