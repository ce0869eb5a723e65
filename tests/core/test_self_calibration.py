# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes that show a stand are calibrated by it; others are left as they are."""

from dataclasses import replace

import numpy as np
import pytest

from tests.standing_people import seen_standing
from vitpose_blender.core.calibration import calibration_of
from vitpose_blender.core.camera_model import Camera
from vitpose_blender.core.packet import Packet
from vitpose_blender.core.self_calibration import (
    height_of,
    memory_of,
    self_calibrated,
    without,
)
from vitpose_blender.core.take import Take, TakeHeader
from vitpose_blender.inference.lifters import make_lifter

CAMERA = Camera((1280, 720), 75.0, 8.0)


def a_take(tilt=0.0, change=lambda frame: frame):
    frames = [change(frame) for frame in seen_standing(CAMERA, 2.0)]
    packets = tuple(
        Packet(frame, 1, i, CAMERA.image_wh) for i, frame in enumerate(frames)
    )
    header = TakeHeader("clip", image_wh=CAMERA.image_wh, fov=75.0, tilt=tilt)
    return Take(header, packets)


def found(take):
    return self_calibrated(take, "learned", make_lifter)


def test_a_stand_in_the_clip_calibrates_it():
    take = found(a_take())
    calibration = calibration_of(take.header)
    assert calibration is not None
    assert take.header.tilt == calibration.tilt == pytest.approx(8.0, abs=6.0)
    assert height_of(take.header) == pytest.approx(1.7)
    memory = memory_of(take.header, "learned", make_lifter)
    assert memory.looks_ahead
    assert memory.lean is not None


def test_a_tilt_that_is_known_stays():
    assert found(a_take(tilt=3.0)).header.tilt == 3.0


def test_one_that_is_calibrated_stays():
    once = found(a_take())
    assert found(once) is once


def test_who_is_half_seen_calibrates_nothing():
    def no_legs(frame):
        xy = frame.xy.copy()
        xy[13:] = np.nan
        return replace(frame, xy=xy)

    take = a_take(change=no_legs)
    assert found(take) is take
    memory = memory_of(take.header, "learned", make_lifter)
    assert (memory.lean, memory.looks_ahead) == (None, True)


def test_joints_of_others_have_no_known_neutral():
    memory = memory_of(found(a_take()).header, "somebody else's", make_lifter)
    assert memory.lean is None


def test_a_calibration_can_be_left_out():
    take = without(found(a_take()))
    assert calibration_of(take.header) is None
    assert without(take).header == take.header
