# SPDX-License-Identifier: GPL-3.0-or-later
"""Made-up recordings of people who wave, in the formats that others write."""

import json
from pathlib import Path

import numpy as np

from vitpose_blender.core.layouts import COCO17
from vitpose_blender.core.types import FloatArray

FPS, SIZE = 30, "640x480"

# Somebody who faces the camera, the middle of the hips at (0, 0) [px].
STANDING = np.array(
    [
        (0, -170), (7, -177), (-7, -177), (14, -173), (-14, -173),
        (38, -128), (-38, -128), (60, -75), (-60, -75), (75, -25), (-75, -25),
        (22, 0), (-22, 0), (24, 90), (-24, 90), (25, 170), (-25, 170),
    ],
    dtype=np.float64,
)  # fmt: skip
_ARM = COCO17.rows_of(["left_elbow", "left_wrist"])
_SHOULDER = COCO17.index["left_shoulder"]


def waving(num_frames: int, middle: tuple[float, float] = (320, 260)) -> FloatArray:
    """Return pixels of somebody whose left arm swings once a second, `(F, 17, 2)`."""
    xy = np.tile(STANDING, (num_frames, 1, 1))
    for frame in range(num_frames):
        angle = 0.6 * np.sin(2 * np.pi * frame / FPS)
        turn = np.array(
            [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        )
        arm = STANDING[_ARM] - STANDING[_SHOULDER]
        xy[frame, _ARM] = STANDING[_SHOULDER] + arm @ turn.T
    return xy + middle


def write_coco(path: Path, *people: FloatArray) -> Path:
    """Write COCO results of people, each `(F, 17, 2)`."""
    entries = [
        {
            "image_id": frame,
            "category_id": 1,
            "keypoints": np.column_stack([xy[frame], np.ones(17)]).ravel().tolist(),
            "score": 0.9,
        }
        for xy in people
        for frame in range(len(xy))
    ]
    path.write_text(json.dumps(entries))
    return path


def write_openpose(folder: Path, people: FloatArray) -> Path:
    """Write a folder as OpenPose does.

    Args:
        folder: Made if it is not there.
        people: x, y and score, shape `(F, N, 25, 3)`; NaN where unseen.
    """
    folder.mkdir(exist_ok=True)
    for number, frame in enumerate(np.nan_to_num(people)):
        found = [
            {"person_id": [-1], "pose_keypoints_2d": person.ravel().tolist()}
            for person in frame
            if person.any()
        ]
        path = folder / f"clip_{number:012d}_keypoints.json"
        path.write_text(json.dumps({"version": 1.3, "people": found}))
    return folder
