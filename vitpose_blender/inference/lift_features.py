# SPDX-License-Identifier: GPL-3.0-or-later
"""What the learned lifter is told about the keypoints of a window of frames.

They are turned into a camera that looks at the person, upright, and made all of one
size: neither the camera nor the person's place in the picture matters.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..core.camera_model import Camera
from ..core.rotations import cross, unit
from ..core.types import BoolArray, FloatArray, Keypoints2D
from .safetensors_file import Float32Array

RATE = 30.0  # Of the frames in a window [Hz].
SEEN = 0.05  # A keypoint with a lower score counts as not seen [1].
MAX_GAP = 0.2  # Longest time between frames that is interpolated [s].
NEAREST = 0.02  # Further from a frame than this, a keypoint is not known [s].
MIN_SEEN = 3  # Keypoints a person must show at least.
TRUNK_ROWS = [5, 6, 11, 12]
MIN_AHEAD = 0.2  # Rays that turn further from the view axis are not used (cosine).


@dataclass(frozen=True, eq=False)
class Features:
    """The network's inputs for `F` windows, and what turns its answers back.

    Attributes:
        frames: Shape `(F, W, 54)`.
        view: Shape `(F, 3)`.
        view_from_camera: Rotations, shape `(F, 3, 3)`.
        is_known: Whether the person shows enough in the frame in question, `(F,)`.
    """

    frames: Float32Array
    view: Float32Array
    view_from_camera: FloatArray
    is_known: BoolArray


def resample(
    keypoints: Sequence[Keypoints2D], times: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return keypoints at other times: between two frames, their blend.

    Args:
        keypoints: COCO-17 in order of time.
        times: Any shape `S` [s].

    Returns:
        Pixels, shape `(*S, 17, 2)`, and scores `(*S, 17)`; 0 where unseen.
    """
    t = np.array([frame.t for frame in keypoints])
    xy = np.stack([frame.xy for frame in keypoints])
    score = np.stack([frame.score for frame in keypoints])
    score = np.where(score >= SEEN, score, 0.0)
    after = np.clip(np.searchsorted(t, times - 1e-6), 0, len(t) - 1)
    before = np.maximum(after - 1, 0)
    gap = t[after] - t[before]
    share = np.clip((times - t[before]) / np.where(gap > 0, gap, 1.0), 0.0, 1.0)
    share = np.where(gap > 0, share, 1.0)
    near_before = np.abs(times - t[before]) <= NEAREST
    near_after = np.abs(times - t[after]) <= NEAREST
    within = (gap <= MAX_GAP) & (times >= t[before] - 1e-6) & (times <= t[after] + 1e-6)
    seen_before, seen_after = score[before] > 0, score[after] > 0
    both = seen_before & seen_after & within[..., np.newaxis]
    weight = np.where(both, share[..., np.newaxis], 0.0)
    only_after = ~both & seen_after & near_after[..., np.newaxis]
    only_before = ~both & ~only_after & seen_before & near_before[..., np.newaxis]
    weight = np.where(only_after, 1.0, weight)
    known = both | only_after | only_before
    old, new = np.nan_to_num(xy[before]), np.nan_to_num(xy[after])
    blend = old + (new - old) * weight[..., np.newaxis]
    scores = score[before] + (score[after] - score[before]) * weight
    return blend, np.where(known, scores, 0.0)


def look(xy: FloatArray, score: FloatArray, camera: Camera) -> Features:
    """Return what the network wants to know about windows of keypoints.

    Args:
        xy: Shape `(F, W, 17, 2)` [px]; the frame in question is in the middle.
        score: 0 where unseen, shape `(F, W, 17)`.
        camera: That saw them.
    """
    middle = xy.shape[1] // 2
    rays = camera.rays(xy)
    axis = _middle_of(rays[:, middle], score[:, middle])
    is_known = (score[:, middle] > 0).sum(axis=1) >= MIN_SEEN
    axis = np.where(is_known[:, np.newaxis], axis, [0.0, 0.0, 1.0])
    up = camera.world_from_camera[2]
    view_from_camera = _upright(axis, up)
    turned = np.einsum("fij,fwkj->fwki", view_from_camera, rays)
    in_front = turned[..., 2] > MIN_AHEAD * np.linalg.norm(turned, axis=-1)
    points = turned[..., :2] / np.where(in_front, turned[..., 2], 1.0)[..., np.newaxis]
    score = np.where(in_front, score, 0.0)
    elevation = np.arcsin(np.clip(view_from_camera[:, 2] @ up, -1.0, 1.0))
    frames, view = features(points, score, elevation)
    return Features(frames, view, view_from_camera, is_known)


def features(
    points: FloatArray, score: FloatArray, elevation: FloatArray
) -> tuple[Float32Array, Float32Array]:
    """Return the network's inputs.

    Args:
        points: On the plane z = 1 of the view camera, shape `(F, W, 17, 2)`.
        score: 0 where unseen, shape `(F, W, 17)`.
        elevation: How far the view camera looks up, shape `(F,)` [rad].
    """
    seen = score > 0
    middle = _middle_of(points, score)
    about = (points - middle[..., np.newaxis, :]) * seen[..., np.newaxis]
    count = np.maximum(seen.sum(axis=(1, 2)), 1)
    size = np.sqrt((about**2).sum(axis=(1, 2, 3)) / count)
    size = np.maximum(size, 1e-3)[:, np.newaxis, np.newaxis]
    valid = seen.any(axis=-1)[..., np.newaxis]
    move = (middle - middle[:, [middle.shape[1] // 2]]) / size * valid
    flat = (*points.shape[:2], -1)
    frames = np.concatenate(
        [
            (about / size[..., np.newaxis]).reshape(flat),
            score,
            np.clip(move, -5.0, 5.0),
            valid,
        ],
        axis=2,
    )
    view = np.stack(
        [np.log(size[:, 0, 0]) + 2, np.sin(elevation), np.cos(elevation)], axis=1
    )
    return frames.astype(np.float32), view.astype(np.float32)


def _middle_of(points: FloatArray, score: FloatArray) -> FloatArray:
    """Return the mean of the trunk's points, or of all where none of those is seen."""
    seen = score > 0
    trunk = np.zeros(17, dtype=bool)
    trunk[TRUNK_ROWS] = True
    on_trunk = seen & trunk
    weight = np.where(on_trunk.any(axis=-1, keepdims=True), on_trunk, seen)
    count = np.maximum(weight.sum(axis=-1, keepdims=True), 1)
    mean: FloatArray = (points * weight[..., np.newaxis]).sum(axis=-2) / count
    return mean


def _upright(axis: FloatArray, up: FloatArray) -> FloatArray:
    """Return rotations that look along `axis` and keep `up` up, shape `(F, 3, 3)`."""
    ahead = unit(axis)
    right = unit(cross(np.broadcast_to(-up, ahead.shape), ahead))
    # A camera that looks straight down has no side that is up.
    right = np.where(np.isfinite(right), right, [1.0, 0.0, 0.0])
    return np.stack([right, cross(ahead, right), ahead], axis=1)
