# SPDX-License-Identifier: GPL-3.0-or-later
"""What files of keypoints have in common: sightings, numbers, errors.

Files come from other programs and are not trusted: what is not a file of keypoints
raises SourceError, and numbers that cannot be pixels become missing.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from ..core.errors import SourceError
from ..core.packet import MAX_PIXEL
from ..core.types import FloatArray

MAX_FRAME = 10**11  # Beyond, it is not the number of a frame.


@dataclass(frozen=True, eq=False, slots=True)
class Sighting:
    """One person in one frame, as a file has it.

    Attributes:
        frame: Number of the frame, from 0.
        xy: Keypoints, shape `(K, 2)`, NaN where unseen [px].
        score: Confidence, shape `(K,)`, in [0, 1]; 0 where unseen.
        xyxy: The person's box, shape `(4,)` [px]; None where the file has none.
        person: The file's own id of the person; None where it has none.
    """

    frame: int
    xy: FloatArray
    score: FloatArray
    xyxy: FloatArray | None = None
    person: int | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Recording:
    """All that a file says.

    Attributes:
        sightings: In any order; all with the same number of keypoints, or not.
        image_wh: Size of the picture [px]; None where the file does not say it.
        model: Name of what found the keypoints; empty where unknown.
    """

    sightings: tuple[Sighting, ...]
    image_wh: tuple[int, int] | None = None
    model: str = ""


def damaged(path: Path, what: str) -> SourceError:
    return SourceError(f"{path} cannot be used, {what}: export the keypoints again")


def read_json(path: Path) -> Any:
    """Return the file's JSON value; NaN and Infinity in it are None.

    Raises:
        SourceError: The file cannot be read, or is not JSON.
    """
    try:
        data = path.read_bytes()
        if not data.strip():
            raise SourceError(f"{path} is empty: export the keypoints again")
        return json.loads(data, parse_constant=lambda _: None)
    except FileNotFoundError:
        raise SourceError(f"There is no file {path}: check its name") from None
    except OSError as error:
        raise SourceError(f"Cannot read {path}: {error.strerror or error}") from error
    except (ValueError, RecursionError):
        raise damaged(path, "it is not valid JSON or was cut short") from None


def as_numbers(value: Any) -> FloatArray | None:
    """Return nested lists of numbers as an array, NaN for null; None if they differ."""
    if not isinstance(value, list):
        return None
    try:
        return np.array(value, dtype=np.float64)
    except (ValueError, TypeError, OverflowError):
        return None


def as_triples(value: Any) -> FloatArray | None:
    """Return `x, y, score, x, y, score, ...` as rows, shape `(K, 3)`; else None.

    Some programs nest the three of a keypoint in a list of their own.
    """
    numbers = as_numbers(value)
    if numbers is None or not numbers.size or numbers.shape[-1] % 3:
        return None
    is_flat = numbers.ndim == 1
    is_nested = numbers.ndim == 2 and numbers.shape[1] == 3
    return numbers.reshape(-1, 3) if is_flat or is_nested else None


def as_frame(value: Any) -> int | None:
    """Return the frame that a number or a file name such as `shot_012.jpg` says."""
    if isinstance(value, str):
        digits = re.findall(r"[0-9]+", PurePath(value).stem)
        value = int(digits[-1]) if digits and len(digits[-1]) < 20 else None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < MAX_FRAME else None


def as_person(value: Any) -> int | None:
    """Return an id, also from a list of one; None for OpenPose's -1."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return as_frame(value) if not isinstance(value, str) else None


def as_box(numbers: FloatArray | None) -> FloatArray | None:
    """Return an xyxy box if it is one: four finite numbers that enclose an area."""
    if numbers is None or numbers.shape != (4,) or not np.isfinite(numbers).all():
        return None
    if np.abs(numbers).max() > MAX_PIXEL or (numbers[2:] <= numbers[:2]).any():
        return None
    return numbers


def drop_unseen(xy: FloatArray, score: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return keypoints in which what cannot be seen or be true is missing.

    Args:
        xy: Positions, shape `(K, 2)` [px].
        score: As in the file, shape `(K,)`; some networks overshoot 1.

    Returns:
        Positions, NaN where the score is not above 0 or the position is no pixel,
        and scores clipped to [0, 1], 0 where missing.
    """
    seen = (np.abs(xy) <= MAX_PIXEL).all(axis=1) & (score > 0.0)
    return (
        np.where(seen[:, np.newaxis], xy, np.nan),
        np.where(seen, np.clip(score, 0.0, 1.0), 0.0),
    )
