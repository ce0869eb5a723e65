# SPDX-License-Identifier: GPL-3.0-or-later
"""Elbows and knees: they bend the right way, and near-straight limbs do not flip."""

import numpy as np
import pytest

from tests.humanoid import (
    ROW,
    world_motion,
)
from tests.turns import angles_deg, bone_turns, turn_angles_deg
from vitpose_blender.core.motion import Memory
from vitpose_blender.core.retarget import retarget
from vitpose_blender.core.rotations import about_axis, shortest_turn, unit

FPS = 30.0


def test_arms_swung_forwards_keep_their_elbows_down(rest, standing):
    """A straight arm has no hinge of its own: it must not turn about itself."""
    times = np.arange(60) / FPS
    xyz = np.tile(standing, (len(times), 1, 1))
    for side, way in (("left", 1.0), ("right", -1.0)):
        shoulder = standing[ROW[f"{side}_shoulder"]]
        down = np.array([way * 0.1, 0.0, -1.0])
        for frame, share in enumerate(np.linspace(0, 1, len(times))):
            swing = about_axis(np.array([-1.0, 0, 0]), np.radians(-90 * share))
            ahead = swing @ unit(down)
            xyz[frame, ROW[f"{side}_elbow"]] = shoulder + 0.28 * ahead
            xyz[frame, ROW[f"{side}_wrist"]] = shoulder + 0.53 * ahead
            xyz[frame, ROW[f"{side}_hand"]] = shoulder + 0.6 * ahead
    turns = bone_turns(retarget(world_motion(xyz), rest), rest)
    for limb in rest.limbs[:2]:
        elbow_side = np.cross(limb.directions[0], limb.hinge)  # Where it sticks out.
        end = turns[-1, limb.upper] @ elbow_side
        assert abs(end[2]) > 0.5, limb.name


@pytest.mark.parametrize("part", ["arm", "leg"])
def test_noise_on_a_straight_limb_does_not_flip_it(rest, standing, part, rng):
    """Seen by one camera, joints tremble by a centimetre."""
    start, middle, end = {
        "arm": ("shoulder", "elbow", "wrist"), "leg": ("hip", "knee", "ankle")
    }[part]  # fmt: skip
    joint = {name: ROW[f"left_{name}"] for name in (start, middle, end)}
    standing[joint[end]] = 2 * standing[joint[middle]] - standing[joint[start]]
    xyz = np.tile(standing, (300, 1, 1))
    for row in joint.values():
        xyz[:, row] += rng.normal(0, 0.01, (len(xyz), 3))
    turns = bone_turns(retarget(world_motion(xyz, FPS), rest), rest)

    limb = next(limb for limb in rest.limbs if limb.name == f"left_{part}")
    for row, direction in zip((limb.upper, limb.lower), limb.directions):
        now = turns[:, row] @ direction
        swing = shortest_turn(now[:-1], now[1:])
        twist = turn_angles_deg(turns[1:, row], swing @ turns[:-1, row])
        assert twist.max() < 60


def test_an_elbow_bent_anew_the_other_way_turns_the_arm_in_time(rest, standing):
    """The hinge may not jump, but it must arrive, as far as a shoulder turns."""
    xyz = np.tile(standing, (60, 1, 1))
    shoulder, elbow = (standing[ROW[f"left_{n}"]] for n in ("shoulder", "elbow"))
    upper = unit(elbow - shoulder)
    ahead = unit(np.cross(upper, np.cross((0.0, -1.0, 0.0), upper)))
    xyz[:, ROW["left_wrist"]] = elbow + 0.25 * ahead
    xyz[30:, ROW["left_wrist"]] = elbow - 0.25 * ahead
    xyz[:, ROW["left_hand"]] = xyz[:, ROW["left_wrist"]]
    hinges = {}
    for name, memory in (("live", Memory()), ("clip", None)):
        turns = bone_turns(retarget(world_motion(xyz, FPS), rest, memory), rest)
        limb = rest.limbs[0]
        hinges[name] = turns[:, limb.upper] @ limb.hinge
        turned = angles_deg(hinges[name][20], hinges[name][-1])
        assert turned > 130
    live, clip = hinges["live"], hinges["clip"]
    assert angles_deg(live[:-1], live[1:]).max() <= 1500 / FPS + 1e-6
    assert angles_deg(clip[:-1], clip[1:]).max() < 60
    # A clip knows what comes: its elbow never bends the wrong way.
    bend = np.cross(upper, xyz[:, ROW["left_wrist"]] - elbow)
    assert angles_deg(clip, bend).max() < 90


@pytest.mark.parametrize("degrees", [5.0, 12.0, 25.0])
def test_a_knee_seen_bent_forwards_is_straightened(rest, standing, degrees):
    """Noise bends straight knees the wrong way; the foot must not turn backwards."""
    xyz = np.tile(standing, (30, 1, 1))
    hip, knee = (standing[ROW[f"left_{name}"]] for name in ("hip", "knee"))
    thigh = unit(knee - hip)
    forwards = about_axis(np.array([-1.0, 0.0, 0.0]), np.radians(degrees)) @ thigh
    moved = knee + 0.4 * forwards - standing[ROW["left_ankle"]]
    for joint in ("ankle", "heel", "toe"):
        xyz[:, ROW[f"left_{joint}"]] += moved
    turns = bone_turns(retarget(world_motion(xyz, FPS), rest), rest)

    limb = rest.limbs[2]
    upper, lower = (
        turns[:, row] @ direction
        for row, direction in zip((limb.upper, limb.lower), limb.directions)
    )
    assert angles_deg(upper, lower).max() < min(degrees, 8.0) + 0.1
    hinge = turns[:, limb.upper] @ limb.hinge
    assert angles_deg(hinge, limb.hinge).max() < 30


def bent_leg(rest, standing, aside, degrees=60.0):
    """Return a left leg whose shin is bent about an axis turned off the usual one."""
    xyz = np.tile(standing, (30, 1, 1))
    hip, knee = (standing[ROW[f"left_{name}"]] for name in ("hip", "knee"))
    thigh = unit(knee - hip)
    axis = about_axis(thigh, np.radians(aside)) @ np.array([1.0, 0.0, 0.0])
    shin = about_axis(unit(axis), np.radians(degrees)) @ thigh
    moved = knee + 0.4 * shin - standing[ROW["left_ankle"]]
    for joint in ("ankle", "heel", "toe"):
        xyz[:, ROW[f"left_{joint}"]] += moved
    return xyz


@pytest.mark.parametrize("aside", [-150.0, -110.0, -80.0, 80.0, 110.0, 150.0])
@pytest.mark.parametrize("memory", [None, Memory()])
def test_no_thigh_is_twisted_farther_than_a_hip_turns(rest, standing, aside, memory):
    memory = None if memory is None else Memory()  # Each motion begins anew.
    xyz = bent_leg(rest, standing, aside)
    turns = bone_turns(retarget(world_motion(xyz, FPS), rest, memory), rest)
    limb = rest.limbs[2]
    along = turns[:, limb.upper] @ limb.directions[0]
    carried = turns[:, rest.anchors[limb.upper]]
    straight = shortest_turn(carried @ limb.directions[0], along) @ carried
    twist = turn_angles_deg(turns[:, limb.upper], straight)
    assert twist.max() < 75.1


@pytest.mark.parametrize("aside", [-40.0, 0.0, 40.0])
def test_a_clear_bend_shows_the_hinge(rest, standing, aside):
    xyz = bent_leg(rest, standing, aside)
    for memory in (None, Memory()):
        turns = bone_turns(retarget(world_motion(xyz, FPS), rest, memory), rest)
        limb = rest.limbs[2]
        upper, lower = (turns[-1, row] @ way for row, way in
                        zip((limb.upper, limb.lower), limb.directions))  # fmt: skip
        hinge = turns[-1, limb.upper] @ limb.hinge
        assert angles_deg(hinge, unit(np.cross(upper, lower))) < 1.0


def test_a_hand_and_a_foot_turn_about_themselves_no_faster_than_shown(rest, standing):
    """A wrist and an ankle seen wrongly for a moment do not make them flip."""
    xyz = np.tile(standing, (40, 1, 1))
    for row in (ROW["left_wrist"], ROW["left_hand"]):
        xyz[20:, row] = (
            standing[ROW["left_elbow"]]
            + (standing[row] - standing[ROW["left_elbow"]])
            @ about_axis(np.array([0.0, 0, 1]), np.pi * 0.7).T
        )
    xyz[20:, ROW["left_toe"]] = standing[ROW["left_heel"]] + (0.15, 0.02, 0.1)
    turns = bone_turns(retarget(world_motion(xyz, FPS), rest, Memory()), rest)
    for role, along in (("left_hand", rest.limbs[0].directions[1]),
                        ("left_foot", np.array([0.0, -1.0, 0.0]))):  # fmt: skip
        own = turns[:, rest.index[role]]
        ways = own @ unit(along)
        swing = shortest_turn(ways[:-1], ways[1:])
        twist = turn_angles_deg(own[1:], swing @ own[:-1])
        assert twist.max() < 60, role
