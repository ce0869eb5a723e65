# SPDX-License-Identifier: GPL-3.0-or-later
"""A limb bent in closed form: it arrives, keeps its lengths and never stretches."""

import numpy as np
import pytest

from vitpose_blender.core.rotations import apply, cross
from vitpose_blender.core.two_bone import bend_axis, reach, soft_reach


@pytest.fixture
def limbs(rng):
    """Random limbs and goals, and the axes about which the limbs are bent."""
    joints = rng.normal(size=(500, 3, 3))
    goals = joints[:, 0] + rng.normal(size=(500, 3))
    return joints, goals, bend_axis(joints, np.tile([1.0, 0.0, 0.0], (500, 1)))


def bent(joints, goals, hinge):
    upper, lower = reach(joints, goals, hinge)
    middle = joints[:, 0] + apply(upper, joints[:, 1] - joints[:, 0])
    return middle, middle + apply(lower, joints[:, 2] - joints[:, 1])


def lengths(joints):
    return np.linalg.norm(np.diff(joints, axis=1), axis=-1).T


def test_the_end_arrives_where_it_can(limbs):
    joints, goals, hinge = limbs
    _, end = bent(joints, goals, hinge)
    upper, lower = lengths(joints)
    distance = np.linalg.norm(goals - joints[:, 0], axis=-1)
    near = (distance < 0.94 * (upper + lower)) & (distance > 1.01 * abs(upper - lower))
    assert near.sum() > 100
    np.testing.assert_allclose(end[near], goals[near], atol=1e-9)


def test_no_limb_stretches(limbs):
    joints, goals, hinge = limbs
    middle, end = bent(joints, 10 * goals, hinge)
    upper, lower = lengths(np.stack([joints[:, 0], middle, end], axis=1))
    np.testing.assert_allclose([upper, lower], lengths(joints))
    assert (np.linalg.norm(end - joints[:, 0], axis=-1) < upper + lower).all()


def test_a_limb_that_is_there_already_does_not_move(limbs):
    joints, _, hinge = limbs
    upper, lower = lengths(joints)
    reached = np.linalg.norm(joints[:, 2] - joints[:, 0], axis=-1)
    calm = reached < 0.9 * (upper + lower)
    middle, _ = bent(joints[calm], joints[calm, 2], hinge[calm])
    np.testing.assert_allclose(middle, joints[calm, 1], atol=1e-6)


def test_the_limb_bends_to_the_same_side(limbs):
    joints, goals, hinge = limbs
    middle, end = bent(joints, goals, hinge)
    before = cross(joints[:, 1] - joints[:, 0], joints[:, 2] - joints[:, 1])
    after = cross(middle - joints[:, 0], end - middle)
    away = goals - joints[:, 0]
    before_line = joints[:, 2] - joints[:, 0]
    same_way = np.sum(away * before_line, axis=-1) > 0
    assert (np.sum(before * after, axis=-1)[same_way] > 0).mean() > 0.95


def test_the_goal_is_met_ever_more_softly_towards_the_end():
    distance = np.linspace(0.5, 3.0, 2000)
    reached = soft_reach(distance, np.zeros(2000), np.full(2000, 2.0))
    steps = np.diff(reached) / np.diff(distance)
    assert (steps >= 0).all()
    assert np.abs(np.diff(steps)).max() < 0.05  # No kink.
    np.testing.assert_allclose(reached[distance < 1.9], distance[distance < 1.9])
    assert reached.max() < 2.0


def test_a_straight_limb_bends_about_the_given_axis():
    joints = np.array([[[0.0, 0, 0], [1, 0, 0], [2, 0, 0]]])
    hinge = bend_axis(joints, np.array([[0.0, 0.0, 1.0]]))
    middle, end = bent(joints, np.array([[1.2, 0.0, 0.0]]), hinge)
    np.testing.assert_allclose(end[0], (1.2, 0, 0), atol=1e-9)
    assert middle[0, 1] < -0.5
    assert middle[0, 2] == pytest.approx(0.0, abs=1e-9)
