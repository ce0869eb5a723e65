# SPDX-License-Identifier: GPL-3.0-or-later
"""Driving a character moment by moment: causal, continued exactly, in every manner."""

import json

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
from vitpose_blender.core.live_drive import LiveDrive, Manner
from vitpose_blender.core.memory_json import memory_from_dict, memory_to_dict
from vitpose_blender.core.motion import Memory
from vitpose_blender.core.packet import Packet
from vitpose_blender.core.retarget import rest_targets
from vitpose_blender.core.types import Joints3D, Keypoints2D

CAMERA = Camera((1280, 720))
FPS = 30.0  # [Hz]


@pytest.fixture(scope="module")
def rest():
    return build_rig_rest(humanoid_skeleton(), humanoid_roles())


def joints_of(rest, num_frames=30, path=None, seed=0):
    times = 7.0 + np.arange(num_frames) / FPS
    path = np.zeros((num_frames, 3)) if path is None else path
    return seen_by_camera(moving(person_like(rest), times, seed), path, times)


def packet(joints, person=1):
    keypoints = Keypoints2D(np.full((17, 2), 5.0), np.ones(17), joints.t)
    return Packet(keypoints, person, 0, CAMERA.image_wh, joints)


def run(drive, joints):
    return [drive.step([packet(each)]) for each in joints]


def assert_same(one, other):
    for a, b in zip(one, other, strict=True):
        assert a.t == b.t
        np.testing.assert_array_equal(a.location, b.location)
        np.testing.assert_array_equal(a.rotation, b.rotation)


@pytest.mark.parametrize("body", ["full", "upper", "seated"])
@pytest.mark.parametrize("cut", [0, 1, 13])
def test_a_drive_goes_on_exactly_where_its_state_was_taken(rest, body, cut):
    joints = joints_of(rest, path=np.outer(np.arange(30) / FPS, (0.4, 0.1, 0.1)))
    manner = Manner(mirror=body == "upper", body=body, hands_meet=body == "full")
    drive = LiveDrive(rest, CAMERA, manner)
    run(drive, joints[:cut])
    state = json.loads(json.dumps(drive.state()))
    again = LiveDrive(rest, CAMERA, Manner.from_dict(state["manner"]), state)
    assert_same(run(drive, joints[cut:]), run(again, joints[cut:]))


def test_a_fresh_drive_would_not_go_on_there(rest):
    joints = joints_of(rest, path=np.outer(np.arange(30) / FPS, (0.4, 0.1, 0.0)))
    whole = run(LiveDrive(rest, CAMERA, Manner()), joints)
    part = run(LiveDrive(rest, CAMERA, Manner()), joints[13:])
    assert np.abs(whole[13].location - part[0].location).max() > 0.01


def test_later_frames_change_nothing_before(rest):
    joints = joints_of(rest)
    whole = run(LiveDrive(rest, CAMERA, Manner()), joints)
    part = run(LiveDrive(rest, CAMERA, Manner()), joints[:10])
    assert_same(whole[:10], part)


def test_a_mirrored_person_seen_mirrored_is_the_person(rest):
    joints = joints_of(rest, path=np.outer(np.arange(30) / FPS, (0.4, 0.1, 0.0)))
    flipped = np.arange(28)
    for name, row in ROW.items():
        if name.startswith("left_"):
            other = ROW[name.replace("left_", "right_")]
            flipped[[row, other]] = other, row
    mirror = np.array([-1.0, 1.0, 1.0])
    mirrored = [
        Joints3D(each.xyz[flipped] * mirror, each.root * mirror, each.score, each.t)
        for each in joints
    ]
    plain = run(LiveDrive(rest, CAMERA, Manner()), joints)
    twice = run(LiveDrive(rest, CAMERA, Manner(mirror=True)), mirrored)
    for a, b in zip(plain, twice, strict=True):
        np.testing.assert_allclose(a.location, b.location, atol=1e-9)


def location(pose, name):
    return pose.location[pose.names.index(name)]


def test_the_upper_body_alone_stays_where_it_stands(rest):
    joints = joints_of(rest, path=np.outer(np.arange(30) / FPS, (3.0, 0.0, 0.0)))
    poses = run(LiveDrive(rest, CAMERA, Manner(body="upper")), joints)
    first, last = poses[0], poses[-1]
    hips = location(last, "hips") - location(first, "hips")
    assert np.abs(hips).max() < 0.1
    for side in ("left", "right"):  # Straight legs go along with the hips.
        for pose in poses:
            length = np.linalg.norm(
                location(pose, f"{side}_foot") - location(pose, f"{side}_thigh")
            )
            at_rest = rest.head(f"{side}_foot") - rest.head(f"{side}_thigh")
            assert length == pytest.approx(np.linalg.norm(at_rest), abs=1e-6)
    moved = location(last, "left_hand") - location(first, "left_hand")
    assert np.linalg.norm(moved) > 0.02


def test_who_sits_has_level_thighs_and_feet_on_the_floor(rest):
    for pose in run(LiveDrive(rest, CAMERA, Manner(body="seated")), joints_of(rest)):
        for side in ("left", "right"):
            thigh, shin, foot = (
                location(pose, f"{side}_{part}") for part in ("thigh", "shin", "foot")
            )
            assert abs(thigh[2] - shin[2]) < 0.02
            assert shin[2] - foot[2] > 0.3
            assert foot[2] - rest.floor < 0.2


def test_a_jump_is_a_jump_and_a_wobble_is_none(rest):
    standing = person_like(rest)
    for height, expected in ((0.04, 0.0), (0.3, 0.28)):
        up = np.zeros((30, 3))
        up[10:16, 2] = height
        times = np.arange(30) / FPS
        joints = seen_by_camera(np.tile(standing, (30, 1, 1)), up, times)
        poses = run(LiveDrive(rest, CAMERA, Manner()), joints)
        rise = [location(pose, "hips")[2] for pose in poses]
        assert rise[12] - rise[5] == pytest.approx(expected, abs=0.01)
        assert rise[20] == pytest.approx(rise[5], abs=1e-4)


def test_the_wanted_person_is_followed_and_nobody_else(rest):
    drive = LiveDrive(rest, CAMERA, Manner(person=2))
    first, second = joints_of(rest, 1, seed=1)[0], joints_of(rest, 1, seed=2)[0]
    assert drive.step([packet(first, 1)]) is None
    pose = drive.step([packet(first, 1), packet(second, 2)])
    assert_same([pose], run(LiveDrive(rest, CAMERA, Manner()), [second]))
    assert drive.step([]) is None


def test_who_has_seen_nobody_is_at_rest(rest):
    pose = rest_targets(rest)
    heads = pose.location[: len(rest.names)]
    np.testing.assert_allclose(heads, rest.heads, atol=0.01)


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"memory": None, "origin": "x", "lowest": 3},
        {"memory": {"turns": [1, 2], "path": "a"}, "origin": [1, None, 2]},
        {"memory": {"hinges": [3]}, "lowest": [[1]]},
        {"memory": {"turns": "x", "leg_length": "long"}},
    ],
)
def test_a_damaged_state_is_a_fresh_start(rest, state):
    joints = joints_of(rest, 3)
    fresh = run(LiveDrive(rest, CAMERA, Manner()), joints)
    assert_same(fresh, run(LiveDrive(rest, CAMERA, Manner(), state), joints))


def test_another_characters_memory_tells_of_the_person_only():
    memory = Memory(np.tile(np.eye(3), (5, 1, 1)), leg_length=0.7, spine_offset=0.1)
    memory.twists["left_forearm"] = (1.0, 2.0)
    memory.hinges["left_arm"] = (np.ones(3), np.ones(3), 1.0)
    table = json.loads(json.dumps(memory_to_dict(memory)))
    other = memory_from_dict(table, 6)
    assert (other.leg_length, other.spine_offset) == (0.7, 0.1)
    assert other.turns is None
    assert not other.twists
    assert not other.hinges
    same = memory_from_dict(table, 5)
    assert same.twists == memory.twists
    np.testing.assert_array_equal(same.turns, memory.turns)


@pytest.mark.parametrize("value", [{}, {"body": "half", "person": None}])
def test_an_unknown_manner_is_the_plain_one(value):
    assert Manner.from_dict(value) == Manner()


def test_calibrating_goes_on_without_a_jump_and_exactly(rest):
    joints = joints_of(rest, path=np.outer(np.arange(30) / FPS, (0.4, 0.1, 0.0)))
    drive = LiveDrive(rest, CAMERA, Manner())
    before = run(drive, joints[:15])[-1]
    camera = Camera(CAMERA.image_wh, tilt=4.0)
    drive.calibrate(camera, Memory(lean=0.05, leg_length=0.8, spine_offset=0.01))
    state = json.loads(json.dumps(drive.state()))
    after = run(drive, joints[15:])
    assert np.abs(after[0].location - before.location).max() < 0.15
    assert state["memory"]["lean"] == 0.05
    again = LiveDrive(rest, camera, Manner(), state)
    assert_same(after, run(again, joints[15:]))


def test_a_tilted_camera_is_made_up_for(rest):
    """What a camera sees that looks down, is upright once that is known."""
    level, tilted = Camera((1280, 720)), Camera((1280, 720), tilt=15.0)
    turn = tilted.world_from_camera.T @ level.world_from_camera
    joints = joints_of(rest)
    seen = [
        Joints3D(each.xyz @ turn.T, turn @ each.root, each.score, each.t)
        for each in joints
    ]
    drive = LiveDrive(rest, level, Manner())
    drive.calibrate(tilted, None)
    for pose, wanted in zip(
        run(drive, seen), run(LiveDrive(rest, level, Manner()), joints), strict=True
    ):
        np.testing.assert_allclose(pose.location, wanted.location, atol=1e-9)
        np.testing.assert_allclose(
            np.abs((pose.rotation * wanted.rotation).sum(axis=1)), 1.0
        )


def test_any_person_will_do_until_one_is_followed(rest):
    first, second = joints_of(rest, 10), joints_of(rest, 10, seed=5)
    alone = LiveDrive(rest, CAMERA, Manner(2))
    drive = LiveDrive(rest, CAMERA, Manner())
    assert drive.followed == 0
    expected = [alone.step([packet(each, 2)]) for each in second]
    poses = [drive.step([packet(second[0], 2)])]
    for one, two in zip(first[1:], second[1:], strict=True):
        poses.append(drive.step([packet(one, 1), packet(two, 2)]))
    assert drive.followed == 2
    assert_same(poses, expected)
    assert drive.step([packet(first[-1], 1)]) is not None
    assert drive.followed == 1


def test_who_was_followed_is_part_of_the_state(rest):
    first, second = joints_of(rest, 2), joints_of(rest, 2, seed=5)
    drive = LiveDrive(rest, CAMERA, Manner())
    drive.step([packet(second[0], 2)])
    state = json.loads(json.dumps(drive.state()))
    again = LiveDrive(rest, CAMERA, Manner(), state)
    both = [packet(first[1], 1), packet(second[1], 2)]
    assert_same([again.step(both)], [drive.step(both)])
    assert again.followed == 2


def test_another_person_is_followed_as_from_the_beginning(rest):
    first, second = joints_of(rest, 12), joints_of(rest, 12, seed=5)
    drive = LiveDrive(rest, CAMERA, Manner(1))
    for one, two in zip(first[:6], second[:6], strict=True):
        drive.step([packet(one, 1), packet(two, 2)])
    assert drive.follow(2)
    fresh = LiveDrive(rest, CAMERA, Manner(2))
    for one, two in zip(first[6:], second[6:], strict=True):
        both = [packet(one, 1), packet(two, 2)]
        assert_same([drive.step(both)], [fresh.step(both)])


def test_to_pick_who_is_followed_already_changes_no_pose(rest):
    path = np.outer(np.arange(10) / FPS, (0.4, 0.1, 0.1))
    joints = joints_of(rest, 10, path)
    drive, other = (LiveDrive(rest, CAMERA, Manner()) for _ in range(2))
    run(other, joints[:5])
    run(drive, joints[:5])
    assert not drive.follow(1)
    assert_same(run(drive, joints[5:]), run(other, joints[5:]))
