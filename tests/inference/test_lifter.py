# SPDX-License-Identifier: GPL-3.0-or-later
"""The geometric lifter on people whose joints are known."""

from dataclasses import replace

import numpy as np
import pytest

from vitpose_blender.core.camera_model import Camera
from vitpose_blender.core.layouts import CANONICAL, COCO17
from vitpose_blender.core.pipeline import PersonPipeline, solve_clip
from vitpose_blender.core.skeleton_fit import bone_lengths
from vitpose_blender.core.types import Keypoints2D
from vitpose_blender.inference.lifter import GeometricLifter

CAMERA = Camera((1280, 720), 60.0)
ROW = CANONICAL.index
LIMBS = ((5, 7), (7, 9), (6, 8), (8, 10), (11, 13), (13, 15), (12, 14), (14, 16))
LEGS = range(13, 17)


def person(knee=0.0, elbow=40.0):
    """Return a person who faces the camera, `(17, 3)`: x right, y down, z forward.

    Args:
        knee: How far the left thigh is raised forward, with a bent knee [deg].
        elbow: How far the forearms are raised forward [deg].
    """
    xyz = np.array(
        [
            [0, -0.65, -0.15], [0.03, -0.69, -0.12], [-0.03, -0.69, -0.12],
            [0.07, -0.66, -0.04], [-0.07, -0.66, -0.04],
            [0.17, -0.5, 0], [-0.17, -0.5, 0], [0.24, -0.23, 0], [-0.24, -0.23, 0],
            [0, 0, 0], [0, 0, 0], [0.1, 0, 0], [-0.1, 0, 0],
            [0.12, 0.42, 0], [-0.12, 0.42, 0], [0.13, 0.83, 0.02], [-0.13, 0.83, 0.02],
        ]
    )  # fmt: skip
    bend = np.radians(elbow)
    xyz[9:11] = xyz[7:9] + 0.25 * np.array([0.0, np.cos(bend), -np.sin(bend)])
    lift = np.radians(knee)
    xyz[13] = xyz[11] + 0.42 * np.array([0.05, np.cos(lift), -np.sin(lift)])
    xyz[15] = xyz[13] + [0.0, 0.41, 0.0]
    return xyz


def turned(xyz, yaw):
    """Turn a person about the vertical; at 90 they look to the picture's right."""
    c, s = np.cos(np.radians(yaw)), np.sin(np.radians(yaw))
    return xyz @ np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]]).T


def filmed(xyz, t=0.0, place=(0.0, 0.0, 3.5), camera=CAMERA):
    return Keypoints2D(camera.project(xyz + np.array(place)), np.full(17, 0.9), t)


def limb_angles(found, true):
    """Return the angle between each found and true limb [deg]."""
    angles = []
    for a, b in LIMBS:
        found_bone, true_bone = found[b] - found[a], true[b] - true[a]
        cosine = found_bone @ true_bone
        cosine /= np.linalg.norm(found_bone) * np.linalg.norm(true_bone)
        angles.append(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    return np.array(angles)


def hide(keypoints, rows):
    xy = keypoints.xy.copy()
    xy[list(rows)] = np.nan
    return replace(keypoints, xy=xy)


@pytest.mark.parametrize("yaw", [0, 45, -45, 90, -90, 180])
def test_standing_people_are_found_from_every_side(yaw):
    true = turned(person(), yaw)
    joints = GeometricLifter().lift_clip(
        [filmed(true, i / 30) for i in range(10)], CAMERA
    )
    assert limb_angles(joints[5].xyz, true).mean() < 17
    left = joints[5].xyz[ROW["left_hip"]] - joints[5].xyz[ROW["right_hip"]]
    true_left = true[11] - true[12]
    assert left @ true_left > 0.7 * np.linalg.norm(left) * np.linalg.norm(true_left)


@pytest.mark.parametrize("yaw", [0, 60, -60])
def test_a_raised_knee_comes_forward(yaw):
    true = turned(person(knee=70), yaw)
    joints = GeometricLifter().lift_clip(
        [filmed(true, i / 30) for i in range(10)], CAMERA
    )
    thigh = joints[5].xyz[ROW["left_knee"]] - joints[5].xyz[ROW["left_hip"]]
    true_thigh = true[13] - true[11]
    assert thigh @ true_thigh > 0.8 * 0.42**2


def test_mirroring_the_picture_mirrors_the_person():
    true = turned(person(knee=30), 30)
    keypoints = filmed(true)
    flip = np.arange(17)
    for a, b in COCO17.flip_pairs:
        flip[[a, b]] = b, a
    mirrored = keypoints.xy[flip] * [-1, 1] + [CAMERA.image_wh[0] - 1, 0]
    one = GeometricLifter().lift([keypoints], CAMERA)
    other = GeometricLifter().lift([replace(keypoints, xy=mirrored)], CAMERA)
    swap = np.arange(len(CANONICAL))
    for a, b in CANONICAL.flip_pairs:
        swap[[a, b]] = b, a
    assert np.allclose(one.xyz, other.xyz[swap] * [-1, 1, 1], atol=1e-3)


def test_the_same_keypoints_give_the_same_joints():
    clip = [filmed(person(knee=k), k / 30) for k in range(12)]
    first, second = (
        [frame.xyz for frame in GeometricLifter().lift_clip(clip, CAMERA)]
        for _ in range(2)
    )
    assert np.array_equal(first, second)


def test_live_never_looks_ahead():
    clip = [filmed(person(knee=3 * k), k / 30) for k in range(12)]
    whole, part = GeometricLifter(), GeometricLifter()
    all_joints = [whole.lift(clip[: i + 1], CAMERA) for i in range(12)]
    some_joints = [part.lift(clip[: i + 1], CAMERA) for i in range(6)]
    for one, other in zip(all_joints, some_joints):
        assert np.array_equal(one.xyz, other.xyz)


def test_every_joint_is_there_in_a_sensible_place():
    joints = GeometricLifter().lift([filmed(person())], CAMERA)
    assert np.isfinite(joints.xyz).all()
    height = -joints.xyz[:, 1]
    order = ["left_toe", "left_ankle", "left_knee", "pelvis", "spine", "chest", "neck"]
    assert np.all(np.diff(height[[ROW[name] for name in (*order, "head_top")]]) > 0)
    for side in ("left", "right"):
        assert joints.xyz[ROW[f"{side}_toe"], 2] < joints.xyz[ROW[f"{side}_heel"], 2]
    assert ((joints.score >= 0) & (joints.score <= 1)).all()


def test_bones_are_constant_over_a_clip():
    clip = [filmed(turned(person(knee=2 * i), 3 * i), i / 30) for i in range(30)]
    joints = solve_clip(clip, CAMERA, GeometricLifter())
    lengths = np.stack([bone_lengths(frame.xyz[np.newaxis]) for frame in joints])
    assert np.allclose(lengths, lengths[0], rtol=1e-6)


def test_the_stated_height_scales_everything():
    small, large = (GeometricLifter(height) for height in (1.2, 1.8))
    keypoints = filmed(person())
    one, other = (lifter.lift([keypoints], CAMERA) for lifter in (small, large))
    assert np.linalg.norm(one.root) / np.linalg.norm(other.root) == pytest.approx(
        1.2 / 1.8, rel=0.06
    )


def test_the_root_is_where_the_person_stands():
    place = (0.8, 0.1, 4.0)
    clip = [filmed(person(), i / 30, place) for i in range(5)]
    root = GeometricLifter().lift_clip(clip, CAMERA)[2].root
    assert np.allclose(root, place, atol=0.35)
    assert np.allclose(root[:2] / root[2], np.array(place[:2]) / place[2], atol=0.02)


def test_hidden_legs_stand():
    clip = [hide(filmed(person(), i / 30), LEGS) for i in range(30)]
    for joints in GeometricLifter().lift_clip(clip, CAMERA):
        for side in ("left", "right"):
            leg = joints.xyz[ROW[f"{side}_ankle"]] - joints.xyz[ROW[f"{side}_hip"]]
            assert leg[1] > 0.98 * np.linalg.norm(leg)
            assert joints.score[ROW[f"{side}_ankle"]] <= 0.1


def test_a_webcam_shot_without_hips_is_whole():
    clip = [hide(filmed(person(), i / 30), range(11, 17)) for i in range(10)]
    for joints in GeometricLifter().lift_clip(clip, CAMERA):
        assert np.isfinite(joints.xyz).all()
        assert joints.xyz[ROW["left_ankle"], 1] > joints.xyz[ROW["pelvis"], 1] + 0.6


def test_a_limb_that_is_lost_eases_to_rest():
    lifter = GeometricLifter()
    raised = person(elbow=150)
    for i in range(10):
        held = lifter.lift([filmed(raised, i / 30)], CAMERA)
    for i in range(10, 130):
        last = held
        held = lifter.lift([hide(filmed(raised, i / 30), (7, 9))], CAMERA)
        step = held.xyz[ROW["left_wrist"]] - last.xyz[ROW["left_wrist"]]
        assert np.linalg.norm(step) < 0.08
    arm = held.xyz[ROW["left_wrist"]] - held.xyz[ROW["left_shoulder"]]
    assert arm[1] > 0.8 * np.linalg.norm(arm)


def test_frames_without_anybody_are_unknown_and_do_no_harm():
    empty = Keypoints2D(np.full((17, 2), np.nan), np.zeros(17), 0.2)
    clip = [filmed(person(), 0.0), replace(empty, t=0.1), filmed(person(), 0.2)]
    for joints in (
        GeometricLifter().lift_clip(clip, CAMERA),
        [PersonPipeline(GeometricLifter(), CAMERA).step(frame) for frame in clip],
    ):
        assert np.isfinite(joints[0].xyz).all()
        assert np.isnan(joints[1].xyz).all()
        assert np.isnan(joints[1].root).all()
        assert np.isfinite(joints[2].xyz).all()
    nothing = GeometricLifter().lift_clip([empty, replace(empty, t=0.5)], CAMERA)
    assert all(np.isnan(frame.xyz).all() for frame in nothing)


@pytest.mark.parametrize("row", range(17))
def test_any_single_keypoint_alone_is_survived(row):
    rows = [i for i in range(17) if i != row]
    joints = GeometricLifter().lift([hide(filmed(person()), rows)], CAMERA)
    is_trunk = row in (5, 6, 11, 12)
    assert np.isfinite(joints.xyz).all() == is_trunk


def test_absurd_keypoints_are_survived(rng):
    for scale in (1e-3, 1e5):
        xy = rng.normal(0, scale, (17, 2))
        joints = GeometricLifter().lift([Keypoints2D(xy, np.ones(17), 0.0)], CAMERA)
        assert np.isfinite(joints.xyz).all()


def test_progress_ends_at_one():
    done = []
    clip = [filmed(person(), i / 30) for i in range(3)]
    GeometricLifter().lift_clip(clip, CAMERA, done.append)
    assert done == sorted(done)
    assert done[-1] == 1.0


def test_an_empty_clip_is_empty():
    assert GeometricLifter().lift_clip([], CAMERA) == []


def test_a_real_batter_stands_upright_with_feet_down(shared):
    import json

    path = shared / "data/keypoints/gast/baseball.json"
    frames = json.loads(path.read_text(encoding="utf-8"))["data"]
    clip = [
        Keypoints2D(
            frame["skeleton"][0]["pose"],
            np.clip(np.ravel(frame["skeleton"][0]["score"]), 0, 1),
            i / 30,
        )
        for i, frame in enumerate(frames)
    ]
    camera = Camera((1280, 960))
    joints = solve_clip(clip, camera, GeometricLifter())
    xyz = np.stack([frame.xyz for frame in joints])
    torso = xyz[:, ROW["neck"]] - xyz[:, ROW["pelvis"]]
    assert np.quantile(-torso[:, 1] / np.linalg.norm(torso, axis=1), 0.05) > 0.8
    toes = xyz[:, [ROW["left_toe"], ROW["right_toe"]], 1]
    assert (toes.max(axis=1) > 0.6).all()
