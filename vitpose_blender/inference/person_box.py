# SPDX-License-Identifier: GPL-3.0-or-later
"""A person's box from the keypoints found in it, and how far to trust it."""

from dataclasses import dataclass

import numpy as np

from ..core.layouts import COCO17, layout_by_id
from ..core.types import FloatArray, Keypoints2D

GROWTH = 1.25  # From the extent of the joints to the box of the body.
VISIBLE = 0.3  # The score from which a keypoint counts as seen.
MIN_MEAN_SCORE = 0.45  # Of those seen.
MIN_VISIBLE = 0.25  # Share of the keypoints.
MIN_INSIDE = 0.3  # Share of the box that the picture must show.

# Below the first share of visible keypoints the box keeps its size, so that a body of
# which only the face is seen does not become a face; from the second on it is free.
KEEP_SIZE, FREE_SIZE = 0.3, 0.6
SHRINK_TIME = 0.3  # Keypoints flicker: boxes grow at once and shrink slowly [s].
MIN_ASPECT = 0.25  # Somebody seen from the side is still not a line.


@dataclass(frozen=True, eq=False, slots=True)
class PersonBox:
    """Where a person was, and what that was known from.

    Attributes:
        xyxy: The box, shape `(4,)`; may reach out of the picture [px].
        score: Confidence in [0, 1].
        t: When [s].
        xy: Visible joints of the body, shape `(K, 2)`, NaN where unseen [px]; None
            while only a detector has seen the person.
        is_weak: Whether a detector should look again.
    """

    xyxy: FloatArray
    score: float
    t: float
    xy: FloatArray | None = None
    is_weak: bool = True


def box_around(
    keypoints: Keypoints2D, last: PersonBox, image_wh: tuple[int, int]
) -> PersonBox:
    """Return the box to look in next.

    Args:
        keypoints: What was found in the `last` box.
        last: The box before.
        image_wh: Width and height of the picture [px].
    """
    rows = _body_rows(keypoints.layout)
    scores = keypoints.score[rows]
    seen = scores >= VISIBLE
    xy = np.where(seen[:, np.newaxis], keypoints.xy[rows], np.nan)
    dt = float(np.clip(keypoints.t - last.t, 0.0, 1.0))
    xyxy = _enclose(xy, last, dt) if seen.any() else last.xyxy
    score = float(scores[seen].mean()) if seen.any() else 0.0
    is_weak = (
        score < MIN_MEAN_SCORE
        or seen.mean() < MIN_VISIBLE
        or share_inside(xyxy, image_wh) < MIN_INSIDE
    )
    return PersonBox(xyxy, score, keypoints.t, xy, is_weak)


def share_inside(xyxy: FloatArray, image_wh: tuple[int, int]) -> float:
    """Return how much of a box lies in the picture, from 0 to 1."""
    inside = np.clip(xyxy, 0, np.tile(image_wh, 2))
    return float(area(inside) / max(area(xyxy), 1e-9))


def area(xyxy: FloatArray) -> float:
    """Return the area of a box, shape `(4,)` [px2]."""
    return float(np.prod(np.clip(xyxy[2:] - xyxy[:2], 0, None)))


def _body_rows(layout_id: str) -> slice:
    """Return the body's rows: most of a whole-body layout's are of face and hands."""
    names = layout_by_id(layout_id).names
    starts_with_body = names[: len(COCO17)] == COCO17.names
    return slice(len(COCO17) if starts_with_body else len(names))


def _enclose(xy: FloatArray, last: PersonBox, dt: float) -> FloatArray:
    """Return the box of joints `xy` that continues the `last` one, `dt` s later."""
    low, high = np.nanmin(xy, axis=0), np.nanmax(xy, axis=0)
    last_center = (last.xyxy[:2] + last.xyxy[2:]) / 2
    last_wh = last.xyxy[2:] - last.xyxy[:2]

    share = float(np.isfinite(xy[:, 0]).mean())
    trust = float(np.clip((share - KEEP_SIZE) / (FREE_SIZE - KEEP_SIZE), 0, 1))
    center = trust * (low + high) / 2 + (1 - trust) * (last_center + _shift(xy, last))
    wh = trust * (high - low) * GROWTH + (1 - trust) * last_wh
    wh = np.maximum(wh, last_wh * np.exp(-dt / SHRINK_TIME))
    wh = np.maximum(wh, MIN_ASPECT * wh.max())
    corners = np.minimum(center - wh / 2, low), np.maximum(center + wh / 2, high)
    return np.concatenate(corners)


def _shift(xy: FloatArray, last: PersonBox) -> FloatArray:
    """Return how far the joints seen both times moved, shape `(2,)` [px]."""
    if last.xy is None or len(last.xy) != len(xy):
        return np.zeros(2)
    moved = xy - last.xy
    common = np.isfinite(moved[:, 0])
    return np.median(moved[common], axis=0) if common.any() else np.zeros(2)
