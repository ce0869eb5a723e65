# SPDX-License-Identifier: GPL-3.0-or-later
"""The live filter that follows steady motion without lag."""

import numpy as np
import pytest

from vitpose_blender.core.follow_filter import FollowFilter

TIMES = np.arange(90) / 30.0


def filtered(values, times=TIMES, memory=0.1):
    follow = FollowFilter(memory)
    return np.stack([follow.step(t, value) for t, value in zip(times, values)])


def test_what_stands_still_stays_exactly():
    values = np.tile([[1.0, -2.0, 3.0]], (len(TIMES), 1, 1))
    np.testing.assert_array_equal(filtered(values), values)


@pytest.mark.parametrize("memory", [0.04, 0.06, 0.12])
def test_steady_motion_passes_without_lag(memory):
    values = 0.7 * TIMES[:, np.newaxis, np.newaxis] * np.array([[1.0, -1.0]])
    error = np.abs(filtered(values, memory=memory) - values)
    assert error[45:].max() < 1e-3


def test_more_memory_is_calmer(rng):
    noise = rng.normal(size=(len(TIMES), 5, 3))
    calm = [np.std(filtered(noise, memory=m)[30:]) for m in (0.01, 0.05, 0.2)]
    assert calm[0] > calm[1] > calm[2]
    assert calm[2] < 0.5


def test_missing_rows_stay_missing_and_start_afresh():
    values = np.zeros((len(TIMES), 2, 3))
    values[10:30, 0] = np.nan
    values[30:, 0] = 5.0
    result = filtered(values)
    assert np.isnan(result[10:30, 0]).all()
    np.testing.assert_array_equal(result[30:, 0], 5.0)
    np.testing.assert_array_equal(result[:, 1], 0.0)


def test_a_clock_that_goes_back_starts_afresh():
    follow = FollowFilter(0.1)
    follow.step(5.0, np.zeros((1, 3)))
    np.testing.assert_array_equal(follow.step(1.0, np.ones((1, 3))), 1.0)
