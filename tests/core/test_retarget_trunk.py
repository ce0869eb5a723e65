# SPDX-License-Identifier: GPL-3.0-or-later
"""Trunk, head and hands turn as the person's do, from the character's own posture."""

import numpy as np
import pytest

from tests.humanoid import (
    ROW,
    random_rotations,
    world_motion,
)
from tests.turns import bone_turns, turn_angles_deg
from vitpose_blender.core.motion import Memory
from vitpose_blender.core.person_measures import calibrated
from vitpose_blender.core.retarget import retarget
from vitpose_blender.core.rotations import about_axis, transpose, unit

FPS = 30.0
USUAL_LEAN = -2.5  # Of people who stand [deg].


LEGS = ("pelvis", "hip", "knee", "ankle", "heel", "toe")


def test_trunk_and_head_turn_as_the_persons_do(rest, standing):
    """As rigid bodies: every bone of a person turned as a whole turns alike."""
    whole = random_rotations(np.random.default_rng(5), 40)
    memory = calibrated(world_motion(standing[np.newaxis]))
    person = world_motion(standing @ transpose(whole), fps=1.0)
    motion = retarget(person, rest, memory)
    turns = bone_turns(motion, rest)
    rows = [
        row
        for row, role in enumerate(rest.roles)
        if role in ("hips", "spine", "neck", "head")
    ]
    wanted = np.repeat(whole[:, np.newaxis], len(rows), axis=1)
    np.testing.assert_allclose(turns[:, rows], wanted, atol=1e-6)


@pytest.mark.parametrize("lean", [-8.0, 0.0, 6.0])
def test_somebody_who_stands_with_a_lean_keeps_the_characters_posture(
    rest, standing, lean
):
    """After a calibration; without one the lean may be what the person does."""
    turn = about_axis(np.array([1.0, 0.0, 0.0]), np.radians(lean))
    trunk = [row for name, row in ROW.items() if not name.endswith(LEGS)]
    leaning = standing.copy()
    leaning[trunk] = leaning[trunk] @ turn.T
    person = world_motion(leaning[np.newaxis])
    rows = [row for row, role in enumerate(rest.roles) if role in ("hips", "spine")]
    turns = bone_turns(retarget(person, rest, calibrated(person)), rest)[:, rows]
    np.testing.assert_allclose(
        turns, np.tile(np.eye(3), (*turns.shape[:2], 1, 1)), atol=1e-6
    )
    raw = bone_turns(retarget(person, rest), rest)[:, rows]
    own_lean = np.degrees(np.arccos(rest.trunk[2, 2])) * np.sign(-rest.trunk[1, 2])
    # One frame hardly counts beside what is usual.
    expected = abs(lean + own_lean - USUAL_LEAN) * 5 / 6
    assert turn_angles_deg(raw, np.eye(3)) == pytest.approx(expected, abs=1.0)


@pytest.mark.parametrize("live", [False, True])
def test_a_lean_that_is_seen_for_long_is_half_the_persons_own(rest, standing, live):
    """Nothing tells whether somebody stoops or stands so."""
    turn = about_axis(np.array([1.0, 0.0, 0.0]), np.radians(10.0))
    trunk = [row for name, row in ROW.items() if not name.endswith(LEGS)]
    leaning = standing.copy()
    leaning[trunk] = leaning[trunk] @ turn.T
    person = world_motion(np.tile(leaning, (200, 1, 1)))
    memory = Memory(looks_ahead=not live)
    turns = bone_turns(retarget(person, rest, memory), rest)
    own_lean = np.degrees(np.arccos(rest.trunk[2, 2])) * np.sign(-rest.trunk[1, 2])
    hips = turn_angles_deg(turns[-1, rest.index["hips"]], np.eye(3))
    assert hips == pytest.approx((10.0 + own_lean - USUAL_LEAN) / 2, abs=0.5)
    if live:  # It comes to that smoothly, within half a second.
        steps = turn_angles_deg(turns[1:, 0], turns[:-1, 0])
        assert steps.max() < 1.5
        assert steps[15:].max() < 0.1


def test_who_lies_and_animals_are_no_people_who_stand(rest, standing):
    """What is usual of people counts for those alone, and lying shows nothing."""
    lying = standing @ about_axis(np.array([1.0, 0.0, 0.0]), np.radians(90.0)).T
    memory = Memory()
    retarget(world_motion(np.tile(lying, (20, 1, 1))), rest, memory)
    assert memory.upright == {"spine": (0.0, 0), "lean": (0.0, 0)}


@pytest.mark.parametrize("offset", [-0.06, 0.05])
def test_where_a_skeleton_has_its_spine_joint_bends_no_back(rest, xyz, offset):
    """Skeletons differ in it by centimetres; only its motion says something."""
    moved = xyz.copy()
    shoulders, hips = (
        xyz[:, [ROW[f"left_{part}"], ROW[f"right_{part}"]]].mean(axis=1)
        for part in ("shoulder", "hip")
    )
    line = shoulders - hips
    across = xyz[:, ROW["left_hip"]] - xyz[:, ROW["right_hip"]]
    length = np.linalg.norm(line, axis=-1, keepdims=True)
    moved[:, ROW["spine"]] += offset * length * unit(np.cross(across, line))
    turns, moved_turns = (
        bone_turns(retarget(world_motion(each), rest), rest) for each in (xyz, moved)
    )
    apart = turn_angles_deg(moved_turns, turns)
    left = np.degrees(abs(offset) / 0.4) * 5 / (5 + len(xyz))
    assert apart.max() < 2 * left + 0.01
    assert left < 1.0


def test_a_wrist_that_cannot_bend_so_far_is_not_believed(rest, standing):
    """A hand seen folded onto its forearm spins about it from frame to frame."""
    for degrees in (60.0, 90.0, 130.0, 179.0):
        xyz = standing.copy()
        elbow, wrist = xyz[ROW["left_elbow"]], xyz[ROW["left_wrist"]]
        along = unit(wrist - elbow)
        axis = unit(np.cross(along, (0.0, 0.0, 1.0)))
        pointing = about_axis(axis, np.radians(degrees)) @ along
        xyz[ROW["left_hand"]] = wrist + 0.08 * pointing
        motion = retarget(world_motion(xyz[np.newaxis]), rest)
        turns = bone_turns(motion, rest)[0]
        hand, forearm = (turns[rest.index[f"left_{r}"]] for r in ("hand", "forearm"))
        bend = turn_angles_deg(hand, forearm)
        assert bend <= 75.1
        if degrees == 60.0:
            assert bend == pytest.approx(60, abs=0.1)
        if degrees > 120.0:
            assert bend == pytest.approx(0, abs=0.1)
