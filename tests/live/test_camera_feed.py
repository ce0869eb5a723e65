# SPDX-License-Identifier: GPL-3.0-or-later
"""A source that opens while the model loads, and the counting of what it drops."""

import atexit
import importlib
import threading

import numpy as np
import pytest

from tests.live.conftest import WAIT
from vitpose_blender.core.errors import CameraError
from vitpose_blender.core.types import Frame
from vitpose_blender.live import camera_feed
from vitpose_blender.live.camera_feed import Look, _Coming, _load
from vitpose_blender.live.feed import Opening
from vitpose_blender.live.pace import Pace

IMAGE = np.zeros((4, 4, 3), np.uint8)


@pytest.fixture
def at_exit(monkeypatch):
    """What Python's end is told to wait for."""
    waits = []
    monkeypatch.setattr(
        atexit, "register", lambda call, *arguments: waits.append(lambda: call(WAIT))
    )
    return waits


class Camera:
    """A live source that has dropped what is missing between the frames' numbers."""

    is_live = True

    def __init__(self, *indices):
        self.num_dropped = 0
        self.is_closed = threading.Event()
        self._indices = indices

    def __iter__(self):
        last = -1
        for index in self._indices:
            self.num_dropped += index - last - 1
            last = index
            yield Frame(IMAGE, index / 30, index)

    def close(self):
        self.is_closed.set()


def test_what_came_while_loading_was_not_dropped():
    look = Look(Camera(40, 41, 45), lambda frame: [], Opening())
    dropped = [look.num_dropped for _ in look]
    assert dropped == [0, 0, 3]


def test_what_is_before_the_start_is_not_looked_at():
    looked = []
    look = Look(
        Camera(*range(10)),
        lambda frame: looked.append(frame.index) or [],
        Opening(),
        start=6 / 30,
    )
    assert [round(30 * seen.t) for seen in look] == looked == [6, 7, 8, 9]
    assert look.num_dropped == 0


class Film(Camera):
    """The same frames, which nobody waits for."""

    is_live = False


def test_what_can_wait_comes_after_what_is_waited_for():
    done = []
    look = Look(
        Film(0, 1, 2),
        lambda frame: done.append(("look", frame.index)) or [],
        Opening(),
        lambda frame: done.append(("meanwhile", frame.index)),
    )
    for seen in look:
        done.append(("seen", round(30 * seen.t)))
    first = [("look", 0), ("seen", 0)]  # Nobody waited for the first of a file.
    later = [(what, i) for i in (1, 2) for what in ("look", "seen", "meanwhile")]
    assert done == first + later


@pytest.mark.parametrize(
    ("rests", "expected"),
    [
        ([0.01] * 4, [0, 1, 2, 3]),
        ([0.01, 0, 0.01, 0, 0.01], [0, 2, 4]),  # What can wait makes the next late.
        ([0.01, *[0] * 8], [0, 3, 6]),
    ],
    ids=["quick", "nearly quick", "slow"],
)
@pytest.mark.parametrize("kind", [Camera, Film])
def test_what_can_wait_waits_where_frames_do(monkeypatch, kind, rests, expected):
    now, done = [100.0], []

    class Source(kind):
        def __iter__(self):
            for frame, rest in zip(super().__iter__(), rests):
                now[0] += rest if self.is_live else 0.01  # A file's is read meanwhile.
                yield frame

    class Paced:
        def __init__(self, _):
            self._rests = iter(rests)

        def wait_for(self, _):
            return next(self._rests)

    monkeypatch.setattr(camera_feed.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(camera_feed, "Pace", Paced)
    source = Source(*range(len(rests)))
    list(Look(source, lambda _: [], Opening(), lambda f: done.append(f.index)))
    assert done == expected


def test_nothing_is_dropped_before_the_first_look():
    assert Look(Camera(40), lambda frame: [], Opening()).num_dropped == 0


def test_the_models_own_time_is_told():
    seen = next(iter(Look(Camera(0), lambda frame: [], Opening())))
    assert 0.0 <= seen.work < WAIT


def test_a_source_is_open_when_it_is_waited_for():
    camera = Camera()
    with _Coming(lambda: camera) as coming:
        assert coming.wait(Opening()) is camera
        assert not camera.is_closed.is_set()
    assert camera.is_closed.is_set()


@pytest.mark.parametrize("kind", [CameraError, ZeroDivisionError])
def test_what_opening_raises_is_raised_when_waited_for(kind, caplog):
    def fail():
        raise kind("no camera")

    with (
        pytest.raises(kind, match="no camera"),
        _Coming(fail) as coming,
    ):
        coming.wait(Opening())
    assert bool(caplog.records) == (kind is ZeroDivisionError)  # A bug is logged.


@pytest.mark.parametrize("is_paced", [True, False])
def test_only_a_file_in_its_own_time_is_waited_for(is_paced, monkeypatch):
    waited, video = [], Camera(0, 1)
    monkeypatch.setattr(Pace, "wait_for", lambda _, t: waited.append(t) or 0.0)
    video.is_live = False
    look = Look(video, lambda frame: [], Opening(), is_paced=is_paced)
    assert len(list(look)) == 2
    assert len(waited) == 2 * is_paced


def test_who_is_stopped_looks_at_no_other_picture():
    opening, looked = Opening(), []

    def look_and_be_stopped(frame):
        looked.append(frame.index)
        opening.set()
        return []

    assert len(list(Look(Camera(0, 1, 2), look_and_be_stopped, opening))) == 1
    assert looked == [0]


def test_nobody_who_is_stopped_waits_for_a_source(monkeypatch, at_exit):
    monkeypatch.setattr("vitpose_blender.live.camera_feed.LET_GO", 0.0)
    proceed, opening, camera = threading.Event(), Opening(), Camera()

    def slow():
        assert proceed.wait(WAIT)
        return camera

    with _Coming(slow) as coming:
        opening.set()
        assert coming.wait(opening) is None
    assert len(at_exit) == 1
    proceed.set()
    at_exit[0]()
    assert camera.is_closed.is_set()


@pytest.mark.parametrize("stage", ["choose_device", "ViTPose.load", "make_detector"])
def test_who_is_stopped_while_loading_loads_nothing_more(stage, monkeypatch, config):
    pytest.importorskip("torch", reason="needs torch")
    opening, loaded = Opening(), []
    device, vitpose, detector = (
        importlib.import_module(f"vitpose_blender.inference.{name}")
        for name in ("device", "vitpose", "detector")
    )
    stages = {
        "choose_device": device,
        "ViTPose.load": vitpose.ViTPose,
        "make_detector": detector,
    }

    def load(name):
        def loading(*_):
            loaded.append(name)
            if name == stage:
                opening.set()
            return name

        return loading

    for name, owner in stages.items():
        monkeypatch.setattr(owner, name.rpartition(".")[2], load(name))
    monkeypatch.setattr(device, "limit_threads", lambda spare: None)
    assert _load(config, opening) is None
    assert loaded == list(stages)[: list(stages).index(stage) + 1]


def test_a_source_that_opens_too_late_is_closed(monkeypatch, at_exit):
    monkeypatch.setattr("vitpose_blender.live.camera_feed.LET_GO", 0.0)
    proceed, camera = threading.Event(), Camera()

    def slow():
        assert proceed.wait(WAIT)
        return camera

    with _Coming(slow) as coming:
        coming.check()
    assert not camera.is_closed.is_set()
    proceed.set()
    assert camera.is_closed.wait(WAIT)
