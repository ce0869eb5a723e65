# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample clip, its truth and its simulated keypoints agree with each other."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vitpose_blender.core.camera_model import Camera
from vitpose_blender.core.layouts import CANONICAL, COCO17

cv2 = pytest.importorskip("cv2")

VIDEOS = Path(__file__).parents[1] / "resources" / "videos"
CLIP = VIDEOS / "sample.mp4"
NUM_FRAMES = 300

# Pairs of joints that one bone carries: their distance never changes.
RIGID = [
    ("left_shoulder", "left_elbow"),
    ("right_elbow", "right_wrist"),
    ("left_wrist", "left_hand"),
    ("left_hip", "left_knee"),
    ("right_knee", "right_ankle"),
    ("left_ankle", "left_heel"),
    ("left_hip", "right_hip"),
    ("nose", "left_ear"),
    ("right_eye", "head_top"),
]


@pytest.fixture(scope="module")
def truth() -> dict[str, np.ndarray]:
    with np.load(VIDEOS / "sample.truth.npz") as file:
        return dict(file)


@pytest.fixture(scope="module")
def keypoints() -> dict:
    return json.loads((VIDEOS / "sample.keypoints.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def camera(truth) -> Camera:
    width, height = truth["image_wh"].tolist()
    return Camera((width, height), float(truth["fov_deg"]), float(truth["tilt_deg"]))


def detected(keypoints: dict) -> tuple[list[int], np.ndarray]:
    rows = keypoints["annotations"]
    frames = [row["image_id"] for row in rows]
    return frames, np.array([row["keypoints"] for row in rows]).reshape(-1, 17, 3)


def test_the_clip_is_ten_seconds_of_720p_and_small():
    assert CLIP.stat().st_size < 3_000_000
    video = cv2.VideoCapture(str(CLIP))
    try:
        assert video.get(cv2.CAP_PROP_FRAME_WIDTH) == 1280
        assert video.get(cv2.CAP_PROP_FRAME_HEIGHT) == 720
        assert video.get(cv2.CAP_PROP_FPS) == pytest.approx(30.0)
        num_frames = 0
        while video.grab():
            num_frames += 1
    finally:
        video.release()
    assert num_frames == NUM_FRAMES


def test_the_truth_covers_every_frame(truth):
    assert truth["names"].tolist() == list(CANONICAL.names)
    for name in ("joints_world", "joints_camera"):
        assert truth[name].shape == (NUM_FRAMES, len(CANONICAL), 3)
        assert np.isfinite(truth[name]).all()
    np.testing.assert_allclose(np.diff(truth["t"]), 1.0 / float(truth["fps"]))


def test_camera_and_world_agree(truth, camera):
    world_from_camera = truth["world_from_camera"]
    np.testing.assert_allclose(world_from_camera[:3, :3], camera.world_from_camera)
    assert world_from_camera[2, 3] == pytest.approx(float(truth["camera_height"]))
    moved = truth["joints_camera"] @ world_from_camera[:3, :3].T
    np.testing.assert_allclose(
        moved + world_from_camera[:3, 3], truth["joints_world"], atol=1e-9
    )


def test_projected_truth_is_the_2d_truth(truth, camera):
    xy = camera.project(truth["joints_camera"])
    distance = np.linalg.norm(xy - truth["xy"], axis=-1)
    assert np.nanmax(distance) < 0.5
    width, height = camera.image_wh
    inside = ((xy >= 0) & (xy <= [width - 1, height - 1])).all(axis=-1)
    np.testing.assert_array_equal(inside, truth["visible"])


@pytest.mark.parametrize(("a", "b"), RIGID)
def test_bones_keep_their_lengths(truth, a, b):
    rows = CANONICAL.rows_of([a, b])
    first, second = truth["joints_world"][:, rows].swapaxes(0, 1)
    assert np.ptp(np.linalg.norm(first - second, axis=1)) < 1e-6


def test_nobody_sinks_into_the_floor(truth):
    assert truth["joints_world"][..., 2].min() > 0.0


def test_a_standing_foot_does_not_slide(truth):
    for side in ("left", "right"):
        toe = truth["joints_world"][:, CANONICAL.index[f"{side}_toe"]]
        heel = truth["joints_world"][:, CANONICAL.index[f"{side}_heel"]]
        low = (toe[:, 2] < 0.016) & (heel[:, 2] < 0.027)
        down = low[1:] & low[:-1]
        slide = np.linalg.norm(np.diff(toe[:, :2], axis=0), axis=1)[down]
        assert down.sum() > 60
        assert np.median(slide) < 5e-4
        assert slide.max() < 0.01


def test_he_does_what_the_clip_promises(truth):
    xyz = truth["joints_world"]
    at = {name: xyz[:, row] for name, row in CANONICAL.index.items()}
    assert not truth["visible"][0].all()
    assert truth["visible"][60:].all()
    assert at["pelvis"][:, 2].min() < 0.6  # Squats.
    assert at["right_wrist"][:, 2].max() > at["neck"][0, 2]  # Waves.
    assert at["right_ankle"][:, 2].max() > 0.7  # Kicks.
    across = at["left_hip"] - at["right_hip"]
    turned = np.unwrap(np.arctan2(across[:, 1], across[:, 0]))
    assert np.degrees(turned[-1] - turned[210]) == pytest.approx(360.0, abs=15.0)


def test_keypoints_are_coco_results_with_sizes_and_times(keypoints, truth):
    assert keypoints["info"]["fps"] == float(truth["fps"])
    images = {image["id"]: image for image in keypoints["images"]}
    assert len(images) == NUM_FRAMES
    for frame, image in images.items():
        assert (image["width"], image["height"]) == (1280, 720)
        assert image["frame_index"] == frame
        assert image["t"] == pytest.approx(truth["t"][frame], abs=1e-5)
    assert keypoints["categories"][0]["keypoints"] == list(COCO17.names)
    frames, table = detected(keypoints)
    assert frames == sorted(set(frames))
    assert set(frames) <= set(images)
    assert len(frames) > 280
    assert ((table[..., 2] >= 0) & (table[..., 2] <= 1)).all()


def test_detections_err_like_a_detector(keypoints, truth):
    frames, table = detected(keypoints)
    error = np.linalg.norm(table[..., :2] - truth["xy"][frames][:, :17], axis=-1)
    sure = table[..., 2] > 0.5
    assert 1.0 < np.median(error[sure]) < 6.0
    assert np.percentile(error[sure], 99) < 30.0


def test_the_clip_shows_the_person_where_the_truth_says(truth):
    """The trunk's middle wears the shirt's colour, and none of the room has it."""
    video = cv2.VideoCapture(str(CLIP))
    rows = CANONICAL.rows_of(["chest", "spine"])
    hits = []
    for frame in range(0, NUM_FRAMES, 10):
        video.set(cv2.CAP_PROP_POS_FRAMES, frame)
        ok, image = video.read()
        assert ok
        for (x, y), seen in zip(
            truth["xy"][frame, rows], truth["visible"][frame, rows]
        ):
            if seen:
                blue, _, red = image[round(y), round(x)].astype(int)
                hits.append(blue > red + 15)
    video.release()
    assert len(hits) > 40
    assert np.mean(hits) > 0.8


def test_the_script_makes_the_same_numbers_again(keypoints, truth, tmp_path):
    script = Path(__file__).parents[1] / "scripts" / "make_sample.py"
    subprocess.run(
        [sys.executable, str(script), "--no-video", "--out", str(tmp_path)],
        check=True,
        capture_output=True,
    )
    with np.load(tmp_path / "sample.truth.npz") as again:
        np.testing.assert_allclose(
            again["joints_world"], truth["joints_world"], atol=1e-6
        )
    remade = json.loads((tmp_path / "sample.keypoints.json").read_text("utf-8"))
    _, table = detected(keypoints)
    _, other = detected(remade)
    np.testing.assert_allclose(other, table, atol=0.02)
