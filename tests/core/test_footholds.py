# SPDX-License-Identifier: GPL-3.0-or-later
"""Standing feet stay put: swimming bodies are calmed, steps and jumps left alone."""

import numpy as np
import pytest

from tests.humanoid import (
    ROW,
    SIDES,
    humanoid_roles,
    humanoid_skeleton,
    person_like,
)
from vitpose_blender.core.build_rest import build_rig_rest
from vitpose_blender.core.feet import (
    is_resting,
    move_foot,
    nearest_rows,
    sole_points,
)
from vitpose_blender.core.footholds import hold_feet

TIMES = np.arange(90) / 30
DISTANCE = 4.0  # From the camera, which is at the origin [m].


@pytest.fixture
def standing():
    """A person who stands with bent knees, shape `(28, 3)`."""
    joints = person_like(build_rig_rest(humanoid_skeleton(), humanoid_roles()))
    for side in SIDES:
        joints[ROW[f"{side}_knee"]] += (0, -0.12, 0.02)
    return joints + np.array([0.0, DISTANCE, 0.0])


def soles(xyz, side):
    return sole_points(xyz, side).mean(axis=1)


def leg_lengths(xyz):
    bones = [("hip", "knee"), ("knee", "ankle"), ("ankle", "heel"), ("heel", "toe")]
    return np.stack(
        [
            np.linalg.norm(
                xyz[:, ROW[f"{side}_{end}"]] - xyz[:, ROW[f"{side}_{start}"]], axis=-1
            )
            for side in SIDES
            for start, end in bones
        ]
    )


def seen_at(xyz, distance):
    """Move a person along the rays, as an error in depth does."""
    return xyz * (distance / DISTANCE)[:, np.newaxis, np.newaxis]


def test_a_still_person_is_left_alone(standing):
    xyz = np.tile(standing, (len(TIMES), 1, 1))
    np.testing.assert_allclose(hold_feet(xyz, TIMES), xyz, atol=1e-9)


def test_depth_that_swims_moves_no_standing_foot(standing):
    xyz = np.tile(standing, (len(TIMES), 1, 1))
    swimming = seen_at(xyz, DISTANCE + 0.1 * np.sin(2 * np.pi * 0.7 * TIMES))

    held = hold_feet(swimming, TIMES)

    for side in SIDES:
        step = np.linalg.norm(np.diff(soles(held, side)[:, :2], axis=0), axis=1)
        before = np.linalg.norm(np.diff(soles(swimming, side)[:, :2], axis=0), axis=1)
        assert before.max() > 0.01
        assert step.max() < 0.001


def test_bones_keep_their_lengths(standing):
    xyz = np.tile(standing, (len(TIMES), 1, 1))
    swimming = seen_at(xyz, DISTANCE + 0.1 * np.sin(2 * np.pi * 0.7 * TIMES))
    np.testing.assert_allclose(
        leg_lengths(hold_feet(swimming, TIMES)), leg_lengths(swimming), atol=2e-3
    )


def test_the_body_is_not_held_by_feet_that_walk(standing):
    """Who glides by without a foot at rest goes as far as they go."""
    xyz = np.tile(standing, (len(TIMES), 1, 1))
    xyz[..., 0] += 1.5 * TIMES[:, np.newaxis]
    np.testing.assert_allclose(hold_feet(xyz, TIMES), xyz, atol=1e-9)


def test_a_step_ends_where_the_foot_went(standing):
    xyz = np.tile(standing, (len(TIMES), 1, 1))
    way = 0.3 * np.clip((TIMES - 1.3) / 0.4, 0, 1)
    for joint in ("ankle", "heel", "toe"):
        xyz[:, ROW[f"left_{joint}"], 0] += way

    held = hold_feet(xyz, TIMES)

    moved = soles(held, "left")[-1] - soles(held, "left")[0]
    assert moved[0] == pytest.approx(0.3, abs=0.02)
    right = soles(held, "right")
    assert np.abs(right - right[0]).max() < 0.001


def test_a_foot_in_the_air_is_not_held(standing):
    xyz = np.tile(standing, (len(TIMES), 1, 1))
    swing = 0.02 * np.sin(2 * np.pi * 1.0 * TIMES)
    for joint in ("ankle", "heel", "toe"):
        xyz[:, ROW[f"left_{joint}"], 2] += 0.2
        xyz[:, ROW[f"left_{joint}"], 0] += swing

    held = hold_feet(xyz, TIMES)

    np.testing.assert_allclose(held, xyz, atol=1e-9)


@pytest.mark.parametrize(
    ("likely", "is_held"), [(0.9, True), (0.4, False), (np.nan, False)]
)
def test_a_foot_that_is_believed_to_stand_is_held(standing, likely, is_held):
    """A hidden foot is misplaced too quickly to look at rest."""
    xyz = np.tile(standing, (len(TIMES), 1, 1))
    stray = 0.07 * np.sin(2 * np.pi * 2.0 * TIMES)
    for joint in ("ankle", "heel", "toe"):
        xyz[:, ROW[f"left_{joint}"], 0] += stray
    contact = np.full((len(TIMES), 4), np.nan)
    contact[:, 1] = likely

    held = hold_feet(xyz, TIMES, contact)

    step = np.abs(np.diff(soles(held, "left")[:, 0]))
    assert (step.max() < 0.005) == is_held


def test_a_belief_of_a_moment_holds_nothing(standing):
    xyz = np.tile(standing, (len(TIMES), 1, 1))
    xyz[..., 0] += 1.5 * TIMES[:, np.newaxis]
    contact = np.zeros((len(TIMES), 4))
    contact[40:42] = 1.0
    np.testing.assert_allclose(hold_feet(xyz, TIMES, contact), xyz, atol=1e-9)


def test_heights_of_the_body_stay(standing):
    xyz = np.tile(standing, (len(TIMES), 1, 1))
    swimming = seen_at(xyz, DISTANCE + 0.1 * np.sin(2 * np.pi * 0.7 * TIMES))
    held = hold_feet(swimming, TIMES)
    np.testing.assert_allclose(
        held[:, ROW["pelvis"], 2], swimming[:, ROW["pelvis"], 2], atol=1e-9
    )


@pytest.mark.parametrize("num_frames", [1, 2, 3])
def test_the_shortest_clips_pass(standing, num_frames):
    xyz = np.tile(standing, (num_frames, 1, 1))
    np.testing.assert_allclose(hold_feet(xyz, TIMES[:num_frames]), xyz, atol=1e-9)


def test_the_unknown_stays_unknown_and_harms_nobody(standing):
    xyz = np.tile(standing, (len(TIMES), 1, 1))
    xyz[30:40] = np.nan
    xyz[60:, ROW["left_ankle"]] = np.nan

    held = hold_feet(xyz, TIMES)

    np.testing.assert_array_equal(np.isnan(held), np.isnan(xyz))
    known = np.isfinite(xyz)
    np.testing.assert_allclose(held[known], xyz[known], atol=1e-6)


def test_a_clip_of_nobody_stays_empty():
    xyz = np.full((10, 28, 3), np.nan)
    assert np.isnan(hold_feet(xyz, TIMES[:10])).all()


def test_an_error_in_depth_does_not_wake_a_resting_foot(standing):
    xyz = np.tile(standing + np.array([0.5, 0.0, 0.0]), (len(TIMES), 1, 1))
    swimming = seen_at(xyz, DISTANCE + 0.4 * np.sin(2 * np.pi * TIMES))
    assert is_resting(sole_points(swimming, "left"), TIMES, 0.1).all()


def test_a_foot_moves_as_far_as_its_leg_reaches(standing):
    xyz = standing[np.newaxis].copy()
    done = move_foot(xyz, "left", np.array([[0.0, 0.0, -5.0]]))
    leg = xyz[0, [ROW["left_hip"], ROW["left_knee"], ROW["left_ankle"]]]
    reach = np.linalg.norm(leg[2] - leg[0])
    assert reach <= np.linalg.norm(np.diff(leg, axis=0), axis=1).sum()
    assert 0 > done[0, 2] > -1


def test_a_foot_that_turns_back_in_its_swing_does_not_rest(standing):
    xyz = np.tile(standing, (len(TIMES), 1, 1))
    swing = 0.3 * np.sin(2 * np.pi * 1.0 * TIMES)
    xyz[..., 0] += swing[:, np.newaxis]
    assert not is_resting(sole_points(xyz, "left"), TIMES, 0.2).any()


def test_the_nearest_known_frame_is_found_on_either_side():
    t = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
    known = np.array([False, True, False, False, True, False])
    np.testing.assert_array_equal(nearest_rows(t, known), [1, 1, 1, 4, 4, 4])
