# SPDX-License-Identifier: GPL-3.0-or-later
"""Knees bend backwards only, and heads do not spin."""

import numpy as np
import pytest

from vitpose_blender.core.joint_limits import MAX_HEAD_TURN, limit_joints
from vitpose_blender.core.layouts import CANONICAL
from vitpose_blender.core.skeleton_fit import bone_lengths

ROW = CANONICAL.index
FACE = {
    "nose": (0.0, -0.62, -0.12),
    "left_eye": (0.03, -0.66, -0.09),
    "right_eye": (-0.03, -0.66, -0.09),
    "left_ear": (0.07, -0.64, 0.0),
    "right_ear": (-0.07, -0.64, 0.0),
}


@pytest.fixture
def standing():
    """A person who stands and faces the camera: x right, y down, z forward."""
    xyz = np.zeros((1, 28, 3))
    for side, x in (("left", 0.1), ("right", -0.1)):
        xyz[0, ROW[f"{side}_hip"]] = [x, 0.0, 0.0]
        xyz[0, ROW[f"{side}_knee"]] = [x, 0.42, -0.02]
        xyz[0, ROW[f"{side}_ankle"]] = [x, 0.83, 0.0]
        xyz[0, ROW[f"{side}_heel"]] = [x, 0.89, 0.05]
        xyz[0, ROW[f"{side}_toe"]] = [x, 0.89, -0.15]
        xyz[0, ROW[f"{side}_shoulder"]] = [1.7 * x, -0.5, 0.0]
    xyz[0, ROW["neck"]] = [0.0, -0.5, 0.0]
    for name, place in FACE.items():
        xyz[0, ROW[name]] = place
    return xyz


def with_head_turned(xyz, degrees):
    """Return the pose with the face turned to the person's left."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turned = xyz.copy()
    for name in FACE:
        x, _, z = xyz[0, ROW[name]]
        turned[0, ROW[name], [0, 2]] = c * x - s * z, s * x + c * z
    return turned


def turn_of_head(xyz):
    face = xyz[0, ROW["nose"]] - xyz[0, [ROW["left_ear"], ROW["right_ear"]]].mean(0)
    return np.degrees(np.arctan2(face[0], -face[2]))


def test_a_sound_pose_is_left_alone(standing):
    assert np.array_equal(limit_joints(standing), standing)


def test_a_knee_bent_forward_is_laid_straight(standing):
    broken = standing.copy()
    broken[0, ROW["left_ankle"]] = [0.1, 0.7, -0.3]
    fixed = limit_joints(broken)
    shank = fixed[0, ROW["left_ankle"]] - fixed[0, ROW["left_knee"]]
    length = np.linalg.norm(broken[0, ROW["left_ankle"]] - broken[0, ROW["left_knee"]])
    assert np.linalg.norm(shank) == pytest.approx(length)
    assert abs(shank[2]) < 0.1
    assert np.array_equal(fixed[:, ROW["right_ankle"]], broken[:, ROW["right_ankle"]])


@pytest.mark.parametrize(("down", "is_wrong"), [(0.3, False), (-0.3, True)])
def test_a_knee_of_a_raised_thigh_bends_down_only(standing, down, is_wrong):
    raised = standing.copy()
    raised[0, ROW["left_knee"]] = [0.1, 0.0, -0.42]
    raised[0, ROW["left_ankle"]] = [0.1, down, -0.70]
    fixed = limit_joints(raised)
    assert np.array_equal(fixed, raised) != is_wrong
    assert fixed[0, ROW["left_ankle"], 1] > -0.06


@pytest.mark.parametrize("degrees", [-80, 30, 80])
def test_a_head_that_looks_aside_may(standing, degrees):
    turned = with_head_turned(standing, degrees)
    assert turn_of_head(turned) == pytest.approx(degrees)
    assert np.array_equal(limit_joints(turned), turned)


@pytest.mark.parametrize("degrees", [-170, -100, 120, 179])
def test_a_head_that_spins_is_turned_back(standing, degrees):
    turned = with_head_turned(standing, degrees)
    fixed = limit_joints(turned)
    limit = np.degrees(MAX_HEAD_TURN) * np.sign(degrees)
    assert turn_of_head(fixed) == pytest.approx(limit)
    np.testing.assert_allclose(bone_lengths(fixed), bone_lengths(turned), atol=1e-9)


def test_the_limit_does_not_depend_on_how_the_body_lies(standing, rng):
    rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    rotation *= np.linalg.det(rotation)
    turned = with_head_turned(standing, 150)
    np.testing.assert_allclose(
        limit_joints(turned @ rotation.T), limit_joints(turned) @ rotation.T, atol=1e-9
    )


def test_the_unknown_stays_unknown(standing):
    xyz = np.concatenate([with_head_turned(standing, 150), np.full((1, 28, 3), np.nan)])
    fixed = limit_joints(xyz)
    assert np.isnan(fixed[1]).all()
    assert np.isfinite(fixed[0]).all()
