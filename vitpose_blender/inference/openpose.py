# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenPose's output: a folder with one JSON file a frame, `*_keypoints.json`."""

import logging
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import SourceError
from ..core.layouts import BODY25, BODY25B, Layout
from ..core.types import FloatArray
from .keypoint_file import (
    Recording,
    Sighting,
    as_person,
    as_triples,
    damaged,
    drop_unseen,
    read_json,
)

log = logging.getLogger(__name__)

PATTERN = "*_keypoints.json"

# OpenPose's older model: COCO-17 in another order, and a neck that it computes as
# the middle of the shoulders. The row of each COCO-17 keypoint in it:
COCO17_FROM_OPENPOSE18 = (
    0, 15, 14, 17, 16, 5, 2, 6, 3, 7, 4, 11, 8, 12, 9, 13, 10
)  # fmt: skip

HEAD_NAMES = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
CLEARLY = 2.0  # How much smaller the right head must be than the wrong one.


def parse_folder(folder: Path) -> Recording:
    """Read all frames of a folder; one that is damaged is left out with a warning.

    Raises:
        SourceError: The folder holds several videos, or no frame can be read.
    """
    numbered = _numbered_files(folder)
    sightings: list[Sighting] = []
    problem: SourceError | None = None
    num_damaged = 0
    for frame, path in numbered:
        try:
            sightings += _people_in(path, read_json(path), frame)
        except SourceError as error:
            problem, num_damaged = error, num_damaged + 1
    if problem is not None and num_damaged == len(numbered):
        raise problem
    if problem is not None:
        log.warning("%d of %d frames left out: %s", num_damaged, len(numbered), problem)
    if any(len(sighting.xy) == 18 for sighting in sightings):
        log.info("%s: 18 points become coco17, without the neck", folder.name)
    return Recording(tuple(map(_without_neck, sightings)), model="OpenPose")


def parse_frame(path: Path, value: Any) -> Recording:
    """Read one frame on its own.

    Raises:
        SourceError: It is not what OpenPose writes.
    """
    frame = _frame_in_name(path) or 0
    people = map(_without_neck, _people_in(path, value, frame))
    return Recording(tuple(people), model="OpenPose")


def tell_body25(people: list[FloatArray]) -> Layout | None:
    """Tell which of OpenPose's two 25-point bodies this is.

    Nose, eyes and ears lie close together. In BODY_25B they are rows 0 to 4, where
    BODY_25 has nose, neck and an arm; there they are rows 0 and 15 to 18, where
    BODY_25B has ankles, neck and top of the head.

    Args:
        people: Keypoints, each of shape `(25, 2)`, NaN where unseen [px].

    Returns:
        The layout; None where too little is seen to tell.
    """
    xy = np.array(people).reshape(-1, len(BODY25), 2)
    bodies = (BODY25, BODY25B)
    sizes = np.array([_head_size(xy[:, body.rows_of(HEAD_NAMES)]) for body in bodies])
    known = np.isfinite(sizes).all(axis=0)
    if not known.any():
        return None
    body25, body25b = np.median(sizes[:, known], axis=1)
    if body25 * CLEARLY < body25b:
        return BODY25
    return BODY25B if body25b * CLEARLY < body25 else None


def _head_size(xy: FloatArray) -> FloatArray:
    """Return the extent of the heads `(N, 5, 2)`, NaN where under 3 points are seen."""
    enough = np.isfinite(xy).all(axis=2).sum(axis=1) >= 3
    extent = np.full((len(xy), 2), np.nan)
    extent[enough] = np.nanmax(xy[enough], axis=1) - np.nanmin(xy[enough], axis=1)
    return np.hypot(extent[:, 0], extent[:, 1])


def _numbered_files(folder: Path) -> list[tuple[int, Path]]:
    try:
        paths = [path for path in folder.glob(PATTERN) if path.name[0] != "."]
    except OSError as error:
        raise SourceError(f"Cannot read {folder}: {error.strerror or error}") from error
    if not paths:
        raise SourceError(
            f"{folder} has no *_keypoints.json: name the folder that OpenPose wrote"
        )
    numbered: dict[int, Path] = {}
    for path in paths:
        frame = _frame_in_name(path)
        if frame is None:
            raise damaged(folder, f"{path.name} has no frame number in its name")
        if frame in numbered:
            raise SourceError(
                f"{folder} holds more than one video, {numbered[frame].name} and "
                f"{path.name} are the same frame: put each video into its own folder"
            )
        numbered[frame] = path
    return sorted(numbered.items())


def _frame_in_name(path: Path) -> int | None:
    match = re.search(r"([0-9]{1,15})_keypoints\.json$", path.name)
    return int(match[1]) if match else None


def _people_in(path: Path, value: Any, frame: int) -> list[Sighting]:
    people = value.get("people") if isinstance(value, dict) else None
    if not isinstance(people, list):
        raise damaged(path, 'it has no list of "people"')
    return [
        sighting
        for person in people
        if (sighting := _person(path, person, frame)) is not None
    ]


def _person(path: Path, person: Any, frame: int) -> Sighting | None:
    person = person if isinstance(person, dict) else {}
    numbers = person.get("pose_keypoints_2d", person.get("pose_keypoints"))
    if numbers == []:
        return None  # Only a hand or a face was found.
    points = as_triples(numbers)
    if points is None:
        raise damaged(path, "a person's pose_keypoints_2d is not x, y, score of each")
    xy, score = drop_unseen(points[:, :2], points[:, 2])
    return Sighting(frame, xy, score, person=as_person(person.get("person_id")))


def _without_neck(sighting: Sighting) -> Sighting:
    """Return OpenPose's 18 points as COCO-17; others as they are."""
    if len(sighting.xy) != 18:
        return sighting
    rows = list(COCO17_FROM_OPENPOSE18)
    return replace(sighting, xy=sighting.xy[rows], score=sighting.score[rows])
