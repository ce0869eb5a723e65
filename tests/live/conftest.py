# SPDX-License-Identifier: GPL-3.0-or-later
"""A capture in a process of its own, of what needs neither a camera nor a model."""

import os
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from vitpose_blender.data_files import data_folder
from vitpose_blender.live import process_feed
from vitpose_blender.live.child_process import ChildProcess
from vitpose_blender.live.config import CaptureConfig
from vitpose_blender.live.feed import Opening

VIDEOS = data_folder("resources") / "videos"
WAIT = 20  # For what must happen; only a failing test waits so long [s].


@pytest.fixture
def config(tmp_path):
    source = str(VIDEOS / "sample.keypoints.json")
    return CaptureConfig(source, tmp_path / "journal", fps=30.0)


@pytest.fixture
def children(monkeypatch):
    """The processes that are started meanwhile; none may be left, and no thread."""
    started = []

    class Noted(ChildProcess):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            started.append(self)

    monkeypatch.setattr(process_feed, "ChildProcess", Noted)
    yield started
    assert all(is_gone(child.pid) for child in started)
    assert [t.name for t in threading.enumerate() if t.name.startswith("vitpose")] == []


@pytest.fixture
def opening():
    return Opening()


@pytest.fixture
def in_process(config, opening, children):
    """Opens the feed of a config in a child, with nobody else's Python paths."""

    @contextmanager
    def opened(person=0, used=config):
        with process_feed.open_in_process(used, person, opening) as feed:
            yield feed

    return opened


def is_gone(pid: int) -> bool:
    """Whether a process has ended, even if nobody has asked how."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.parent.parent.is_dir() and Path("/proc/self").exists():
        try:
            return stat.read_text().rpartition(")")[2].split()[0] == "Z"
        except (FileNotFoundError, ProcessLookupError):
            return True
    try:
        os.kill(pid, 0)
    except OSError:
        return True
    return False


def wait_until(holds) -> bool:
    """Return whether something comes true in time."""
    end = time.monotonic() + WAIT
    while not holds():
        if time.monotonic() > end:
            return False
        threading.Event().wait(0.01)
    return True
