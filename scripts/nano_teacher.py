# SPDX-License-Identifier: GPL-3.0-or-later
"""Two small teachers (Apache-2.0) that label frames: MoveNet and BlazePose.

Only where both agree is a keypoint known. They serve to label training frames and as
a yardstick; the product does not use them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from vitpose_blender.core.errors import SourceError

Array = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]
SEEN = 0.3  # MoveNet's score from which a keypoint counts [1].
CONFIDENT = 0.5  # And from which it is fit to test with [1].
AGREEMENT = 0.08  # How far the two may differ, in sizes of the box [1].
# Rows of BlazePose's 39 landmarks in the order of COCO-17.
_BLAZE = [0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28]


@dataclass(frozen=True, eq=False)
class Taught:
    """A person that the teachers found.

    Attributes:
        xy: COCO-17, `(17, 2)` [px].
        score: MoveNet's, `(17,)`; 0 where the two disagree.
        box: `xyxy` [px].
    """

    xy: Array
    score: Array
    box: Array


class Teacher:
    """Finds people with YOLOX and their keypoints with both teachers."""

    def __init__(self, shared: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        from bench_detector import Yolox

        folder = shared / "data" / "models"
        if not folder.is_dir():
            raise SourceError(f"There are no teachers in {folder}: give --shared")
        self._yolox = Yolox(folder / "yolox_nano.onnx")
        self._movenet, self._blaze = (
            Interpreter(str(folder / f"{name}.tflite"), num_threads=1)
            for name in (
                "movenet_single_pose_lightning_ptq",
                "blazepose_pose_landmark_lite",
            )
        )
        for interpreter in (self._movenet, self._blaze):
            interpreter.allocate_tensors()

    def people(self, image: Bytes) -> list[Taught]:
        """Return the people of a BGR picture."""
        return [self.look(image, box) for box in self._yolox.boxes(image, 0.5)]

    def look(self, image: Bytes, box: Array) -> Taught:
        """Return the keypoints of the person in a box."""
        xy, score = self._movenet_at(image, _square(box, 1.35))
        for _ in range(1):  # A second look, at where the first found the person.
            sure = xy[score > SEEN]
            if len(sure) > 8:
                near = np.concatenate([sure.min(axis=0), sure.max(axis=0)])
                joined = np.concatenate(
                    [np.minimum(near[:2], box[:2]), np.maximum(near[2:], box[2:])]
                )
                xy, score = self._movenet_at(image, _square(joined, 1.35))
        other, presence = self._blaze_at(image, _square(box, 1.35))
        apart = np.linalg.norm(xy - other, axis=1) / (box[2:] - box[:2]).max()
        agreed = (apart < AGREEMENT) & (presence > 0.3)
        return Taught(xy, np.where(agreed, score, 0.0), np.asarray(box))

    def _movenet_at(self, image: Bytes, square: Array) -> tuple[Array, Array]:
        picture = _cut(image, square, 192)[None]
        detail = self._movenet.get_input_details()[0]
        self._movenet.set_tensor(detail["index"], picture)
        self._movenet.invoke()
        output = self._movenet.get_output_details()[0]["index"]
        found = self._movenet.get_tensor(output)[0, 0].astype(np.float64)
        side = square[2] - square[0]
        return found[:, [1, 0]] * side + square[:2], found[:, 2]

    def _blaze_at(self, image: Bytes, square: Array) -> tuple[Array, Array]:
        picture = _cut(image, square, 256)[None].astype(np.float32) / 255
        detail = self._blaze.get_input_details()[0]
        self._blaze.set_tensor(detail["index"], picture)
        self._blaze.invoke()
        output = self._blaze.get_output_details()[0]["index"]
        found = self._blaze.get_tensor(output).reshape(39, 5)[_BLAZE].astype(np.float64)
        side = square[2] - square[0]
        return found[:, :2] / 256 * side + square[:2], 1 / (1 + np.exp(-found[:, 4]))


def frames(path: Path, step: int) -> Iterator[tuple[int, Bytes]]:
    """Yield every `step`-th frame of a video with its number, BGR."""
    capture = cv2.VideoCapture(str(path))
    number = 0
    while capture.grab():
        if number % step == 0:
            yield number, capture.retrieve()[1]
        number += 1
    capture.release()


def _square(box: Array, scale: float) -> Array:
    middle, side = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]).max() * scale
    square: Array = np.concatenate([middle - side / 2, middle + side / 2])
    return square


def _cut(image: Bytes, square: Array, size: int) -> Bytes:
    """Return a square of a BGR picture as RGB, black beyond its edge."""
    scale = size / (square[2] - square[0])
    matrix = np.array([[scale, 0, -square[0] * scale], [0, scale, -square[1] * scale]])
    flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    cut: Bytes = cv2.warpAffine(image, matrix, (size, size), flags=flags)[..., ::-1]
    return np.ascontiguousarray(cut)
