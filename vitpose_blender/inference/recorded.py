# SPDX-License-Identifier: GPL-3.0-or-later
"""Keypoints that others detected, as a take: our own takes, COCO, OpenPose, GAST."""

import itertools
import logging
import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import SourceError
from ..core.layouts import COCO17, COCO_WHOLEBODY133, layout_by_id
from ..core.packet import MAX_PIXEL, Packet
from ..core.take import Take, TakeHeader, is_take, read_take
from ..core.types import FloatArray, Keypoints2D
from . import coco_json, openpose
from .keypoint_file import Recording, Sighting, damaged, read_json
from .person_box import GROWTH
from .tracking import Tracker

log = logging.getLogger(__name__)

MIN_FPS, MAX_FPS = 0.1, 10_000.0  # [Hz]
LAYOUT_OF_COUNT = {len(layout): layout.id for layout in (COCO17, COCO_WHOLEBODY133)}


class UntoldError(SourceError):
    """Raised where a recording does not say of itself what has to be known.

    Attributes:
        untold: Of `layout`, `rate` and `size`, what the caller can give.
    """

    def __init__(self, sentence: str, *untold: str) -> None:
        super().__init__(sentence)
        self.untold = frozenset(untold)


def is_recorded(path: Path) -> bool:
    """Say, from a name or the first bytes, whether these may be recorded keypoints."""
    try:
        if path.is_dir():
            return any(path.glob(openpose.PATTERN))
        if not path.is_file():
            return False
        if path.suffix.lower() in (".json", ".jsonl"):
            return True
        with path.open("rb") as file:
            return file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")
    except OSError:
        return False


def read_recorded(
    path: Path,
    fps: float | None = None,
    image_wh: tuple[int, int] | None = None,
    layout: str | None = None,
) -> Take:
    """Read keypoints that were detected before.

    Time is the number of the frame over the rate, so gaps stay gaps. A take of our
    own knows its rate, size and layout; there the three arguments are ignored.

    Args:
        path: A take, a JSON file or a folder that OpenPose wrote.
        fps: Rate of the video the keypoints were found in [Hz].
        image_wh: Size of its picture [px]; wins over what the file says.
        layout: Id of the keypoint layout; told from the file if None.

    Returns:
        The keypoints, with stable ids of people; joints only in takes of our own.

    Raises:
        SourceError: The file is damaged or of no known kind, or holds nobody.
        UntoldError: It does not say its rate, size or layout, nor does the caller.
        TakeError: It is a take of our own that holds nobody.
    """
    if path.is_file() and is_take(path):
        if fps is not None or image_wh is not None or layout is not None:
            log.warning("%s knows its own rate, size and layout", path.name)
        return read_take(path)
    recording = _with_anybody(path, _parse(path))
    layout = _layout_of(path, recording.sightings, layout)
    fps, image_wh = _check_given(path, recording, fps, image_wh)
    header = TakeHeader(
        source=path.name or path.resolve().name,
        model=recording.model,
        image_wh=image_wh,
        fps=float(fps),
        layout=layout,
    )
    return Take(header, tuple(_packets(recording.sightings, header, fps)))


def keypoint_box(xy: FloatArray) -> FloatArray:
    """Return the box of the visible keypoints, grown, as xyxy, shape `(4,)` [px].

    Args:
        xy: Keypoints, shape `(K, 2)`, NaN where unseen, at least one seen [px].
    """
    low, high = np.nanmin(xy, axis=0), np.nanmax(xy, axis=0)
    half = np.maximum((high - low) / 2 * GROWTH, 0.5)
    middle = (low + high) / 2
    return np.concatenate([middle - half, middle + half])


def _parse(path: Path) -> Recording:
    if path.is_dir():
        return openpose.parse_folder(path)
    value = read_json(path)
    if isinstance(value, list):
        return _parse_list(path, value)
    if isinstance(value, dict):
        if "annotations" in value:
            return coco_json.parse_dataset(path, value)
        if "people" in value:
            return openpose.parse_frame(path, value)
        if isinstance(value.get("data"), list):
            return _parse_list(path, value["data"])
    raise _unknown(path)


def _parse_list(path: Path, items: list[Any]) -> Recording:
    keys = items[0].keys() if items and isinstance(items[0], dict) else set()
    if "skeleton" in keys:
        return coco_json.parse_frames(path, items)
    if "image_id" in keys or not items:
        return coco_json.parse_results(path, items)
    raise _unknown(path)


def _unknown(path: Path) -> SourceError:
    return SourceError(
        f"{path} is no file of keypoints that can be read: give a take, COCO results "
        "or annotations, frames with skeletons, or a folder that OpenPose wrote"
    )


def _with_anybody(path: Path, recording: Recording) -> Recording:
    """Drop people of whom nothing is seen."""
    seen = tuple(s for s in recording.sightings if np.isfinite(s.xy).any())
    if not seen:
        raise SourceError(
            f"{path} holds no person with keypoints in any frame: check the detector "
            "that wrote it"
        )
    return replace(recording, sightings=seen)


def _layout_of(path: Path, sightings: tuple[Sighting, ...], wanted: str | None) -> str:
    counts = sorted({len(sighting.xy) for sighting in sightings})
    if len(counts) > 1:
        raise damaged(path, f"people have {counts[0]} or {counts[1]} keypoints in it")
    if wanted is not None:
        if len(layout_by_id(wanted)) != counts[0]:
            raise SourceError(
                f"{path} has {counts[0]} keypoints a person, the layout {wanted} has "
                f"{len(layout_by_id(wanted))}: leave out --layout or give another"
            )
        return wanted
    if counts[0] == 25:
        return _body25(path, sightings)
    if counts[0] not in LAYOUT_OF_COUNT:
        raise UntoldError(
            f"{path} has {counts[0]} keypoints a person, which says nothing about "
            "their meaning: give --layout",
            "layout",
        )
    return LAYOUT_OF_COUNT[counts[0]]


def _body25(path: Path, sightings: tuple[Sighting, ...]) -> str:
    layout = openpose.tell_body25([sighting.xy for sighting in sightings])
    if layout is None:
        raise UntoldError(
            f"{path} shows too little of the heads to tell OpenPose's BODY_25 from "
            "BODY_25B: give --layout body25 or --layout body25b",
            "layout",
        )
    log.info("%s is taken for %s", path.name, layout.id)
    return layout.id


def _check_given(
    path: Path,
    recording: Recording,
    fps: float | None,
    image_wh: tuple[int, int] | None,
) -> tuple[float, tuple[int, int]]:
    """Return rate and size, or say which of them has to be given."""
    image_wh = image_wh or recording.image_wh
    lacks = {}
    if fps is None:
        lacks["rate"] = "its frame rate (give --fps N)"
    if image_wh is None:
        xy = np.concatenate([sighting.xy for sighting in recording.sightings])
        right, bottom = np.nanmax(xy, axis=0)
        lacks["size"] = (
            "the size of its picture (give --size WxH; keypoints reach to "
            f"x = {right:.0f}, y = {bottom:.0f})"
        )
    if fps is None or image_wh is None:
        raise UntoldError(f"{path} does not say {' and '.join(lacks.values())}", *lacks)
    if not (math.isfinite(fps) and MIN_FPS <= fps <= MAX_FPS):
        raise SourceError(f"{fps} is not a frame rate: give --fps N, such as 30")
    if not all(0 < side <= MAX_PIXEL for side in image_wh):
        raise SourceError(
            f"{image_wh} is not the size of a picture: give --size WxH, such as "
            "1280x720"
        )
    return fps, image_wh


def _packets(
    sightings: Iterable[Sighting], header: TakeHeader, fps: float
) -> Iterator[Packet]:
    ordered = sorted(sightings, key=lambda sighting: sighting.frame)
    ids = _own_ids(ordered) or _tracked_ids(ordered, fps)
    for person, sighting in zip(ids, ordered):
        left, top, right, bottom = (
            keypoint_box(sighting.xy) if sighting.xyxy is None else sighting.xyxy
        ).tolist()
        yield Packet(
            keypoints=Keypoints2D(
                sighting.xy, sighting.score, sighting.frame / fps, header.layout
            ),
            person=person,
            frame=sighting.frame,
            image_wh=header.image_wh,
            fov=header.fov,
            box=(left, top, right - left, bottom - top),
            model=header.model,
            source=header.source,
        )


def _own_ids(ordered: list[Sighting]) -> list[int] | None:
    """Return the file's own ids, from 1, if everybody has one and shares it not."""
    ids = [s.person for s in ordered if s.person is not None]
    if len(ids) < len(ordered) or len({(s.frame, s.person) for s in ordered}) < len(
        ordered
    ):
        return None
    offset = 1 if min(ids) == 0 else 0
    return [person + offset for person in ids]


def _tracked_ids(ordered: list[Sighting], fps: float) -> list[int]:
    tracker = Tracker()
    ids: list[int] = []
    for frame, group in itertools.groupby(ordered, key=lambda s: s.frame):
        xy = np.array([sighting.xy for sighting in group])
        boxes = np.array([keypoint_box(person) for person in xy])
        ids += tracker.update(boxes, frame / fps, keypoints=xy)
    return ids
