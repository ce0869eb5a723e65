# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds people with a pose model alone, so that no detector need be downloaded.

A pose model that is shown a part of a picture with nobody in it gives low scores, and
one that sees somebody off the middle and at half the size still says about where. So
it looks through a few large windows, and again at what seemed to be people.
"""

from typing import Protocol

import numpy as np

from ..core.types import Detections, FloatArray, Frame, ImageArray, Keypoints2D
from .person_box import PersonBox, box_around
from .tracking import box_iou

SCALES = (0.75, 0.5)  # Heights of the windows [picture heights].
STEP = 0.6  # From one window to the next [window sizes].
ASPECT = 0.75  # Width of a window to its height.
MAX_GUESSES = 6
MIN_GUESS = 0.5  # Mean score of the body from which a second look is worth it,
MIN_SCORE = 0.6  # and from which somebody is there.
MIN_SEEN = 0.4  # Share of the keypoints that must be seen.
LOOKS = 2  # At each guess, in the box that the look before gave.
SAME_PERSON = 0.45  # Overlap of boxes.


class PoseModel(Protocol):
    """See `vitpose.ViTPose`."""

    def estimate(self, frame: Frame, xyxy: FloatArray) -> list[Keypoints2D]: ...


class PoseDetector:
    """Looks for people with a pose model: in windows first, then more closely.

    It finds people who take a third of the picture's height or more, in any pose that
    the model knows. The boxes fit the keypoints, so arms held out are in them.

    Args:
        model: Finds keypoints in boxes; a small one, since it is run on many.
    """

    name = "built-in"
    every = 30

    def __init__(self, model: PoseModel) -> None:
        self._model = model

    def detect(self, image: ImageArray) -> Detections:
        """Return the people in a BGR picture, the surest first."""
        frame = Frame(image, 0.0, 0)
        guesses = self._look(frame, windows(*frame.image_wh))
        for _ in range(LOOKS):
            likely = [box for box in guesses if box.score >= MIN_GUESS]
            boxes = [box.xyxy for box in _strongest(likely)[:MAX_GUESSES]]
            guesses = self._look(frame, np.array(boxes).reshape(-1, 4))
        sure = _strongest([box for box in guesses if box.score >= MIN_SCORE])
        return Detections(
            np.array([box.xyxy for box in sure]).reshape(-1, 4),
            np.array([box.score for box in sure]),
        )

    def _look(self, frame: Frame, xyxy: FloatArray) -> list[PersonBox]:
        """Return the boxes of the people in `xyxy`, where there seem to be any."""
        found = [
            _person(pose, window, frame.image_wh)
            for pose, window in zip(self._model.estimate(frame, xyxy), xyxy)
        ]
        return [box for box in found if not box.is_weak]


def windows(width: int, height: int) -> FloatArray:
    """Return overlapping windows that cover a picture, shape `(N, 4)` [px]."""
    tall = min(height, width / ASPECT)  # Of a narrow picture, people fill the width.
    found = []
    for scale in SCALES:
        window_wh = np.array([ASPECT, 1.0]) * tall * scale
        for y in _starts(height, window_wh[1]):
            for x in _starts(width, window_wh[0]):
                found.append([x, y, x + window_wh[0], y + window_wh[1]])
    return np.array(found)


def _starts(length: float, window: float) -> FloatArray:
    """Return where windows begin so that they cover `length` [px]."""
    room = max(length - window, 0.0)
    number = int(np.ceil(room / (window * STEP))) + 1
    starts: FloatArray = np.linspace(0.0, room, number)
    return starts


def _person(
    pose: Keypoints2D, window: FloatArray, image_wh: tuple[int, int]
) -> PersonBox:
    last = PersonBox(window, 0.0, pose.t - 1.0)  # Old enough for the size to be free.
    box = box_around(pose, last, image_wh)
    seen = 0.0 if box.xy is None else float(np.isfinite(box.xy[:, 0]).mean())
    is_weak = box.is_weak or seen < MIN_SEEN
    return PersonBox(box.xyxy, min(box.score, 1.0), pose.t, box.xy, is_weak)


def _strongest(boxes: list[PersonBox]) -> list[PersonBox]:
    """Return the boxes that overlap no surer one, the surest first."""
    kept: list[PersonBox] = []
    for box in sorted(boxes, key=lambda box: -box.score):
        others = np.array([other.xyxy for other in kept]).reshape(-1, 4)
        overlap = box_iou(box.xyxy[np.newaxis], others)
        if overlap.max(initial=0.0) < SAME_PERSON:
            kept.append(box)
    return kept
