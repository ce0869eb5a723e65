# SPDX-License-Identifier: GPL-3.0-or-later
"""From boxes of a frame to the model's input, and from its heatmaps back.

A *region* is the part of the frame that fills the model's input, as `xyxy`. Its
corners are the centres of the corner pixels of the input and of the heatmap alike,
so neither resolution shifts a keypoint (Huang et al., The Devil is in the Details:
Unbiased Data Processing, CVPR 2020).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..core.types import FloatArray, ImageArray

_RGB = np.array([2, 1, 0])  # Where a BGR pixel keeps them.
_BLOCK = 32  # Rows mixed at once: more would need memory fetched anew each time.
PADDING = 1.25  # Size of a region relative to its box, as in ViTPose's training.


def padded_regions(xyxy: FloatArray, input_wh: tuple[int, int]) -> FloatArray:
    """Return the regions that the model looks at for the given boxes.

    A box is grown about its centre to the aspect of the input, then padded.

    Args:
        xyxy: Boxes, shape `(N, 4)` [px].
        input_wh: Width and height of the model's input [px].

    Returns:
        Regions, shape `(N, 4)` [px]; NaN where a box is unknown, inside out or a point.
    """
    corners = np.array(xyxy, dtype=np.float64).reshape(-1, 2, 2)
    corners[~np.isfinite(corners).all(axis=(1, 2))] = np.nan
    center, box_wh = corners.mean(axis=1), corners[:, 1] - corners[:, 0]
    is_box = (box_wh >= 0).all(axis=1) & (box_wh > 0).any(axis=1)
    aspect = input_wh[0] / input_wh[1]
    width = np.maximum(box_wh[:, 0], box_wh[:, 1] * aspect)
    half_wh = np.stack([width, width / aspect], axis=1) * (PADDING / 2)
    half_wh[~is_box] = np.nan
    regions: FloatArray = np.concatenate([center - half_wh, center + half_wh], axis=1)
    return regions


def crop_people(
    image: ImageArray, regions: FloatArray, input_wh: tuple[int, int]
) -> ImageArray:
    """Cut regions out of a frame and bring each to the model's input size.

    Args:
        image: BGR pixels, shape `(H, W, 3)`.
        regions: Shape `(N, 4)` [px]; a region of NaN gives a black crop.
        input_wh: Width and height of the model's input [px].

    Returns:
        RGB pixels, shape `(N, input height, input width, 3)`; black outside the frame.
    """
    width, height = input_wh
    crops = np.zeros((len(regions), height, width, 3), dtype=np.uint8)
    for crop, region in zip(crops, regions):
        if np.isfinite(region).all():
            columns = _taps(region[0], region[2], width, image.shape[1])
            rows = _taps(region[1], region[3], height, image.shape[0])
            crop[...] = _resampled(image, rows, columns)
    return crops


def points_in_image(
    xy_heatmap: FloatArray, regions: FloatArray, heatmap_wh: tuple[int, int]
) -> FloatArray:
    """Bring points of heatmaps to the frame.

    Args:
        xy_heatmap: Shape `(N, K, 2)` [heatmap px].
        regions: Shape `(N, 4)` [px].
        heatmap_wh: Width and height of the heatmaps.

    Returns:
        The same points in the frame, shape `(N, K, 2)` [px]; NaN stays NaN.
    """
    left_top, right_bottom = regions[:, np.newaxis, :2], regions[:, np.newaxis, 2:]
    px_per_step = (right_bottom - left_top) / (np.asarray(heatmap_wh) - 1)
    return np.asarray(left_top + xy_heatmap * px_per_step)


@dataclass(frozen=True, eq=False, slots=True)
class _Taps:
    """Which two lines of the frame make each line of a crop, and in which share."""

    near: npt.NDArray[np.intp]
    far: npt.NDArray[np.intp]
    share_of_far: npt.NDArray[np.float32]
    is_outside: npt.NDArray[np.bool_]


def _taps(first: float, last: float, num_lines: int, frame_length: int) -> _Taps:
    source = np.linspace(first, last, num_lines)
    end = frame_length - 1
    inside = np.clip(source, 0, end)
    near = np.minimum(np.floor(inside), max(end - 1, 0)).astype(np.intp)
    return _Taps(
        near,
        np.minimum(near + 1, end),
        (inside - near).astype(np.float32),
        inside != source,
    )


def _resampled(image: ImageArray, rows: _Taps, columns: _Taps) -> ImageArray:
    """Interpolate linearly between the pixels of a BGR frame, exactly, into RGB.

    `cv2.warpAffine` before OpenCV 5 rounds source positions to 1/32 px, which moved
    keypoints by up to 0.4 px. A region is never turned, so its few rows and columns
    can be mixed one axis after the other.
    """
    left, right = int(columns.near.min()), int(columns.far.max()) + 1
    part = image[:, left:right]
    near, far = (
        ((column[:, np.newaxis] - left) * 3 + _RGB).ravel()
        for column in (columns.near, columns.far)
    )
    across = np.repeat(columns.share_of_far, 3)
    crop = np.empty((len(rows.near), len(across)), dtype=np.uint8)
    for start in range(0, len(crop), _BLOCK):
        block = slice(start, start + _BLOCK)
        upper, lower = (
            _mix(lines.take(near, axis=1), lines.take(far, axis=1), across)
            for lines in (_flat(part[row[block]]) for row in (rows.near, rows.far))
        )
        mixed = _mix(upper, lower, rows.share_of_far[block, np.newaxis])
        crop[block] = mixed + np.float32(0.5)
    pixels = crop.reshape(len(crop), -1, 3)
    pixels[rows.is_outside] = 0
    pixels[:, columns.is_outside] = 0
    return pixels


def _flat(lines: ImageArray) -> ImageArray:
    return lines.reshape(len(lines), -1)


def _mix(
    near: ImageArray | npt.NDArray[np.float32],
    far: ImageArray | npt.NDArray[np.float32],
    share_of_far: npt.NDArray[np.float32],
) -> npt.NDArray[np.float32]:
    mixed = near.astype(np.float32)
    difference = far - mixed
    difference *= share_of_far
    mixed += difference
    return mixed
