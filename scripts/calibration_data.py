# SPDX-License-Identifier: GPL-3.0-or-later
"""People who stand before a camera and then move: what calibrating is measured on.

Positions are in a level camera's frame (x right, y down, z ahead), metres, before the
camera is tilted. Needs the shared data folder.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evaluation_data import HELD_OUT_SUBJECTS, detect
from vitpose_blender.core.camera_model import Camera
from vitpose_blender.core.types import FloatArray, Keypoints2D

FPS = 30.0  # [Hz]
STAND_SECONDS, CLIP_FRAMES = 3.0, 60
UPRIGHT = np.cos(np.radians(10))
BIAS = 0.008  # A detector's lasting error at each joint, of the person's size [1].
_MARKERS = {
    5: "LShoulder", 6: "RShoulder", 7: "LElbow", 8: "RElbow", 9: "LWrist",
    10: "RWrist", 11: "LHip", 12: "RHip", 13: "LKnee", 14: "RKnee", 15: "LAnkle",
    16: "RAnkle",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Subject:
    """One person before one camera.

    Attributes:
        camera: As it truly is, with its tilt.
        camera_height: Above the floor [m].
        stature: Of the person [m].
        stand: What a detector saw of three seconds of standing.
        standing: The truth of it in the tilted camera's frame, shape `(28, 3)` [m].
        clip: What the same detector saw of the person moving.
        moving: The truth of that, shape `(F, 28, 3)` [m].
    """

    camera: Camera
    camera_height: float
    stature: float
    stand: list[Keypoints2D]
    standing: FloatArray
    clip: list[Keypoints2D]
    moving: FloatArray


def subjects(shared: Path, count: int, seed: int = 0) -> Iterator[Subject]:
    """Yield held-out people of UI-PRMD before cameras of all kinds.

    A person stands as they do at the start of one exercise, and moves in another.
    """
    rng = np.random.default_rng(seed)
    clips = _clips(shared)
    names = sorted(clips)
    stands = {name: row for name in names if (row := _upright(clips[name])) is not None}
    made = 0
    while made < count:
        name = str(rng.choice(sorted(stands)))
        mates = [other for other in names if _who(other) == _who(name)]
        subject = _filmed(clips[name][stands[name]], clips[str(rng.choice(mates))], rng)
        if subject is not None:
            made += 1
            yield subject


def _who(name: str) -> str:
    return next(subject for subject in HELD_OUT_SUBJECTS if subject in name)


def _clips(shared: Path) -> dict[str, FloatArray]:
    folder = shared / "data/mocap"
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    wanted = {
        record["clip"]
        for record in index
        if record["source"] == "uiprmd"
        and any(subject in record["clip"] for subject in HELD_OUT_SUBJECTS)
    }
    with np.load(folder / "uiprmd.npz", allow_pickle=True) as data:
        joints = np.concatenate([data["coco17"], data["extra"]], axis=1)
        starts, names = data["starts"], [str(name) for name in data["clips"]]
    return {
        name: joints[starts[i] : starts[i + 1]].astype(np.float64)
        for i, name in enumerate(names)
        if name in wanted and starts[i + 1] - starts[i] >= CLIP_FRAMES
    }


def _upright(joints: FloatArray) -> int | None:
    """Return the first frame in which somebody stands, y up; None where nobody does."""
    standing = np.ones(len(joints), dtype=bool)
    for upper, lower in ((11, 13), (12, 14), (13, 15), (14, 16), (5, 11), (6, 12)):
        bone = joints[:, upper] - joints[:, lower]
        standing &= bone[:, 1] > UPRIGHT * np.linalg.norm(bone, axis=1)
    standing &= np.abs(joints[:, 15, 1] - joints[:, 16, 1]) < 0.03
    return int(np.argmax(standing)) if standing.any() else None


def _filmed(
    standing: FloatArray, moving: FloatArray, rng: np.random.Generator
) -> Subject | None:
    """Return both filmed by one random camera; None where it cuts off the feet."""
    stature = float(standing[21, 1])
    height, distance = rng.uniform(0.5, 1.9), rng.uniform(2.2, 4.0)
    image_wh = ((1280, 720), (720, 1280))[int(rng.integers(2))]
    moving = moving[:CLIP_FRAMES]
    place = np.array([rng.uniform(-0.2, 0.2), height, distance])
    turn = np.radians(rng.uniform(-8, 8))
    level = [_before(each, place, turn) for each in (standing[np.newaxis], moving)]
    middle = level[0][0, [5, 6, 15, 16]].mean(axis=0)
    tilt = np.arctan2(middle[1], middle[2]) + np.radians(rng.uniform(-4, 4))
    c, s = np.cos(tilt), np.sin(tilt)
    tilted = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    camera = Camera(image_wh, float(rng.uniform(50, 80)), float(np.degrees(tilt)))
    standing, moving = level[0] @ tilted.T, level[1] @ tilted.T
    xy = camera.project(standing[0])
    if (xy < 8).any() or (xy > np.array(image_wh) - 9).any():
        return None
    bias = rng.normal(0.0, BIAS, (17, 2)) * float(np.ptp(xy[:, 1]))
    still = np.repeat(standing, round(STAND_SECONDS * FPS), axis=0)
    seen = [
        _biased(detect(each[:, :17], camera, rng), bias) for each in (still, moving)
    ]
    return Subject(
        camera, height, stature, seen[0], standing[0], seen[1], moving
    )  # fmt: skip


def _before(joints: FloatArray, place: FloatArray, turn: float) -> FloatArray:
    """Return joints (y up) that face a level camera from a place, as they began."""
    across = joints[0, 11] - joints[0, 12]
    angle = np.arctan2(across[2], across[0]) + turn
    c, s = np.cos(angle), np.sin(angle)
    about = joints - joints[0, 11:13].mean(axis=0) * (1, 0, 1)
    turned = about @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]).T
    # Mocap has y up and looks along +z; the camera has y down and sees faces at -z.
    return turned * (1, -1, -1) + place


def _biased(keypoints: list[Keypoints2D], bias: FloatArray) -> list[Keypoints2D]:
    return [Keypoints2D(frame.xy + bias, frame.score, frame.t) for frame in keypoints]


@dataclass(frozen=True, eq=False)
class RealStand:
    """A real person who stands before one camera.

    Attributes:
        camera: With its tilt, its roll undone.
        camera_height: Above the floor [m].
        stature: Of the person [m].
        keypoints: What OpenPose saw, the median over the clip.
        standing: Triangulated joints, shape `(28, 3)` [m]; NaN where not measured.
    """

    camera: Camera
    camera_height: float
    stature: float
    keypoints: Keypoints2D
    standing: FloatArray


def real_stands(shared: Path) -> Iterator[RealStand]:
    """Yield a person who stands before four calibrated cameras."""
    import cv2

    path = shared / "data/multiview/pose2sim/single_static/derived.npz"
    with np.load(path, allow_pickle=True) as file:
        data = {key: file[key] for key in file.files}
    markers = [str(name) for name in data["markers"]]
    world = data["trc_filt"][..., [2, 0, 1]].mean(axis=0)
    soles = [markers.index(side + part) for side in "LR" for part in ("Heel", "BigToe")]
    floor = world[soles, 2].mean()
    # The marker of the head is a little below the crown.
    stature = float(world[markers.index("Head"), 2] - floor + 0.05)
    standing = np.full((28, 3), np.nan)
    for row, name in _MARKERS.items():
        standing[row] = world[markers.index(name)]
    for number, matrix in enumerate(data["K"]):
        rotation = cv2.Rodrigues(data["rvec"][number])[0]
        above = -rotation.T @ data["tvec"][number]
        tilt = float(np.degrees(np.arcsin(-rotation[2, 2])))
        image_wh = (1080, 1920)
        fov = float(np.degrees(2 * np.arctan(max(image_wh) / 2 / matrix[0, 0])))
        camera = Camera(image_wh, fov, tilt)
        seen = data["kp2d_body25b"][number, :, 0, :17].astype(np.float64)
        flat = seen[..., :2].reshape(-1, 1, 2)
        ideal = cv2.undistortPoints(flat, matrix, data["dist"][number])
        roll = np.arctan2(rotation[0, 2], -rotation[1, 2])
        c, s = np.cos(roll), np.sin(roll)
        level = ideal.reshape(-1, 17, 2) @ np.array([[c, -s], [s, c]])
        score = seen[..., 2].mean(axis=0)
        xy = np.median(level, axis=0) * camera.focal + camera.center
        xy[score < 0.2] = np.nan
        yield RealStand(
            camera, float(above[2] - floor), stature,
            Keypoints2D(xy, np.clip(score, 0, 1), 0.0), standing,
        )  # fmt: skip
