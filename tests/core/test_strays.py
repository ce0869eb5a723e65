# SPDX-License-Identifier: GPL-3.0-or-later
"""Only what jumps aside and comes back is taken away."""

import numpy as np
import pytest

from vitpose_blender.core.strays import without_strays


@pytest.fixture
def times():
    return np.arange(90) / 30


@pytest.fixture
def swinging(times, rng):
    """A person 400 px high whose first keypoint swings quickly, with some noise."""
    xy = np.zeros((90, 3, 2))
    xy[:, 1], xy[:, 2] = [0.0, 400.0], [50.0, 200.0]
    xy[:, 0, 0] = 150 * np.sin(2 * np.pi * 2.0 * times)
    return xy + rng.normal(0.0, 1.0, xy.shape)


def test_motion_stays(times, swinging):
    assert np.array_equal(without_strays(times, swinging), swinging)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_jump_aside_goes(times, swinging, length):
    wrong = swinging.copy()
    wrong[40 : 40 + length, 2] += [60.0, 40.0]
    kept = without_strays(times, wrong)
    assert np.isnan(kept[40 : 40 + length, 2]).all()
    kept[40 : 40 + length, 2] = wrong[40 : 40 + length, 2]
    assert np.array_equal(kept, wrong)


def test_who_steps_aside_and_stays_has_moved(times, swinging):
    swinging[40:, 2] += [60.0, 40.0]
    assert np.array_equal(without_strays(times, swinging), swinging)


def test_unseen_stays_unseen_and_few_judge_nobody(times, swinging):
    swinging[30:60] = np.nan
    swinging[44, 2] = [500.0, 500.0]
    kept = without_strays(times, swinging)
    assert np.array_equal(kept, swinging, equal_nan=True)


@pytest.mark.parametrize("num_frames", [1, 2, 4])
def test_the_shortest_clips_pass(num_frames):
    xy = np.full((num_frames, 17, 2), np.nan)
    kept = without_strays(np.arange(num_frames) / 30, xy)
    assert np.array_equal(kept, xy, equal_nan=True)


def test_frames_of_one_moment_and_long_takes_pass(rng):
    xy = rng.normal(0.0, 1.0, (1200, 2, 2))
    xy[:, 1, 1] += 300
    times = np.repeat(np.arange(600) / 30, 2)
    xy[700, 1] += 80
    kept = without_strays(times, xy)
    assert np.isnan(kept[700, 1]).all()
    assert np.isnan(kept).sum() == 2
