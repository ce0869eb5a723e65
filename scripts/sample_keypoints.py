# SPDX-License-Identifier: GPL-3.0-or-later
"""What a keypoint detector would say about the sample clip: truth plus its errors.

It stands in for a model where no weights are at hand. The sizes of the errors follow
what COCO calls the keypoints' standard deviations: hips are vaguer than eyes.
"""

from typing import Any

import numpy as np

from mannequin_tube import Array
from vitpose_blender.core.layouts import COCO17

# Of a keypoint, relative to the square root of the person's area (cocodataset.org,
# keypoint evaluation); a good detector errs by a fraction of it.
COCO_SIGMAS = np.array(
    [.026, .025, .025, .035, .035, .079, .079, .072, .072, .062, .062,
     .107, .107, .087, .087, .089, .089]
)  # fmt: skip
ERROR = 0.22  # Of a COCO sigma.
MEMORY = 0.7  # How much of its error a detector repeats in the next frame.
FACE = 5  # The first rows.


def simulate_detector(xy: Array, visible: Array, seed: int = 2) -> tuple[Array, Array]:
    """Return noisy keypoints and their scores.

    Args:
        xy: True keypoints, shape `(F, 17, 2)` [px].
        visible: Whether each lies in the picture, shape `(F, 17)`.
        seed: Of the errors.

    Returns:
        Keypoints, shape `(F, 17, 2)` [px], and scores in [0, 1], shape `(F, 17)`.
        What is out of the picture is clamped to it with a low score, as a detector
        does whose answer always lies in its crop.
    """
    rng = np.random.default_rng(seed)
    num_frames = len(xy)
    extent = np.ptp(xy, axis=1)
    # A person's outline fills about half of the box around the joints.
    size = np.sqrt(0.53 * extent.prod(axis=-1).clip(1.0))
    size = np.maximum(size, 0.35 * extent.max(axis=-1))
    spread = ERROR * COCO_SIGMAS * size[:, np.newaxis]
    hidden = _hidden_ears(xy)
    spread = spread * np.where(hidden, 2.0, 1.0)
    error = np.zeros((num_frames, 17, 2))
    fresh = np.sqrt(1.0 - MEMORY**2) * rng.normal(size=error.shape)
    error[0] = fresh[0] / np.sqrt(1.0 - MEMORY**2)
    for frame in range(1, num_frames):
        error[frame] = MEMORY * error[frame - 1] + fresh[frame]
    noisy = xy + error * spread[..., np.newaxis]
    score = (
        0.93 - 0.05 * np.abs(error).mean(axis=-1) + rng.normal(0, 0.015, xy.shape[:2])
    )
    score -= np.where(hidden, 0.25, 0.0)
    score = np.where(visible, score, 0.12 + 0.05 * rng.random(xy.shape[:2]))
    return noisy, np.clip(score, 0.02, 0.99)


def _hidden_ears(xy: Array) -> Array:
    """Say which points of the face the head itself hides, by how they overlap."""
    hidden = np.zeros(xy.shape[:2], dtype=bool)
    nose, ears = xy[:, 0, 0], xy[:, 3:5, 0]
    width = np.ptp(xy[:, :FACE, 0], axis=1)
    # Seen from the side, the far ear lies between the near ear and the nose.
    for ear in (0, 1):
        other = 1 - ear
        between = (ears[:, ear] - nose) * (ears[:, ear] - ears[:, other]) < 0
        hidden[:, 3 + ear] = between & (width > 0)
    # From behind, the left ear lies to the left of the right one.
    hidden[:, :3] |= (ears[:, 0] < ears[:, 1])[:, np.newaxis]
    return hidden


def coco_json(
    xy: Array, score: Array, image_wh: tuple[int, int], fps: float
) -> dict[str, Any]:
    """Return keypoints as COCO's JSON, with the pictures' sizes and times.

    Frames in which hardly anything is seen have a picture but no annotation.
    """
    width, height = image_wh
    images = [
        {
            "id": frame,
            "file_name": f"sample_{frame:04d}.png",
            "width": width,
            "height": height,
            "frame_index": frame,
            "t": round(frame / fps, 6),
        }
        for frame in range(len(xy))
    ]
    annotations = [
        _annotation(frame, xy[frame], score[frame])
        for frame in range(len(xy))
        if (score[frame] > 0.3).sum() >= 4
    ]
    return {
        "info": {
            "description": "Simulated detector on sample.mp4: truth plus noise",
            "fps": fps,
            "width": width,
            "height": height,
            "video": "sample.mp4",
        },
        "images": images,
        "categories": [{"id": 1, "name": "person", "keypoints": list(COCO17.names)}],
        "annotations": annotations,
    }


def _annotation(frame: int, xy: Array, score: Array) -> dict[str, Any]:
    rows = np.column_stack([np.round(xy, 2), np.round(score, 3)])
    low, high = xy[score > 0.3].min(axis=0), xy[score > 0.3].max(axis=0)
    return {
        "id": frame,
        "image_id": frame,
        "category_id": 1,
        "keypoints": rows.ravel().tolist(),
        "num_keypoints": int((score > 0.3).sum()),
        "bbox": np.round([*low, *(high - low)], 1).tolist(),
        "score": round(float(score.mean()), 3),
    }
