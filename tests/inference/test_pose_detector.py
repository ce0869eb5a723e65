# SPDX-License-Identifier: GPL-3.0-or-later
"""People found by a pose model alone: a pretended model, then the real one."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from vitpose_blender.core.layouts import COCO17
from vitpose_blender.core.types import Keypoints2D
from vitpose_blender.inference.pose_detector import PoseDetector, windows
from vitpose_blender.inference.tracking import box_iou

ROOT = Path(__file__).parents[2]
NANO = ROOT / "resources" / "models" / "vitpose-nano"
SAMPLE = ROOT / "resources" / "videos" / "sample.mp4"
IMAGE = np.zeros((720, 1280, 3), dtype=np.uint8)


def body_in(box):
    """Return 17 joints that spread over a box."""
    spread = np.random.default_rng(0).uniform(0.1, 0.9, (len(COCO17), 2))
    spread[:2] = (0.1, 0.1), (0.9, 0.9)
    return box[:2] + spread * (box[2:] - box[:2])


class PretendedModel:
    """Sees whoever fills a box best, the surer the better the box fits."""

    def __init__(self, *people):
        self.people = [np.array(person, dtype=float) for person in people]
        self.num_boxes = 0

    def estimate(self, frame, xyxy):
        self.num_boxes += len(xyxy)
        return [self._look(box, frame.t) for box in xyxy]

    def _look(self, box, t):
        overlap = box_iou(box[np.newaxis], np.array(self.people).reshape(-1, 4))[0]
        score = np.full(len(COCO17), min(0.3 + overlap.max(initial=0.0), 1.0))
        who = self.people[overlap.argmax()] if overlap.any() else box
        return Keypoints2D(body_in(who), score, t, COCO17.id)


@pytest.mark.parametrize("wh", [(1280, 720), (720, 1280), (1500, 500), (96, 96)])
def test_windows_cover_the_picture(wh):
    found = windows(*wh)
    assert len(found) <= 64
    assert (found[:, :2] >= -1e-6).all()
    assert (found[:, 2:] <= np.array(wh) + 1e-6).all()
    np.testing.assert_allclose(found[:, 2:].max(axis=0), wh)
    middle_row = (found[:, 1] <= wh[1] / 2) & (found[:, 3] >= wh[1] / 2)
    edges = found[middle_row]
    for x in np.linspace(0, wh[0], 20):
        assert ((edges[:, 0] <= x + 1e-6) & (edges[:, 2] >= x - 1e-6)).any()


@pytest.mark.parametrize(
    "person",
    [(500, 100, 700, 650), (20, 200, 180, 600), (900, 300, 1200, 620)],
    ids=["tall", "at the edge", "low and wide"],
)
def test_a_person_is_found_anywhere(person):
    found = PoseDetector(PretendedModel(person)).detect(IMAGE)
    assert len(found) == 1
    overlap = box_iou(np.array([person], dtype=float), found.xyxy)
    assert overlap[0, 0] > 0.8
    assert 0.6 <= found.score[0] <= 1.0


def test_each_person_is_found_once():
    people = (200, 100, 420, 680), (800, 150, 1000, 650)
    found = PoseDetector(PretendedModel(*people)).detect(IMAGE)
    assert len(found) == 2
    assert (box_iou(np.array(people, dtype=float), found.xyxy).max(axis=1) > 0.8).all()


def test_nobody_costs_only_the_windows():
    model = PretendedModel()
    assert len(PoseDetector(model).detect(IMAGE)) == 0
    assert model.num_boxes == len(windows(1280, 720))


@pytest.mark.parametrize("num_looks", [1, 5, 100])
def test_a_search_in_parts_finds_the_same(num_looks):
    people = (200, 100, 420, 680), (800, 150, 1000, 650)
    at_once = PoseDetector(PretendedModel(*people)).detect(IMAGE)
    search, found = PoseDetector(PretendedModel(*people)).search(), None
    while found is None:
        found = search.go_on(IMAGE, num_looks)
    np.testing.assert_array_equal(found.xyxy, at_once.xyxy)
    np.testing.assert_array_equal(found.score, at_once.score)


def test_who_moves_meanwhile_is_found_where_they_are_at_the_end():
    model = PretendedModel((200.0, 100.0, 420.0, 680.0))
    search, found, num_steps = PoseDetector(model).search(), None, 0
    while found is None:
        model.people[0][[0, 2]] += 4.0  # Half a body's width in a second.
        found = search.go_on(IMAGE, 2)
        num_steps += 1
    assert num_steps >= len(windows(1280, 720)) / 2
    assert len(found) == 1
    assert box_iou(model.people[0][np.newaxis], found.xyxy)[0, 0] > 0.8


def test_who_is_known_is_not_looked_at_again():
    people = (200, 100, 420, 680), (800, 150, 1000, 650)
    model = PretendedModel(*people)
    search, found = PoseDetector(model).search(), None
    while found is None:
        found = search.go_on(IMAGE, 8, np.array(people, dtype=float))
    assert len(found) == 0
    assert model.num_boxes <= len(windows(1280, 720)) + 2


@pytest.mark.skipif(not NANO.is_dir(), reason="vitpose-nano is not in resources/models")
def test_the_built_in_model_finds_the_person_of_the_sample():
    pytest.importorskip("transformers")
    from vitpose_blender.inference.detector import make_detector
    from vitpose_blender.inference.device import Device

    detector = make_detector("built-in", Device("cpu", "float32"))
    empty, walking = frame_of(SAMPLE, 0), frame_of(SAMPLE, 120)
    assert len(detector.detect(empty)) == 0
    found = detector.detect(walking)
    assert len(found) == 1
    with np.load(SAMPLE.with_suffix(".truth.npz")) as known:
        body = known["xy"][120]
    inside = (body > found.xyxy[0, :2]) & (body < found.xyxy[0, 2:])
    assert inside.all(axis=1).mean() > 0.9


def frame_of(path, index):
    video = cv2.VideoCapture(str(path))
    video.set(cv2.CAP_PROP_POS_FRAMES, index)
    ok, image = video.read()
    video.release()
    assert ok
    return image
