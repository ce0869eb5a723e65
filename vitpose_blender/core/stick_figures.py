# SPDX-License-Identifier: GPL-3.0-or-later
"""People as stick figures: which lines, which colours, who is meant by a place."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .layouts import Layout, layout_by_id
from .packet import Packet
from .types import FloatArray

# sRGB; as on the videos with skeletons, so that a left arm is orange everywhere.
LEFT, RIGHT, MIDDLE = (1.0, 0.67, 0.31), (0.31, 0.75, 1.0), (0.92, 0.92, 0.92)
FAINT = 0.12  # Keypoints below are not drawn; above, their score is their opacity.
BOX_MARGIN = 0.1  # Around the keypoints where a packet has no box, of their extent.
NEAR = 0.05  # Who is farther away is not meant, of the picture's longer side.


@dataclass(frozen=True, eq=False)
class Sticks:
    """Lines with a colour each.

    Attributes:
        ends: Shape `(E, 2, D)`, of pixels or of places in space.
        rgba: Shape `(E, 4)`, each in [0, 1].
    """

    ends: FloatArray
    rgba: FloatArray

    def __len__(self) -> int:
        return len(self.ends)


def side_colours(layout: Layout) -> FloatArray:
    """Return the colour of each edge by the person's side, shape `(E, 3)`, sRGB."""
    return np.array([_colour(layout, *edge) for edge in layout.edges]).reshape(-1, 3)


def sticks(layout: Layout, points: FloatArray, score: FloatArray) -> Sticks:
    """Return the edges of a layout that are known.

    Args:
        layout: What the rows mean.
        points: Shape `(K, D)`; NaN where unknown.
        score: Shape `(K,)`, in [0, 1]: the opacity.
    """
    rows = np.array(layout.edges, dtype=int).reshape(-1, 2)
    ends, alpha = points[rows], score[rows].min(axis=1)
    is_known = np.isfinite(ends).all(axis=(1, 2)) & (alpha >= FAINT)
    rgba = np.concatenate([side_colours(layout), alpha[:, np.newaxis]], axis=1)
    return Sticks(ends[is_known], rgba[is_known])


def person_sticks(packet: Packet) -> Sticks:
    """Return a person's skeleton in the picture [px]."""
    keypoints = packet.keypoints
    return sticks(layout_by_id(keypoints.layout), keypoints.xy, keypoints.score)


def person_box(packet: Packet) -> FloatArray | None:
    """Return where a person is, `(left, top, right, bottom)` [px]; None if unknown."""
    if packet.box is not None:
        left, top, width, height = packet.box
        return np.array([left, top, left + width, top + height])
    shown = packet.keypoints.score >= FAINT
    xy = packet.keypoints.xy[shown & np.isfinite(packet.keypoints.xy).all(axis=1)]
    if not len(xy):
        return None
    low, high = xy.min(axis=0), xy.max(axis=0)
    margin = BOX_MARGIN * (high - low)
    around: FloatArray = np.concatenate([low - margin, high + margin])
    return around


def person_at(packets: Sequence[Packet], xy_px: FloatArray) -> int | None:
    """Return the number of the person whom somebody points at; None for nobody.

    Whose skeleton is nearest, of those in whose box the place is or who are near it.

    Args:
        packets: Everybody in the picture.
        xy_px: The place, shape `(2,)` [px].
    """
    found = [
        (distance, packet.person)
        for packet in packets
        if (distance := _distance(packet, xy_px)) is not None
    ]
    return min(found)[1] if found else None


def _distance(packet: Packet, xy_px: FloatArray) -> float | None:
    """Return how far a place is from a person [px]; None if it is not at them."""
    box, lines = person_box(packet), person_sticks(packet).ends
    if box is None:
        return None
    middle = (box[:2] + box[2:]) / 2
    ends = lines if len(lines) else np.array([[middle, middle]])
    distance = float(_to_lines(xy_px, ends).min())
    is_inside = bool((box[:2] <= xy_px).all() and (xy_px <= box[2:]).all())
    return distance if is_inside or distance <= NEAR * max(packet.image_wh) else None


def _to_lines(place: FloatArray, ends: FloatArray) -> FloatArray:
    """Return the distances of a place to lines `(E, 2, 2)`, shape `(E,)`."""
    start, along = ends[:, 0], ends[:, 1] - ends[:, 0]
    length = np.maximum((along**2).sum(axis=1), 1e-12)
    share = np.clip(((place - start) * along).sum(axis=1) / length, 0.0, 1.0)
    nearest = start + share[:, np.newaxis] * along
    distances: FloatArray = np.linalg.norm(nearest - place, axis=1)
    return distances


def _colour(layout: Layout, start: int, end: int) -> tuple[float, float, float]:
    names = layout.names[start] + " " + layout.names[end]
    has_left, has_right = "left_" in names, "right_" in names
    if has_left == has_right:
        return MIDDLE
    return LEFT if has_left else RIGHT
