# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures on disk, mapped into memory: written by the renderer, read in training."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from nano_sample import HEIGHT, NUM_KEYPOINTS, WIDTH, Sample
from vitpose_blender.core.layouts import COCO17

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
LABELS = NUM_KEYPOINTS * 3 + 4  # x, y, height of each; the box.
_MIRRORED = np.arange(NUM_KEYPOINTS)
for _left, _right in COCO17.flip_pairs:
    _MIRRORED[[_left, _right]] = _right, _left


def write_shard(path: Path, samples: list[Sample]) -> None:
    """Write pictures and labels as `<path>.pictures.npy` and `<path>.labels.npy`."""
    pictures = np.stack([sample.picture for sample in samples])
    labels = np.stack([_row(sample) for sample in samples])
    np.save(path.with_suffix(".pictures.npy"), pictures)
    # Readers look for labels, so these come last, and at once.
    fresh = path.with_suffix(".new.npy")
    np.save(fresh, labels)
    fresh.replace(path.with_suffix(".labels.npy"))


def _row(sample: Sample) -> Floats:
    points = np.concatenate([sample.keypoints, sample.heights[:, None]], axis=1)
    row: Floats = np.concatenate([points.ravel(), sample.box]).astype(np.float32)
    return row


def unpack(labels: Floats) -> tuple[Floats, Floats, Floats]:
    """Return keypoints `(..., 17, 2)` [px], heights `(..., 17)`, boxes `(..., 4)`."""
    points = labels[..., :-4].reshape(*labels.shape[:-1], NUM_KEYPOINTS, 3)
    return points[..., :2], points[..., 2], labels[..., -4:]


class Shards:
    """All pictures of a folder, those included that are still to come.

    Args:
        folder: Where shards are.
        seed: Of the order and of how pictures are varied.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._rng = np.random.default_rng(seed)
        self._pictures: dict[str, list[Bytes]] = {}
        self._labels: dict[str, list[Floats]] = {}
        self._seen: set[Path] = set()

    def refresh(self) -> dict[str, int]:
        """Look for new shards; return how many pictures of each kind there are."""
        for path in sorted(self._folder.glob("*.labels.npy")):
            if path in self._seen:
                continue
            self._seen.add(path)
            kind = path.name.split("_")[0]
            pictures = path.with_name(path.name.replace("labels", "pictures"))
            self._labels.setdefault(kind, []).append(np.load(path))
            self._pictures.setdefault(kind, []).append(np.load(pictures, mmap_mode="r"))
        return {k: sum(map(len, shards)) for k, shards in self._labels.items()}

    def draw(
        self, size: int, shape: tuple[int, int], shares: dict[str, float], calm: float
    ) -> tuple[Bytes, Floats, Floats]:
        """Return random pictures, varied.

        Args:
            size: How many.
            shape: Their height and width [px].
            shares: How many of each kind [1].
            calm: 0 for the strongest variation, 1 for hardly any.

        Returns:
            Pictures `(size, H, W, 3)`, keypoints `(size, 17, 2)` as shares of the
            picture, and heights `(size, 17)`.
        """
        pictures = np.empty((size, *shape, 3), dtype=np.uint8)
        keypoints = np.empty((size, NUM_KEYPOINTS, 2), dtype=np.float32)
        heights = np.empty((size, NUM_KEYPOINTS), dtype=np.float32)
        kinds = [k for k in shares if k in self._labels]
        share = np.array([shares[k] for k in kinds])
        chosen = self._rng.choice(len(kinds), size=size, p=share / share.sum())
        for row, number in enumerate(chosen):
            kind = kinds[number]
            shard = self._rng.integers(len(self._labels[kind]))
            item = self._rng.integers(len(self._labels[kind][shard]))
            picture = self._pictures[kind][shard][item]
            xy, height, _ = unpack(self._labels[kind][shard][item])
            strong = 1.0 if kind == "render" else 1.5
            pictures[row], keypoints[row], heights[row] = self._varied(
                picture, xy, height, shape, strong * (1 - calm)
            )
        return pictures, keypoints, heights

    def _varied(
        self,
        picture: Bytes,
        xy: Floats,
        heights: Floats,
        shape: tuple[int, int],
        strength: float,
    ) -> tuple[Bytes, Floats, Floats]:
        rng = self._rng
        mirrored = rng.random() < 0.5
        matrix = self._matrix(shape, strength, mirrored)
        small = picture
        if shape[0] <= HEIGHT // 2:
            half = (WIDTH // 2, HEIGHT // 2)
            small = cv2.resize(picture, half, interpolation=cv2.INTER_AREA)
            lifted = np.array([[2, 0, 0.5], [0, 2, 0.5], [0, 0, 1]])
        else:
            lifted = np.eye(3)
        varied = cv2.warpAffine(small, (matrix @ lifted)[:2], shape[::-1])
        places = xy @ matrix[:2, :2].T + matrix[:2, 2]
        places = (places / [shape[1] - 1, shape[0] - 1]).astype(np.float32)
        outside = ((places < 0) | (places > 1)).any(axis=1)
        heights = np.where(outside & np.isfinite(heights), 0, heights)
        if mirrored:
            places, heights = places[_MIRRORED], heights[_MIRRORED]
        if rng.random() < 0.8:
            varied = self._tinted(varied, strength)
        return varied, places, heights.astype(np.float32)

    def _matrix(
        self, shape: tuple[int, int], strength: float, mirrored: bool
    ) -> npt.NDArray[np.float64]:
        """Return the matrix from a stored picture to a varied one."""
        rng = self._rng
        scale = np.exp(rng.normal(0, 0.13) * strength)
        turn = rng.normal(0, 0.22) * strength if rng.random() < 0.6 else 0.0
        move = rng.normal(0, 0.04, 2) * strength * [WIDTH, HEIGHT]
        c, s = np.cos(turn) * scale, np.sin(turn) * scale
        middle = np.array([WIDTH - 1, HEIGHT - 1]) / 2
        about = np.array([[c, -s], [s, c]])
        if mirrored:
            about[:, 0] *= -1
        matrix = np.eye(3)
        matrix[:2, :2] = about
        matrix[:2, 2] = middle + move - about @ middle
        fit = np.array([(shape[1] - 1) / (WIDTH - 1), (shape[0] - 1) / (HEIGHT - 1), 1])
        result: npt.NDArray[np.float64] = np.diag(fit) @ matrix
        return result

    def _tinted(self, picture: Bytes, strength: float) -> Bytes:
        rng = self._rng
        gain = np.exp(rng.normal(0, 0.2 * strength) + rng.normal(0, 0.08, 3) * strength)
        level = np.arange(256)[None, :, None]
        curve = np.clip(
            (level - 128) * gain + 128 + rng.normal(0, 16) * strength, 0, 255
        )
        tinted: Bytes = cv2.LUT(picture, curve.astype(np.uint8))
        if rng.random() < 0.15:
            gray = cv2.cvtColor(tinted, cv2.COLOR_RGB2GRAY)
            tinted = cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB)
        return tinted


def read_samples(path: Path) -> list[Sample]:
    """Return the pictures that `write_shard` wrote."""
    pictures = np.load(path.with_suffix(".pictures.npy"))
    labels = np.load(path.with_suffix(".labels.npy"))
    return [Sample(p, *unpack(row)) for p, row in zip(pictures, labels)]
