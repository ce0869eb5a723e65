# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands still is held, and nothing else."""

import numpy as np
import pytest

from vitpose_blender.core.hold_filter import MAX_GAP, STRAY, HoldFilter


def run(times, values):
    hold = HoldFilter()
    return np.array([hold.step(t, v) for t, v in zip(times, values)])


@pytest.fixture
def times():
    return np.arange(180) / 30


def test_what_trembles_is_held(times, rng):
    noise = rng.normal(0.0, 0.15 * STRAY, (180, 2, 3))
    found = run(times, noise)
    assert found[60:].std() < 0.4 * noise.std()


def test_what_moves_is_followed_at_once(times):
    moving = np.zeros((180, 1, 3))
    moving[60:, 0, 0] = 0.5 * (1 - np.cos(np.pi * (times[60:] - 2)))
    found = run(times, moving)
    assert np.abs(found - moving).max() < STRAY
    assert np.abs(found - moving)[75:80].max() < 0.2 * STRAY


def test_it_neither_jumps_nor_overshoots_when_it_lets_go(times):
    moving = np.zeros((180, 1, 3))
    moving[:, 0, 0] = 0.3 * np.clip(times - 2.0, 0.0, 1.0)
    found = run(times, moving)[:, 0, 0]
    assert np.diff(found).max() < 2 * 0.3 / 30
    assert found.max() <= 0.3 + 1e-9
    assert found[-1] == pytest.approx(0.3, abs=0.2 * STRAY)


def test_unseen_stays_unseen_and_what_returns_starts_afresh(times):
    values = np.zeros((180, 2, 3))
    values[60:120, 0], values[120:, 0] = np.nan, 0.9 * STRAY
    found = run(times, values)
    assert np.array_equal(np.isnan(found), np.isnan(values))
    assert np.array_equal(found[120, 0], values[120, 0])
    assert not found[:, 1].any()


def test_time_that_goes_back_starts_afresh():
    hold = HoldFilter()
    hold.step(5.0, np.zeros((1, 3)))
    near = np.full((1, 3), 0.3 * STRAY)
    assert np.array_equal(hold.step(1.0, near), near)
    assert not np.array_equal(hold.step(1.0 + MAX_GAP, 0 * near), 0 * near)
