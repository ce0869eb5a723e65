# SPDX-License-Identifier: GPL-3.0-or-later
"""The poses of a clip help one another, and none is dragged where it never was."""

import numpy as np
import pytest

from tests.core.test_pose_fit import LIMBS, STANDING, lengths
from vitpose_blender.core import clip_fit
from vitpose_blender.core.clip_fit import fit_clip
from vitpose_blender.core.pose_fit import fit_pose
from vitpose_blender.core.rotations import unit

FPS = 30.0
NUM = 60
TIMES = np.arange(NUM) / FPS
UNSEEN = np.full((NUM, 12, 3), np.nan)


@pytest.fixture
def waving():
    """Somebody who stands and swings both forearms, shape `(60, 12, 3)` [m]."""
    places = np.repeat(STANDING[np.newaxis], NUM, axis=0)
    angle = 0.8 * np.sin(2 * np.pi * 0.7 * TIMES)
    for start, end in LIMBS[1:4:2]:
        arm = STANDING[end] - STANDING[start]
        c, s = np.cos(angle), np.sin(angle)
        places[:, end, 0] = STANDING[start, 0] + c * arm[0] - s * arm[1]
        places[:, end, 1] = STANDING[start, 1] + s * arm[0] + c * arm[1]
    return places


def fit(places, rays, trust=1.0, doubt=0.05, times=TIMES):
    full = places.shape[:2]
    return fit_clip(
        places, rays, np.broadcast_to(trust, full), np.broadcast_to(doubt, full), times
    )


def guessed(truth, rng, spread):
    """Return the truth with limbs turned at random, bones as long as they are."""
    guess = truth.copy()
    for start, end in LIMBS:
        bone = truth[:, end] - truth[:, start]
        length = np.linalg.norm(bone, axis=-1, keepdims=True)
        turned = unit(bone / length + rng.normal(0.0, spread, bone.shape))
        guess[:, end] = guess[:, start] + turned * length
    return guess


def stray(found, truth):
    """Return the mean error of the pose, wherever the whole of it is [m]."""
    error = found - truth
    return np.linalg.norm(error - error.mean(axis=1, keepdims=True), axis=-1).mean()


def tremble(places):
    return np.linalg.norm(np.diff(places, 2, axis=0), axis=-1).mean()


def test_who_agrees_with_the_picture_stays_and_moves_on(waving):
    assert stray(fit(waving, unit(waving)), waving) < 0.004


def test_a_still_clip_that_agrees_does_not_change():
    places = np.repeat(STANDING[np.newaxis], NUM, axis=0)
    np.testing.assert_allclose(fit(places, unit(places)), places, atol=1e-6)


def test_frames_are_truer_and_calmer_together_than_alone(waving, rng):
    guess = guessed(waving, rng, 0.15)
    rays = unit(waving + rng.normal(0.0, 0.01, waving.shape))
    together = fit(guess, rays)
    alone = fit_pose(guess, rays, np.ones((NUM, 12)), np.full((NUM, 12), 0.05))
    assert stray(together, waving) < 0.8 * stray(alone, waving)
    assert tremble(together) < 0.3 * tremble(alone)


def test_a_doubtful_frame_is_filled_in_by_its_neighbours(waving):
    guess = waving.copy()
    guess[30, 4] += [0.0, 0.1, 0.2]
    doubt = np.full((NUM, 12), 0.03)
    doubt[30, 4] = 0.4
    found = fit(guess, UNSEEN, doubt=doubt)
    before = np.linalg.norm(guess[30, 4] - waving[30, 4])
    assert np.linalg.norm(found[30, 4] - waving[30, 4]) < 0.6 * before


def test_bones_keep_their_lengths(waving, rng):
    rays = unit(waving + rng.normal(0.0, 0.02, waving.shape))
    np.testing.assert_allclose(lengths(fit(waving, rays)), lengths(waving), atol=0.01)


def test_chunks_leave_no_seam(waving, rng, monkeypatch):
    guess = waving + rng.normal(0.0, 0.02, waving.shape)
    whole = fit(guess, unit(waving))
    monkeypatch.setattr(clip_fit, "CHUNK", 20)
    np.testing.assert_allclose(fit(guess, unit(waving)), whole, atol=1e-4)


def test_motion_need_not_be_smooth_over_a_gap(waving):
    times = TIMES + np.where(np.arange(NUM) >= 30, 1.0, 0.0)
    guess = waving.copy()
    guess[30:] += [0.5, 0.0, 0.0]
    alone = [fit(guess[part], UNSEEN[part], times=times[part])
             for part in (slice(30), slice(30, None))]  # fmt: skip
    found = fit(guess, UNSEEN, times=times)
    np.testing.assert_allclose(found, np.concatenate(alone), atol=1e-9)


@pytest.mark.parametrize("num_frames", [1, 2, 3, 4])
def test_the_shortest_clips_pass(waving, num_frames):
    part = waving[:num_frames]
    found = fit(part, unit(part), times=TIMES[:num_frames])
    assert stray(found, part) < 0.004


def test_the_band_is_solved_exactly(rng):
    """As the whole matrix would be."""
    for count in (3, 4, 7):
        root = rng.normal(size=(count, 36, 36))
        matrix = root @ root.transpose(0, 2, 1) + 50 * np.eye(36)
        near, far, right = rng.normal(size=(3, count, 36))
        whole = np.zeros((count, 36, count, 36))
        for i in range(count):
            whole[i, :, i] = matrix[i]
            for step, joint in ((1, near), (2, far)):
                if i + step < count:
                    whole[i, :, i + step] = whole[i + step, :, i] = np.diag(joint[i])
        wanted = np.linalg.solve(whole.reshape(count * 36, -1), right.ravel())
        near[-1:], far[-2:] = 0.0, 0.0  # Nothing comes after the last.
        found = clip_fit._solve_band(matrix, near, far, right)
        np.testing.assert_allclose(found.ravel(), wanted, atol=1e-8)


def test_unknown_frames_stay_unknown(waving):
    guess = waving.copy()
    guess[20:25] = np.nan
    found = fit(guess, unit(guess))
    assert np.isnan(found[20:25]).all()
    assert np.isfinite(found[:20]).all()
    assert np.isfinite(found[25:]).all()


def test_a_clip_of_nobody_stays_empty():
    assert np.isnan(fit(UNSEEN, UNSEEN)).all()
