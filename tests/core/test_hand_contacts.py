# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands that meet on the person meet on characters of any proportions."""

from dataclasses import replace

import numpy as np
import pytest

from tests.humanoid import (
    ROW,
    humanoid_roles,
    humanoid_skeleton,
    moving,
    person_like,
    seen_by_camera,
    world_motion,
)
from vitpose_blender.core.build_rest import build_rig_rest
from vitpose_blender.core.camera_model import Camera
from vitpose_blender.core.live_drive import LiveDrive, Manner
from vitpose_blender.core.packet import Packet
from vitpose_blender.core.replay import retarget_clip
from vitpose_blender.core.retarget import bone_target_names, retarget
from vitpose_blender.core.rotations import unit
from vitpose_blender.core.types import Keypoints2D
from vitpose_blender.core.world_motion import to_world

FPS = 30.0
CAMERA = Camera((1280, 720))
ARMS = ("Arm", "ForeArm", "Hand")
BUILDS = {"broad": (1.5, 1.0), "short arms": (1.0, 0.75), "long arms": (1.0, 1.5)}


def build(shoulders, arms):
    """Return a humanoid with broader shoulders or longer arms."""
    skeleton = humanoid_skeleton()
    heads = skeleton.heads.copy()
    for side in ("Left", "Right"):
        rows = [skeleton.names.index(side + part) for part in ARMS]
        root = heads[rows[0]] * (shoulders, 1, 1)
        heads[rows] = root + arms * (heads[rows] - heads[rows[0]])
    return build_rig_rest(replace(skeleton, heads=heads), humanoid_roles())


@pytest.fixture
def person():
    """Somebody who claps slowly and lets the arms hang again, facing us."""
    xyz = np.tile(person_like(build(1, 1)), (90, 1, 1))
    share = np.sin(np.linspace(0, np.pi, 90)) ** 2
    for side, sign in (("left", 1.0), ("right", -1.0)):
        shoulder = xyz[0, ROW[f"{side}_shoulder"]]
        together = np.array([sign * 0.03, -0.35, shoulder[2] - 0.15])
        hanging = shoulder + np.array([sign * 0.1, 0.0, -0.5])
        wrist = hanging + share[:, None] * (together - hanging)
        xyz[:, ROW[f"{side}_wrist"]] = wrist
        out = np.array([sign * 0.6, 0.6, -0.5])
        xyz[:, ROW[f"{side}_elbow"]] = (shoulder + wrist) / 2 + 0.12 * unit(out)
        xyz[:, ROW[f"{side}_hand"]] = wrist + np.array([0, -0.05, -0.02])
    return xyz


def wrists(xyz, rest, **options):
    motion = retarget(world_motion(xyz, FPS), rest, **options)
    rows = [bone_target_names(rest).index(f"{side}_hand") for side in ("left", "right")]
    return motion, motion.location[:, rows]


def gap(places):
    return np.linalg.norm(places[:, 0] - places[:, 1], axis=-1)


def forearm(rest):
    return np.linalg.norm(rest.head("left_hand") - rest.head("left_forearm"))


@pytest.mark.parametrize("proportions", BUILDS.values(), ids=BUILDS)
def test_hands_meet_on_any_build(person, proportions):
    rest = build(*proportions)
    _, free = wrists(person, rest)
    _, kept = wrists(person, rest, hands_meet=True)
    clap = slice(40, 50)
    theirs = 0.06 / np.linalg.norm(
        person[45, ROW["left_wrist"]] - person[45, ROW["left_elbow"]]
    )
    assert np.abs(gap(free)[clap] / forearm(rest) - theirs).max() > 0.2
    np.testing.assert_allclose(gap(kept)[clap] / forearm(rest), theirs, atol=0.05)


def test_hands_that_are_apart_stay_where_directions_put_them(person):
    rest = build(*BUILDS["broad"])
    person[...] = person_like(build(1, 1))
    free, _ = wrists(person, rest)
    kept, _ = wrists(person, rest, hands_meet=True)
    np.testing.assert_array_equal(kept.location, free.location)


@pytest.mark.parametrize("proportions", BUILDS.values(), ids=BUILDS)
def test_coming_together_never_pops(person, proportions):
    rest = build(*proportions)
    _, free = wrists(person, rest)
    _, kept = wrists(person, rest, hands_meet=True)
    fastest = np.linalg.norm(np.diff(free, axis=0), axis=-1).max()
    assert np.linalg.norm(np.diff(kept, axis=0), axis=-1).max() < 3 * fastest


def test_nothing_but_the_arms_moves_and_no_bone_stretches(person):
    rest = build(*BUILDS["broad"])
    free, _ = wrists(person, rest)
    kept, _ = wrists(person, rest, hands_meet=True)
    for row, (name, anchor) in enumerate(zip(rest.names, rest.anchors)):
        if not name.endswith(ARMS):
            np.testing.assert_array_equal(kept.location[:, row], free.location[:, row])
        elif anchor >= 0:
            length = np.linalg.norm(rest.heads[row] - rest.heads[anchor])
            moved = kept.location[:, row] - kept.location[:, anchor]
            np.testing.assert_allclose(np.linalg.norm(moved, axis=1), length)


def test_a_hand_on_the_hip_stays_there_with_long_arms(person):
    for side, sign in (("left", 1.0), ("right", -1.0)):
        hip = person[:, ROW[f"{side}_hip"]]
        person[:, ROW[f"{side}_wrist"]] = hip + np.array([sign * 0.08, -0.02, 0.08])
        person[:, ROW[f"{side}_elbow"]] = hip + np.array([sign * 0.33, 0.1, 0.25])
    rest = build(*BUILDS["long arms"])
    motion, kept = wrists(person, rest, hands_meet=True)
    thigh = motion.location[:, bone_target_names(rest).index("left_thigh")]
    theirs = np.linalg.norm((0.08, 0.02, 0.08)) / np.linalg.norm(
        person[0, ROW["left_wrist"]] - person[0, ROW["left_elbow"]]
    )
    away = np.linalg.norm(kept[:, 0] - thigh, axis=-1) / forearm(rest)
    np.testing.assert_allclose(away, theirs, atol=0.02)


def test_an_arm_that_is_not_seen_changes_nothing(person):
    rest = build(*BUILDS["broad"])
    person[:, [ROW["left_wrist"], ROW["left_elbow"], ROW["left_hand"]]] = np.nan
    free, _ = wrists(person, rest)
    kept, _ = wrists(person, rest, hands_meet=True)
    left = [row for row, name in enumerate(rest.names) if name.startswith("Left")]
    np.testing.assert_array_equal(kept.location[:, left], free.location[:, left])


def test_somebody_who_moves_freely_is_followed_without_breaks():
    rest = build(*BUILDS["broad"])
    xyz = moving(person_like(rest), np.arange(120) / FPS, 1)
    motion, _ = wrists(xyz, rest, hands_meet=True)
    assert np.isfinite(motion.location).all()
    assert np.isfinite(motion.rotation).all()


@pytest.mark.parametrize("is_live", [True, False])
def test_captures_and_bakes_keep_contacts_when_asked_to(person, is_live):
    rest = build(*BUILDS["broad"])
    times = np.arange(len(person)) / FPS
    joints = seen_by_camera(person, np.zeros((len(person), 3)), times)
    row = bone_target_names(rest).index("left_hand")
    other = bone_target_names(rest).index("right_hand")

    def apart(manner):
        if not is_live:
            person = to_world(joints, CAMERA, times)
            motion = retarget_clip(person, rest, manner)
            return gap(motion.location[:, [row, other]])[45]
        drive = LiveDrive(rest, CAMERA, manner)
        poses = [drive.step([packet(each)]) for each in joints[:46]]
        return gap(poses[45].location[None, [row, other]])[0]

    assert apart(Manner(hands_meet=True)) < 0.08
    assert apart(Manner()) > 0.15


def packet(joints):
    keypoints = Keypoints2D(np.full((17, 2), 5.0), np.ones(17), joints.t)
    return Packet(keypoints, 1, 0, CAMERA.image_wh, joints)
