# SPDX-License-Identifier: GPL-3.0-or-later
"""How a camera looks down on its room, from how somebody looks who stands upright.

One picture does not tell it for sure: a camera that looks down shows the feet smaller
than the head, but some people have short legs. So all that is known is weighed: where
joints appear, how people are built, where cameras usually stand.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .camera_model import Camera
from .errors import CalibrationError
from .layouts import COCO17
from .types import FloatArray

# Middles of ankles, knees, hips, shoulders and ears of people who stand at ease: how
# high above the ankles and how far before them (UI-PRMD), of their height [1].
_UP = np.array([0.0, 0.383, 0.812, 1.331, 1.503]) / 1.703
_AHEAD = np.array([0.0, 0.02, 0.05, 0.03, 0.085]) / 1.703
_CROWN = 0.2 / 1.703  # From the ears to the crown, of the height [1].
_ANKLE = 0.08 / 1.703  # Of the ankles above the floor, of the height [1].
_LENGTH_SIGMA = 0.05  # How much people's proportions differ, in the logarithm [1].
_AHEAD_SIGMA = np.array([0.02, 0.03, 0.035, 0.04]) / 1.703
# How wrong a detector's middles are, of the person's size in the picture [1].
_SEEN_SIGMA = np.array([0.010, 0.010, 0.014, 0.008, 0.010])
TILT_SIGMA = np.radians(10)  # Cameras look about level [rad].
USUAL_HEIGHT, HEIGHT_SIGMA = 1.1, 0.45  # Of a camera above the floor [m].
_KNOWN_TILT = np.radians(0.1)
MAX_TILT = np.radians(60)
_STEPS, _DONE, _DELTA = 30, 1e-7, 1e-5

_MIDDLES = [
    COCO17.rows_of([f"left_{joint}", f"right_{joint}"])
    for joint in ("ankle", "knee", "hip", "shoulder", "ear")
]


@dataclass(frozen=True)
class RoomView:
    """Where a camera is and how it looks.

    Attributes:
        tilt: How far it looks down from the horizon [deg].
        floor: How far the floor is under it [m].
        distance: To the person, along the floor [m].
    """

    tilt: float
    floor: float
    distance: float


def view_room(
    xy: FloatArray, camera: Camera, height: float, tilt: float | None = None
) -> RoomView:
    """Return how a camera looks at somebody who stands upright and faces it.

    Args:
        xy: Their COCO-17 keypoints, shape `(17, 2)` [px]; NaN where unseen.
        camera: Its field of view counts, its tilt does not.
        height: Of the person [m].
        tilt: Of the camera, where it is known better than by this [deg].

    Raises:
        CalibrationError: Nobody stands like that before any camera.
    """
    rays = camera.rays(xy)[:, :2]
    seen = np.stack([rays[rows].mean(axis=0) for rows in _MIDDLES])
    known = np.isfinite(seen).all(axis=1)
    size = float(np.ptp(seen[known, 1])) if known.sum() > 2 else 0.0
    if size <= 0.0:
        raise CalibrationError("You are not seen from head to foot: step back")
    sigma = np.repeat(_SEEN_SIGMA * size, 2)[np.repeat(known, 2)]
    distance = height * (_UP[known][-1] - _UP[known][0]) / size
    expected = 0.0 if tilt is None else np.radians(tilt)
    tilt_sigma = TILT_SIGMA if tilt is None else _KNOWN_TILT
    start = np.zeros(12)
    start[:4] = expected, np.log(distance), seen[known][0, 1] * distance, 0.0
    start[3] = seen[known, 0].mean() * distance

    def residuals(x: FloatArray) -> FloatArray:
        away = (_appearance(x, height) - seen)[known].ravel() / sigma
        usual = (x[2] + _ANKLE * height - USUAL_HEIGHT) / HEIGHT_SIGMA
        prior = [[(x[0] - expected) / tilt_sigma, usual], x[4:8] / _LENGTH_SIGMA]
        return np.concatenate([away, *prior, x[8:] / _AHEAD_SIGMA])

    found = _least_squares(residuals, start)
    if not abs(found[0]) < MAX_TILT:
        raise CalibrationError(
            "Where the floor is cannot be told: stand further back, seen from head to "
            "foot, or turn the camera to look more level"
        )
    return RoomView(
        float(np.degrees(found[0])),
        float(found[2] + _ANKLE * height),
        float(np.exp(found[1])),
    )


def _appearance(x: FloatArray, height: float) -> FloatArray:
    """Return where the middles appear on the plane z = 1, shape `(5, 2)`.

    Args:
        x: Tilt [rad], logarithm of the distance, height of the camera above the
            ankles and place to the right [m]; the logarithms of four proportions; how
            far ahead four middles are beyond the usual [1].
        height: Of the person [m].
    """
    up = np.concatenate([[0.0], np.cumsum(np.diff(_UP) * np.exp(x[4:8]))])
    up *= (_UP[-1] + _CROWN) / (up[-1] + _CROWN) * height
    ahead = (_AHEAD + np.concatenate([[0.0], x[8:]])) * height
    down, away = x[2] - up, np.exp(x[1]) - ahead
    c, s = np.cos(x[0]), np.sin(x[0])
    z = np.maximum(s * down + c * away, 0.05)
    return np.stack([np.full(len(up), x[3]) / z, (c * down - s * away) / z], axis=1)


def _least_squares(
    residuals: Callable[[FloatArray], FloatArray], x: FloatArray
) -> FloatArray:
    """Return the minimum by Gauss and Newton."""
    for _ in range(_STEPS):
        now = residuals(x)
        slopes = np.stack(
            [(residuals(x + _DELTA * e) - now) / _DELTA for e in np.eye(len(x))], axis=1
        )
        step = np.linalg.lstsq(slopes, -now, rcond=None)[0]
        x = x + np.clip(step, -0.5, 0.5)
        if np.abs(step).max() < _DONE:
            break
    return x
