# SPDX-License-Identifier: GPL-3.0-or-later
"""Live sources: a fake camera moved by events, and a real stream over HTTP."""

import queue
import threading
import time

import cv2
import numpy as np
import pytest

from tests.inference.mjpeg_server import MjpegServer
from vitpose_blender.core.errors import CameraError, SourceError
from vitpose_blender.inference.camera import FrameRange, open_source
from vitpose_blender.inference.live_camera import LiveCamera

WAIT = 20  # For what must happen; only a failing test waits so long [s].
END = object()


class FakeCapture:
    """A camera that shows what the test puts into `pictures`, and else blocks."""

    def __init__(self, is_opened: bool = True) -> None:
        self.pictures: queue.Queue = queue.Queue()
        self.is_released = threading.Event()
        self.is_drained = threading.Event()
        self._is_opened = is_opened
        self._picture = None

    def show(self, *values: int, wh: tuple[int, int] = (8, 6)) -> None:
        self.is_drained.clear()
        for value in values:
            self.pictures.put(np.full((*wh[::-1], 3), value, np.uint8))

    def isOpened(self) -> bool:  # noqa: N802
        return self._is_opened

    def grab(self) -> bool:
        if self.pictures.empty():
            self.is_drained.set()
        self._picture = self.pictures.get(timeout=WAIT)
        if isinstance(self._picture, Exception):
            raise self._picture
        if self._picture is END:
            self.pictures.put(END)  # Goes on failing, as OpenCV does.
            return False
        return self._picture is not None

    def retrieve(self) -> tuple[bool, np.ndarray]:
        return True, self._picture

    def get(self, prop: int, /) -> float:
        return {cv2.CAP_PROP_FPS: 30.0}.get(prop, 0.0)

    def release(self) -> None:
        self.is_released.set()


def open_fake(capture: FakeCapture, **options) -> LiveCamera:
    options = {"timeout": 0.2, "open_timeout": WAIT} | options
    return LiveCamera("camera 7", lambda: capture, "plug it in", **options)


def values_of(frames) -> list[int]:
    return [int(frame.image[0, 0, 0]) for frame in frames]


def test_a_slow_reader_gets_the_newest_frame():
    capture = FakeCapture()
    capture.show(0)
    with open_fake(capture, timeout=WAIT) as camera:
        frames = iter(camera)
        first = next(frames)
        capture.show(*range(1, 51))
        assert capture.is_drained.wait(WAIT)
        second = next(frames)
        capture.pictures.put(END)

    assert values_of([first, second]) == [0, 50]
    assert [first.index, second.index] == [0, 50]
    assert camera.num_dropped == 49
    assert capture.is_released.is_set()


def test_a_fast_reader_gets_every_frame_at_the_time_of_its_grab():
    capture = FakeCapture()
    capture.show(0)
    before = time.monotonic()
    with open_fake(capture, timeout=WAIT) as camera:
        frames = []
        for frame in camera:
            frames.append(frame)
            if len(frames) == 5:
                break
            capture.show(len(frames))
        capture.pictures.put(END)
    times = [before, *(frame.t for frame in frames), time.monotonic()]

    assert values_of(frames) == [0, 1, 2, 3, 4]
    assert times == sorted(times)
    assert camera.num_dropped == 0
    assert (camera.image_wh, camera.fps, camera.num_frames) == ((8, 6), 30.0, None)
    assert camera.is_live


def test_a_frame_that_fails_once_is_only_a_pause():
    capture = FakeCapture()
    capture.show(0)
    with open_fake(capture, timeout=WAIT) as camera:
        frames = iter(camera)
        next(frames)
        capture.pictures.put(None)
        capture.show(1)
        assert values_of([next(frames)]) == [1]
        capture.pictures.put(END)


def test_a_range_counts_grabbed_frames():
    capture = FakeCapture()
    capture.show(0)
    with open_fake(capture, timeout=WAIT, frames=FrameRange(0, 2)) as camera:
        frames = []
        for frame in camera:
            frames.append(frame)
            capture.show(len(frames))
        capture.pictures.put(END)
    assert values_of(frames) == [0, 1]


def test_the_end_of_a_live_source_is_an_error_and_releases_it():
    capture = FakeCapture()
    capture.show(0)
    with open_fake(capture) as camera:
        frames = iter(camera)
        next(frames)
        capture.pictures.put(END)
        with pytest.raises(CameraError, match=r"no picture for 0\.2 s"):
            next(frames)
    assert capture.is_released.is_set()


def test_a_read_that_never_returns_is_an_error_too(caplog):
    capture = FakeCapture()
    capture.show(0)
    with open_fake(capture) as camera:
        frames = iter(camera)
        next(frames)
        with pytest.raises(CameraError, match=r"Camera 7 has delivered no picture"):
            next(frames)
    assert "does not let go" in caplog.text
    capture.pictures.put(END)
    assert capture.is_released.wait(WAIT)


def test_closing_wakes_a_waiting_reader():
    capture = FakeCapture()
    capture.show(0)
    camera = open_fake(capture, timeout=WAIT)
    is_waiting, frames = threading.Event(), []

    def read():
        for frame in camera:
            frames.append(frame)
            is_waiting.set()

    reader = threading.Thread(target=read)
    reader.start()
    assert is_waiting.wait(WAIT)
    capture.pictures.put(END)
    camera.close()
    reader.join(WAIT)

    assert not reader.is_alive()
    assert len(frames) == 1


@pytest.mark.parametrize("kind", ["closed", "silent"])
def test_a_camera_that_does_not_open_is_an_error(kind):
    capture = FakeCapture(is_opened=kind == "silent")
    capture.pictures.put(END)
    match = "could not be opened: plug it in" if kind == "closed" else "no picture"
    with pytest.raises(CameraError, match=match):
        open_fake(capture)
    assert capture.is_released.is_set()


def test_opening_that_hangs_is_an_error():
    proceed, capture = threading.Event(), FakeCapture()

    def open_slowly():
        proceed.wait(WAIT)
        return capture

    with pytest.raises(CameraError, match="could not be opened"):
        LiveCamera("camera 7", open_slowly, "wait", timeout=0.01, open_timeout=0.01)
    capture.pictures.put(END)
    proceed.set()
    assert capture.is_released.wait(WAIT)


def test_a_bug_in_the_thread_reaches_the_reader(caplog):
    capture = FakeCapture()
    capture.pictures.put(RuntimeError("driver crashed"))
    with pytest.raises(CameraError, match="Camera 7 failed: driver crashed"):
        open_fake(capture)
    assert "Traceback" in caplog.text


def test_a_picture_that_changes_its_size_is_an_error():
    capture = FakeCapture()
    capture.show(0)
    with open_fake(capture) as camera:
        frames = iter(camera)
        next(frames)
        capture.show(1, wh=(6, 8))
        with pytest.raises(CameraError, match="changed its picture"):
            next(frames)


@pytest.mark.parametrize("spec", [997, "997"])
def test_no_such_camera_is_one_sentence(spec):
    with pytest.raises(CameraError, match="Camera 997 could not be opened") as caught:
        open_source(spec)
    assert "another index" in str(caught.value)


@pytest.mark.parametrize("spec", [-1, "-1", "99999999999"])
def test_senseless_indices_are_refused(spec):
    with pytest.raises(SourceError, match="is not the index of a camera"):
        open_source(spec)


# Over HTTP, as network cameras do.


@pytest.fixture
def server():
    server = MjpegServer()
    yield server
    server.close()


@pytest.mark.parametrize("kind", ["hangs up", "stalls"])
def test_a_network_stream_plays_until_it_breaks(server, kind, caplog):
    server.show(*range(0, 100, 10))
    with open_source(f"{server.url}?key=secret", timeout=1.0) as camera:
        frames = iter(camera)
        first = next(frames)
        if kind == "hangs up":
            server.hang_up()
        with pytest.raises(CameraError, match="no picture for 1 s") as caught:
            list(frames)

    assert first.image_wh == camera.image_wh == (64, 48)
    assert "secret" not in camera.name + str(caught.value) + caplog.text
    assert camera.name.startswith("http://***@127.0.0.1:")


def test_a_stream_nobody_serves_is_one_sentence(capfd):
    with pytest.raises(CameraError, match="could not be opened: check the address"):
        open_source("http://me:secret@127.0.0.1:9/x.mjpg?key=secret", timeout=1.0)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("url", ["http://[", "rtsp://[::1/x"])
def test_a_malformed_address_is_one_sentence(url):
    with pytest.raises(SourceError, match="malformed"):
        open_source(url)


def test_a_file_address_is_a_file(tmp_path):
    with pytest.raises(SourceError, match="There is no file"):
        open_source((tmp_path / "no such.mp4").as_uri())
