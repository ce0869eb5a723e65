# SPDX-License-Identifier: GPL-3.0-or-later
"""What `evaluate.py` measures on: real footage with a known answer, and simulated.

Both need the shared data folder. Positions are in the camera's frame, metres.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vitpose_blender.core.camera_model import Camera
from vitpose_blender.core.layouts import CANONICAL
from vitpose_blender.core.skeleton_fit import FEET
from vitpose_blender.core.types import FloatArray, Keypoints2D

HELD_OUT_SUBJECTS = ("s09", "s10")  # Of UI-PRMD; no prior of ours has seen them.
HELD_OUT_SOURCES = ("cmu_iclone", "deepmimic", "vircadia", "rocketbox")
CAMERA_FROM_MOCAP = np.diag([1.0, -1.0, -1.0])  # Mocap has y up.

_MARKERS = {
    row: f"{side}{part}"
    for part, first in (
        ("Shoulder", 5), ("Elbow", 7), ("Wrist", 9),
        ("Hip", 11), ("Knee", 13), ("Ankle", 15),
    )
    for row, side in ((first, "L"), (first + 1, "R"))
}  # fmt: skip
_FEET = {"left": ("LHeel", "LBigToe"), "right": ("RHeel", "RBigToe")}


@dataclass(frozen=True, eq=False)
class Case:
    """One person in front of one camera.

    Attributes:
        group: What it is averaged with.
        name: Of the clip or camera.
        keypoints: What a detector saw.
        camera: The ideal camera that explains them.
        truth: COCO-17 joints, shape `(F, 17, 3)` [m]; NaN where not measured.
        feet: True places of `skeleton_fit.FEET`, shape `(F, 4, 3)` [m].
        fps: Frames a second [Hz].
        height: Of the person [m], as a user would state it.
    """

    group: str
    name: str
    keypoints: list[Keypoints2D]
    camera: Camera
    truth: FloatArray
    feet: FloatArray
    fps: float
    height: float


def two_people(shared: Path) -> Iterator[Case]:
    """Yield real OpenPose detections of two people by four calibrated cameras."""
    import cv2

    path = shared / "data/multiview/pose2sim/two_people/derived.npz"
    with np.load(path, allow_pickle=True) as file:
        data = {key: file[key] for key in file.files}
    markers = [str(name) for name in data["markers"]]
    # Person 1 is a picture of a person on a wall, two thirds as large as life.
    for person, height in ((2, 1.7), (1, 1.2)):
        world = data[f"trc_filt_P{person}"][..., [2, 0, 1]]
        for number, matrix in enumerate(data["K"]):
            rotation = cv2.Rodrigues(data["rvec"][number])[0]
            in_camera = world @ rotation.T + data["tvec"][number]
            truth = np.full((len(world), 17, 3), np.nan)
            for row, name in _MARKERS.items():
                truth[:, row] = in_camera[:, markers.index(name)]
            feet = in_camera[:, [markers.index(n) for s in _FEET.values() for n in s]]
            image_wh = (1080, 1920)
            fov = 2 * np.arctan(max(image_wh) / 2 / matrix[0, 0])
            tilt = np.arcsin(-rotation[2, 2])
            camera = Camera(image_wh, float(np.degrees(fov)), float(np.degrees(tilt)))
            seen = data["kp2d_body25b"][number, :, person - 1, :17].astype(np.float64)
            seen[~(seen[..., 2] > 0)] = np.nan
            flat = np.nan_to_num(seen[..., :2]).reshape(-1, 1, 2)
            ideal = cv2.undistortPoints(flat, matrix, data["dist"][number])
            xy = ideal.reshape(-1, 17, 2) * camera.focal + camera.center
            xy[np.isnan(seen[..., 2])] = np.nan
            keypoints = [
                Keypoints2D(xy[i], np.clip(seen[i, :, 2], 0, 1), i / 60.0)
                for i in range(len(xy))
            ]
            yield Case(
                f"two_people, person {person}", f"camera {number + 1}",
                keypoints, camera, truth, feet, 60.0, height,
            )  # fmt: skip


def mocap(shared: Path, num_clips: int = 40, seed: int = 0) -> Iterator[Case]:
    """Yield held-out motion seen through random cameras by a simulated detector."""
    folder = shared / "data/mocap"
    records = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    rng = np.random.default_rng(seed)
    chosen = {}
    for group, keep in (
        ("mocap, held-out subjects", _is_held_out_subject),
        ("mocap, held-out sources", lambda r: r["source"] in HELD_OUT_SOURCES),
    ):
        found = [r for r in records if keep(r) and r["frames30"] >= 45]
        rows = rng.choice(len(found), min(num_clips // 2, len(found)), replace=False)
        for row in rows:
            chosen.setdefault(found[row]["source"], {})[found[row]["clip"]] = group
    for source, clips in chosen.items():
        with np.load(folder / f"{source}.npz", allow_pickle=True) as data:
            joints, extra, starts = data["coco17"], data["extra"], data["starts"]
            names = [str(name) for name in data["extra_names"]]
            feet = [names.index(CANONICAL.names[row]) for row in FEET]
            for i, name in enumerate(map(str, data["clips"])):
                if name in clips:
                    end = min(starts[i + 1], starts[i] + 150)
                    part = slice(int(starts[i]), int(end))
                    yield _filmed(
                        (clips[name], name), joints[part], extra[part][:, feet], rng
                    )


def _is_held_out_subject(record: dict[str, object]) -> bool:
    return record["source"] == "uiprmd" and any(
        subject in str(record["clip"]) for subject in HELD_OUT_SUBJECTS
    )


def _filmed(
    names: tuple[str, str],
    joints: FloatArray,
    feet: FloatArray,
    rng: np.random.Generator,
) -> Case:
    """Film a clip of mocap (y up) with a random camera and detect its joints."""
    joints, feet = joints.astype(np.float64), feet.astype(np.float64)
    yaw, tilt = rng.uniform(0, 2 * np.pi), np.radians(rng.uniform(-5, 25))
    image_wh = ((1280, 720), (720, 1280))[int(rng.integers(2))]
    camera = Camera(image_wh, float(rng.uniform(40, 90)), float(np.degrees(tilt)))
    c, s = np.cos(yaw), np.sin(yaw)
    turn = CAMERA_FROM_MOCAP @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    c, s = np.cos(tilt), np.sin(tilt)
    rotation = np.array([[1, 0, 0], [0, c, -s], [0, s, c]]) @ turn
    middle = np.nanmean(joints[:, 11:13], axis=(0, 1))
    reach = np.nanmax(np.linalg.norm(joints - middle, axis=-1))
    half_angle = np.arctan(min(image_wh) / 2 / camera.focal)
    distance = max(reach * 1.1 / np.sin(half_angle), 1.5) * rng.uniform(1.0, 1.8)
    offset = np.array([rng.uniform(-0.15, 0.15), rng.uniform(-0.1, 0.1), 1.0])
    place = offset * distance - rotation @ middle
    truth = joints @ rotation.T + place
    return Case(
        *names, detect(truth, camera, rng), camera, truth,
        feet @ rotation.T + place, 30.0, 1.7,
    )  # fmt: skip


def detect(
    truth: FloatArray, camera: Camera, rng: np.random.Generator
) -> list[Keypoints2D]:
    """Return what a detector with a real one's faults makes of true joints.

    Errors are heavy-tailed, larger for wrists and ankles, and last over several
    frames; some keypoints vanish for a while; of a face turned away little is seen.
    """
    xy = camera.project(truth)
    size = np.nanmax(np.nanmax(xy, axis=1) - np.nanmin(xy, axis=1))
    shape = xy.shape
    sigma = np.full(17, 0.007)
    sigma[[9, 10, 15, 16]] = 0.011
    sigma[11:13] = 0.012
    noise = rng.standard_t(4, shape) * sigma[:, np.newaxis] * size / np.sqrt(2)
    for i in range(1, len(noise)):
        noise[i] = 0.6 * noise[i - 1] + 0.8 * noise[i]
    score = np.clip(0.95 - 8 * np.linalg.norm(noise, axis=-1) / size, 0.2, 1.0)
    lost = np.zeros(shape[:2], dtype=bool)
    for _ in range(max(1, len(xy) // 30)):
        start, row = rng.integers(len(xy)), rng.integers(17)
        lost[start : start + int(rng.integers(2, 15)), row] = True
    facing_away = _facing(truth) > 0.3
    score[:, :5][facing_away] = 0.2
    noise[:, :5][facing_away] *= 3
    lost[:, 0] |= facing_away
    xy = np.where(lost[..., np.newaxis], np.nan, xy + noise)
    return [Keypoints2D(xy[i], score[i], i / 30.0) for i in range(len(xy))]


def _facing(truth: FloatArray) -> FloatArray:
    """Return how much the face points away from the camera, -1 to 1, `(F,)`."""
    forward = truth[:, 0] - truth[:, 3:5].mean(axis=1)
    forward = forward / np.linalg.norm(forward, axis=-1, keepdims=True)
    sight = truth[:, 0] / np.linalg.norm(truth[:, 0], axis=-1, keepdims=True)
    away: FloatArray = (forward * sight).sum(axis=-1)
    return np.nan_to_num(away)
