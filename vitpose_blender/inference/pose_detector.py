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
        search = self.search()
        while (found := search.go_on(image)) is None:
            pass
        return found

    def search(self) -> "PoseSearch":
        """Begin a search that may be spread over the pictures of a while."""
        return PoseSearch(self._model)


class PoseSearch:
    """One search, in parts.

    Each part looks into the picture of its moment, so that people are found where they
    are at the end; meanwhile they may move by about half of their size.
    """

    def __init__(self, model: PoseModel) -> None:
        self._model = model
        self._round = 0
        self._boxes: FloatArray | None = None  # That are left to look into.
        self._guesses: list[PersonBox] = []  # Of this round.

    def go_on(
        self,
        image: ImageArray,
        num_looks: int | None = None,
        known: FloatArray = np.empty((0, 4)),  # noqa: B008  (never changed)
    ) -> Detections | None:
        """Look into some more boxes; return the people once that was all.

        Args:
            image: The picture of now, BGR.
            num_looks: Into how many boxes; None is a whole round of them.
            known: Boxes of people who need not be found, shape `(N, 4)` [px].

        Returns:
            The people, the surest first; None where there is more to do.
        """
        frame = Frame(image, 0.0, 0)
        boxes = windows(*frame.image_wh) if self._boxes is None else self._boxes
        now, self._boxes = boxes[:num_looks], boxes[len(boxes[:num_looks]) :]
        self._guesses += self._look(frame, now)
        return None if len(self._boxes) else self._end_round(known)

    def _end_round(self, known: FloatArray) -> Detections | None:
        is_last = self._round == LOOKS
        least = MIN_SCORE if is_last else MIN_GUESS
        likely = _strongest([box for box in self._guesses if box.score >= least])
        likely = [box for box in likely if _overlap(box, known) < SAME_PERSON]
        if likely and not is_last:
            self._round += 1
            self._guesses = []
            self._boxes = np.array([box.xyxy for box in likely[:MAX_GUESSES]])
            return None
        return Detections(
            np.array([box.xyxy for box in likely]).reshape(-1, 4),
            np.array([box.score for box in likely]),
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
        if _overlap(box, others) < SAME_PERSON:
            kept.append(box)
    return kept


def _overlap(box: PersonBox, others: FloatArray) -> float:
    """Return the largest overlap with any of them, 0 without any."""
    return float(box_iou(box.xyxy[np.newaxis], others).max(initial=0.0))
