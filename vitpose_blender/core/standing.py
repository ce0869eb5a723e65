# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody who stands upright before the camera: whether they do, and how they look."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .errors import CalibrationError
from .layouts import COCO17
from .types import FloatArray, Keypoints2D

SEEN = 0.3  # A keypoint with a lower score counts as not seen [1].
MOSTLY = 0.7  # Share of the time in which a keypoint must be seen [1].
STRAY = 0.015  # How far keypoints of somebody who stands still stray, of their size.
DRIFT = 0.03  # How far such a person moves from the first third to the last [1].
LEANING = np.radians(12)  # From the vertical of the picture [rad].
BENT = np.radians(20)  # At the knee, as it looks [rad].
SHORT_LEGS = 1.1  # Hip to ankle over hip to shoulder, of somebody who squats [1].
TURNED = 0.38  # Shoulders' width over hip to shoulder, of somebody half turned [1].
MARGIN = 0.01  # Feet this near to the picture's border are cut off [1].
STEP = 0.25  # Between two places where a stand is looked for [s].
FEWEST = 8  # Frames that a stand must have.

_ROW = COCO17.index
_SIDES = [
    [_ROW[f"{side}_{joint}"] for joint in ("hip", "knee", "ankle")]
    for side in ("left", "right")
]
_HEAD = COCO17.rows_of(["nose", "left_ear", "right_ear"])
_PARTS = (
    (COCO17.rows_of(["left_shoulder", "right_shoulder"]), "shoulders are"),
    (COCO17.rows_of(["left_hip", "right_hip"]), "hips are"),
    (COCO17.rows_of(["left_knee", "right_knee"]), "knees are"),
    (COCO17.rows_of(["left_ankle", "right_ankle"]), "feet are"),
)
_BODY = slice(5, 17)


@dataclass(frozen=True, eq=False)
class Stand:
    """Somebody who stood still for a while.

    Attributes:
        keypoints: Where they were in the picture: COCO-17, the median over time.
        start: When it began, on the source's clock [s].
        end: When it ended [s].
        stray: How far keypoints strayed, of the person's size [1].
    """

    keypoints: Keypoints2D
    start: float
    end: float
    stray: float


def measure_stand(
    keypoints: Sequence[Keypoints2D], image_wh: tuple[int, int], seconds: float
) -> Stand:
    """Return how somebody looked who was asked to stand still and upright.

    Args:
        keypoints: COCO-17 of that person, in order of time.
        image_wh: Size of the picture [px].
        seconds: For how long they should stand.

    Raises:
        CalibrationError: It was not such a stand; the sentence says what lacks.
    """
    if len(keypoints) < FEWEST or keypoints[-1].t - keypoints[0].t < 0.6 * seconds:
        raise CalibrationError(
            "You were not in the picture all the time: stand where the camera sees "
            "you from head to foot, then calibrate again"
        )
    xy = np.stack([frame.xy for frame in keypoints])
    score = np.stack([frame.score for frame in keypoints])
    xy = np.where((score >= SEEN)[..., np.newaxis], xy, np.nan)
    middle, known = _median(xy)
    _check_sight(middle, known, image_wh)
    stray = _stray(xy, middle)
    _check_stillness(xy, middle, stray)
    _check_posture(middle)
    average = Keypoints2D(
        np.where(known[:, np.newaxis], middle, np.nan),
        np.median(score, axis=0),
        keypoints[len(keypoints) // 2].t,
    )
    return Stand(average, keypoints[0].t, keypoints[-1].t, stray)


def find_stand(
    keypoints: Sequence[Keypoints2D], image_wh: tuple[int, int], seconds: float = 1.0
) -> Stand | None:
    """Return the stillest stand in a clip, None where nobody stands.

    Args:
        keypoints: COCO-17 of one person, in order of time.
        image_wh: Size of the picture [px].
        seconds: For how long the person must stand.
    """
    times = np.array([frame.t for frame in keypoints])
    best: Stand | None = None
    latest = times[-1] - seconds if len(times) else -np.inf
    for start in np.arange(times[0], latest + STEP / 2, STEP) if len(times) else ():
        first, last = np.searchsorted(times, (start, start + seconds))
        try:
            stand = measure_stand(keypoints[first : last + 1], image_wh, seconds)
        except CalibrationError:
            continue
        if best is None or stand.stray < best.stray:
            best = stand
    return best


def _median(xy: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the median place `(17, 2)` and whether it was mostly seen, `(17,)`."""
    known = np.isfinite(xy[..., 0]).mean(axis=0) >= MOSTLY
    middle = np.full(xy.shape[1:], np.nan)
    middle[known] = np.nanmedian(xy[:, known], axis=0)
    return middle, known


def _check_sight(
    middle: FloatArray, known: FloatArray, image_wh: tuple[int, int]
) -> None:
    for rows, name in _PARTS:
        if not known[rows].all():
            raise CalibrationError(
                f"Your {name} not seen: step back, or turn the camera, until it sees "
                "you from head to foot"
            )
    if not known[_HEAD].any():
        raise CalibrationError(
            "Your head is not seen: step back, or turn the camera, until it sees you "
            "from head to foot"
        )
    ankles = middle[[rows[-1] for rows in _SIDES]]
    limits = np.array(image_wh) * (1 - MARGIN)
    if (ankles > limits).any() or (ankles[:, 0] < image_wh[0] * MARGIN).any():
        raise CalibrationError(
            "Your feet are cut off by the picture's border: step back, or turn the "
            "camera down a little"
        )


def _size(middle: FloatArray) -> float:
    return max(float(np.nanmax(middle[:, 1]) - np.nanmin(middle[:, 1])), 1.0)


def _stray(xy: FloatArray, middle: FloatArray) -> float:
    """Return how far the body's keypoints typically stray from the median [1]."""
    away = np.abs(xy[:, _BODY] - middle[_BODY])
    away = away[np.isfinite(away)]
    return float(1.48 * np.median(away) / _size(middle))


def _check_stillness(xy: FloatArray, middle: FloatArray, stray: float) -> None:
    part = len(xy) // 3
    trunk = [
        _ROW[f"{side}_{j}"] for side in ("left", "right") for j in ("hip", "shoulder")
    ]
    with np.errstate(invalid="ignore"):
        places = [
            np.median(each[np.isfinite(each).all(axis=(1, 2))].mean(axis=1), axis=0)
            for each in (xy[:part, trunk], xy[-part:, trunk])
            if np.isfinite(each).all(axis=(1, 2)).any()
        ]
    moved = len(places) == 2 and np.abs(places[1] - places[0]).max()
    if stray > STRAY or moved > DRIFT * _size(middle):
        raise CalibrationError(
            "You moved: stand still, arms hanging, for the three seconds"
        )


def _check_posture(middle: FloatArray) -> None:
    shoulders, hips, ankles = (
        middle[[_ROW[f"{side}_{joint}"] for side in ("left", "right")]].mean(axis=0)
        for joint in ("shoulder", "hip", "ankle")
    )
    trunk = np.linalg.norm(shoulders - hips)
    straight = all(_bend(middle[rows]) < BENT for rows in _SIDES)
    if not straight or np.linalg.norm(hips - ankles) < SHORT_LEGS * trunk:
        raise CalibrationError("Your legs are bent: stand upright, legs straight")
    leans = [abs(_from_vertical(up)) for up in (hips - ankles, shoulders - hips)]
    if max(leans) > LEANING:
        raise CalibrationError(
            "You lean to one side, or the camera is turned on its side: level the "
            "camera and stand upright"
        )
    across = middle[_ROW["left_shoulder"], 0] - middle[_ROW["right_shoulder"], 0]
    if across < TURNED * trunk:
        raise CalibrationError("You are turned away: face the camera")


def _bend(chain: FloatArray) -> float:
    """Return how far three joints in a row are from a straight line [rad]."""
    first, second = np.diff(chain, axis=0)
    turn = first[0] * second[1] - first[1] * second[0]
    return float(abs(np.arctan2(turn, first @ second)))


def _from_vertical(up: FloatArray) -> float:
    return float(np.arctan2(up[0], -up[1]))
