# SPDX-License-Identifier: GPL-3.0-or-later
"""The slot and the thread, with fakes and events: no camera, no model, no sleeping."""

import atexit
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from vitpose_blender.core.errors import CameraError
from vitpose_blender.worker import QUIT_PATIENCE, CaptureWorker, LatestSlot

ROOT = Path(__file__).parents[1]
TIMEOUT = 10  # For what must happen; only a failing test waits so long [s].


def test_slot_keeps_only_the_newest():
    slot = LatestSlot[int]()
    slot.put(1)
    slot.put(2)
    assert slot.take() == 2
    assert slot.take() is None


def test_slot_hands_each_value_to_one_reader():
    slot, taken, written = LatestSlot[int](), [], threading.Event()

    def read():
        while not written.is_set():
            taken.append(slot.take())
        taken.append(slot.take())

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for value in range(500):
        slot.put(value)
    written.set()
    for reader in readers:
        reader.join(TIMEOUT)

    values = [value for value in taken if value is not None]
    assert len(values) == len(set(values))
    assert 499 in values


def test_every_frame_is_estimated_in_order():
    seen, done = [], threading.Event()

    @contextmanager
    def three_frames():
        yield iter([1, 2, 3])
        done.set()

    worker = CaptureWorker(three_frames, lambda: seen.append)
    worker.start()
    assert done.wait(TIMEOUT)
    worker.stop(TIMEOUT)

    assert seen == [1, 2, 3]
    assert worker.latest.take() is None  # `append` returns None: nothing to show.


def test_the_newest_result_is_there_to_take():
    done = threading.Event()

    @contextmanager
    def three_frames():
        yield iter([1, 2, 3])
        done.set()

    worker = CaptureWorker(three_frames, lambda: lambda frame: frame * 10)
    worker.start()
    assert done.wait(TIMEOUT)
    worker.stop(TIMEOUT)

    assert worker.latest.take() == 30


def test_stop_releases_the_camera():
    running, released = threading.Event(), threading.Event()

    @contextmanager
    def endless_source():
        try:
            yield iter(int, 1)  # 0, 0, 0, ...
        finally:
            released.set()

    def estimate(frame):
        running.set()
        return frame

    worker = CaptureWorker(endless_source, lambda: estimate)
    worker.start()
    assert running.wait(TIMEOUT)
    worker.stop(TIMEOUT)

    assert released.is_set()
    assert not worker.is_alive
    assert worker.error is None


def test_stop_wakes_a_source_that_waits():
    waiting, woken = threading.Event(), threading.Event()

    @contextmanager
    def silent_source():
        def frames():
            waiting.set()
            assert woken.wait(TIMEOUT)
            yield from ()

        yield frames()

    worker = CaptureWorker(silent_source, lambda: lambda frame: frame, woken.set)
    worker.start()
    assert waiting.wait(TIMEOUT)
    worker.stop(TIMEOUT)
    assert not worker.is_alive
    assert worker.error is None


def test_who_is_stopped_while_loading_opens_no_camera():
    loading, proceed = threading.Event(), threading.Event()
    opened = []

    def load_estimator():
        loading.set()
        assert proceed.wait(TIMEOUT)
        return lambda frame: frame

    @contextmanager
    def open_source():
        opened.append(True)
        yield [0]

    worker = CaptureWorker(open_source, load_estimator, proceed.set)
    worker.start()
    assert loading.wait(TIMEOUT)
    worker.stop(TIMEOUT)
    assert not worker.is_alive
    assert not opened


def test_a_thread_that_is_stuck_is_reported(caplog):
    running, proceed = threading.Event(), threading.Event()

    @contextmanager
    def one_frame():
        yield [0]

    def estimate(frame):
        running.set()
        proceed.wait(TIMEOUT)

    worker = CaptureWorker(one_frame, lambda: estimate)
    worker.start()
    assert running.wait(TIMEOUT)
    worker.stop(timeout=0.0)

    assert worker.is_alive
    assert "still busy" in caplog.text
    proceed.set()
    worker.stop(TIMEOUT)
    assert not worker.is_alive


ENDING = """
import atexit
import threading
from contextlib import contextmanager
from vitpose_blender.worker import CaptureWorker

running, proceed = threading.Event(), threading.Event()

@contextmanager
def one_frame():
    yield [0]

def estimate(frame):
    running.set()
    proceed.wait()
    print(sum(range(3_000_000)) > 0, "looked", flush=True)

worker = CaptureWorker(one_frame, lambda: estimate)
if {is_stopped_at_the_end}:
    atexit.register(worker.stop, 0.0)
worker.start()
running.wait()
if not {is_stopped_at_the_end}:
    worker.stop(timeout=0.0)
atexit.register(proceed.set)  # Called before what was registered earlier.
"""


@pytest.mark.parametrize("is_stopped_at_the_end", [False, True])
def test_the_end_of_python_waits_for_a_busy_thread(is_stopped_at_the_end):
    code = ENDING.format(is_stopped_at_the_end=is_stopped_at_the_end)
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == ["True", "looked"]


def test_the_end_of_python_waits_only_so_long_and_for_no_thread_that_ended(
    monkeypatch,
):
    waits = []
    monkeypatch.setattr(atexit, "register", lambda *what: waits.append(what))
    monkeypatch.setattr(
        atexit, "unregister", lambda call: waits.remove((call, QUIT_PATIENCE))
    )

    @contextmanager
    def nothing():
        yield []

    worker = CaptureWorker(nothing, lambda: print)
    worker.start()
    assert waits == [(worker.stop, QUIT_PATIENCE)]
    worker.stop(TIMEOUT)
    assert waits == []


@pytest.mark.parametrize("broken", ["source", "estimator", "estimate"])
def test_failure_is_kept_for_the_main_thread(broken, caplog):
    @contextmanager
    def open_source():
        if broken == "source":
            raise CameraError("Camera 3 could not be opened")
        yield [0]

    def estimate(frame):
        raise CameraError("Camera 3 could not be opened")

    def load_estimator():
        if broken == "estimator":
            raise CameraError("Camera 3 could not be opened")
        return estimate

    worker = CaptureWorker(open_source, load_estimator)
    worker.start()
    worker.stop(TIMEOUT)

    assert isinstance(worker.error, CameraError)
    assert not worker.is_alive
    assert not caplog.records  # The main thread tells the user.


def test_a_bug_is_logged_with_its_traceback(caplog):
    @contextmanager
    def broken_source():
        raise ZeroDivisionError("a bug")
        yield

    worker = CaptureWorker(broken_source, lambda: lambda frame: frame)
    worker.start()
    worker.stop(TIMEOUT)
    assert isinstance(worker.error, ZeroDivisionError)
    assert caplog.records[0].exc_info
