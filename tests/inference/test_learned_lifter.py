# SPDX-License-Identifier: GPL-3.0-or-later
"""The learned lifter: what must hold whatever the network has learned, and a little
of what it has."""

from dataclasses import replace

import numpy as np
import pytest

from vitpose_blender.core.camera_model import Camera
from vitpose_blender.core.errors import WeightsError
from vitpose_blender.core.filters import PRESETS
from vitpose_blender.core.layouts import CANONICAL, COCO17
from vitpose_blender.core.pipeline import PersonPipeline, solve_clip
from vitpose_blender.core.rotations import unit
from vitpose_blender.core.skeleton_fit import BONES, bone_lengths
from vitpose_blender.core.solve import solve_keypoints
from vitpose_blender.core.types import Keypoints2D
from vitpose_blender.inference.learned_body import (
    ADULT,
    FIRST_SPEED,
    SETTLING,
    SPEED,
    LengthEstimate,
    measured_lengths,
)
from vitpose_blender.inference.learned_lifter import LearnedLifter, load_network
from vitpose_blender.inference.lift_features import look, resample
from vitpose_blender.inference.lift_network import LiftNetwork

CAMERA = Camera((1280, 720), 60.0)
LIMBS = ((5, 7), (7, 9), (6, 8), (8, 10), (11, 13), (13, 15), (12, 14), (14, 16))
STANDING = np.array(
    [
        [0, -0.65, -0.15], [0.03, -0.69, -0.12], [-0.03, -0.69, -0.12],
        [0.07, -0.66, -0.04], [-0.07, -0.66, -0.04],
        [0.17, -0.5, 0], [-0.17, -0.5, 0], [0.24, -0.23, 0], [-0.24, -0.23, 0],
        [0.25, 0.0, -0.05], [-0.25, 0.0, -0.05], [0.1, 0, 0], [-0.1, 0, 0],
        [0.12, 0.42, 0], [-0.12, 0.42, 0], [0.13, 0.83, 0.02], [-0.13, 0.83, 0.02],
    ]
)  # fmt: skip


def filmed(xyz, t=0.0, place=(0.0, 0.0, 3.5), camera=CAMERA):
    return Keypoints2D(camera.project(xyz + np.array(place)), np.full(17, 0.9), t)


def clip(num_frames=30, **how):
    """Return somebody who stands and raises the left forearm."""
    frames = []
    for i in range(num_frames):
        xyz = STANDING.copy()
        bend = 0.05 * i
        xyz[9] = xyz[7] + 0.25 * np.array([0.1, np.cos(bend), -np.sin(bend)])
        frames.append(filmed(xyz, i / 30.0, **how))
    return frames


def mirrored(frame, camera=CAMERA):
    rows = np.arange(17)
    for left, right in COCO17.flip_pairs:
        rows[[left, right]] = right, left
    xy = frame.xy[rows] * [-1, 1] + [camera.image_wh[0] - 1, 0]
    return replace(frame, xy=xy, score=frame.score[rows])


def window_features(frames, camera):
    xy, score = resample(frames, np.array([[frames[-1].t]]))
    return look(xy, score, camera)


def test_a_turned_camera_tells_the_network_the_same():
    c, s = np.cos(0.3), np.sin(0.3)
    turn = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    place = np.array([0.0, 0.1, 4.0])
    straight = window_features([filmed(STANDING, place=place)], CAMERA)
    aside = filmed(STANDING @ turn.T, place=turn @ place)
    turned = window_features([aside], CAMERA)
    np.testing.assert_allclose(turned.frames, straight.frames, atol=1e-3)
    np.testing.assert_allclose(turned.view, straight.view, atol=1e-3)


def test_a_camera_with_another_lens_tells_the_network_the_same():
    wide = Camera((1920, 1080), 85.0)
    one = window_features([filmed(STANDING)], CAMERA)
    other = window_features([filmed(STANDING, camera=wide)], wide)
    np.testing.assert_allclose(other.frames, one.frames, atol=1e-5)
    np.testing.assert_allclose(other.view, one.view, atol=1e-5)


def test_resampling_blends_between_frames_and_bridges_no_gap():
    frames = [filmed(STANDING, t) for t in (0.0, 0.1, 1.0)]
    frames[1] = replace(frames[1], xy=frames[1].xy + 10.0)
    xy, score = resample(frames, np.array([0.05, 0.5, -0.5, 1.0]))
    np.testing.assert_allclose(xy[0], frames[0].xy + 5.0)
    np.testing.assert_array_equal((score > 0).all(axis=1), [True, False, False, True])


def test_a_mirrored_picture_gives_the_mirrored_pose():
    rows = np.arange(len(CANONICAL))
    for left, right in CANONICAL.flip_pairs:
        rows[[left, right]] = right, left
    frames = clip()
    plain = LearnedLifter().lift_clip(frames, CAMERA)
    other = LearnedLifter().lift_clip([mirrored(f) for f in frames], CAMERA)
    for a, b in zip(plain, other):
        np.testing.assert_allclose(b.xyz, a.xyz[rows] * [-1, 1, 1], atol=1e-4)
        np.testing.assert_allclose(b.root, a.root * [-1, 1, 1], atol=1e-4)


def test_height_scales_everything():
    frames = clip(5)
    adult = LearnedLifter(1.7).lift_clip(frames, CAMERA)
    child = LearnedLifter(0.85).lift_clip(frames, CAMERA)
    for a, b in zip(adult, child):
        np.testing.assert_allclose(b.xyz, a.xyz / 2, atol=1e-6)
        # The distance itself is one more measurement, in metres, of little weight.
        np.testing.assert_allclose(b.root, a.root / 2, atol=0.05)


@pytest.mark.parametrize("num_frames", [0, 1, 2, 300])
def test_clips_of_any_length_pass(num_frames):
    found = LearnedLifter().lift_clip(clip(num_frames), CAMERA)
    assert len(found) == num_frames
    assert all(np.isfinite(joints.xyz).all() for joints in found)


def test_progress_rises_to_one():
    told = []
    LearnedLifter().lift_clip(clip(600), CAMERA, told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_a_clip_has_bones_of_one_length():
    found = LearnedLifter().lift_clip(clip(60), CAMERA)
    lengths = np.stack([bone_lengths(joints.xyz[np.newaxis]) for joints in found])
    assert np.ptp(lengths, axis=0).max() < 1e-9


def test_live_bones_never_jump(rng):
    estimate = LengthEstimate()
    error = np.full((1, 28), 0.03)
    lengths = np.stack(
        [
            estimate.learn(rng.normal(0, 0.4, (1, 28, 3)), error, i / 30.0)
            for i in range(60)
        ]
    )
    steps = np.abs(np.diff(np.log(lengths), axis=0))
    assert 0 < steps.max() <= (FIRST_SPEED + SPEED) / 30 + 1e-9
    assert steps[:30].sum(axis=0).max() < 1.3 * FIRST_SPEED * SETTLING
    assert 0 < steps[45:].max() <= 1.1 * SPEED / 30
    by_name = {CANONICAL.names[c]: lengths[-1, i] for i, (c, _) in enumerate(BONES)}
    assert by_name["left_knee"] == pytest.approx(by_name["right_knee"])


def test_lengths_are_those_that_are_seen(rng):
    """Guessed poses scatter about the person's own bones, not about an adult's."""
    legs = [CANONICAL.names[c].endswith(("knee", "ankle")) for c, _ in BONES]
    child = np.exp(ADULT) * np.where(legs, 0.75, 1.0)
    directions = unit(rng.normal(size=(60, len(BONES), 3)))
    bones = (
        directions
        * child[:, np.newaxis]
        * np.exp(rng.normal(0.0, 0.05, (60, len(BONES), 1)))
    )
    xyz = np.zeros((60, 28, 3))
    for i, (joint, parent) in enumerate(BONES):
        xyz[:, joint] = xyz[:, parent] + bones[:, i]
    found = measured_lengths(xyz, np.full((60, 28), 0.08), np.arange(60) / 30)
    ratio = found / child
    assert np.ptp(np.log(ratio)) < 0.06


def test_who_leaves_is_unknown_and_comes_back():
    frames = clip(60)
    nobody = Keypoints2D(np.full((17, 2), np.nan), np.zeros(17), 0.0)
    frames[20:40] = [replace(nobody, t=i / 30.0) for i in range(20, 40)]
    baked = LearnedLifter().lift_clip(frames, CAMERA)
    pipeline = PersonPipeline(LearnedLifter(), CAMERA)
    live = [pipeline.step(frame) for frame in frames]
    for found in (baked, live):
        assert all(np.isnan(joints.xyz).all() for joints in found[21:39])
        assert all(not joints.score.any() for joints in found[21:39])
        assert all(np.isfinite(joints.xyz).all() for joints in found[:19])
        assert all(np.isfinite(joints.root).all() for joints in found[41:])


def test_ten_minutes_with_somebody_who_leaves_and_returns_pass_sanely(rng):
    frames = [filmed(STANDING, i / 10.0) for i in range(6000)]
    noise = rng.normal(0.0, 2.0, (len(frames), 17, 2))
    seen = [replace(f, xy=f.xy + n) for f, n in zip(frames, noise)]
    nobody = np.full((17, 2), np.nan)
    seen[1000:1400] = [
        replace(f, xy=nobody, score=np.zeros(17)) for f in seen[1000:1400]
    ]
    found = solve_keypoints(seen, CAMERA, LearnedLifter(), PRESETS["balanced"])
    xyz = np.stack([joints.xyz for joints in found])
    known = np.isfinite(xyz).all(axis=(1, 2))
    assert not known[1010:1390].any()
    assert known[:990].all()
    assert known[1410:].all()
    early, late = (
        np.median(xyz[part], axis=0) for part in (slice(900), slice(5000, None))
    )
    np.testing.assert_allclose(late, early, atol=0.02)


def test_hidden_legs_stand_or_sit_still():
    frames = []
    for frame in clip(60):
        xy = frame.xy.copy()
        xy[13:] = np.nan
        frames.append(replace(frame, xy=xy))
    found = solve_clip(frames, CAMERA, LearnedLifter())
    knees = np.stack([joints.xyz[13:17] for joints in found])
    assert np.isfinite(knees).all()
    assert np.ptp(knees, axis=0).max() < 0.15
    assert (knees[:, :, 1] > 0).all()  # Below the pelvis: y points down.
    legs, arms = found[30].score[13:17], found[30].score[[7, 8]]
    assert legs.max() < arms.min()


@pytest.mark.parametrize("yaw", [0, 45, 180])
def test_a_standing_person_is_lifted_well(yaw):
    c, s = np.cos(np.radians(yaw)), np.sin(np.radians(yaw))
    xyz = STANDING @ np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]]).T
    frames = [filmed(xyz, i / 30.0) for i in range(20)]
    found = LearnedLifter().lift_clip(frames, CAMERA)[10]
    for a, b in LIMBS:
        bones = [p[b] - p[a] for p in (found.xyz, xyz)]
        cosine = np.dot(*bones) / np.prod([np.linalg.norm(bone) for bone in bones])
        assert np.degrees(np.arccos(min(cosine, 1.0))) < 25
    assert found.root[2] == pytest.approx(3.5, rel=0.12)


def test_the_feet_of_who_stands_are_said_to_stand():
    for joints in LearnedLifter().lift_clip(clip(40), CAMERA):
        assert joints.contact is not None
        assert (joints.contact > 0.5).all()


def test_joints_lie_near_their_pixels():
    frames = clip(40)
    for frame, joints in zip(frames, LearnedLifter().lift_clip(frames, CAMERA)):
        shown = CAMERA.project(joints.xyz[5:17] + joints.root)
        assert np.linalg.norm(shown - frame.xy[5:], axis=1).max() < 20  # [px]


def test_weights_that_are_no_weights_are_refused_by_name(tmp_path):
    broken = tmp_path / "lifter.safetensors"
    broken.write_bytes(b"\x05\x00\x00\x00\x00\x00\x00\x00{}")
    for path in (broken, tmp_path / "absent.safetensors"):
        with pytest.raises(WeightsError, match=path.name):
            LiftNetwork.load(path)


def test_the_network_is_small_and_alike_for_one_and_many(rng):
    network = load_network()
    frames = rng.normal(size=(7, len(network.offsets), 54)).astype(np.float32)
    view = rng.normal(size=(7, 3)).astype(np.float32)
    together = network.run(frames, view)
    alone = [network.run(frames[[i]], view[[i]]).joints[0] for i in range(7)]
    np.testing.assert_allclose(together.joints, alone, atol=1e-4)
