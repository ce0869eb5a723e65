# SPDX-License-Identifier: GPL-3.0-or-later
"""A take re-solved: which joints a bake gets, and what it refuses."""

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
from vitpose_blender.core.errors import TakeError
from vitpose_blender.core.filters import PRESETS
from vitpose_blender.core.packet import Packet
from vitpose_blender.core.solve import Joints, solve_take
from vitpose_blender.core.take import Take, TakeHeader
from vitpose_blender.core.types import Keypoints2D

FPS = 30.0


class TrueLifter:
    """Knows the answer, whatever the keypoints are; counts how often it is asked."""

    name = "true"
    window = 0.5

    def __init__(self, joints):
        self.by_time = {joint.t: joint for joint in joints}
        self.num_lifted = 0

    def lift(self, window, camera):
        self.num_lifted += 1
        return self.by_time[window[-1].t]

    def lift_clip(self, clip, camera, progress=None):
        joints = [self.lift([frame], camera) for frame in clip]
        if progress is not None:
            progress(1.0)
        return joints


@pytest.fixture
def joints():
    standing = person_like(build_rig_rest(humanoid_skeleton(), humanoid_roles()))
    times = np.arange(60) / FPS
    return seen_by_camera(moving(standing, times), np.zeros((60, 3)), times)


def take_of(joints, header, with_joints=True, score=0.9):
    camera = header.camera
    packets = []
    for frame, joint in enumerate(joints):
        xy = camera.project(joint.xyz[:17] + joint.root)
        keypoints = Keypoints2D(xy, np.full(17, score), joint.t)
        packets.append(
            Packet(keypoints, 1, frame, camera.image_wh, joint if with_joints else None)
        )
    return Take(header, tuple(packets))


def solve(take, lifter, **options):
    return solve_take(take, lifter, PRESETS["crisp"], **options)


@pytest.mark.parametrize(
    ("made_by", "choice", "is_solved"),
    [
        ("true", Joints.AUTO, True),
        ("mocap", Joints.AUTO, False),
        ("true", Joints.TAKE, False),
        ("mocap", Joints.SOLVE, True),
    ],
)
def test_own_live_joints_are_solved_again_and_others_kept(
    joints, made_by, choice, is_solved
):
    lifter = TrueLifter(joints)
    solved = solve(take_of(joints, TakeHeader(lifter=made_by)), lifter, joints=choice)
    assert lifter.num_lifted == (len(joints) if is_solved else 0)
    assert (solved == joints) == (not is_solved)


def test_a_solved_take_is_the_persons_motion(joints):
    solved = solve(take_of(joints, TakeHeader(), with_joints=False), TrueLifter(joints))
    assert [joint.t for joint in solved] == [joint.t for joint in joints]
    arms = [5, 6, 7, 8, 9, 10]
    error = [
        np.linalg.norm(a.xyz[arms] - b.xyz[arms], axis=1)
        for a, b in zip(solved, joints)
    ]
    assert np.median(error) < 0.02


def test_progress_comes_to_its_end(joints):
    shares = []
    take = take_of(joints, TakeHeader(), with_joints=False)
    solve(take, TrueLifter(joints), progress=shares.append)
    assert shares[-1] == 1.0


def test_joints_that_are_not_there_are_refused(joints):
    take = take_of(joints, TakeHeader(), with_joints=False)
    with pytest.raises(TakeError, match="no 3D joints"):
        solve(take, TrueLifter(joints), joints=Joints.TAKE)


def test_a_take_of_nothing_is_refused(joints):
    take = take_of(joints, TakeHeader(), with_joints=False, score=np.nan)
    with pytest.raises(TakeError, match="neither keypoints nor 3D joints"):
        solve(take, TrueLifter(joints))
