# SPDX-License-Identifier: GPL-3.0-or-later
"""Real frames to learn from and to test on, cut as a ViTPose sees them.

Learnt from: cameras 1 to 3 of `two_people` with the triangulated joints of the man,
and what two teachers agree on in free footage. Tested on only: camera 4, the other
person of that set, `sports2d_4` and `sports2d_5`.
"""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from nano_sample import HEIGHT, WIDTH, Sample
from nano_shards import write_shard
from nano_teacher import CONFIDENT, SEEN, Bytes, Taught, Teacher, frames
from vitpose_blender.core.layouts import COCO17
from vitpose_blender.inference.crop import crop_people, padded_regions

TEST_CAMERA = 3  # Counted from 0.
# Footage, and every how manieth frame of it is looked at.
TAUGHT = (
    ("footage/video/sports2d_1.mp4", 2),
    ("footage/video/sports2d_2.mp4", 2),
    *((f"multiview/pose2sim/single_static/videos/cam0{n}.mp4", 2) for n in (1, 2, 3)),
)
IMAGES = tuple(
    f"footage/images/coral_{name}"
    for name in ("squat.bmp", "test_couple.jpg", "grace_hopper.bmp")
)
CUTS = 4  # Of each person, with boxes a little different.
_MARKERS = {
    COCO17.index[f"{side}_{name}"]: f"{side[0].upper()}{name.title()}"
    for side in ("left", "right")
    for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
} | {0: "Nose"}


def write_real_shards(shared: Path, folder: Path, seed: int) -> int:
    """Write the real frames to learn from; return how many."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    samples = []
    for image, taught in _training_people(shared):
        for _ in range(CUTS):
            samples.append(cut(image, taught, rng))
    write_shard(folder / "real_0000", samples)
    return len(samples)


def _training_people(shared: Path) -> Iterator[tuple[Bytes, Taught]]:
    for camera in range(TEST_CAMERA):
        yield from two_people(shared, camera, 2)
    yield from _taught_people(shared)


def _taught_people(shared: Path) -> Iterator[tuple[Bytes, Taught]]:
    teacher, data = Teacher(shared), shared / "data"
    for name, step in TAUGHT:
        for _, image in frames(data / name, step):
            for taught in teacher.people(image):
                if (taught.score > SEEN).sum() >= 8:
                    yield image, taught
    for name in IMAGES:
        image = cv2.imread(str(data / name))
        people = [t for t in teacher.people(image) if (t.score > SEEN).sum() >= 5]
        for taught in people * 8:  # There is but one frame of these.
            yield image, taught


def two_people(shared: Path, camera: int, step: int) -> Iterator[tuple[Bytes, Taught]]:
    """Yield frames of a camera with the man's triangulated joints."""
    folder = shared / "data" / "multiview" / "pose2sim" / "two_people"
    with np.load(folder / "derived.npz", allow_pickle=True) as file:
        data = {name: file[name] for name in file.files}
    markers = [str(name) for name in data["markers"]]
    for number, image in frames(folder / f"videos_HEAD/cam0{camera + 1}.mp4", step):
        world = data["trc_filt_P2"][number][:, [2, 0, 1]]
        lens = (data[name][camera] for name in ("rvec", "tvec", "K", "dist"))
        flat = cv2.projectPoints(world, *lens)[0][:, 0]
        xy, score = np.zeros((17, 2)), np.zeros(17)
        for row, name in _MARKERS.items():
            xy[row], score[row] = flat[markers.index(name)], 1.0
        low, high = flat.min(axis=0), flat.max(axis=0)
        margin = 0.06 * (high - low)
        box = np.concatenate([low - margin, high + margin])
        yield image, Taught(xy, score, box)


def cut(image: Bytes, taught: Taught, rng: np.random.Generator | None) -> Sample:
    """Return a person's crop; with `rng` the box is a little off, as a detector's."""
    box = taught.box.astype(np.float64)
    box[:2] = np.maximum(box[:2], 0)
    box[2:] = np.minimum(box[2:], [image.shape[1] - 1, image.shape[0] - 1])
    if rng is not None:
        wh = box[2:] - box[:2]
        middle = (box[:2] + box[2:]) / 2 + rng.normal(0, 0.04, 2) * wh
        wh = wh * np.exp(rng.normal(0.03, 0.09, 2))
        box = np.concatenate([middle - wh / 2, middle + wh / 2])
    region = padded_regions(box[None], (WIDTH, HEIGHT))
    picture = crop_people(image, region, (WIDTH, HEIGHT))[0]
    scale = np.array([WIDTH - 1, HEIGHT - 1]) / (region[0, 2:] - region[0, :2])
    keypoints = (taught.xy - region[0, :2]) * scale
    corners = ((box.reshape(2, 2) - region[0, :2]) * scale).ravel()
    heights = np.where(taught.score > SEEN, 1.0, np.nan)
    return Sample(
        picture,
        keypoints.astype(np.float32),
        heights.astype(np.float32),
        corners.astype(np.float32),
    )


def confident(taught: Taught) -> bool:
    """Return whether the teachers are sure enough of a person to test with it."""
    return int((taught.score > CONFIDENT).sum()) >= 10


def taught_video(shared: Path, name: str, step: int) -> Iterator[tuple[Bytes, Taught]]:
    """Yield the people of a test video of whom the teachers are sure."""
    teacher = Teacher(shared)
    for _, image in frames(shared / "data" / "footage" / "video" / name, step):
        for taught in teacher.people(image):
            if confident(taught):
                yield image, taught
