# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages of one person, with a lifter that only shows what reached it."""

import numpy as np
import pytest

from vitpose_blender.core.camera_model import Camera
from vitpose_blender.core.filters import PRESETS
from vitpose_blender.core.pipeline import PersonPipeline, smooth_root, solve_clip
from vitpose_blender.core.types import Joints3D, Keypoints2D

CAMERA = Camera((640, 480))


class FlatLifter:
    """Puts joints where the keypoints are, at arm's length; remembers its windows."""

    name = "flat"

    def __init__(self, window=0.5):
        self.window = window
        self.windows = []

    def lift(self, window, camera):
        self.windows.append([frame.t for frame in window])
        return self._flat(window[-1])

    def lift_clip(self, clip, camera, progress=None):
        if progress is not None:
            progress(1.0)
        return [self._flat(frame) for frame in clip]

    @staticmethod
    def _flat(frame):
        xyz = np.full((28, 3), np.nan)
        if np.isfinite(frame.xy).any():
            xyz[17:] = np.linspace(0.1, 1.0, 33).reshape(11, 3)
            xyz[:17, :2] = frame.xy / 100
            xyz[:17, 2] = 0.2
            xyz[17] = 0.0
        root = np.where(np.isfinite(xyz[17]), [0.0, 0.0, 3.0], np.nan)
        return Joints3D(xyz, root, np.where(np.isfinite(xyz[:, 0]), 1.0, 0.0), frame.t)


def seen(t, xy=None):
    xy = np.linspace(50, 300, 34).reshape(17, 2) if xy is None else xy
    return Keypoints2D(xy, np.ones(17), t)


def unseen(t):
    return Keypoints2D(np.full((17, 2), np.nan), np.zeros(17), t)


def test_the_lifter_sees_as_much_past_as_it_wants():
    lifter = FlatLifter(window=0.25)
    pipeline = PersonPipeline(lifter, CAMERA)
    for i in range(10):
        pipeline.step(seen(i / 10))
    assert np.allclose(lifter.windows[-1], [0.7, 0.8, 0.9])


def test_a_rewound_source_empties_the_window():
    lifter = FlatLifter()
    pipeline = PersonPipeline(lifter, CAMERA)
    for t in (5.0, 5.1, 0.0):
        pipeline.step(seen(t))
    assert lifter.windows[-1] == [0.0]


def test_live_joints_have_the_time_of_their_frame_and_constant_input_is_kept():
    pipeline = PersonPipeline(FlatLifter(), CAMERA)
    first = pipeline.step(seen(0.0))
    for i in range(1, 30):
        last = pipeline.step(seen(i / 30))
    assert last.t == 29 / 30
    assert np.allclose(last.xyz, first.xyz)


def test_a_person_who_leaves_comes_back_where_they_are():
    pipeline = PersonPipeline(FlatLifter(), CAMERA)
    pipeline.step(seen(0.0))
    for i in range(1, 40):
        assert np.isnan(pipeline.step(unseen(i / 30)).xyz).all()
    elsewhere = np.linspace(400, 600, 34).reshape(17, 2)
    back = pipeline.step(seen(2.0, elsewhere))
    fresh = PersonPipeline(FlatLifter(), CAMERA).step(seen(2.0, elsewhere))
    assert np.allclose(back.xyz, fresh.xyz)


def test_a_clip_keeps_times_bones_and_says_how_far_it_is(rng):
    clip = [
        seen(i / 30, rng.normal(200, 2, (17, 2)) + np.arange(17)[:, np.newaxis])
        for i in range(40)
    ]
    done = []
    joints = solve_clip(clip, CAMERA, FlatLifter(), progress=done.append)
    assert [frame.t for frame in joints] == [frame.t for frame in clip]
    assert done[-1] == 1.0


@pytest.mark.parametrize("preset", PRESETS)
def test_baking_calms(preset, rng):
    noise = rng.normal(0, 3, (60, 17, 2))
    base = np.linspace(50, 300, 34).reshape(17, 2)
    clip = [seen(i / 30, base + noise[i]) for i in range(60)]
    joints = solve_clip(clip, CAMERA, FlatLifter(), PRESETS[preset])
    spread = np.std([frame.xyz[9, :2] for frame in joints], axis=0)
    assert (spread < 0.5 * noise[:, 9].std(axis=0) / 100).all()


def test_short_gaps_are_bridged_and_long_ones_are_not():
    clip = [
        unseen(i / 30) if i in (10, 11) or 30 <= i < 60 else seen(i / 30)
        for i in range(90)
    ]
    joints = solve_clip(clip, CAMERA, FlatLifter())
    known = [bool(np.isfinite(frame.xyz[0]).all()) for frame in joints]
    assert known == [not 30 <= i < 60 for i in range(90)]


@pytest.mark.parametrize("clip", [[], [seen(1.0)], [unseen(0.0), unseen(0.1)]])
def test_very_small_and_empty_clips_pass(clip):
    joints = solve_clip(clip, CAMERA, FlatLifter())
    assert len(joints) == len(clip)
    for frame, keypoints in zip(joints, clip):
        assert np.isfinite(frame.xyz).any() == np.isfinite(keypoints.xy).any()


def test_depth_is_smoothed_more_than_the_place_in_the_picture(rng):
    times = list(np.arange(120) / 30)
    root = np.array([0.5, 0.2, 3.0]) + rng.normal(0.0, 0.01, (120, 3))
    smooth = smooth_root(times, root, PRESETS["balanced"].baked)
    assert smooth[:, 2].std() < 0.5 * (smooth[:, 0] / smooth[:, 2]).std() * 3.0 + 0.003
