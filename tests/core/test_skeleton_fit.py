# SPDX-License-Identifier: GPL-3.0-or-later
"""Bones keep their lengths, roots their rays, feet a floor."""

import numpy as np

from vitpose_blender.core.layouts import CANONICAL
from vitpose_blender.core.skeleton_fit import (
    BONES,
    bone_lengths,
    foot_clearance,
    root_on_rays,
    with_bone_lengths,
)

ROW = CANONICAL.index


def test_every_joint_but_the_pelvis_has_one_parent_before_it():
    children = [child for child, _ in BONES]
    assert sorted([*children, ROW["pelvis"]]) == list(range(len(CANONICAL)))
    known = {ROW["pelvis"]}
    for child, parent in BONES:
        assert parent in known
        known.add(child)


def test_bones_get_the_wanted_lengths_and_keep_their_directions(rng):
    xyz = rng.normal(size=(6, 28, 3))
    lengths = rng.uniform(0.1, 0.5, len(BONES))
    fitted = with_bone_lengths(xyz, lengths)
    assert np.allclose(bone_lengths(fitted), lengths)
    for child, parent in BONES:
        before, after = (x[:, child] - x[:, parent] for x in (xyz, fitted))
        cosine = (before * after).sum(-1)
        cosine /= np.linalg.norm(before, axis=-1) * np.linalg.norm(after, axis=-1)
        assert np.allclose(cosine, 1.0)


def test_unknown_lengths_leave_bones_as_they_are(rng):
    xyz = rng.normal(size=(2, 28, 3))
    xyz[:, ROW["pelvis"]] = 0.0
    assert np.allclose(with_bone_lengths(xyz, np.full(len(BONES), np.nan)), xyz)


def test_unknown_frames_stay_unknown_and_do_not_count():
    xyz = np.full((3, 28, 3), np.nan)
    assert np.isnan(bone_lengths(xyz)).all()
    assert np.isnan(with_bone_lengths(xyz, np.ones(len(BONES)))).all()


def test_the_root_is_found_from_rays(rng):
    xyz = rng.normal(0.0, 0.4, (4, 17, 3))
    root = np.array([0.3, -0.2, 3.0]) + rng.normal(0.0, 0.1, (4, 3))
    points = xyz + root[:, np.newaxis]
    rays = points / np.linalg.norm(points, axis=-1, keepdims=True)
    rays[:, 3] = np.nan
    found = root_on_rays(xyz, rays, np.ones((4, 17)), root[:, 2])
    assert np.allclose(found, root)


def test_no_rays_no_root():
    xyz, rays = np.zeros((1, 17, 3)), np.full((1, 17, 3), np.nan)
    assert np.isnan(root_on_rays(xyz, rays, np.ones((1, 17)), np.array([3.0]))).all()


def feet_at(heights):
    xyz = np.zeros((len(heights), 28, 3))
    xyz[..., 2] = np.asarray(heights)[:, np.newaxis]
    return xyz


def test_drift_is_floor_and_a_jump_is_air():
    times = np.arange(180) / 30
    drift = 0.05 * times
    jump = np.where((times > 3.0) & (times < 3.5), 0.3, 0.0)
    clearance = foot_clearance(feet_at(drift + jump), times)
    assert clearance.min() >= 0.0
    assert clearance[(times < 2.0) | (times > 4.5)].max() < 0.03
    assert clearance[(times > 3.1) & (times < 3.4)].min() > 0.25


def test_standing_on_a_step_is_not_flying():
    times = np.arange(240) / 30
    clearance = foot_clearance(feet_at(np.where(times > 3.0, 0.4, 0.0)), times)
    assert clearance[times > 5.5].max() < 0.02


def test_clearance_is_unknown_without_feet():
    xyz = feet_at(np.zeros(10))
    xyz[4] = np.nan
    clearance = foot_clearance(xyz, np.arange(10) / 30)
    assert np.isnan(clearance[4])
    assert np.isfinite(np.delete(clearance, 4)).all()
    assert np.isnan(foot_clearance(np.full((3, 28, 3), np.nan), np.arange(3.0))).all()
