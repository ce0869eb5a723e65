# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom to look at in each frame: detect now and then, follow the poses in between.

A detector costs as much as several poses, and a pose tells better than a detector
where its person will be in the next frame.
"""

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from ..core.types import Detections, FloatArray, Frame, Keypoints2D
from .detector import PersonDetector
from .gradual_search import GradualSearch
from .people_choice import Chooser, PeopleChoice
from .person_box import PersonBox, area, box_around, share_inside
from .pose_detector import PoseDetector
from .search_plan import SearchPlan
from .tracking import Tracker, box_iou, pose_similarity

log = logging.getLogger(__name__)

MAX_GAP = 0.5  # After a pause this long, boxes from before mean nothing [s].
MAX_AGE = 2.0  # How long an unseen person keeps the number [s].
MAX_JUMP = 0.6  # A pose this far from where it should be is doubtful [body sizes].
MAX_LEAD = 0.5  # How far a box may run ahead of the last pose [body sizes].
SAME_POSE = 0.85  # From this similarity on, two poses are of one person.
SAME_BOX = 0.6  # From this overlap on, a second box is of a person already followed.
PICTURE = 0.95  # A box of this share of the picture's sides tells nothing of who it is.


class PersonFinder:
    """Boxes for the pose model, and who is in them.

    For each frame call `boxes`, run the pose model in them, and give what it found to
    `observe`.

    Args:
        detector: Finds people in a picture.
        every: Frames from one regular detection to the next; None leaves it to the
            detector. See `SearchPlan`.
        people: Whom to return.
        max_share: Live, see `SearchPlan`. Then the built-in detector searches beside
            who is followed, whose motion must not stand: `search_on` must be called.
        is_camera: Whether pictures go on while it searches: also the first people are
            then looked for in the newest one each time.
    """

    def __init__(
        self,
        detector: PersonDetector,
        every: int | None = None,
        people: PeopleChoice = PeopleChoice(),  # noqa: B008  (frozen)
        max_share: float | None = None,
        *,
        is_camera: bool = False,
    ) -> None:
        self._detector = detector
        self._plan = SearchPlan(detector.every if every is None else every, max_share)
        self._is_live = max_share is not None
        self._in_parts = detector if isinstance(detector, PoseDetector) else None
        self._is_camera = is_camera
        self._search: GradualSearch | None = None  # One that is going on.
        self._tracker = Tracker(MAX_AGE)
        self._chooser = Chooser(people)
        self._followed: dict[int, PersonBox] = {}
        self._last_person: int | None = None
        self._last_t = np.nan  # Of the last frame; NaN before the first [s].
        self._searched = 0.0  # How long it took in the last frame [s].
        self.num_detections = 0

    def choose(self, people: PeopleChoice) -> None:
        """Return others from now on; from any thread."""
        self._chooser.change(people)

    def boxes(self, frame: Frame) -> Detections:
        """Return where the chosen people are in `frame`, with their numbers."""
        # A camera's clock goes on while we search: that is no pause of the source.
        is_pause = frame.t - self._last_t > MAX_GAP + self._searched
        self._searched = 0.0
        if is_pause:  # What was seen is long gone.
            self._search, self._followed = None, {}
        if is_pause or (self._is_wanted and not self._can_wait):
            self._find(frame, in_parts=self._is_camera and not is_pause)
        self._plan.count()
        self._last_t = frame.t
        people = self._chooser.choose(self._followed, frame.t)
        if people:
            self._last_person = people[0]
        else:
            self._plan.hurry()
        return self._where(people, frame.t)

    def observe(
        self, frame: Frame, keypoints: Sequence[Keypoints2D], people: Sequence[int]
    ) -> None:
        """Learn from the poses found in the boxes of `frame`.

        Args:
            frame: The frame that `boxes` was asked about.
            keypoints: The pose of each person.
            people: Their numbers, as `boxes` gave them.
        """
        seen = {
            person: self._judge(person, pose, frame)
            for person, pose in zip(people, keypoints, strict=True)
            if person in self._followed
        }
        strayed = self._strayed(seen, frame.t)
        for person, box in seen.items():
            if person in strayed or share_inside(box.xyxy, frame.image_wh) <= 0:
                # The track stays where the person should be, to be recognised there.
                del self._followed[person]
                continue
            self._followed[person] = box
            self._chooser.note(person, box)
            if not box.is_weak:
                self._tracker.follow(person, box.xyxy, frame.t)
        if strayed or any(box.is_weak for box in seen.values()):
            self._plan.hurry()
        elif seen:
            self._plan.calm()

    def search_on(self, frame: Frame) -> None:
        """Search a little in the time that is left until the next frame, live.

        Call it when all is done that `frame` is waited for.
        """
        if self._is_wanted and self._can_wait:
            self._find(frame, in_parts=True)

    @property
    def _is_wanted(self) -> bool:
        """Whether it is time to search, or to search on."""
        return self._search is not None or self._plan.is_due

    @property
    def _can_wait(self) -> bool:
        """Whether a search can be spread, and there is a motion to be spared."""
        can_spread = self._is_live and self._in_parts is not None
        return can_spread and bool(self._strong())

    def _strong(self) -> dict[int, PersonBox]:
        """Return those who were seen well in the last frame, and need not be found."""
        return {
            person: box
            for person, box in self._followed.items()
            if not box.is_weak and box.t >= self._last_t
        }

    def _find(self, frame: Frame, *, in_parts: bool) -> None:
        """Find people, all at once or a part of it where the detector can do that."""
        strong = self._strong()
        if in_parts and self._in_parts is not None:
            search = self._search or GradualSearch(self._in_parts.search())
            found = search.go_on(frame.image, self._where(strong, frame.t))
            spent, self._searched = search.spent, search.took
            self._search = search if found is None else None
        else:
            start = time.monotonic()
            found = self._detector.detect(frame.image)
            spent = self._searched = time.monotonic() - start
            self._search = None
        if found is not None:
            self.num_detections += 1
            self._plan.end(spent)
            self._take_in(found, frame, strong)

    def _take_in(
        self, found: Detections, frame: Frame, strong: dict[int, PersonBox]
    ) -> None:
        """Follow new people, and correct or drop those whose pose is weak."""
        detected = {
            person: PersonBox(xyxy, float(score), frame.t)
            for person, xyxy, score in zip(
                self._who(found, frame), found.xyxy, found.score
            )
            if person > 0
        }
        new = {
            person: box
            for person, box in detected.items()
            if person not in strong and not _is_among(box, strong)
        }
        self._followed = strong | new
        self._chooser.reconsider(self._followed, frame.t)

    def _who(self, found: Detections, frame: Frame) -> tuple[int, ...]:
        is_whole = len(found) == 1 and _is_picture(found.xyxy[0], frame.image_wh)
        if is_whole and self._last_person is not None:
            self._tracker.forget(self._last_person)  # Where in it, the pose will tell.
            return (self._last_person,)
        return self._tracker.update(found.xyxy, frame.t)

    def _where(self, people: Iterable[int], t: float) -> Detections:
        """Return where some of the people followed should be."""
        people = tuple(people)
        boxes = [self._expected(person, t) for person in people]
        scores = [self._followed[person].score for person in people]
        return Detections(np.array(boxes).reshape(-1, 4), np.array(scores), people)

    def _expected(self, person: int, t: float) -> FloatArray:
        """Return the last box, moved on with the person's speed, shape `(4,)` [px]."""
        box = self._followed[person]
        before = self._tracker.predict(person, box.t)
        now = self._tracker.predict(person, t)
        if before is None or now is None or box.is_weak:
            return box.xyxy
        limit = MAX_LEAD * np.sqrt(area(box.xyxy))
        moved: FloatArray = np.tile(np.clip(now - before, -limit, limit), 2)
        return box.xyxy + moved

    def _judge(self, person: int, pose: Keypoints2D, frame: Frame) -> PersonBox:
        box = box_around(pose, self._followed[person], frame.image_wh)
        has_jumped = self._error(person, box, frame.t) > MAX_JUMP
        return replace(box, is_weak=box.is_weak or has_jumped)

    def _error(self, person: int, box: PersonBox, t: float) -> float:
        """Return how far a box is from where its person should be [body sizes]."""
        expected = self._tracker.predict(person, t)
        if expected is None:
            return 0.0
        center = (box.xyxy[:2] + box.xyxy[2:]) / 2
        distance = np.linalg.norm(center - expected)
        return float(distance / max(np.sqrt(area(box.xyxy)), 1.0))

    def _strayed(self, seen: dict[int, PersonBox], t: float) -> set[int]:
        """Return those whose pose slid onto another person who was there already."""
        strayed: set[int] = set()
        people = sorted(seen)
        for i, first in enumerate(people):
            for second in people[i + 1 :]:
                if _is_same(seen[first], seen[second]):
                    first_error = self._error(first, seen[first], t)
                    second_error = self._error(second, seen[second], t)
                    strayed.add(first if first_error > second_error else second)
        return strayed


def _is_same(a: PersonBox, b: PersonBox) -> bool:
    if a.xy is None or b.xy is None or len(a.xy) != len(b.xy):
        return False
    size = float(np.sqrt(min(area(a.xyxy), area(b.xyxy))))
    return pose_similarity(a.xy, b.xy, size) > SAME_POSE  # False for NaN.


def _is_among(box: PersonBox, others: dict[int, PersonBox]) -> bool:
    if not others:
        return False
    boxes = np.array([other.xyxy for other in others.values()])
    return bool(box_iou(box.xyxy[np.newaxis], boxes).max() > SAME_BOX)


def _is_picture(xyxy: FloatArray, image_wh: tuple[int, int]) -> bool:
    return bool((xyxy[2:] - xyxy[:2] >= PICTURE * np.array(image_wh)).all())
