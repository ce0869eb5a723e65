# SPDX-License-Identifier: GPL-3.0-or-later
"""From the camera's frame to Blender's world, at a scene's own rate."""

import numpy as np
import pytest

from tests.humanoid import (
    ROW,
    humanoid_roles,
    humanoid_skeleton,
    moving,
    person_like,
    seen_by_camera,
)
from vitpose_blender.core.build_rest import build_rig_rest
from vitpose_blender.core.camera_model import Camera
from vitpose_blender.core.types import Joints3D
from vitpose_blender.core.world_motion import (
    JUMP,
    MAX_GAP,
    NO_JUMP,
    ON_FLOOR,
    frame_times,
    only_jumps,
    to_world,
)

LEVEL = Camera((1280, 720))


@pytest.fixture
def standing():
    return person_like(build_rig_rest(humanoid_skeleton(), humanoid_roles()))


def seen(xyz, fps=30.0, path=None, start=0.0):
    path = np.zeros((len(xyz), 3)) if path is None else path
    return seen_by_camera(xyz, path, start + np.arange(len(xyz)) / fps)


def test_a_seen_motion_comes_back(standing):
    path = np.linspace((0, 0, 0), (1, 2, 0.1), 40)
    xyz = moving(standing, np.arange(40) / 30)
    motion = to_world(seen(xyz, path=path), LEVEL)
    np.testing.assert_allclose(motion.xyz, xyz, atol=1e-9)
    np.testing.assert_allclose(motion.path, path, atol=1e-9)
    np.testing.assert_allclose(motion.times, np.arange(40) / 30)


def test_tilting_the_camera_does_not_tilt_the_person(standing):
    path = np.linspace((0, 0, 0), (1, 2, 0), 40)
    xyz = moving(standing, np.arange(40) / 30)
    tilted = Camera((1280, 720), tilt=25.0)
    tilt = tilted.world_from_camera.T @ LEVEL.world_from_camera
    joints = [
        Joints3D(j.xyz @ tilt.T, tilt @ j.root, j.score, j.t)
        for j in seen(xyz, path=path)
    ]
    motion = to_world(joints, tilted)
    np.testing.assert_allclose(motion.xyz, xyz, atol=1e-9)
    np.testing.assert_allclose(motion.path, path, atol=1e-9)


@pytest.mark.parametrize(("source", "scene"), [(60, 24), (24, 60), (29.97, 30)])
def test_speed_stays_real_at_any_rate(standing, source, scene):
    """A person who walks a metre a second does so in every scene."""
    num_frames = int(4 * source)
    path = np.outer(np.arange(num_frames) / source, (1.0, 0.0, 0.0))
    joints = seen(np.tile(standing, (num_frames, 1, 1)), source, path, start=7.5)
    times = frame_times(joints[0].t, joints[-1].t, scene)
    motion = to_world(joints, LEVEL, times)

    np.testing.assert_allclose(np.diff(times)[:-1], 1 / scene)
    np.testing.assert_allclose(motion.path[:, 0], times - 7.5, atol=1e-9)


def test_uneven_frames_keep_real_speed(standing, rng):
    """A phone drops frames as it likes."""
    times = np.cumsum(rng.uniform(0.01, 0.1, 60))
    path = np.outer(times, (0.0, -2.0, 0.0))
    joints = seen_by_camera(np.tile(standing, (60, 1, 1)), path, times)
    wanted = frame_times(times[0], times[-1], 24)
    motion = to_world(joints, LEVEL, wanted)
    np.testing.assert_allclose(motion.path[:, 1], -2 * (wanted - times[0]), atol=1e-9)


def test_the_way_begins_where_the_person_first_is(standing):
    path = np.linspace((5, 5, 0), (6, 5, 0), 20)
    joints = seen(np.tile(standing, (20, 1, 1)), path=path)
    lost = [Joints3D(j.xyz, np.full(3, np.nan), j.score, j.t) for j in joints[:4]]
    motion = to_world(lost + joints[4:], LEVEL)
    assert np.isnan(motion.path[:4]).all()
    np.testing.assert_allclose(motion.path[4], 0.0, atol=1e-12)
    np.testing.assert_allclose(motion.path[-1], path[-1] - path[4], atol=1e-9)


def test_short_gaps_are_bridged_and_long_ones_stay_unknown(standing):
    xyz = np.tile(standing, (90, 1, 1))
    xyz[10:20, ROW["nose"]] = np.nan
    xyz[30:60, ROW["nose"]] = np.nan
    joints = seen(xyz)
    motion = to_world(joints, LEVEL, np.array([j.t for j in joints]))
    known = np.isfinite(motion.xyz[:, ROW["nose"], 0])
    assert 30 / 30 > MAX_GAP > 11 / 30
    assert known[:30].all()
    assert not known[30:60].any()


def test_a_person_nowhere_to_be_seen_is_unknown_without_fuss(standing):
    nothing = np.full_like(standing, np.nan)
    joints = [
        Joints3D(nothing, np.full(3, np.nan), np.zeros(28), t) for t in (0.0, 0.1, 0.2)
    ]
    motion = to_world(joints, LEVEL, frame_times(0.0, 0.2, 24))
    assert np.isnan(motion.xyz).all()
    assert np.isnan(motion.path).all()


def test_one_frame_is_a_clip_too(standing):
    joints = seen(standing[np.newaxis], start=3.0)
    times = frame_times(3.0, 3.0, 24)
    np.testing.assert_array_equal(times, [3.0])
    np.testing.assert_allclose(to_world(joints, LEVEL, times).xyz[0], standing)


@pytest.mark.parametrize("fps", [24, 25, 29.97, 30, 60])
def test_a_clip_at_the_scenes_rate_keeps_its_frames(fps):
    stamps = np.round(np.arange(277) / fps, 6)
    assert len(frame_times(stamps[0], stamps[-1], fps)) == 277


def test_frame_times_never_pass_the_end():
    times = frame_times(1.0, 1.99, 10)
    assert times[-1] <= 1.99
    np.testing.assert_allclose(times[:3], [1.0, 1.1, 1.2])


def test_a_jump_flies_and_lands(standing):
    height = np.zeros(90)
    height[40:55] = 0.3 * np.sin(np.linspace(0, np.pi, 15))
    path = np.outer(height, (0, 0, 1.0))
    motion = to_world(seen(np.tile(standing, (90, 1, 1)), path=path), LEVEL)
    np.testing.assert_allclose(motion.clearance[:35], 0.0)
    np.testing.assert_allclose(motion.clearance[60:], 0.0)
    assert motion.clearance.max() == pytest.approx(0.3 - ON_FLOOR, abs=0.02)


def test_a_floor_that_drifts_lifts_nobody(standing):
    """One camera's depth wanders, and the feet with it."""
    path = np.outer(np.linspace(0, 0.5, 300), (0, 0, 1.0))
    motion = to_world(seen(np.tile(standing, (300, 1, 1)), path=path), LEVEL)
    np.testing.assert_allclose(motion.clearance, 0.0)


def test_wobble_is_removed_and_a_leap_kept():
    wobble = np.full(5, 0.9 * NO_JUMP)
    leap = np.full(5, 1.1 * JUMP)
    clearance = np.concatenate([[0], wobble, [0, 0], leap, [0, np.nan]])
    jumps = only_jumps(clearance)
    np.testing.assert_allclose(jumps[1:6], 0.0)
    np.testing.assert_allclose(jumps[8:13], 1.1 * JUMP - ON_FLOOR)
    np.testing.assert_allclose(jumps[[0, 6, 7, 13, 14]], 0.0)


def test_what_is_higher_stays_higher():
    peaks = np.linspace(0, 0.3, 40)
    flights = np.array([only_jumps(np.array([0, peak, 0])).max() for peak in peaks])
    assert (np.diff(flights) >= 0).all()
    assert only_jumps(np.zeros(0)).shape == (0,)
