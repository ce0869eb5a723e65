# SPDX-License-Identifier: GPL-3.0-or-later
"""Both feet on one floor: mistakes undone, raised feet and bones left alone."""

from itertools import pairwise

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
from vitpose_blender.core.grounding import level_feet

TIMES = np.arange(90) / 30
LEG = ("hip", "knee", "ankle", "heel", "toe")


@pytest.fixture
def xyz():
    """A person who stands with bent knees, four metres before the camera."""
    standing = person_like(build_rig_rest(humanoid_skeleton(), humanoid_roles()))
    for side in SIDES:
        standing[ROW[f"{side}_knee"]] += (0, -0.12, 0.02)
    return np.tile(standing + np.array([0.0, 4.0, 0.0]), (len(TIMES), 1, 1))


def lift(xyz, side, height, frames=np.s_[:]):
    """Put one foot higher, its knee following."""
    lifted = xyz.copy()
    for joint, share in (("knee", 0.5), ("ankle", 1), ("heel", 1), ("toe", 1)):
        lifted[frames, ROW[f"{side}_{joint}"], 2] += share * height
    return lifted


def soles(xyz):
    return [
        xyz[:, [ROW[f"{side}_heel"], ROW[f"{side}_toe"]], 2].min(axis=1)
        for side in SIDES
    ]


def leg_lengths(xyz):
    return np.stack(
        [
            np.linalg.norm(xyz[:, ROW[f"{side}_{b}"]] - xyz[:, ROW[f"{side}_{a}"]],
                           axis=-1)
            for side in SIDES
            for a, b in (*pairwise(LEG), ("ankle", "toe"))
        ]
    )  # fmt: skip


def test_feet_on_one_floor_stay(xyz):
    np.testing.assert_allclose(level_feet(xyz, TIMES), xyz, atol=1e-9)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("height", [0.03, 0.1])
def test_a_foot_that_rests_too_high_comes_down(xyz, side, height):
    levelled = level_feet(lift(xyz, side, height), TIMES)
    left, right = soles(levelled)
    np.testing.assert_allclose(left, right, atol=2e-3)


@pytest.mark.parametrize("side", SIDES)
def test_bones_keep_their_lengths_and_the_rest_its_place(xyz, side):
    before = lift(xyz, side, 0.08)
    after = level_feet(before, TIMES)
    np.testing.assert_allclose(leg_lengths(after), leg_lengths(before), atol=1e-9)
    rows = [row for name, row in ROW.items() if name.split("_")[-1] not in LEG[1:]]
    np.testing.assert_array_equal(after[:, rows], before[:, rows])


def test_left_and_right_are_treated_alike(xyz):
    one = soles(level_feet(lift(xyz, "left", 0.08), TIMES))
    other = soles(level_feet(lift(xyz, "right", 0.08), TIMES))
    np.testing.assert_allclose(one[0], other[1], atol=1e-9)
    np.testing.assert_allclose(one[1], other[0], atol=1e-9)


def test_a_foot_held_up_on_purpose_stays_up(xyz):
    held = lift(xyz, "left", 0.3)
    np.testing.assert_allclose(level_feet(held, TIMES), held, atol=1e-9)


def test_a_walk_on_level_ground_is_not_bent(xyz):
    """Across the picture, where a foot that swings is seen to be on its way."""
    walk = xyz.copy()
    for side, phase in (("left", 0.0), ("right", np.pi)):
        wave = 2 * np.pi * TIMES + phase
        walk = lift(walk, side, 0.1 * np.maximum(np.sin(wave), 0.0))
        stride = -0.3 * np.cos(wave)
        for joint, share in (("knee", 0.5), ("ankle", 1), ("heel", 1), ("toe", 1)):
            walk[:, ROW[f"{side}_{joint}"], 0] += share * stride
    np.testing.assert_allclose(level_feet(walk, TIMES), walk, atol=0.02)


def test_a_leg_too_short_leaves_the_other_to_bend(xyz):
    straight = xyz.copy()
    for side in SIDES:
        hip, ankle = (straight[:, ROW[f"{side}_{j}"]] for j in ("hip", "ankle"))
        straight[:, ROW[f"{side}_knee"]] = hip + 0.5 * (ankle - hip)
    crooked = straight.copy()  # The left leg goes back and up: straight, but higher.
    hip = straight[:, ROW["left_hip"]]
    for joint in LEG[1:]:
        offset = straight[:, ROW[f"left_{joint}"]] - hip
        crooked[:, ROW[f"left_{joint}"]] = hip + offset * (1, 1, 0.92)
    left, right = soles(level_feet(crooked, TIMES))
    np.testing.assert_allclose(left, right, atol=6e-3)


def test_the_unknown_stays_unknown_and_harms_nobody(xyz):
    before = lift(xyz, "left", 0.08)
    before[40:50] = np.nan
    after = level_feet(before, TIMES)
    assert np.isnan(after[40:50]).all()
    assert np.isfinite(np.delete(after, np.s_[40:50], axis=0)).all()
    left, right = soles(after)
    np.testing.assert_allclose(left[:30], right[:30], atol=5e-3)


@pytest.mark.parametrize("num_frames", [0, 1, 2])
def test_the_shortest_clips_pass(xyz, num_frames):
    before = lift(xyz, "left", 0.08)[:num_frames]
    assert level_feet(before, TIMES[:num_frames]).shape == before.shape


def test_nothing_known_passes():
    nothing = np.full((10, len(ROW), 3), np.nan)
    assert np.isnan(level_feet(nothing, TIMES[:10])).all()
