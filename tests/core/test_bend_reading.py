# SPDX-License-Identifier: GPL-3.0-or-later
"""What bends say of a hinge, and how it comes there within what its joint does."""

import numpy as np
import pytest

from vitpose_blender.core.axis_steps import SPEED_BELOW, steady
from vitpose_blender.core.bend_reading import Bends, LastBend, read_bends
from vitpose_blender.core.hinge_path import SPEED, follow, follow_both_ways
from vitpose_blender.core.rotations import about_axis, unit

FPS = 30.0


def read(bend, axis, part="leg", habit=0.0, last=None):
    """Return where bends [deg] have the hinge [deg], and how much they count."""
    bend, axis = np.broadcast_arrays(np.radians(bend), np.radians(axis))
    bend, axis = np.atleast_1d(bend), np.atleast_1d(axis)
    num = len(bend)
    bends = read_bends(
        np.arange(num) / FPS, (bend, axis), np.full(num, np.radians(habit)),
        np.zeros(num), part, last or LastBend(0.0, -np.inf),
    )  # fmt: skip
    return np.degrees(bends.angles), bends.trust


def off(angle, expected):
    return abs((np.asarray(angle) - expected + 180) % 360 - 180)


@pytest.mark.parametrize("part", ["arm", "leg"])
def test_a_straight_limb_says_nothing_and_a_bent_one_all(part):
    _, trust = read([0.0, 5.0, 13.0, 25.0, 90.0], 30.0, part)
    assert trust[:2].tolist() == [0.0, 0.0]
    assert 0.4 < trust[2] < 0.6
    assert trust[3:].tolist() == [1.0, 1.0]


def test_a_limb_that_bends_back_a_little_is_overstretched():
    for part, bend in (("arm", 8.0), ("leg", 30.0)):
        angle, trust = read(bend, 180.0, part)
        assert off(angle, 0.0) < 1e-6
        assert trust > 0.1


def test_what_bends_back_far_does_so_indeed():
    for part, bend in (("arm", 40.0), ("leg", 60.0)):
        angle, trust = read(bend, 180.0, part)
        assert off(angle, 180.0) < 1e-6
        assert trust == 1.0


def test_a_bend_that_goes_on_is_believed_against_the_habit():
    """The habit turns away, the knee stays bent as it was."""
    num = 30
    habit = np.radians(np.linspace(60.0, -80.0, num))
    shown = tuple(np.radians(np.full((2, num), [[40.0], [60.0]])))
    last = LastBend(0.0, -np.inf)
    times = np.arange(num) / FPS
    bends = read_bends(times, shown, habit, np.zeros(num), "leg", last)
    assert np.degrees(bends.angles).min() > 40
    assert (bends.trust == 1.0).all()


@pytest.mark.parametrize("axis", [-90.0, -60.0, 70.0, 100.0])
def test_a_knee_that_is_little_bent_is_near_the_habit(axis):
    angle, _ = read(15.0, axis, habit=10.0)
    assert off(angle, 10.0) <= 45.0 + 1e-6
    assert np.sign(angle[0] - 10.0) == np.sign(axis)


def bends_at(degrees, trust=1.0):
    angles = np.radians(np.asarray(degrees, dtype=float))
    return Bends(angles, np.full(len(angles), trust))


def paths(hint, bends, most, start=0.0):
    """Return the hinge's way, live and over the clip [deg]."""
    num = len(hint)
    elapsed, drift = np.full(num, 1 / FPS), np.zeros(num)
    live = follow(elapsed, drift, hint, bends, np.radians(start), most)
    return np.degrees(live), np.degrees(
        follow_both_ways(elapsed, drift, hint, bends, most)
    )


def test_a_joint_turns_back_and_not_the_other_way_round():
    """From one end to the other through the middle, though round is shorter."""
    shown = np.repeat([120.0, -120.0], 20)
    for path in paths(np.zeros(40), bends_at(shown), np.radians(140), 120.0):
        assert path[0] == pytest.approx(120, abs=15)
        assert path[-1] == pytest.approx(-120, abs=15)
        assert (np.diff(path) <= 1e-9).all()
        assert np.abs(np.diff(path)).max() <= np.degrees(SPEED) / FPS + 1e-6


def test_a_joint_turns_no_farther_than_it_can(rng):
    most = np.radians(75)
    shown = bends_at(rng.uniform(-180, 180, 200))
    for path in paths(rng.uniform(-3, 3, 200), shown, most):
        assert np.abs(path).max() <= 75 + 1e-6


def test_what_trembles_about_the_far_side_stays_at_one_end(rng):
    shown = 180 + rng.normal(0, 8, 100)
    live, _ = paths(np.zeros(100), bends_at(shown), np.radians(140), 60.0)
    assert (live > 0).all()
    assert live[-1] == pytest.approx(140)


def test_without_bends_the_hinge_comes_to_the_habit():
    for path in paths(np.full(150, 0.5), bends_at(np.zeros(150), 0.0), 2.0):
        assert path[-1] == pytest.approx(np.degrees(0.5), abs=1.0)


def test_axes_are_taken_along_and_turn_no_faster_than_allowed(rng):
    num = 60
    ways = rng.normal(0, 0.2, (num, 3)).cumsum(axis=0)
    ways = unit(ways + np.array([0, 0, 3.0]))
    wanted = unit(rng.normal(size=(num, 3)))
    start = (unit(np.cross(ways[0], (1.0, 0, 0))), ways[0])
    axes = steady(np.full(num, 1 / FPS), ways, wanted, start)
    np.testing.assert_allclose(np.sum(axes * ways, axis=1), 0, atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(axes, axis=1), 1, atol=1e-9)
    before, along = start
    for axis, way in zip(axes, ways):
        turn = about_axis_between(along, way)
        angle = np.degrees(np.arccos(np.clip((turn @ before) @ axis, -1, 1)))
        assert angle <= np.degrees(SPEED_BELOW) / FPS + 1e-6
        before, along = axis, way


def about_axis_between(start, end):
    normal = np.cross(start, end)
    sine = np.linalg.norm(normal)
    if sine < 1e-12:
        return np.eye(3)
    return about_axis(normal / sine, np.arctan2(sine, start @ end))
