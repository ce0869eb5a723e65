# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests for inference/tracking.py: one person, one number, whatever happens."""

import itertools

import numpy as np
import pytest

from vitpose_blender.inference.tracking import (
    Tracker,
    box_iou,
    match,
    pose_similarity,
)

WH = np.array([120.0, 360.0])


def box_at(x, y=360.0, scale=1.0):
    center = np.array([x, y])
    return np.concatenate([center - WH * scale / 2, center + WH * scale / 2])


def follow(tracker, positions, times, rng=None):
    """Feed x positions `(F, P)`, NaN where unseen; return the ids in that shape."""
    ids = np.zeros(positions.shape, dtype=int)
    for frame, (row, t) in enumerate(zip(positions, times)):
        order = np.flatnonzero(np.isfinite(row))
        if rng is not None:
            order = rng.permutation(order)
        boxes = np.array([box_at(row[p]) for p in order]).reshape(-1, 4)
        if rng is not None:
            boxes = boxes + rng.normal(scale=3.0, size=boxes.shape)
        ids[frame, order] = tracker.update(boxes, t)
    return ids


def assert_each_has_one_id(ids):
    for person in range(ids.shape[1]):
        seen = ids[:, person][ids[:, person] > 0]
        assert len(set(seen)) == 1, f"person {person} became {sorted(set(seen))}"
    firsts = {ids[:, p].max() for p in range(ids.shape[1])}
    assert len(firsts) == ids.shape[1]


@pytest.mark.parametrize("fps", [8, 24, 60, 120])
def test_people_who_walk_keep_their_ids(rng, fps):
    t = np.arange(0, 3, 1 / fps)
    x = np.stack([100 + 200 * t, 400 + 150 * t, 1200 - 100 * t], axis=1)
    x[:, 2] += 800
    assert_each_has_one_id(follow(Tracker(), x, t, rng))


@pytest.mark.parametrize("fps", [10, 30, 60])
def test_people_who_cross_keep_their_ids(rng, fps):
    t = np.arange(0, 4, 1 / fps)
    x = np.stack([100 + 250 * t, 1100 - 250 * t], axis=1)
    ids = follow(Tracker(), x, t, rng)
    # Where the boxes are the same but for noise, nobody could say who is who.
    are_apart = np.abs(x[:, 0] - x[:, 1]) > 0.3 * WH[0]
    assert_each_has_one_id(ids[are_apart])


@pytest.mark.parametrize("hidden", [0, 1])
def test_one_who_is_hidden_while_crossing_keeps_the_id(rng, hidden):
    t = np.arange(0, 4, 1 / 30)
    x = np.stack([100 + 250 * t, 1100 - 250 * t], axis=1)
    is_behind = np.abs(x[:, 0] - x[:, 1]) < 120
    x[is_behind, hidden] = np.nan
    assert is_behind.sum() > 5
    assert_each_has_one_id(follow(Tracker(), x, t, rng))


@pytest.mark.parametrize("speed", [0.0, 120.0, 250.0], ids=lambda v: f"{v:g}px/s")
def test_one_second_unseen_keeps_the_id(rng, speed):
    t = np.arange(0, 4, 1 / 30)
    x = np.stack([200 + speed * t, np.full_like(t, 1800.0)], axis=1)
    x[(t > 1.5) & (t < 2.5), 0] = np.nan
    assert_each_has_one_id(follow(Tracker(), x, t, rng))


def test_one_who_waits_while_hidden_keeps_the_id():
    t = np.arange(0, 4, 1 / 30)
    x = 200 + 200 * np.minimum(t, 1.5)[:, np.newaxis]
    x[(t > 1.5) & (t < 2.5)] = np.nan
    assert_each_has_one_id(follow(Tracker(), x, t))


def test_one_who_stays_away_is_somebody_new():
    tracker = Tracker(max_age=1.0)
    assert tracker.update(np.array([box_at(200)]), 0.0) == (1,)
    assert tracker.update(np.array([box_at(200)]), 1.5) == (2,)


def test_one_who_appears_elsewhere_is_somebody_new():
    tracker = Tracker()
    assert tracker.update(np.array([box_at(200)]), 0.0) == (1,)
    assert tracker.update(np.array([box_at(900)]), 0.1) == (2,)


def test_one_of_another_size_is_somebody_new():
    tracker = Tracker()
    assert tracker.update(np.array([box_at(200)]), 0.0) == (1,)
    assert tracker.update(np.array([box_at(200, scale=0.3)]), 0.1) == (2,)


def test_ids_are_never_used_again(rng):
    tracker = Tracker(max_age=0.5)
    given = [
        tracker.update(np.array([box_at(rng.uniform(0, 1000))]), float(second))[0]
        for second in range(5)
    ]
    assert given == [1, 2, 3, 4, 5]


def test_people_enter_and_leave(rng):
    t = np.arange(0, 4, 1 / 30)
    x = np.stack([300 + 0 * t, 900 + 0 * t, 1500 + 0 * t], axis=1)
    x[t < 1, 1] = np.nan
    x[t > 2, 0] = np.nan
    x[t < 3, 2] = np.nan
    ids = follow(Tracker(), x, t, rng)
    assert_each_has_one_id(ids)
    assert ids.max(axis=0).tolist() == [1, 2, 3]


def test_empty_frames_give_no_ids_and_forget_nobody():
    tracker = Tracker()
    assert tracker.update(np.empty((0, 4)), 0.0) == ()
    assert tracker.update(np.array([box_at(200)]), 0.1) == (1,)
    assert tracker.update(np.empty((0, 4)), 0.2) == ()
    assert tracker.update(np.array([box_at(200)]), 0.3) == (1,)


@pytest.mark.parametrize(
    "bad",
    [np.full(4, np.nan), [0, 0, np.inf, 10], [50, 50, 50, 90], [90, 90, 50, 50]],
    ids=["nan", "infinite", "empty", "inverted"],
)
def test_what_is_no_box_gets_no_id(bad):
    tracker = Tracker()
    assert tracker.update(np.array([bad, box_at(200)]), 0.0) == (0, 1)
    assert tracker.update(np.array([box_at(200), bad]), 0.1) == (1, 0)
    assert len(tracker.tracks) == 1


def test_order_of_the_boxes_does_not_matter():
    boxes = np.array([box_at(x) for x in (200, 500, 800)])
    for order in itertools.permutations(range(3)):
        tracker = Tracker()
        tracker.update(boxes, 0.0)
        assert tracker.update(boxes[list(order)], 0.1) == tuple(o + 1 for o in order)


def test_the_same_instant_twice_changes_nothing():
    tracker = Tracker()
    boxes = np.array([box_at(200), box_at(600)])
    assert tracker.update(boxes, 1.0) == tracker.update(boxes, 1.0) == (1, 2)


def test_a_forgotten_person_comes_back_as_somebody_new():
    tracker = Tracker()
    tracker.update(np.array([box_at(200)]), 0.0)
    tracker.forget(1)
    assert tracker.update(np.array([box_at(200)]), 0.1) == (2,)


def test_the_pose_tells_apart_people_whose_boxes_coincide(rng):
    boxes = np.array([box_at(400), box_at(400)])
    poses = boxes[:, np.newaxis, :2] + rng.uniform(size=(2, 17, 2)) * WH
    tracker = Tracker()
    assert tracker.update(boxes, 0.0, keypoints=poses) == (1, 2)
    assert tracker.update(boxes, 0.05, keypoints=poses[::-1]) == (2, 1)


def test_unseen_keypoints_leave_the_box_to_decide():
    tracker = Tracker()
    unseen = np.full((1, 17, 2), np.nan)
    assert tracker.update(np.array([box_at(400)]), 0.0, keypoints=unseen) == (1,)
    assert tracker.update(np.array([box_at(405)]), 0.1, keypoints=unseen) == (1,)


def test_matching_is_as_good_as_trying_everything(rng):
    for _ in range(30):
        costs = rng.uniform(0, 2, size=(4, 4))
        owners = match(costs, unmatched=100.0)
        best = min(
            sum(costs[row, column] for column, row in enumerate(order))
            for order in itertools.permutations(range(4))
        )
        total = sum(costs[row, column] for column, row in enumerate(owners))
        assert sorted(owners) == [0, 1, 2, 3]
        assert total <= 1.15 * best + 0.1


def test_a_pair_too_dear_is_not_made():
    assert match(np.array([[5.0, 0.5]]), unmatched=1.0) == [None, 0]
    assert match(np.array([[5.0]]), unmatched=1.0) == [None]
    assert match(np.empty((0, 2)), unmatched=1.0) == [None, None]
    assert match(np.empty((2, 0)), unmatched=1.0) == []


def test_overlap_of_boxes():
    a = np.array([[0, 0, 2, 2], [np.nan] * 4, [0, 0, 0, 0]], dtype=float)
    b = np.array([[0, 0, 2, 2], [1, 0, 3, 2], [5, 5, 6, 6]], dtype=float)
    np.testing.assert_allclose(box_iou(a, b), [[1, 1 / 3, 0], [0] * 3, [0] * 3])


def test_similarity_of_poses(rng):
    pose = rng.uniform(0, 200, size=(17, 2))
    near, far = pose + 5, pose + 100
    assert pose_similarity(pose, pose, 200.0) == 1.0
    assert 0.9 < pose_similarity(pose, near, 200.0) < 1.0
    assert pose_similarity(pose, far, 200.0) < 0.05
    few = np.where(np.arange(17)[:, np.newaxis] < 4, pose, np.nan)
    assert np.isnan(pose_similarity(pose, few, 200.0))


@pytest.mark.parametrize("step", [1, 3, 6], ids=["60fps", "20fps", "10fps"])
@pytest.mark.parametrize("camera", range(4))
def test_two_real_people_never_swap(shared, rng, camera, step):
    path = shared / "data/multiview/pose2sim/two_people/derived.npz"
    with np.load(path) as data:
        detected = data["kp2d_body25b"][camera, ::step, :, :17].astype(float)
    xy = np.where(detected[..., 2:] > 0.2, detected[..., :2], np.nan)
    few = np.isfinite(xy[..., 0]).sum(axis=-1) < 5
    low = np.where(np.isnan(xy), np.inf, xy).min(axis=2)
    high = np.where(np.isnan(xy), -np.inf, xy).max(axis=2)
    boxes = np.concatenate([low, high], axis=-1)
    boxes[few] = np.nan

    tracker, ids = Tracker(), np.zeros(few.shape, dtype=int)
    for frame in range(len(xy)):
        order = rng.permutation(2)
        ids[frame, order] = tracker.update(boxes[frame, order], frame * step / 60)

    assert_each_has_one_id(ids)
    assert ((ids > 0) == ~few).all()
