# SPDX-License-Identifier: GPL-3.0-or-later
"""scripts/capture.py as its users meet it: what it makes, and how it refuses."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.inference.mjpeg_server import MjpegServer
from tests.keypoint_clips import FPS, SIZE, waving, write_coco, write_openpose
from tests.script_runs import SCRIPTS
from tests.standing_people import seen_standing
from vitpose_blender.core.calibration import calibration_of
from vitpose_blender.core.camera_model import Camera
from vitpose_blender.core.layouts import BODY25, BODY25B
from vitpose_blender.core.take import Take, read_take
from vitpose_blender.inference import opencv_capture  # noqa: F401  (hushes FFmpeg)
from vitpose_blender.inference.lifters import LIVE_LIFTER

NUM_FRAMES, VIDEO_FPS, WH = 12, 25.0, (160, 120)
RECORDED = ["--fps", FPS, "--size", SIZE]
FULL_DEVICE = Path("/dev/full")


def write_video(path: Path, images, fps=VIDEO_FPS) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, WH)
    assert writer.isOpened()
    for image in images:
        writer.write(image)
    writer.release()
    return path


def noise(num_frames=NUM_FRAMES, seed=0):
    shape = (num_frames, WH[1], WH[0], 3)
    return np.random.default_rng(seed).integers(0, 255, shape).astype(np.uint8)


def times_of(video: Path) -> list[float]:
    """Return the time stamps of a video, as the container has them [s]."""
    capture, times = cv2.VideoCapture(str(video)), []
    while capture.grab():
        times.append(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
    return times


def stamps(take: Take) -> list[float]:
    return sorted({packet.t for packet in take.packets})


@pytest.fixture(scope="module")
def video(tmp_path_factory) -> Path:
    return write_video(tmp_path_factory.mktemp("capture") / "noise.mp4", noise())


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """COCO results of one person over 40 frames."""
    return write_coco(tmp_path_factory.mktemp("capture") / "wave.json", waving(40))


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path / "x.take.jsonl"


@pytest.fixture
def capture(run_script, vitpose_folder, monkeypatch, out):
    """Run the script on a processor, with the random ViTPose, into `out`."""
    monkeypatch.setenv("VITPOSE_DEVICE", "cpu")
    monkeypatch.setenv("VITPOSE_MODEL", str(vitpose_folder))

    def run(source, *arguments, detector="full-frame"):
        options = ["--detector", detector, "--out", out, *arguments]
        return run_script("capture", source, *options)

    return run


# Pixels.


def test_a_video_becomes_a_take(capture, video, out, vitpose_folder):
    done = capture(video)

    assert (done.code, done.err) == (0, "")
    assert f"{NUM_FRAMES}/{NUM_FRAMES} frames" in done.out
    take = read_take(out)
    assert [packet.frame for packet in take.packets] == list(range(NUM_FRAMES))
    np.testing.assert_allclose(stamps(take), times_of(video), atol=1e-6)
    assert take.header.source == video.name
    assert take.header.model == vitpose_folder.name
    assert take.header.image_wh == WH
    assert take.header.fps == VIDEO_FPS
    assert take.header.lifter == LIVE_LIFTER
    assert take.header.started
    assert take.packets[0].joints is not None


def test_every_line_is_a_packet_of_the_designed_form(capture, video, out):
    capture(video, "--fov", 40)
    header, *packets = map(json.loads, out.read_text().splitlines())
    assert header["camera"]["fov_deg"] == 40
    for packet in packets:
        assert [*packet] == ["timestamp", "keypoints", "scores", "joints_3d", "meta"]
        assert packet["meta"]["fov_deg"] == 40
        assert packet["meta"]["image_wh"] == list(WH)


def test_a_range_keeps_the_numbers_and_times_of_its_frames(capture, video, out):
    assert capture(video, "--frames", "3:7").code == 0
    take = read_take(out)
    assert [packet.frame for packet in take.packets] == [3, 4, 5, 6]
    np.testing.assert_allclose(stamps(take), times_of(video)[3:7], atol=1e-6)


def test_a_folder_of_pictures_runs_at_the_given_rate(capture, tmp_path, out):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for index, image in enumerate(noise(5)):
        cv2.imwrite(str(folder / f"shot_{index:03d}.png"), image)

    assert capture(folder, "--fps", 10).code == 0
    np.testing.assert_allclose(stamps(read_take(out)), np.arange(5) / 10, atol=1e-9)


def test_the_overlay_shows_the_footage_with_somebody_drawn_on(capture, video, tmp_path):
    overlay = tmp_path / "new" / "drawn.mp4"
    assert capture(video, "--overlay", overlay).code == 0

    drawn = cv2.VideoCapture(str(overlay))
    assert drawn.get(cv2.CAP_PROP_FRAME_COUNT) == NUM_FRAMES
    assert drawn.get(cv2.CAP_PROP_FPS) == pytest.approx(VIDEO_FPS)
    plain = cv2.VideoCapture(str(video))
    for _ in range(NUM_FRAMES):
        with_lines, without = drawn.read()[1], plain.read()[1]
        assert with_lines.shape == without.shape
        assert (np.abs(with_lines.astype(int) - without) > 60).any()


def test_people_are_found_in_footage(shared, capture, out, tmp_path):
    source = shared / "data/footage/video/sports2d_5.mp4"
    overlay = tmp_path / "drawn.mp4"
    arguments = ["--frames", "100:108", "--people", "all", "--overlay", overlay]

    done = capture(source, *arguments, detector="hog")

    assert (done.code, done.err) == (0, "")
    take = read_take(out)
    assert {packet.frame for packet in take.packets} == set(range(100, 108))
    np.testing.assert_allclose(stamps(take), times_of(source)[100:108], atol=1e-6)
    left, _, width, height = take.packets[0].box
    # A man stands in the middle of the picture and takes most of its height.
    assert 400 < left + width / 2 < 880
    assert height > 300
    assert cv2.VideoCapture(str(overlay)).get(cv2.CAP_PROP_FRAME_COUNT) == 8


def test_one_person_of_a_video_by_number(capture, video, out):
    assert capture(video, "--people", "1").code == 0
    assert read_take(out).people == [1]


def test_options_win_over_the_environment(capture, video, tmp_path, vitpose_folder):
    other = shutil.copytree(vitpose_folder, tmp_path / "other-model")
    assert capture(video, "--model", other, "--device", "cpu").code == 0
    assert read_take(tmp_path / "x.take.jsonl").header.model == "other-model"


def test_the_environment_sets_the_device(capture, video, monkeypatch):
    monkeypatch.setenv("VITPOSE_DEVICE", "toaster")
    assert "Device 'toaster' is not available" in capture(video).sentence


# Recorded keypoints.


def test_keypoints_become_a_take_with_joints(capture, clip, out):
    done = capture(clip, *RECORDED)

    assert (done.code, done.err) == (0, "")
    assert "40/40 frames" in done.out
    take = read_take(out)
    np.testing.assert_allclose(stamps(take), np.arange(40) / FPS, atol=1e-6)
    assert all(np.isfinite(packet.joints.xyz).all() for packet in take.packets)
    assert take.header.image_wh == (640, 480)


@pytest.mark.parametrize("missing", ["--fps", "--size"])
def test_what_keypoints_do_not_say_is_asked_for(capture, clip, missing):
    given = {"--fps": FPS, "--size": SIZE}
    del given[missing]
    sentence = capture(clip, *next(iter(given.items()))).sentence
    assert f"give {missing}" in sentence


def test_a_take_of_our_own_can_be_lifted_anew(capture, clip, out, tmp_path):
    first = tmp_path / "first.take.jsonl"
    capture(clip, *RECORDED)
    out.rename(first)

    assert capture(first, "--fov", 35, "--frames", "5:15").code == 0
    before, after = read_take(first), read_take(out)
    assert [packet.frame for packet in after.packets] == list(range(5, 15))
    assert after.header.fov == after.packets[0].fov == 35
    assert after.header.fps == before.header.fps
    np.testing.assert_array_equal(
        after.packets[0].keypoints.xy, before.packets[5].keypoints.xy
    )


def test_a_take_may_be_its_own_result(capture, clip, out):
    capture(clip, *RECORDED)
    done = capture(out)
    assert done.code == 0
    assert len(read_take(out).packets) == 40


def test_two_people_keep_their_numbers(capture, tmp_path, out):
    path = tmp_path / "two.json"
    write_coco(path, waving(20, (160, 260)), waving(20, (480, 260)))

    done = capture(path, *RECORDED)
    assert "20/20 frames" in done.out
    take = read_take(out)
    assert sorted(take.people) == [1, 2]
    for number in (1, 2):
        columns = [p.keypoints.xy[0, 0] for p in take.of_person(number).packets]
        assert len(columns) == 20
        assert np.ptp(columns) < 50

    assert capture(path, *RECORDED, "--people", 2).code == 0
    assert read_take(out).people == [2]
    sentence = capture(path, *RECORDED, "--people", 3).sentence
    assert "no person 3; it has 1, 2" in sentence


@pytest.mark.parametrize("layout", [BODY25B, BODY25], ids=lambda layout: layout.id)
def test_openpose_folders_of_two_people(shared, capture, tmp_path, out, layout):
    path = shared / "data/multiview/pose2sim/two_people/derived.npz"
    seen = np.load(path)["kp2d_body25b"][0, :30].astype(float)
    people = np.zeros((*seen.shape[:3], 3))
    rows = [BODY25B.index.get(name) for name in layout.names]
    for row, source in enumerate(rows):
        if source is not None:
            people[:, :, row] = seen[:, :, source]
    folder = write_openpose(tmp_path / "openpose", people)

    options = ["--fps", 60, "--size", "1088x1920", "--layout", layout.id]
    done = capture(folder, *options)

    assert (done.code, done.err) == (0, "")
    take = read_take(out)
    assert take.header.layout == layout.id
    assert sorted(take.people) == [1, 2]
    known = [np.isfinite(packet.joints.xyz).any() for packet in take.packets]
    assert np.mean(known) > 0.9


def test_the_batter_is_captured_whole(shared, capture, out):
    source = shared / "data/keypoints/gast/baseball.json"
    assert capture(source, "--fps", 30, "--size", "1280x720").code == 0
    assert len(read_take(out).packets) == 277


def test_recorded_keypoints_are_drawn_on_their_footage(capture, clip, tmp_path, video):
    overlay = tmp_path / "drawn.mp4"
    arguments = [*RECORDED, "--overlay", overlay]
    assert "--footage VIDEO" in capture(clip, *arguments).sentence
    assert capture(clip, *arguments, "--footage", video).code == 0
    drawn = cv2.VideoCapture(str(overlay))
    assert drawn.get(cv2.CAP_PROP_FRAME_COUNT) == NUM_FRAMES


# Live streams.


class Feed:
    """Serves noise as a network camera, at the pace of a slow one."""

    def __init__(self) -> None:
        self.server = MjpegServer()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def pause(self) -> None:
        self._stop.set()
        self._thread.join()

    def close(self) -> None:
        self.pause()
        self.server.close()

    def _run(self) -> None:
        pictures = [cv2.imencode(".jpg", image)[1].tobytes() for image in noise(4)]
        while not self._stop.wait(0.04):
            self.server.pictures.put(pictures[0])
            pictures.append(pictures.pop(0))


@pytest.fixture
def feed():
    feed = Feed()
    yield feed
    feed.close()


def wait_for_lines(path: Path, count: int) -> None:
    """Wait until a file that another process writes has that many lines."""
    deadline = time.monotonic() + 60
    while not path.is_file() or path.read_bytes().count(b"\n") < count:
        assert time.monotonic() < deadline, "the script wrote nothing"
        time.sleep(0.05)


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C reaches a whole console there")
def test_ctrl_c_ends_a_stream_and_keeps_the_take(feed, vitpose_folder, out, tmp_path):
    overlay = tmp_path / "drawn.mp4"
    command = [
        sys.executable, SCRIPTS / "capture.py", feed.server.url, "--out", out,
        "--detector", "full-frame", "--overlay", overlay,
    ]  # fmt: skip
    settings = {"VITPOSE_MODEL": str(vitpose_folder), "VITPOSE_DEVICE": "cpu"}
    process = subprocess.Popen(
        [*map(str, command)],
        env=os.environ | settings | {"VITPOSE_NO_VENV": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for_lines(out, 6)
        process.send_signal(signal.SIGINT)
        said, err = process.communicate(timeout=60)
    finally:
        process.kill()

    assert (process.returncode, err) == (130, "")
    take = read_take(out)
    assert f"was stopped and keeps {len(take.packets)} packets" in said
    assert len(take.packets) >= 5
    assert "secret" not in said + out.read_text()
    assert cv2.VideoCapture(str(overlay)).grab()


def test_a_stream_that_breaks_keeps_the_take(feed, capture, out):
    def break_off():
        wait_for_lines(out, 4)
        feed.pause()
        feed.server.hang_up()

    breaking = threading.Thread(target=break_off)
    breaking.start()
    done = capture(feed.server.url)
    breaking.join()

    assert "has delivered no picture for 5 s" in done.sentence
    take = read_take(out)
    assert len(take.packets) >= 3
    assert f"keeps {len(take.packets)} packets" in done.out


# Whatever was there is safe.


def test_a_take_that_was_there_is_kept_beside_the_new(capture, clip, out):
    capture(clip, *RECORDED, "--frames", ":10")
    done = capture(clip, *RECORDED, "--frames", ":20")

    assert "is now x.take.jsonl.previous" in done.out
    assert len(read_take(out).packets) == 20
    assert len(read_take(out.with_name("x.take.jsonl.previous")).packets) == 10


@pytest.mark.parametrize("times", [1, 2])
def test_a_capture_of_nobody_costs_no_take(capture, clip, out, tmp_path, times):
    capture(clip, *RECORDED)
    before = out.read_bytes()
    empty = write_video(tmp_path / "grey.mp4", noise(3) * 0 + 128)
    for _ in range(times):
        assert "No person was found" in capture(empty, detector="hog").sentence

    assert out.read_bytes() == before
    assert [path.name for path in tmp_path.glob("*.take*")] == [out.name]


def test_a_stop_before_anybody_was_seen_is_no_error(capture, video, out, monkeypatch):
    from vitpose_blender.inference.capture import PoseEstimator

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(PoseEstimator, "packets", interrupt)
    assert capture(video).code == 130
    assert not out.exists()


def test_a_full_disk_keeps_what_was_captured(capture, clip, out, full_disk):
    with full_disk(20_000):
        done = capture(clip, *RECORDED)
    assert f"Cannot write {out}: " in done.sentence
    num_packets = len(read_take(out).packets)
    assert 5 < num_packets < 40
    assert f"keeps {num_packets} packets" in done.out


def test_a_disk_too_full_for_the_overlay_keeps_the_take(
    capture, video, out, tmp_path, full_disk
):
    with full_disk(40_000):
        done = capture(video, "--overlay", tmp_path / "drawn.mp4")
    assert "free some disk space" in done.sentence
    assert len(read_take(out).packets) == NUM_FRAMES


@pytest.mark.skipif(not FULL_DEVICE.exists(), reason="only Linux has it")
def test_a_device_without_space_is_one_sentence(capture, clip):
    done = capture(clip, *RECORDED, "--out", FULL_DEVICE)
    assert done.sentence == "Cannot write /dev/full: No space left on device"


def test_results_never_replace_the_source(capture, tmp_path, video):
    mine = shutil.copy(video, tmp_path / "mine.mp4")
    before = mine.read_bytes()
    assert ".take.jsonl" in capture(mine, "--out", mine).sentence
    assert "overwrite the footage" in capture(mine, "--overlay", mine).sentence
    assert mine.read_bytes() == before


# Bad input: one sentence, exit code 2, and nothing left behind.

UNUSABLE = {
    "missing": "There is no file .*: check its name",
    "zero": "is empty",
    "damaged": "no picture that can be decoded",
    "cut": "no picture that can be decoded",
    "text": "no picture that can be decoded",
    "folder": "picture",
}


def make_unusable(kind: str, folder: Path, video: Path) -> Path:
    path = folder / f"{kind}.mp4"
    if kind == "folder":
        path.mkdir()
    elif kind == "cut":
        path.write_bytes(video.read_bytes()[:300])
    elif kind != "missing":
        content = {"zero": b"", "damaged": bytes(range(256)) * 20, "text": b"hello"}
        path.write_bytes(content[kind])
    return path


@pytest.mark.parametrize("kind", UNUSABLE)
def test_unusable_videos(capture, kind, tmp_path, video, out):
    done = capture(make_unusable(kind, tmp_path, video))
    assert_matches(UNUSABLE[kind], done.sentence)
    assert not out.exists()


UNUSABLE_KEYPOINTS = {
    "cut": ('[{"image_id": 1, "keyp', "was cut short"),
    "foreign": ('{"hello": 1}', "no file of keypoints"),
    "empty": ("[]", "holds no person"),
    "nan": (
        json.dumps([{"image_id": 1, "keypoints": [float("nan"), 1e300, 1] * 17}]),
        "holds no person with keypoints",
    ),
    "zero": ("", "is empty"),
}


@pytest.mark.parametrize("kind", UNUSABLE_KEYPOINTS)
def test_unusable_keypoints(capture, kind, tmp_path, out):
    content, match = UNUSABLE_KEYPOINTS[kind]
    path = tmp_path / "points.json"
    path.write_text(content)
    assert_matches(match, capture(path, *RECORDED).sentence)
    assert not out.exists()


def test_absurd_keypoints_give_no_absurd_joints(capture, clip, tmp_path, out):
    entries = json.loads(clip.read_text())
    rng = np.random.default_rng(0)
    for entry in entries[10:30]:
        xy = rng.uniform(-99_000, 99_000, (17, 2))
        entry["keypoints"] = np.column_stack([xy, np.ones(17)]).ravel().tolist()
    path = tmp_path / "absurd.json"
    path.write_text(json.dumps(entries))

    assert capture(path, *RECORDED).code == 0
    for packet in read_take(out).packets:
        xyz = packet.joints.xyz
        assert (np.abs(xyz[np.isfinite(xyz)]) < 3.0).all()


def test_a_truncated_take_is_lifted_up_to_its_last_whole_line(capture, clip, out):
    capture(clip, *RECORDED)
    content = out.read_bytes()
    cut = out.with_name("cut.take.jsonl")
    cut.write_bytes(content[: len(content) // 2])
    assert capture(cut).code == 0
    assert 10 < len(read_take(out).packets) < 40


def test_a_take_of_nobody_is_refused(capture, clip, out):
    capture(clip, *RECORDED)
    header = out.with_name("header.take.jsonl")
    header.write_text(out.read_text().split("\n")[0] + "\n")
    assert "holds no person in any frame" in capture(header).sentence


WRONG_OPTIONS = {
    "--frames 7:3": "range 7:3 holds no frame",
    "--frames abc": "'abc' is not a frame range: give A:B",
    "--frames 500:": "500: begins after its end",
    "--fps -3": "-3.0 is not a frame rate",
    "--fps nan": "nan is not a frame rate",
    "--fov 300": "--fov 300 is not between 1 and 170",
    "--fov nan": "--fov nan is not between",
    "--tilt 89": "--tilt 89 is not between -80 and 80",
    "--device cuda:77": "'cuda:77' is not available; this machine has",
    "--people everyone": "'everyone' does not say which people",
    "--people 0": "'0' does not say which people",
    "--layout coco18": "Unknown keypoint layout 'coco18'; known are",
    "--detector ./none": "The model folder './none' does not exist",
    "--model ./none": "The model folder './none' does not exist",
    "--out x.mp4": "ends in .take.jsonl",
    "--overlay drawn.xyz": "choose a .mp4 file",
}


@pytest.mark.parametrize("options", WRONG_OPTIONS)
def test_wrong_options(capture, video, options, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sentence = capture(video, *options.split()).sentence
    assert WRONG_OPTIONS[options] in sentence
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("frames", ["100:", "41:50"])
def test_a_range_without_anybody_says_where_people_are(capture, clip, frames):
    sentence = capture(clip, *RECORDED, "--frames", frames).sentence
    assert "it has people in frames 0 to 39" in sentence


@pytest.mark.parametrize("kind", ["a folder", "below a file"])
def test_results_that_cannot_be_written(capture, clip, tmp_path, kind):
    out = tmp_path if kind == "a folder" else clip / "x.take.jsonl"
    assert f"Cannot write {'the take ' * (kind == 'a folder')}{out}" in (
        capture(clip, *RECORDED, "--out", out).sentence
    )


def test_a_model_folder_that_lacks_files(capture, video, vitpose_folder, tmp_path):
    folder = tmp_path / "half"
    folder.mkdir()
    shutil.copy(vitpose_folder / "config.json", folder)
    sentence = capture(video, "--model", folder).sentence
    assert "half lacks model.safetensors; copy" in sentence


def test_a_model_of_an_unknown_layout(capture, video, tmp_path):
    from tests.inference.random_vitpose import Shape, random_vitpose, save_vitpose

    folder = save_vitpose(random_vitpose(Shape(num_labels=5)), tmp_path / "five")
    assert "5 keypoint labels" in capture(video, "--model", folder).sentence


def test_no_camera_is_one_sentence(capture):
    assert "Camera 997 could not be opened" in capture("997").sentence


def assert_matches(pattern: str, text: str) -> None:
    assert re.search(pattern, text), text


def standing_file(folder, seconds=2.0, tilt=9.0):
    """Write keypoints of somebody who stands before a tilted camera."""
    camera = Camera((1280, 720), 70.0, tilt)
    frames = seen_standing(camera, seconds, noise=1.0)
    return write_coco(folder / "stand.json", np.stack([each.xy for each in frames]))


@pytest.mark.parametrize("how", [["--calibrate"], ["--calibrate-at", "0"]])
def test_a_stand_calibrates_the_take(run_script, tmp_path, how):
    out = tmp_path / "stand.take.jsonl"
    source = standing_file(tmp_path, 3.5)
    values = ["--fps", FPS, "--size", "1280x720", "--fov", 70, "--height", 1.8]
    done = run_script("capture", source, *values, *how, "--out", out)
    assert done.code == 0, done
    assert "Calibrated: body 1.80 m, camera" in done.out
    take = read_take(out)
    found = calibration_of(take.header)
    assert found.height == 1.8
    assert take.header.tilt == found.tilt == pytest.approx(9.0, abs=6.0)
    assert len(take.packets) == 105
    assert list(tmp_path.glob("*.part")) == []


def test_who_does_not_stand_leaves_the_take_as_it_is(run_script, tmp_path):
    out = tmp_path / "wave.take.jsonl"
    source = write_coco(tmp_path / "wave.json", waving(60)[:, :, ::-1])
    done = run_script("capture", source, *RECORDED, "--calibrate", "--out", out)
    assert "not calibrated" in done.sentence
    assert len(read_take(out).packets) == 60


def test_nobody_is_four_metres_tall(run_script, tmp_path):
    out = tmp_path / "tall.take.jsonl"
    done = run_script("capture", "x.mp4", "--height", 4, "--calibrate", "--out", out)
    assert "--height 4 is not between" in done.sentence
