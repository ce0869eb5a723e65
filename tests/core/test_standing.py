# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether somebody stands as a calibration needs it, and what lacks if not."""

from dataclasses import replace

import numpy as np
import pytest

from tests.standing_people import seen_standing
from vitpose_blender.core.camera_model import Camera
from vitpose_blender.core.errors import CalibrationError
from vitpose_blender.core.layouts import COCO17
from vitpose_blender.core.standing import find_stand, measure_stand

CAMERA = Camera((1280, 720), tilt=10.0)
ROW = COCO17.index


def changed(keypoints, change):
    """Return frames whose pixels `change(number, xy)` made; it may set NaN."""
    return [
        replace(frame, xy=change(i, frame.xy.copy()))
        for i, frame in enumerate(keypoints)
    ]


def without(*names):
    def hide(_, xy):
        xy[COCO17.rows_of(list(names))] = np.nan
        return xy

    return hide


def test_a_good_stand_is_the_median_of_what_was_seen():
    frames = seen_standing(CAMERA, noise=3.0)
    stand = measure_stand(frames, CAMERA.image_wh, 3.0)
    clean = seen_standing(CAMERA, noise=0.0)[0].xy
    assert np.abs(stand.keypoints.xy - clean).max() < 1.5
    assert (stand.start, stand.end) == (frames[0].t, frames[-1].t)
    assert 0.0 < stand.stray < 0.015


def test_a_few_lost_or_wild_frames_do_not_matter():
    def spoil(number, xy):
        return xy + 400.0 if number % 10 == 0 else xy

    frames = changed(seen_standing(CAMERA), spoil)
    frames[5] = replace(frames[5], xy=np.full((17, 2), np.nan))
    stand = measure_stand(frames, CAMERA.image_wh, 3.0)
    clean = seen_standing(CAMERA, noise=0.0)[0].xy
    assert np.abs(stand.keypoints.xy - clean).max() < 3.0


def walk(number, xy):
    return xy + np.array((number * 1.5, 0.0))


def wave(number, xy):
    return xy + 25.0 * np.sin(number / 3.0)


def squat(_, xy):
    for side in ("left", "right"):
        hip, knee = xy[ROW[f"{side}_hip"]], xy[ROW[f"{side}_knee"]]
        xy[ROW[f"{side}_knee"]] = knee + np.array(
            (60.0 if side == "left" else -60.0, -60.0)
        )
        xy[ROW[f"{side}_hip"]] = hip + np.array((0.0, 80.0))
    return xy


def turn_away(_, xy):
    middle = xy[:, 0].mean()
    return np.stack([2 * middle - xy[:, 0], xy[:, 1]], axis=1)


def lean(_, xy):
    c, s = np.cos(0.3), np.sin(0.3)
    middle = xy.mean(axis=0)
    return (xy - middle) @ np.array([[c, s], [-s, c]]) + middle


def sink(_, xy):
    return xy + np.array((0.0, 720.0 - xy[:, 1].max()))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (without("left_ankle", "right_ankle"), "feet are not seen"),
        (without("right_knee"), "knees are not seen"),
        (without("left_hip"), "hips are not seen"),
        (without("left_shoulder"), "shoulders are not seen"),
        (without("nose", "left_ear", "right_ear"), "head is not seen"),
        (walk, "You moved"),
        (wave, "You moved"),
        (squat, "legs are bent"),
        (turn_away, "face the camera"),
        (lean, "level the camera"),
        (sink, "feet are cut off"),
    ],
)
def test_what_lacks_is_said_in_a_sentence(change, sentence):
    frames = changed(seen_standing(CAMERA), change)
    with pytest.raises(CalibrationError, match=sentence):
        measure_stand(frames, CAMERA.image_wh, 3.0)


@pytest.mark.parametrize("keep", [0, 3, 45])
def test_who_was_hardly_there_is_told_so(keep):
    with pytest.raises(CalibrationError, match="not in the picture all the time"):
        measure_stand(seen_standing(CAMERA)[:keep], CAMERA.image_wh, 3.0)


def test_a_stand_is_found_amid_a_clip():
    still = seen_standing(CAMERA, seconds=2.0, noise=1.0)
    before = changed(seen_standing(CAMERA, seconds=2.0), wave)
    clip = before + [replace(frame, t=frame.t + 2.0) for frame in still]
    stand = find_stand(clip, CAMERA.image_wh)
    assert stand is not None
    assert stand.start >= 1.9


def test_nobody_stands_in_a_clip_of_waving_or_of_nothing():
    assert find_stand(changed(seen_standing(CAMERA), wave), CAMERA.image_wh) is None
    assert find_stand([], CAMERA.image_wh) is None
    assert find_stand(seen_standing(CAMERA)[:1], CAMERA.image_wh) is None
