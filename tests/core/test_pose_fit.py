# SPDX-License-Identifier: GPL-3.0-or-later
"""A pose gives way to the picture, but only as far as both can be trusted."""

import numpy as np
import pytest

from vitpose_blender.core import pose_fit
from vitpose_blender.core.pose_fit import PICTURE_SIGMA
from vitpose_blender.core.rotations import unit

LIMBS = ((0, 2), (2, 4), (1, 3), (3, 5), (6, 8), (8, 10), (7, 9), (9, 11))
STANDING = np.array([0.2, 0.1, 3.0]) + np.array(
    [
        [0.18, -0.5, 0.0], [-0.18, -0.5, 0.0], [0.25, -0.25, -0.08],
        [-0.25, -0.25, 0.08], [0.28, -0.02, -0.2], [-0.28, -0.02, 0.0],
        [0.1, 0.0, 0.0], [-0.1, 0.0, 0.0], [0.12, 0.42, -0.05],
        [-0.12, 0.42, -0.05], [0.12, 0.83, 0.03], [-0.12, 0.83, 0.03],
    ]
)  # fmt: skip
SURE = np.ones((1, 12))
DOUBT = np.full((1, 12), 0.05)  # As a lifter has of most joints [m].


def fit_pose(places, rays, trust, doubt=DOUBT):
    doubt = np.broadcast_to(doubt, places.shape[:2])
    return pose_fit.fit_pose(places, rays, trust, doubt)


def lengths(places):
    return np.stack([np.linalg.norm(places[:, b] - places[:, a], axis=-1)
                     for a, b in LIMBS], axis=-1)  # fmt: skip


def beside(places, rays):
    along = (places * rays).sum(axis=-1, keepdims=True)
    return np.linalg.norm(places - along * rays, axis=-1)


def stray(error):
    """Return the mean error of the pose, wherever the whole of it is."""
    return np.abs(error - error.mean(axis=1, keepdims=True)).mean()


def test_who_agrees_with_the_picture_stays():
    places = STANDING[np.newaxis]
    np.testing.assert_allclose(fit_pose(places, unit(places), SURE), places, atol=1e-9)


def test_who_is_not_seen_stays():
    places = STANDING[np.newaxis]
    nowhere = np.full(places.shape, np.nan)
    np.testing.assert_allclose(fit_pose(places, nowhere, SURE), places, atol=1e-9)
    rays = unit(places + 0.1)
    np.testing.assert_allclose(fit_pose(places, rays, 0 * SURE), places, atol=1e-9)


@pytest.mark.parametrize("joint", [4, 8, 10])
def test_a_joint_goes_part_of_the_way_and_bones_keep_their_lengths(joint):
    places = STANDING[np.newaxis]
    seen = places.copy()
    seen[0, joint, 0] += 0.04
    rays = unit(seen)
    found = fit_pose(places, rays, SURE)
    before, after = beside(places, rays)[0, joint], beside(found, rays)[0, joint]
    assert 0.1 * before < after < 0.8 * before
    np.testing.assert_allclose(lengths(found), lengths(places), atol=0.004)


def test_less_trust_moves_less(rng):
    places = STANDING[np.newaxis]
    rays = unit(places + rng.normal(0.0, PICTURE_SIGMA, places.shape))
    ways = [
        np.linalg.norm(fit_pose(places, rays, share * SURE) - places)
        for share in (0.1, 0.5, 1.0)
    ]
    assert ways == sorted(ways)
    assert ways[0] < 0.8 * ways[-1]


def test_what_is_doubtful_gives_way_more():
    places = STANDING[np.newaxis]
    seen = places.copy()
    seen[0, 4, 0] += 0.04
    rays = unit(seen)
    left = [
        beside(fit_pose(places, rays, SURE, doubt), rays)[0, 4]
        for doubt in (0.01, 0.03, 0.04)
    ]
    assert left == sorted(left, reverse=True)
    assert left[-1] < 0.9 * left[0]


def test_a_blunder_five_times_as_large_moves_less_than_thrice_as_far():
    places = np.repeat(STANDING[np.newaxis], 2, axis=0)
    seen = places.copy()
    seen[:, 4, 0] += [0.1, 0.5]
    found = fit_pose(places, unit(seen), np.ones((len(places), 12)))
    near, far = np.linalg.norm(found - places, axis=(1, 2))
    assert far < 3 * near


def test_the_pose_is_truer_than_guess_and_picture(rng):
    """Where both err as they are said to, the fit errs less than the guess."""
    truth = np.repeat(STANDING[np.newaxis], 200, axis=0)
    guess = truth + rng.normal(0.0, 0.02, truth.shape)
    rays = unit(truth + rng.normal(0.0, 0.01, truth.shape))
    found = fit_pose(guess, rays, np.ones((200, 12)))
    assert stray(found - truth) < 0.9 * stray(guess - truth)


def test_unknown_frames_stay_unknown_and_others_do_not_care():
    places = np.stack([STANDING, np.full((12, 3), np.nan), STANDING])
    rays = unit(np.stack([STANDING + 0.05] * 3))
    found = fit_pose(places, rays, np.ones((3, 12)))
    assert np.isnan(found[1]).all()
    np.testing.assert_array_equal(found[0], found[2])
    assert not np.allclose(found[0], STANDING)
