# SPDX-License-Identifier: GPL-3.0-or-later
"""Calibrating: what scales, what is recovered, what is kept and what is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.standing_people import HEIGHT, camera_joints, seen_standing
from vitpose_blender.core.calibration import (
    Calibration,
    calibrate,
    calibration_of,
    neutral,
    with_calibration,
)
from vitpose_blender.core.camera_model import Camera
from vitpose_blender.core.errors import CalibrationError
from vitpose_blender.core.layouts import COCO17
from vitpose_blender.core.room_view import view_room
from vitpose_blender.core.skeleton_fit import BONES, bone_lengths
from vitpose_blender.core.standing import measure_stand
from vitpose_blender.core.take import TakeHeader
from vitpose_blender.inference.lifters import make_lifter

FLIPPED = np.arange(17)
for _left, _right in COCO17.flip_pairs:
    FLIPPED[[_left, _right]] = _right, _left
LEGS = [i for i, (child, _) in enumerate(BONES) if child in (13, 14, 15, 16)]


def calibrated(frames, camera, height=HEIGHT):
    header = TakeHeader("Cam", image_wh=camera.image_wh, fov=camera.fov)
    stand = measure_stand(frames, camera.image_wh, 3.0)
    tall = {} if height is None else {"height": height}
    return calibrate(stand, header, make_lifter("learned", **tall), height)


def at(tilt, **values):
    camera = Camera((1280, 720), 75.0, tilt)
    return calibrated(seen_standing(camera, **values), camera)


@pytest.fixture(scope="module")
def level():
    return at(4.0)


@pytest.mark.parametrize("tilt", [-10.0, 0.0, 5.0, 10.0])
def test_the_tilt_is_recovered(tilt):
    found = at(tilt, above=1.0 + tilt / 20)
    assert found.tilt == pytest.approx(tilt, abs=6.0)
    assert found.floor == pytest.approx(1.0 + tilt / 20, abs=0.4)


def test_tilting_the_camera_tilts_what_is_found():
    change = at(14.0, above=1.3).tilt - at(2.0, above=1.3).tilt
    assert change == pytest.approx(12.0, abs=3.0)


def test_a_known_tilt_places_the_floor():
    camera = Camera((1280, 720), 65.0, 12.0)
    xy = camera.project(camera_joints(camera, above=1.5)[:17])
    room = view_room(xy, camera, HEIGHT, tilt=12.0)
    assert room.tilt == pytest.approx(12.0, abs=0.1)
    assert room.floor == pytest.approx(1.5, abs=0.06)
    assert room.distance == pytest.approx(3.0, abs=0.2)


def test_a_room_without_people_is_no_room():
    with pytest.raises(CalibrationError, match="head to foot"):
        view_room(np.full((17, 2), np.nan), Camera((1280, 720)), HEIGHT)


def test_a_taller_person_has_longer_bones_and_a_higher_camera(level):
    camera = Camera((1280, 720), 75.0, 4.0)
    taller = calibrated(seen_standing(camera), camera, HEIGHT * 1.1)
    np.testing.assert_allclose(taller.lengths, level.lengths * 1.1, rtol=0.02)
    assert taller.floor > level.floor * 1.02
    assert taller.tilt == pytest.approx(level.tilt, abs=1.0)


def test_bones_are_about_as_long_as_they_are(level):
    truth = bone_lengths(camera_joints(Camera((1280, 720)))[np.newaxis])
    np.testing.assert_allclose(level.lengths[LEGS], truth[LEGS], rtol=0.1)


def test_a_mirrored_picture_gives_a_mirrored_person():
    camera = Camera((1280, 720), 65.0, 6.0)
    frames = seen_standing(camera)
    width = camera.image_wh[0] - 1
    flipped = [
        replace(frame, xy=frame.xy[FLIPPED] * (-1, 1) + (width, 0)) for frame in frames
    ]
    one, other = calibrated(frames, camera), calibrated(flipped, camera)
    assert other.tilt == pytest.approx(one.tilt, abs=1.0)
    assert other.floor == pytest.approx(one.floor, abs=0.05)
    np.testing.assert_allclose(other.lengths, one.lengths, rtol=0.02)
    lifter = make_lifter("learned")
    assert neutral(other, lifter).lean == pytest.approx(
        neutral(one, lifter).lean, abs=0.02
    )


def test_noise_hardly_matters(level):
    noisy = at(4.0, noise=6.0, seed=5)
    assert noisy.tilt == pytest.approx(level.tilt, abs=1.5)
    np.testing.assert_allclose(noisy.lengths, level.lengths, rtol=0.03)


def test_an_unknown_height_is_an_adults():
    camera = Camera((1280, 720), 75.0, 4.0)
    found = calibrated(seen_standing(camera), camera, None)
    assert found.height == pytest.approx(1.7)
    assert not found.is_height_given
    assert "(assumed)" in found.sentence


@pytest.mark.parametrize("lifter", ["learned", "geometric"])
def test_who_stands_like_then_stands_upright(level, lifter):
    """Told or not told the tilt, the neutral takes out what the lifter adds."""
    for told in (None, 0.0):
        memory = neutral(level, make_lifter(lifter, level.height), told)
        assert memory.leg_length == pytest.approx(0.85, abs=0.1)
        assert abs(np.degrees(memory.lean)) < 12.0
        assert memory.spine_offset is not None


def test_it_comes_back_from_json_and_from_a_header(level):
    table = json.loads(json.dumps(level.to_dict()))
    back = Calibration.from_dict(table)
    assert back.to_dict() == level.to_dict()
    header = with_calibration(TakeHeader(tilt=1.0, calibration={"live": 1}), level)
    again = TakeHeader.from_dict(json.loads(json.dumps(header.to_dict())))
    assert again.tilt == level.tilt
    assert again.calibration["live"] == 1
    assert calibration_of(again).to_dict() == level.to_dict()
    assert level.fits(level.camera)
    assert not level.fits(Camera((640, 480), 65.0))


@pytest.mark.parametrize(
    "damage",
    [
        {"keypoints": [[1, 2]]},
        {"keypoints": "none"},
        {"scores": None},
        {"lengths": [1.0]},
        {"lengths": [1e9] * len(BONES)},
        {"image_wh": [0, 0]},
        {"image_wh": 5},
        {"tilt_deg": "much"},
        {"tilt_deg": float("nan")},
        {"tilt_deg": 1e6},
        {"height": 40.0},
        {"floor": float("inf")},
        {"fov_deg": 0},
        {"source": None, "fov_deg": None},
    ],
)
def test_a_damaged_one_is_refused(level, damage):
    with pytest.raises(CalibrationError, match="calibrate again"):
        Calibration.from_dict(level.to_dict() | damage)


@pytest.mark.parametrize("value", [None, 3, "text", [], {}])
def test_what_is_none_is_refused(value):
    with pytest.raises(CalibrationError):
        Calibration.from_dict(value)
    assert calibration_of(TakeHeader(calibration={"stand": value})) is None
