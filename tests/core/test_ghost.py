# SPDX-License-Identifier: GPL-3.0-or-later
"""The stick figure of the measured joints: of the character's size, on its floor."""

from dataclasses import replace

import numpy as np
import pytest

from tests.humanoid import (
    humanoid_roles,
    humanoid_skeleton,
    moving,
    person_like,
    seen_by_camera,
)
from vitpose_blender.core.build_rest import build_rig_rest
from vitpose_blender.core.camera_model import Camera
from vitpose_blender.core.ghost import ghost_points, ghost_sticks
from vitpose_blender.core.layouts import CANONICAL
from vitpose_blender.core.live_drive import LiveDrive, Manner
from vitpose_blender.core.packet import Packet
from vitpose_blender.core.types import Keypoints2D

CAMERA = Camera((1280, 720))


@pytest.fixture(scope="module")
def rest():
    return build_rig_rest(humanoid_skeleton(), humanoid_roles())


@pytest.fixture
def motion(rest):
    times = 5.0 + np.arange(10) / 30
    path = np.outer(times - 5.0, (0.6, -0.2, 0.0))
    drive = LiveDrive(rest, CAMERA, Manner())
    for joints in seen_by_camera(moving(person_like(rest), times, 3), path, times):
        keypoints = Keypoints2D(np.full((17, 2), 5.0), np.ones(17), joints.t)
        pose = drive.step([Packet(keypoints, 1, 0, CAMERA.image_wh, joints)])
    assert pose is not None
    return drive.motion, pose


def test_it_is_where_the_character_is(rest, motion):
    motion, pose = motion
    points = ghost_points(motion, rest)
    for side in ("left", "right"):
        # A person built like the character has its hips where the character does.
        place = pose.location[pose.names.index(f"{side}_thigh")]
        hip = points[CANONICAL.index[f"{side}_hip"]]
        assert np.linalg.norm((rest.to_world(place) - hip)[:2]) < 0.05
    assert np.nanmin(points[:, 2]) == pytest.approx(rest.floor, abs=1e-9)


def test_beside_it_is_the_same_elsewhere(rest, motion):
    motion, _ = motion
    apart = ghost_points(motion, rest, is_beside=True) - ghost_points(motion, rest)
    known = apart[np.isfinite(apart).all(axis=1)]
    assert len(known) > 20
    np.testing.assert_allclose(known, np.tile(known[0], (len(known), 1)), atol=1e-9)
    assert np.linalg.norm(known[0]) > 1.0
    assert known[0][2] == pytest.approx(0.0)


def test_a_larger_person_has_the_characters_size(rest, motion):
    motion, _ = motion
    larger = replace(motion, xyz=2 * motion.xyz, path=2 * motion.path)
    np.testing.assert_allclose(
        ghost_points(larger, rest), ghost_points(motion, rest), atol=1e-9
    )


def test_what_is_not_known_has_no_lines(rest, motion):
    motion, _ = motion
    points = ghost_points(motion, rest)
    whole = ghost_sticks(points)
    points[CANONICAL.index["left_wrist"]] = np.nan
    assert 0 < len(ghost_sticks(points)) < len(whole)
    assert len(ghost_sticks(np.full((28, 3), np.nan))) == 0
