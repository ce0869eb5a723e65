# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters neither invent nor delay: properties that hold for any signal."""

import numpy as np
import pytest

from vitpose_blender.core.filters import (
    MAX_GAP,
    PRESETS,
    OneEuroFilter,
    calm,
    fill_gaps,
    resample,
    zero_phase,
)


@pytest.fixture
def times(rng):
    """Three seconds of a source whose rate wanders."""
    return np.cumsum(rng.uniform(0.01, 0.06, 90))


def run(preset, times, values, **options):
    one_euro = OneEuroFilter(PRESETS[preset].live)
    return np.array([one_euro.step(t, v, **options) for t, v in zip(times, values)])


@pytest.mark.parametrize("preset", PRESETS)
def test_one_euro_keeps_a_constant(preset, times):
    values = np.full((len(times), 3, 2), 7.5)
    assert np.allclose(run(preset, times, values), 7.5)


def test_one_euro_does_not_depend_on_when_the_clock_started(times, rng):
    values = rng.normal(size=(len(times), 3, 2))
    late = run("balanced", times + 1e4, values)
    assert np.allclose(run("balanced", times, values), late, atol=1e-6)


def test_one_euro_does_not_depend_on_the_size_of_the_picture(times, rng):
    values = rng.normal(size=(len(times), 3, 2))
    small = run("balanced", times, values, size=2.0)
    large = run("balanced", times, 10 * values, size=20.0)
    assert np.allclose(10 * small, large)


def test_presets_calm_in_their_order(rng):
    times = np.arange(120) / 30
    noise = rng.normal(0.0, 0.01, (len(times), 1, 2))
    spread = [run(name, times, noise)[30:].std() for name in PRESETS]
    assert 0.01 > spread[0] > spread[1] > spread[2]


def test_one_euro_keeps_missing_rows_missing_and_leaves_the_others(times, rng):
    values = rng.normal(size=(len(times), 2, 2))
    holed = values.copy()
    holed[20:30, 0] = np.nan
    filtered, whole = run("balanced", times, holed), run("balanced", times, values)
    assert np.array_equal(np.isnan(filtered), np.isnan(holed))
    assert np.allclose(filtered[:, 1], whole[:, 1])


def test_one_euro_starts_afresh_after_a_gap():
    one_euro = OneEuroFilter(PRESETS["smooth"].live)
    one_euro.step(0.0, np.array([[0.0, 0.0]]))
    one_euro.step(0.1, np.array([[np.nan, np.nan]]))
    back = one_euro.step(0.2 + MAX_GAP, np.array([[5.0, 5.0]]))
    assert np.array_equal(back, [[5.0, 5.0]])


def test_one_euro_starts_afresh_when_the_source_is_rewound():
    one_euro = OneEuroFilter(PRESETS["smooth"].live)
    one_euro.step(9.0, np.array([[0.0]]))
    assert one_euro.step(0.0, np.array([[5.0]]))[0, 0] == 5.0


def test_one_euro_believes_a_sure_keypoint_more():
    results = []
    for trust in (0.2, 1.0):
        one_euro = OneEuroFilter(PRESETS["balanced"].live)
        one_euro.step(0.0, np.array([[0.0]]))
        results.append(one_euro.step(0.03, np.array([[1.0]]), trust=np.array([trust])))
    assert 0 < results[0] < results[1] < 1


def test_zero_phase_keeps_a_ramp_up_to_its_ends(times):
    ramp = np.stack([3 * times - 1, -times], axis=1)
    assert np.allclose(zero_phase(times, ramp, 2.0), ramp)


def test_zero_phase_has_no_lag():
    times = np.arange(300) / 30
    wave = np.sin(2 * np.pi * times)
    smooth = zero_phase(times, wave, 3.0)[60:-60]
    phase = np.exp(-2j * np.pi * times[60:-60])
    lag = np.angle((smooth * phase).sum() / (wave[60:-60] * phase).sum())
    assert abs(lag) < 1e-3


def test_zero_phase_keeps_what_its_cutoff_promises():
    times = np.arange(600) / 60
    wave = np.sin(2 * np.pi * 2.0 * times)
    kept = zero_phase(times, wave, 2.0)[120:-120].std() / wave[120:-120].std()
    assert kept == pytest.approx(1 / np.sqrt(2), abs=0.02)


def test_zero_phase_is_the_same_backwards(times, rng):
    values = rng.normal(size=len(times))
    backward = zero_phase(-times[::-1], values[::-1], 4.0)[::-1]
    assert np.allclose(zero_phase(times, values, 4.0), backward)


def test_zero_phase_neither_fills_nor_spreads_holes(times, rng):
    values = rng.normal(size=(len(times), 2))
    values[40:44, 0] = np.nan
    smooth = zero_phase(times, values, 4.0)
    assert np.array_equal(np.isnan(smooth), np.isnan(values))


def test_zero_phase_does_not_see_where_a_long_signal_is_cut(rng):
    times, values = np.arange(1300) / 30, rng.normal(size=1300)
    middle = zero_phase(times[400:700], values[400:700], 5.0)[60:-60]
    assert np.allclose(zero_phase(times, values, 5.0)[460:640], middle)


def test_zero_phase_of_one_frame_is_that_frame():
    assert zero_phase([3.0], np.array([[4.0]]), 5.0)[0, 0] == pytest.approx(4.0)


def test_calm_quietens_rest_and_keeps_motion(rng):
    times = np.arange(240) / 30
    noise = rng.normal(0.0, 0.01, (240, 2, 3))
    moving = np.sin(2 * np.pi * times)
    points = noise.copy()
    points[:, 1, 0] += moving
    smooth = calm(times, points, 5.0)
    assert smooth[30:-30, 0].std() < 0.3 * noise[30:-30, 0].std()
    assert np.abs(smooth[30:-30, 1, 0] - moving[30:-30]).max() < 0.06


def test_calm_holds_what_stands_still_but_not_what_sways(rng):
    times = np.arange(300) / 30
    noise = rng.normal(0.0, 0.01, (300, 2, 3))
    sway = 0.05 * np.sin(2 * np.pi * 0.25 * times)
    points = noise.copy()
    points[:, 1, 0] += sway
    smooth = calm(times, points, 5.0)
    assert smooth[30:-30, 0].std() < 0.13 * noise[:, 0].std()
    assert np.abs(smooth[30:-30, 1, 0] - sway[30:-30]).max() < 0.012


@pytest.mark.parametrize("num_frames", [1, 2, 3])
def test_calm_takes_the_shortest_clips(num_frames):
    points = np.ones((num_frames, 2, 3))
    points[:, 1] = np.nan
    smooth = calm(np.arange(num_frames) / 30, points, 5.0)
    assert np.allclose(smooth, points, equal_nan=True)


def test_short_gaps_are_bridged_and_long_ones_stay():
    times = np.arange(20) / 10
    values = 2 * times
    holed = values.copy()
    holed[3:5], holed[9:15] = np.nan, np.nan
    filled = fill_gaps(times, holed, 0.4)
    assert np.allclose(filled[:9], values[:9])
    assert np.isnan(filled[9:15]).all()


def test_ends_are_not_invented():
    values = np.array([np.nan, 1.0, 2.0, np.nan])
    assert np.isnan(fill_gaps(np.arange(4.0), values, 10.0)[[0, 3]]).all()


def test_resampling_at_its_own_times_changes_nothing(times, rng):
    values = rng.normal(size=(len(times), 4, 3))
    values[10:20, 1] = np.nan
    same = resample(times, values, times, 0.0)
    assert np.allclose(same, values, equal_nan=True)


@pytest.mark.parametrize("fps", [24, 30, 60])
def test_resampling_keeps_speed(fps, times):
    wanted = np.arange(times[0], times[-1], 1 / fps)
    assert np.allclose(resample(times, 3 * times, wanted, 0.2), 3 * wanted)


def test_nothing_known_gives_nothing(times):
    unknown = np.full((len(times), 2), np.nan)
    assert np.isnan(resample(times, unknown, times, 1.0)).all()
    assert np.isnan(zero_phase(times, unknown, 3.0)).all()
