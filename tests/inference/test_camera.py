# SPDX-License-Identifier: GPL-3.0-or-later
"""Video files and folders of pictures: numbers, times, sizes, and bad input."""

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.inference.mp4_boxes import set_durations, turn_video
from vitpose_blender.core.errors import CameraError, SourceError
from vitpose_blender.inference.camera import FrameRange, open_source
from vitpose_blender.inference.video_file import StampClock

WH = (64, 48)
GREY_STEP = 8  # Frame i is a plain grey of 8 i: survives any codec.


def write_video(path: Path, num_frames: int, fps: float = 25.0) -> Path:
    fourcc = cv2.VideoWriter_fourcc(*("MJPG" if path.suffix == ".avi" else "mp4v"))
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, fourcc, fps, WH)
    for index in range(num_frames):
        writer.write(np.full((*WH[::-1], 3), GREY_STEP * index, np.uint8))
    writer.release()
    return path


def write_images(folder: Path, names: list[str], wh: tuple[int, int] = WH) -> Path:
    folder.mkdir(exist_ok=True)
    for index, name in enumerate(names):
        image = np.full((*wh[::-1], 3), GREY_STEP * index, np.uint8)
        (folder / name).write_bytes(cv2.imencode(Path(name).suffix, image)[1])
    return folder


def number_in(image: np.ndarray) -> int:
    """Return which frame of `write_video` this is."""
    return round(float(image.mean()) / GREY_STEP)


@pytest.fixture
def video(tmp_path) -> Path:
    return write_video(tmp_path / "clip.mp4", 20)


# Video: numbers, times, size.


@pytest.mark.parametrize("suffix", [".mp4", ".avi", ".mkv"])
def test_video_delivers_every_frame_with_its_time(tmp_path, suffix):
    with open_source(str(write_video(tmp_path / f"clip{suffix}", 20))) as source:
        frames = list(source)

    assert source.name == f"clip{suffix}"
    assert source.num_frames == 20
    assert source.fps == pytest.approx(25.0)
    assert not source.is_live
    assert [frame.index for frame in frames] == list(range(20))
    assert [number_in(frame.image) for frame in frames] == list(range(20))
    np.testing.assert_allclose(
        [frame.t for frame in frames], np.arange(20) / 25, atol=1e-3
    )
    assert {frame.image_wh for frame in frames} == {source.image_wh} == {WH}


@pytest.mark.parametrize("text", ["5:9", "5:", ":9", " 0 : 20 ", "19:40", ":"])
def test_a_range_is_the_same_frames_as_the_whole_has(video, text):
    start, _, stop = (part.strip() for part in text.partition(":"))
    with open_source(video) as source:
        wanted = list(source)[int(start or 0) : int(stop) if stop else None]

    with open_source(video, FrameRange.parse(text)) as source:
        frames = list(source)

    assert [f.index for f in frames] == [f.index for f in wanted]
    assert [f.t for f in frames] == [f.t for f in wanted]
    assert [number_in(f.image) for f in frames] == [f.index for f in wanted]
    assert source.num_frames == len(wanted)


def test_variable_rate_keeps_its_real_speed(video):
    durations = [1, 3, 1, 1, 5] * 4  # In 25ths of a second.
    set_durations(video, durations)

    with open_source(video) as source:
        times = [frame.t for frame in source]

    starts = np.concatenate([[0], np.cumsum(durations)[:-1]]) / 25
    np.testing.assert_allclose(times, starts, atol=1e-3)


@pytest.mark.parametrize(
    ("degrees", "corner"), [(0, "tl"), (90, "tr"), (180, "br"), (270, "bl")]
)
def test_a_video_filmed_sideways_comes_upright(tmp_path, degrees, corner):
    path = tmp_path / "phone.mp4"
    writer = cv2.VideoWriter(
        str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"mp4v"), 25, (160, 96)
    )
    image = np.zeros((96, 160, 3), np.uint8)
    image[:32, :32] = 255
    for _ in range(3):
        writer.write(image)
    writer.release()
    turn_video(path, degrees)

    with open_source(path) as source:
        frames = list(source)

    assert source.image_wh == ((160, 96) if degrees % 180 == 0 else (96, 160))
    assert len(frames) == 3
    for frame in frames:
        assert frame.image_wh == source.image_wh
        grey = frame.image.mean(axis=2)
        patches = {
            "tl": grey[:16, :16],
            "tr": grey[:16, -16:],
            "bl": grey[-16:, :16],
            "br": grey[-16:, -16:],
        }
        assert max(patches, key=lambda name: patches[name].mean()) == corner


@pytest.fixture
def damaged(tmp_path, rng) -> Path:
    """A video of 30 frames with nothing but zeros where some of them were."""
    path = tmp_path / "damaged.mp4"
    writer = cv2.VideoWriter(
        str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"mp4v"), 30, (320, 240)
    )
    noise = rng.integers(0, 255, (240, 320, 3), np.uint8)
    for index in range(30):
        writer.write(np.roll(noise, 9 * index, axis=1))
    writer.release()
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + len(data) // 8] = bytes(len(data) // 8)
    path.write_bytes(data)
    return path


def test_frames_that_cannot_be_decoded_leave_a_gap(damaged):
    with open_source(damaged) as source:
        frames = list(source)

    indices = [frame.index for frame in frames]
    assert 10 < len(frames) < 30
    assert (indices[0], indices[-1]) == (0, 29)
    np.testing.assert_allclose([f.t for f in frames], np.array(indices) / 30, atol=1e-3)


def test_a_video_cut_short_gives_what_it_has_and_says_so(tmp_path, caplog):
    path = write_video(tmp_path / "cut.mkv", 20)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * 0.7)])

    with open_source(path) as source:
        frames = list(source)

    assert 0 < len(frames) < 20
    assert "of 20 frames could be read" in caplog.text


def test_closing_early_ends_the_video(video):
    source = open_source(video)
    frames = iter(source)
    next(frames)
    source.close()
    source.close()
    assert list(frames) == []
    assert list(source) == []


# The clock.


def test_good_stamps_pass_unchanged(rng):
    stamps = np.cumsum(rng.uniform(0.001, 2.0, 50))
    clock = StampClock(1 / 30)
    assert [clock.time_of(i, s) for i, s in enumerate(stamps)] == stamps.tolist()


@pytest.mark.parametrize(
    "stamps",
    [
        [0.0] * 200,
        [float("nan")] * 200,
        [0.0, 0.1, 0.2, 0.15, 0.25, 0.3],
        [0.0, 0.1, 95443.7, 95443.8, 0.0, 0.1],
        [5.0, -3.0, float("inf"), 5.1, 5.0],
    ],
    ids=["zero", "nan", "swapped", "wrapped", "wild"],
)
def test_time_only_goes_forward_and_at_a_sane_speed(stamps):
    clock = StampClock(0.1)
    times = [clock.time_of(index, stamp) for index, stamp in enumerate(stamps)]
    steps = np.diff(times)
    assert (steps > 0).all()
    assert (steps < 0.2).all()


def test_a_missing_stamp_counts_the_lost_frames():
    clock = StampClock(0.1)
    assert clock.time_of(0, 0.0) == 0.0
    assert clock.time_of(4, float("nan")) == pytest.approx(0.4)


def test_one_bad_stamp_does_not_shift_the_rest():
    clock = StampClock(0.1)
    stamps = [0.0, 0.1, 0.05, 0.3, 0.4]
    times = [clock.time_of(index, stamp) for index, stamp in enumerate(stamps)]
    np.testing.assert_allclose(times, [0.0, 0.1, 0.2, 0.3, 0.4])


def test_joined_recordings_go_on_at_their_own_speed():
    clock = StampClock(0.1)
    stamps = [100.0, 101.0, 102.0, 0.0, 1.0, 2.0]
    times = [clock.time_of(index, stamp) for index, stamp in enumerate(stamps)]
    np.testing.assert_allclose(times, [100, 101, 102, 102.1, 103.1, 104.1])


# The range.


@pytest.mark.parametrize("text", ["", "5", "a:b", "-1:4", "1:2:3", "1.5:3", "9" * 99])
def test_nonsense_is_not_a_range(text):
    with pytest.raises(SourceError, match="is not a frame range: give A:B"):
        FrameRange.parse(text)


@pytest.mark.parametrize("text", ["5:5", "9:3", ":0"])
def test_an_empty_range_is_refused(text):
    with pytest.raises(SourceError, match="holds no frame"):
        FrameRange.parse(text)


def test_a_range_behind_the_end_says_how_long_the_video_is(video):
    with (
        open_source(video, FrameRange(20)) as source,
        pytest.raises(SourceError, match=r"clip\.mp4 has only 20 frames"),
    ):
        list(source)


# Pictures.


def test_pictures_come_in_natural_order(tmp_path):
    names = ["frame1.png", "frame2.jpg", "frame10.bmp", "frame11.webp", "Frame12.tif"]
    folder = write_images(tmp_path / "shots", names)
    (folder / "notes.txt").write_text("not a picture")
    (folder / "._frame3.png").write_bytes(b"left by macOS")

    with open_source(folder, fps=10) as source:
        frames = list(source)

    assert (source.name, source.num_frames, source.fps) == ("shots", 5, 10)
    assert [number_in(frame.image) for frame in frames] == [0, 1, 2, 3, 4]
    np.testing.assert_allclose([f.t for f in frames], [0, 0.1, 0.2, 0.3, 0.4])


def test_a_picture_that_cannot_be_read_leaves_a_gap(tmp_path, caplog):
    folder = write_images(tmp_path / "shots", [f"{i}.png" for i in range(5)])
    (folder / "0.png").write_bytes(b"")
    (folder / "2.png").write_bytes(b"no picture")

    with open_source(folder) as source:
        frames = list(source)

    assert [frame.index for frame in frames] == [1, 3, 4]
    np.testing.assert_allclose([f.t for f in frames], np.array([1, 3, 4]) / 30)
    assert "2.png cannot be read" in caplog.text


def test_a_range_of_pictures(tmp_path):
    folder = write_images(tmp_path / "shots", [f"{i}.png" for i in range(9)])
    with open_source(folder, FrameRange(3, 6)) as source:
        frames = list(source)
    assert [frame.index for frame in frames] == [3, 4, 5]
    assert [number_in(frame.image) for frame in frames] == [3, 4, 5]
    with pytest.raises(SourceError, match="has only 9 pictures"):
        open_source(folder, FrameRange(9))


def test_one_picture_is_a_source_too(tmp_path):
    folder = write_images(tmp_path / "shots", ["only.png"])
    with open_source(folder / "only.png") as source:
        assert [frame.image_wh for frame in source] == [WH]


def test_pictures_of_two_sizes_are_refused(tmp_path):
    folder = write_images(tmp_path / "shots", ["1.png", "2.png"])
    write_images(folder, ["3.png"], wh=(32, 32))
    with (
        open_source(folder) as source,
        pytest.raises(SourceError, match=r"3\.png is \(32, 32\) pixels.*one size"),
    ):
        list(source)


def test_names_outside_ascii_are_read(tmp_path):
    folder = write_images(tmp_path / "日本 ü", ["画像1.png"])
    with open_source(folder) as source:
        assert len(list(source)) == 1
    video = write_video(tmp_path / "a.mp4", 3).rename(folder / "čárka.mp4")
    with open_source(video) as source:
        assert len(list(source)) == 3


# Bad input: one sentence that names the thing and the way out.


def make_bad(folder: Path, kind: str) -> Path:
    path = folder / "bad.mp4"
    if kind == "text":
        path.write_text("This is a letter, not a video.\n" * 100)
    elif kind == "zero bytes":
        path.touch()
    elif kind == "zeros":
        path.write_bytes(bytes(5000))
    elif kind == "no frames":
        write_video(path, 0)
    elif kind == "header only":
        data = write_video(path, 10).read_bytes()
        path.write_bytes(data[:40])
    elif kind == "folder":
        path.mkdir()
    elif kind == "broken pictures":
        write_images(path, ["1.png"])
        (path / "1.png").write_bytes(b"no picture")
    return path


@pytest.mark.parametrize(
    ("kind", "match"),
    [
        ("missing", "There is no file .*: check its name"),
        ("zero bytes", r"is empty \(0 bytes\)"),
        ("text", "no picture that can be decoded.*convert"),
        ("zeros", "no picture that can be decoded.*convert"),
        ("no frames", "no picture that can be decoded.*convert"),
        ("header only", "no picture that can be decoded.*convert"),
        ("folder", "has no pictures: it needs .jpg"),
        ("broken pictures", "None of the 1 pictures in .* can be read"),
    ],
)
def test_bad_input_is_one_sentence(tmp_path, kind, match):
    path = make_bad(tmp_path, kind)
    with pytest.raises(SourceError, match=match) as caught:
        open_source(path)
    assert "bad.mp4" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("fps", [0.0, -1.0, float("nan"), float("inf")])
def test_a_senseless_rate_is_refused(tmp_path, fps):
    with pytest.raises(SourceError, match="is not a frame rate"):
        open_source(tmp_path, fps=fps)


def test_nothing_is_no_source():
    with pytest.raises(SourceError, match="No source was given"):
        open_source(" ")


def test_opencv_stays_quiet(damaged, capfd):
    with open_source(damaged) as source:
        list(source)
    with pytest.raises(CameraError):
        open_source(997)
    written = capfd.readouterr()
    assert (written.out, written.err) == ("", "")


# Real footage.


@pytest.mark.parametrize(
    ("name", "num_frames", "fps", "wh"),
    [
        ("footage/video/sports2d_5.mp4", 540, 30000 / 1001, (1280, 720)),
        ("multiview/pose2sim/single_static/videos/cam03.mp4", 11, 60, (1080, 1920)),
    ],
)
def test_real_videos_are_read_whole(shared, name, num_frames, fps, wh):
    with open_source(shared / "data" / name) as source:
        times = [frame.t for frame in source]

    assert source.image_wh == wh
    assert source.num_frames == len(times) == num_frames
    assert source.fps == pytest.approx(fps)
    np.testing.assert_allclose(times, np.arange(num_frames) / fps, atol=1e-6)
    assert all(b > a for a, b in pairwise(times))
