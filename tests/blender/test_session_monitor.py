# SPDX-License-Identifier: GPL-3.0-or-later
"""The small picture and the fresh figures that the sidebar shows meanwhile."""

import bpy
import numpy as np
import pytest

from tests.blender.live_sources import joints_of, packet
from tests.blender.rigs import add_humanoid
from vitpose_blender.blender import character
from vitpose_blender.blender.session_monitor import (
    PERIOD,
    PICTURE,
    SessionMonitor,
    small_picture,
)
from vitpose_blender.live.run import Preview


def preview(image=None, *packets):
    return Preview(image, packets, 0.0)


def picture(height=720, width=1280):
    image = np.zeros((height, width, 3), np.uint8)
    image[:, :, 0] = 200  # Blue.
    image[: height // 2, :, 2] = 100  # Red in the upper half.
    return image


@pytest.fixture
def newest():
    return [None]


@pytest.fixture
def monitor(newest):
    monitor = SessionMonitor(lambda: newest[0])
    yield monitor
    monitor.end()


def has_timer(monitor):
    return bpy.app.timers.is_registered(monitor._tick)


@pytest.mark.parametrize("wh", [(1280, 720), (720, 1280), (100, 80), (3, 4000)])
def test_the_picture_is_small_upright_and_in_colour(wh):
    small = small_picture(preview(picture(wh[1], wh[0])))
    assert max(small.shape[:2]) <= PICTURE
    assert max(small.shape[:2]) > PICTURE / 2 or max(wh) <= PICTURE
    assert small[0, 0].tolist() == [0, 0, 200, 255]  # Rows go upwards.
    assert small[-1, 0].tolist() == [100, 0, 200, 255]


def test_keypoints_are_dots_where_they_are():
    joints = joints_of(character.read_rig_rest(add_humanoid()), 0.1)[0]
    seen = packet(joints, 0)  # All of its keypoints are at (100, 100).
    small = small_picture(preview(picture(), seen))
    plain = small_picture(preview(picture()))
    rows, columns = np.nonzero((small != plain).any(axis=2))
    step = -(-1280 // PICTURE)
    assert abs(columns.mean() - 100 / step) < 1.5
    assert abs((len(small) - 1 - rows).mean() - 100 / step) < 1.5


def test_it_shows_a_picture_and_takes_it_away(monitor, newest):
    monitor.begin()
    assert has_timer(monitor)
    assert monitor.tick() == PERIOD
    assert monitor.picture is None
    newest[0] = preview(picture())
    monitor.tick()
    assert tuple(monitor.picture.image_size) == small_picture(newest[0]).shape[1::-1]
    before = {kind: len(getattr(bpy.data, kind)) for kind in ("images", "textures")}
    newest[0] = preview(picture(200, 100))
    monitor.tick()
    pixels = np.array(monitor.picture.image_pixels, dtype=np.int32).view(np.uint8)
    assert pixels.tolist() == small_picture(newest[0]).ravel().tolist()
    assert before == {kind: len(getattr(bpy.data, kind)) for kind in before}
    monitor.end()
    assert monitor.picture is None
    assert not has_timer(monitor)
    monitor.end()


def test_a_capture_without_pictures_shows_none(monitor, newest):
    newest[0] = preview(None)
    monitor.begin()
    monitor.tick()
    assert monitor.picture is None


def test_a_picture_is_made_small_once(monitor, newest, monkeypatch):
    made = []
    monkeypatch.setattr(monitor, "_show", made.append)
    newest[0] = preview(picture())
    for _ in range(3):
        monitor.tick()
    assert len(made) == 1
