# SPDX-License-Identifier: GPL-3.0-or-later
"""The learned lifter's network, run by numpy alone: Blender needs no torch to lift."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from ..core.errors import WeightsError
from ..core.layouts import CANONICAL, COCO17, Layout
from .safetensors_file import Float32Array, read_safetensors

NUM_JOINTS = len(CANONICAL)
NUM_KEYPOINTS = len(COCO17)
FRAME_LAYERS = 2  # Those that read each frame by itself; then one joins them.
FEW = 4  # Rows that are multiplied one by one.


def _swapped(layout: Layout) -> list[int]:
    """Return the row of the other side's twin for each row."""
    rows = list(range(len(layout)))
    for left, right in layout.flip_pairs:
        rows[left], rows[right] = right, left
    return rows


_MIRROR = np.array([-1, 1, 1], dtype=np.float32)
_SWAPPED, _SWAPPED_2D = _swapped(CANONICAL), _swapped(COCO17)


@dataclass(frozen=True, eq=False)
class Lifted:
    """What the network says about `F` windows, in their view cameras.

    Attributes:
        joints: Of a 1.7 m person about the pelvis, shape `(F, 28, 3)` [m].
        error: Expected for each joint, shape `(F, 28)` [m].
        contact: Chance that left heel, left toe, right heel and right toe stand,
            shape `(F, 4)`.
        log_depth: Logarithm of the pelvis' distance along the view axis plus the
            first number of `view`, shape `(F,)`.
    """

    joints: Float32Array
    error: Float32Array
    contact: Float32Array
    log_depth: Float32Array


class LiftNetwork:
    """Layers of plain matrices with rectifiers between them.

    Args:
        layers: Weights `(inputs, outputs)` and biases, the last without rectifier.
        offsets: Frames of a window from the one in question, at 30 Hz.
    """

    def __init__(
        self,
        layers: list[tuple[Float32Array, Float32Array]],
        offsets: tuple[int, ...],
    ) -> None:
        self._frame = layers[:FRAME_LAYERS]
        self._join = layers[FRAME_LAYERS]
        self._blocks = layers[FRAME_LAYERS + 1 : -1]
        self._out = layers[-1]
        self.offsets = offsets

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return the network whose weights are in a safetensors file.

        Raises:
            WeightsError: The file is missing or is not of this network.
        """
        try:
            tensors, metadata = read_safetensors(path)
            names = [n for n in tensors if n.endswith(".weight")]
            names.sort(key=lambda n: (n.startswith("out"), len(n), n))
            layers = [
                (tensors[n], tensors[n.replace(".weight", ".bias")]) for n in names
            ]
            return cls(layers, tuple(json.loads(metadata["offsets"])))
        except (OSError, KeyError, ValueError) as error:
            raise WeightsError(
                f"The lifter's weights {path} cannot be read ({error}): "
                "install ViTPose again"
            ) from error

    def run(self, frames: Float32Array, view: Float32Array) -> Lifted:
        """Return poses: the mean of what is seen and of its mirror image.

        Args:
            frames: Of `lift_features.Features`, shape `(F, W, 54)`.
            view: Likewise, shape `(F, 3)`.
        """
        count = len(frames)
        both = self.run_once(
            np.concatenate([frames, _mirrored(frames)]), np.concatenate([view, view])
        )
        plain, mirror = slice(None, count), slice(count, None)
        joints = both.joints[mirror][:, _SWAPPED] * _MIRROR
        # Where the two differ, that is a doubt more.
        apart = np.linalg.norm(both.joints[plain] - joints, axis=-1) / 2
        error = (both.error[plain] + both.error[mirror][:, _SWAPPED]) / 2
        return Lifted(
            (both.joints[plain] + joints) / 2,
            np.hypot(error, apart),
            (both.contact[plain] + both.contact[mirror][:, [2, 3, 0, 1]]) / 2,
            (both.log_depth[plain] + both.log_depth[mirror]) / 2,
        )

    def run_once(self, frames: Float32Array, view: Float32Array) -> Lifted:
        """Return poses of windows as they are; see `run`."""
        count, num_frames = frames.shape[:2]
        codes = frames.reshape(count * num_frames, -1)
        for layer in self._frame:
            codes = _rectified(codes, layer)
        now = frames[:, num_frames // 2]
        joined = np.concatenate([codes.reshape(count, -1), now, view], axis=1)
        hidden = _rectified(joined, self._join)
        for first, second in zip(self._blocks[::2], self._blocks[1::2]):
            hidden = hidden + _rectified(_rectified(hidden, first), second)
        out = _product(hidden, self._out[0]) + self._out[1]
        spread = out[:, 3 * NUM_JOINTS : 4 * NUM_JOINTS]
        return Lifted(
            out[:, : 3 * NUM_JOINTS].reshape(count, NUM_JOINTS, 3),
            np.exp(np.clip(spread, -6.0, 2.0)),
            1.0 / (1.0 + np.exp(-np.clip(out[:, -5:-1], -30.0, 30.0))),
            out[:, -1],
        )


def _mirrored(frames: Float32Array) -> Float32Array:
    """Return the features of the mirrored picture."""
    shape = (*frames.shape[:2], NUM_KEYPOINTS, 2)
    points = frames[..., : 2 * NUM_KEYPOINTS].reshape(shape)
    points = points[:, :, _SWAPPED_2D] * _MIRROR[:2]
    score = frames[..., 2 * NUM_KEYPOINTS : 3 * NUM_KEYPOINTS][..., _SWAPPED_2D]
    rest = frames[..., 3 * NUM_KEYPOINTS :] * _MIRROR  # x, y, valid
    flat = points.reshape(*frames.shape[:2], -1)
    return np.concatenate([flat, score, rest], axis=-1)


def _rectified(
    values: Float32Array, layer: tuple[Float32Array, Float32Array]
) -> Float32Array:
    result: Float32Array = np.maximum(_product(values, layer[0]) + layer[1], 0.0)
    return result


def _product(values: Float32Array, weights: Float32Array) -> Float32Array:
    """Return `values @ weights`; few rows one by one, which BLAS does far sooner."""
    if len(values) > FEW:
        return values @ weights
    return np.stack([row @ weights for row in values])
