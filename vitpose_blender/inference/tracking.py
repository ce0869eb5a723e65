# SPDX-License-Identifier: GPL-3.0-or-later
"""Give each person the same number in every frame, through occlusion and crossing.

Numpy only, and measured in seconds and body sizes, so that the same settings serve
any frame rate and any resolution.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..core.types import FloatArray, own

PLACE_MEMORY = 0.08  # Boxes jitter with the arms: places average over this [s].
POSE_MEMORY = 0.4  # After this long unseen, the old pose says little [s].
POSE_TOLERANCE = 0.15  # How far a keypoint strays between frames [body sizes].
POSE_WEIGHT = 1.0
MIN_COMMON_KEYPOINTS = 5

REACH = 0.6  # How far off a prediction may be [body sizes],
REACH_GROWTH = 1.0  # and how that grows while unseen [body sizes/s],
MAX_REACH = 1.6  # and where it ends [body sizes].
MAX_SIZE_RATIO = 2.5
STOPPED_PENALTY = 0.3  # Someone hidden more often walks on than waits.
UNSEEN_PENALTY = 0.3  # A person seen just now beats one long gone [1/s].
FORBIDDEN = 1e6


@dataclass(frozen=True, eq=False, slots=True)
class Track:
    """What is remembered of one person.

    Attributes:
        person: Stable id, from 1.
        center: Middle of the last box, shape `(2,)` [px].
        wh: Width and height of the last boxes, averaged, shape `(2,)` [px].
        velocity: Of the middle, shape `(2,)` [px/s].
        t: When the person was last seen [s].
        keypoints: Where the joints were then, shape `(K, 2)` [px]; None if not told.
    """

    person: int
    center: FloatArray
    wh: FloatArray
    velocity: FloatArray
    t: float
    keypoints: FloatArray | None = None


class Tracker:
    """Numbers people by where constant velocity says that they should be.

    Args:
        max_age: How long a person may stay unseen and still be recognised [s].
    """

    def __init__(self, max_age: float = 2.0) -> None:
        self._max_age = max_age
        self._tracks: tuple[Track, ...] = ()
        self._next_person = 1

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The people remembered, seen in the last frame or not."""
        return self._tracks

    def update(
        self, xyxy: FloatArray, t: float, *, keypoints: FloatArray | None = None
    ) -> tuple[int, ...]:
        """Return the person in each box; a box of nobody known gets a new number.

        Args:
            xyxy: Boxes, shape `(N, 4)` [px].
            t: When the frame was taken, never earlier than the one before [s].
            keypoints: Joints in each box, shape `(N, K, 2)`, NaN where unseen [px].
                They tell apart people whose boxes coincide.

        Returns:
            One id a box, from 1 and never used twice; 0 for a box that is NaN,
            infinite or has no area.
        """
        boxes = own("xyxy", xyxy, (None, 4))
        if keypoints is not None:
            keypoints = own("keypoints", keypoints, (len(boxes), None, 2))
        self._tracks = tuple(
            track for track in self._tracks if t - track.t <= self._max_age
        )
        seen = [
            _first_track(boxes[row], t, None if keypoints is None else keypoints[row])
            for row in np.flatnonzero(_is_box(boxes))
        ]
        numbered = self._number(seen, t)
        people = np.zeros(len(boxes), dtype=np.int64)
        people[_is_box(boxes)] = [track.person for track in numbered]
        return tuple(people.tolist())

    def follow(self, person: int, xyxy: FloatArray, t: float) -> None:
        """Note where a person is who was recognised by other means, as by the pose."""
        box = own("xyxy", xyxy, (4,))
        found = replace(_first_track(box, t, None), person=person)
        others = tuple(track for track in self._tracks if track.person != person)
        known = self._track(person)
        self._tracks = (found if known is None else _advance(known, found), *others)

    def predict(self, person: int, t: float) -> FloatArray | None:
        """Return where a person's middle should be, shape `(2,)` [px].

        None if the person is not remembered.
        """
        track = self._track(person)
        if track is None:
            return None
        return track.center + track.velocity * (t - track.t)

    def forget(self, person: int) -> None:
        """Drop a track, such as one that slid onto somebody else."""
        self._tracks = tuple(t for t in self._tracks if t.person != person)

    def _track(self, person: int) -> Track | None:
        return next((t for t in self._tracks if t.person == person), None)

    def _number(self, seen: list[Track], t: float) -> list[Track]:
        """Match what is seen to the tracks, and remember it under their numbers."""
        owners = match(_costs(self._tracks, seen, t), unmatched=_MAX_COST)
        numbered = []
        for found, owner in zip(seen, owners):
            if owner is None:
                numbered.append(replace(found, person=self._next_person))
                self._next_person += 1
            else:
                numbered.append(_advance(self._tracks[owner], found))
        unseen = [track for row, track in enumerate(self._tracks) if row not in owners]
        self._tracks = (*numbered, *unseen)
        return numbered


def match(costs: FloatArray, unmatched: float) -> list[int | None]:
    """Pair rows with columns one to one at a low total cost.

    Everybody starts alone; then the exchange of partners that helps most is made
    until none helps. For the handful of people in a picture this finds what the
    Hungarian method finds, or all but.

    Args:
        costs: Price of each pair, shape `(R, C)`.
        unmatched: A pair is made only if it costs less than this.

    Returns:
        The row of each column, None where the column stays alone.
    """
    rows, columns = costs.shape
    # Row r alone holds column C + r; column c alone is held by row R + c.
    square = np.full((rows + columns, rows + columns), unmatched / 2)
    square[:rows, :columns] = costs
    square[rows:, columns:] = 0.0
    every = np.arange(rows + columns)
    holds = np.concatenate([columns + np.arange(rows), np.arange(columns)])
    while len(every):
        crossed = square[:, holds]
        own_cost = square[every, holds]
        gain = own_cost[:, np.newaxis] + own_cost - crossed - crossed.T
        a, b = np.unravel_index(np.argmax(gain), gain.shape)
        if gain[a, b] < 1e-9:
            break
        holds[[a, b]] = holds[[b, a]]
    holder = np.argsort(holds)[:columns].tolist()
    return [row if row < rows else None for row in holder]


def box_iou(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the intersection over union of each pair of boxes.

    Args:
        a: Boxes, shape `(N, 4)`, as xyxy [px].
        b: Boxes, shape `(M, 4)`, as xyxy [px].

    Returns:
        Overlaps in [0, 1], shape `(N, M)`; 0 for a box that is NaN or empty.
    """
    top_left = np.maximum(a[:, np.newaxis, :2], b[np.newaxis, :, :2])
    bottom_right = np.minimum(a[:, np.newaxis, 2:], b[np.newaxis, :, 2:])
    shared = np.prod(np.clip(bottom_right - top_left, 0, None), axis=-1)
    area_a = np.prod(np.clip(a[:, 2:] - a[:, :2], 0, None), axis=-1)
    area_b = np.prod(np.clip(b[:, 2:] - b[:, :2], 0, None), axis=-1)
    total = area_a[:, np.newaxis] + area_b - shared
    return np.where(total > 0, shared / np.where(total > 0, total, 1.0), 0.0)


def pose_similarity(a: FloatArray, b: FloatArray, size: float) -> float:
    """Return how alike two poses lie in the picture, from 0 to 1.

    Modelled on COCO's object keypoint similarity, with one tolerance for all joints.

    Args:
        a: Joints, shape `(K, 2)`, NaN where unseen [px].
        b: The same joints, shape `(K, 2)` [px].
        size: Square root of the person's box area [px].

    Returns:
        1 for the same places, falling to 0; NaN where too few joints are common.
    """
    squared = np.sum((a - b) ** 2, axis=-1)
    common = np.isfinite(squared)
    if common.sum() < MIN_COMMON_KEYPOINTS:
        return float("nan")
    tolerance = max(POSE_TOLERANCE * size, 1.0)
    return float(np.mean(np.exp(-squared[common] / (2 * tolerance**2))))


# Above every pair that is allowed, so that whoever may be paired is.
_MAX_COST = (
    MAX_REACH
    + 1.0
    + STOPPED_PENALTY
    + float(np.log(MAX_SIZE_RATIO))
    + POSE_WEIGHT
    + UNSEEN_PENALTY * 10
)


def _is_box(xyxy: FloatArray) -> npt.NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        has_area = (xyxy[:, 2:] > xyxy[:, :2]).all(axis=1)
    are_boxes: npt.NDArray[np.bool_] = np.isfinite(xyxy).all(axis=1) & has_area
    return are_boxes


def _first_track(xyxy: FloatArray, t: float, keypoints: FloatArray | None) -> Track:
    return Track(
        person=0,
        center=(xyxy[:2] + xyxy[2:]) / 2,
        wh=xyxy[2:] - xyxy[:2],
        velocity=np.zeros(2),
        t=t,
        keypoints=keypoints,
    )


def _advance(track: Track, found: Track) -> Track:
    """Return the track moved on to where its person was found."""
    dt = found.t - track.t
    if dt <= 0:
        return replace(found, person=track.person, velocity=track.velocity)
    predicted = track.center + track.velocity * dt
    gain = 1 - np.exp(-dt / PLACE_MEMORY)
    error = found.center - predicted
    return replace(
        found,
        person=track.person,
        center=predicted + gain * error,
        velocity=track.velocity + gain**2 / (2 - gain) * error / dt,
        wh=track.wh + max(gain, 0.5) * (found.wh - track.wh),
    )


def _costs(tracks: tuple[Track, ...], seen: list[Track], t: float) -> FloatArray:
    costs = np.empty((len(tracks), len(seen)))
    for row, track in enumerate(tracks):
        for column, found in enumerate(seen):
            costs[row, column] = _cost(track, found, max(t - track.t, 0.0))
    return costs


def _cost(track: Track, found: Track, dt: float) -> float:
    """Return how badly `found` fits `track`, `dt` seconds after it was last seen."""
    moved = track.velocity * dt
    place = min(
        _place_cost(track, found, moved, dt),
        _place_cost(track, found, np.zeros(2), dt) + STOPPED_PENALTY,
    )
    size_ratio = float(np.abs(np.log(found.wh[1] / track.wh[1])))
    if size_ratio > np.log(MAX_SIZE_RATIO):
        return FORBIDDEN
    pose = _pose_cost(track, found, moved, dt)
    return place + size_ratio + pose + UNSEEN_PENALTY * min(dt, 10.0)


def _place_cost(track: Track, found: Track, moved: FloatArray, dt: float) -> float:
    """Return distance plus lack of overlap, the box shifted by `moved` px."""
    center = track.center + moved
    size = float(np.sqrt(np.prod(track.wh)))
    distance = float(np.linalg.norm(found.center - center)) / size
    if distance > min(REACH + REACH_GROWTH * dt, MAX_REACH):
        return FORBIDDEN
    overlap = box_iou(_xyxy(center, track.wh), _xyxy(found.center, found.wh))
    return distance + 1.0 - float(overlap[0, 0])


def _pose_cost(track: Track, found: Track, moved: FloatArray, dt: float) -> float:
    """Return how unlike the poses are; as old poses fade, half of the weight."""
    if track.keypoints is None or found.keypoints is None:
        return POSE_WEIGHT / 2
    size = float(np.sqrt(np.prod(track.wh)))
    similarity = pose_similarity(track.keypoints + moved, found.keypoints, size)
    if np.isnan(similarity):
        return POSE_WEIGHT / 2
    trust = float(np.exp(-dt / POSE_MEMORY))
    return POSE_WEIGHT * (trust * (1 - similarity) + (1 - trust) / 2)


def _xyxy(center: FloatArray, wh: FloatArray) -> FloatArray:
    return np.concatenate([center - wh / 2, center + wh / 2])[np.newaxis]
