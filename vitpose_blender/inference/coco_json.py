# SPDX-License-Identifier: GPL-3.0-or-later
"""COCO's two JSON formats of keypoints, and the list of frames of ST-GCN and GAST.

A *result* is a list of detections; a *data set* is an object with "images" and
"annotations", whose third number of a keypoint is its visibility: 0 not labelled,
1 labelled but hidden, 2 visible (COCO, "Data format").
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import SourceError
from ..core.types import FloatArray
from .keypoint_file import (
    Recording,
    Sighting,
    as_box,
    as_frame,
    as_numbers,
    as_person,
    as_triples,
    damaged,
    drop_unseen,
)

# COCO-WholeBody keeps its 133 points in five lists.
_WHOLEBODY_PARTS = {
    "keypoints": 17,
    "foot_kpts": 6,
    "face_kpts": 68,
    "lefthand_kpts": 21,
    "righthand_kpts": 21,
}
_SCORES = np.array([0.0, 0.5, 1.0])  # By visibility; a hidden joint was guessed.

_Found = tuple[dict[str, Any], FloatArray]


def parse_results(path: Path, entries: list[Any]) -> Recording:
    """Read a list of `{"image_id", "keypoints", "bbox"}`.

    Raises:
        SourceError: An entry is none of these; the message says which.
    """
    found = list(_points_of_entries(path, entries))
    has_twos = any((points[:, 2] == 2.0).any() for _, points in found)
    found = _score_visibility(found) if has_twos else found
    return Recording(_sightings(path, found))


def parse_dataset(path: Path, value: dict[str, Any]) -> Recording:
    """Read an object with "images" and "annotations".

    Raises:
        SourceError: It is damaged, or its pictures have several sizes.
    """
    images, entries = value.get("images"), value.get("annotations")
    if not isinstance(images, list) or not isinstance(entries, list):
        raise damaged(path, '"images" and "annotations" are not both lists')
    images = [image for image in images if isinstance(image, dict)]
    frame_of_id = _frame_of_id(path, images)
    found = [
        ({**entry, "image_id": frame_of_id.get(_key(entry.get("image_id")))}, points)
        for entry, points in _points_of_entries(path, entries)
    ]
    sightings = _sightings(path, _score_visibility(found))
    return Recording(sightings, _common_image_wh(path, images))


def parse_frames(path: Path, frames: list[Any]) -> Recording:
    """Read a list of `{"frame_index", "skeleton": [{"pose", "score", "bbox"}]}`.

    Frames count from 1 in this format; a file that has a frame 0 counts from 0.
    Boxes are xyxy.

    Raises:
        SourceError: A frame is none of these; the message says which.
    """
    sightings = []
    first = 1
    for number, frame in enumerate(frames):
        index = as_frame(frame.get("frame_index")) if isinstance(frame, dict) else None
        people = frame.get("skeleton") if isinstance(frame, dict) else None
        if index is None or not isinstance(people, list):
            raise damaged(path, f"item {number} is no frame with a skeleton")
        first = min(first, index)
        sightings += [_skeleton(path, index, person) for person in people]
    return Recording(tuple(replace(s, frame=s.frame - first) for s in sightings))


def _skeleton(path: Path, index: int, person: Any) -> Sighting:
    person = person if isinstance(person, dict) else {}
    xy, score = as_numbers(person.get("pose")), as_numbers(person.get("score"))
    if xy is None or score is None or xy.shape != (score.size, 2) or not score.size:
        raise damaged(path, f"frame {index} has a pose that is not a score a point")
    return Sighting(
        index,
        *drop_unseen(xy, score.reshape(-1)),
        as_box(as_numbers(person.get("bbox"))),
        as_person(person.get("track_id")),
    )


def _points_of_entries(path: Path, entries: list[Any]) -> Iterator[_Found]:
    """Yield the entries that have keypoints, with these as rows of x, y, score."""
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise damaged(path, f"entry {number} is not an object")
        if not entry.get("keypoints") or entry.get("iscrowd") in (1, True):
            continue  # A data set also has boxes of crowds and of things.
        parts = [as_triples(entry.get(name)) for name in _WHOLEBODY_PARTS]
        if parts[0] is None:
            raise damaged(
                path, f"the keypoints of entry {number} are not x, y, score of each"
            )
        whole = [part for part in parts if part is not None]
        is_whole = [len(part) for part in whole] == list(_WHOLEBODY_PARTS.values())
        yield entry, np.concatenate(whole) if is_whole else parts[0]


def _score_visibility(found: list[_Found]) -> list[_Found]:
    """Turn visibilities into scores, if the third numbers are nothing else."""
    thirds = [points[:, 2] for _, points in found]
    if not all(np.isin(third, (0.0, 1.0, 2.0)).all() for third in thirds):
        return found
    return [
        (entry, np.column_stack([points[:, :2], _SCORES[points[:, 2].astype(int)]]))
        for entry, points in found
    ]


def _sightings(path: Path, found: list[_Found]) -> tuple[Sighting, ...]:
    sightings = []
    for number, (entry, points) in enumerate(found):
        frame = as_frame(entry.get("image_id"))
        if frame is None:
            raise damaged(path, f"the image_id of person {number} is no known frame")
        xy, score = drop_unseen(points[:, :2], points[:, 2])
        person = as_person(entry.get("track_id", entry.get("idx")))
        sightings.append(Sighting(frame, xy, score, _box_of(entry), person))
    return tuple(sightings)


def _box_of(entry: dict[str, Any]) -> FloatArray | None:
    xywh = as_numbers(entry.get("bbox"))
    if xywh is None or xywh.shape != (4,):
        return None
    return as_box(np.concatenate([xywh[:2], xywh[:2] + xywh[2:]]))


def _key(value: Any) -> str:
    """Return an id as text: some programs write 12 in one place, "12" in the other."""
    return str(value)


def _frame_of_id(path: Path, images: list[dict[str, Any]]) -> dict[str, int]:
    """Return the frame of each picture: said outright, in its name, or its id."""
    for name in ("frame_id", "file_name", "id"):
        frames = [as_frame(image.get(name)) for image in images]
        if None not in frames and len(set(frames)) == len(frames):
            return {
                _key(image.get("id")): frame
                for image, frame in zip(images, frames)
                if frame is not None
            }
    raise damaged(path, "its pictures have neither numbered names nor numbers as ids")


def _common_image_wh(
    path: Path, images: list[dict[str, Any]]
) -> tuple[int, int] | None:
    sizes = {(as_frame(i.get("width")), as_frame(i.get("height"))) for i in images}
    if len(sizes) > 1:
        raise SourceError(
            f"{path} describes pictures of {len(sizes)} sizes, so it is not one video: "
            "keep the pictures of one video only"
        )
    width, height = sizes.pop() if sizes else (None, None)
    return (width, height) if width and height else None
