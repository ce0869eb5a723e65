# SPDX-License-Identifier: GPL-3.0-or-later
"""A capture in a process of its own: the same as in a thread, and every fault of it."""

import dataclasses
import os
import signal
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from tests.live.conftest import VIDEOS, WAIT, is_gone, wait_until
from vitpose_blender.core.errors import SourceError, VitposeError
from vitpose_blender.core.packet import dumps
from vitpose_blender.live import keeper
from vitpose_blender.live.child_process import LOG_NAME
from vitpose_blender.live.feed import Opening, open_feed
from vitpose_blender.live.preview_size import fitted

ROOT = Path(__file__).parents[2]

unix_only = pytest.mark.skipif(os.name == "nt", reason="signals are Unix's")


def fake_module(folder: Path, name: str, code: str) -> tuple[str, ...]:
    """Return Python paths by which a child finds this module first."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text(code)
    return (str(folder), *filter(None, sys.path))


def fake_python(folder: Path, code: str) -> str:
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{code}\n")
    path.chmod(0o755)
    return str(path)


def test_it_sees_what_a_thread_sees(in_process, config):
    with open_feed(config, 0, Opening()) as feed:
        header, expected = feed.header, list(islice(feed.seen, 10))
    with in_process() as feed:
        assert feed.header == header
        found = list(islice(feed.seen, 10))

    for seen, wanted in zip(found, expected, strict=True):
        assert seen.t == wanted.t
        assert seen.lines == tuple(map(dumps, wanted.packets))
        assert seen.lines == tuple(map(dumps, seen.packets))


def test_its_clock_is_ours(in_process):
    before = time.monotonic()
    with in_process() as feed:
        seen = next(iter(feed.seen))
    assert before < seen.grabbed < time.monotonic()


def test_its_pictures_are_the_videos(in_process, config):
    pytest.importorskip("cv2")
    used = dataclasses.replace(config, footage=str(VIDEOS / "sample.mp4"))
    with open_feed(used, 0, Opening()) as feed:
        expected = [fitted(seen.image) for seen in islice(feed.seen, 8)]
    with in_process(used=used) as feed:
        found = [seen.image for seen in islice(feed.seen, 8)]

    seen = [(a, b) for a, b in zip(found, expected) if a is not None]
    assert len(seen) > 2  # A reader that is late misses some, but sees no other.
    for image, wanted in seen:
        np.testing.assert_array_equal(image, wanted)


def test_a_recording_comes_to_its_end(in_process, config, tmp_path):
    lines = (tmp_path / "short.take.jsonl", tmp_path / "all.take.jsonl")
    header, packets = _take_of(config)
    lines[0].write_text("\n".join([header, *packets[:3]]) + "\n")
    used = dataclasses.replace(config, source=str(lines[0]))
    with in_process(used=used) as feed:
        assert len(list(feed.seen)) == 3


def _take_of(config):
    import json

    with open_feed(config, 0, Opening()) as feed:
        seen = list(islice(feed.seen, 5))
        return json.dumps(feed.header.to_dict()), [dumps(s.packets[0]) for s in seen]


def test_an_error_keeps_its_class_and_its_sentence(in_process, config):
    used = dataclasses.replace(config, source="no-such-film.mp4")
    pytest.importorskip("torch")
    with pytest.raises(SourceError, match="There is no file"), in_process(used=used):
        pass


@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_a_missing_package_names_the_set_up(in_process, config, tmp_path, name):
    paths = fake_module(
        tmp_path / "packages",
        name,
        f"print('noise')\nraise ModuleNotFoundError('no', name={name!r})",
    )
    used = dataclasses.replace(
        config, source=str(VIDEOS / "sample.mp4"), python_paths=paths
    )
    with (
        pytest.raises(VitposeError, match=f"{name} is not installed: set up the ext"),
        in_process(used=used),
    ):
        pass


def test_a_python_that_is_not_there_names_the_ways_out(in_process, config):
    used = dataclasses.replace(config, python="/no/such/python")
    with (
        pytest.raises(VitposeError, match=r"does not start .*runtime.* in Blender"),
        in_process(used=used),
    ):
        pass


@unix_only
def test_a_python_that_is_none_is_one_sentence_that_names_its_log(
    in_process, config, tmp_path
):
    python = fake_python(tmp_path, "echo one >&2; echo I am a shell >&2; exit 3")
    used = dataclasses.replace(config, python=python)
    with (
        pytest.raises(VitposeError, match=r"unexpectedly \(code 3\)") as caught,
        in_process(used=used),
    ):
        pass
    path = config.journal / "capture.log"
    assert str(caught.value).endswith(str(path))
    assert path.read_text() == "one\nI am a shell\n"


@unix_only
@pytest.mark.parametrize(("users", "expected"), [(None, "1"), ("3", "3")])
def test_numpy_has_no_threads_there_unless_the_user_wants_them(
    in_process, config, tmp_path, monkeypatch, users, expected
):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    if users is not None:
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", users)
    python = fake_python(tmp_path, 'echo "it is $OPENBLAS_NUM_THREADS" >&2; exit 3')
    used = dataclasses.replace(config, python=python)
    with pytest.raises(VitposeError), in_process(used=used):
        pass
    assert (config.journal / LOG_NAME).read_text() == f"it is {expected}\n"


@pytest.mark.skipif(sys.platform != "linux", reason="measured on Linux alone")
def test_blender_goes_first_where_cores_are_scarce(in_process, children):
    with in_process() as feed:
        next(iter(feed.seen))
        theirs = os.getpriority(os.PRIO_PROCESS, children[0].pid)
    assert theirs > os.getpriority(os.PRIO_PROCESS, 0)


@unix_only
def test_a_killed_child_is_one_sentence(in_process, children):
    with in_process() as feed:
        moments = iter(feed.seen)
        next(moments)
        os.kill(children[0].pid, signal.SIGKILL)
        with pytest.raises(VitposeError, match=r"ended unexpectedly \(signal 9\)"):
            list(moments)


@unix_only
def test_a_hung_child_is_ended(in_process, children, monkeypatch):
    monkeypatch.setattr(keeper, "SILENCE", 0.4)
    with in_process() as feed:
        moments = iter(feed.seen)
        next(moments)
        os.kill(children[0].pid, signal.SIGSTOP)
        with pytest.raises(VitposeError, match=r"has not answered for 0.4 s"):
            list(moments)


@unix_only
def test_a_child_that_hangs_while_starting_can_be_stopped(
    in_process, config, opening, tmp_path, children
):
    python = fake_python(tmp_path, "exec sleep 60")
    used = dataclasses.replace(config, python=python)
    stopper = _soon(lambda: bool(children), opening.set)
    with in_process(used=used) as feed:
        assert list(feed.seen) == []
    stopper.join()


@unix_only
def test_a_stopped_child_that_does_not_obey_is_ended(in_process, children, opening):
    with in_process() as feed:
        next(iter(feed.seen))
        os.kill(children[0].pid, signal.SIGSTOP)
        opening.set()
        feed.interrupt()
        assert len(list(feed.seen)) < 1000


def test_stopping_ends_it_quietly(in_process, opening, caplog):
    with in_process() as feed:
        moments = iter(feed.seen)
        next(moments)
        opening.set()
        feed.interrupt()
        list(moments)
    assert caplog.records == []


def _soon(holds, act):
    import threading

    def run():
        assert wait_until(holds)
        act()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


PARENT = """
import sys
from pathlib import Path
from vitpose_blender.live import process_feed
from vitpose_blender.live.config import CaptureConfig
from vitpose_blender.live.feed import Opening

class Told(process_feed.ChildProcess):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        print(self.pid, flush=True)

process_feed.ChildProcess = Told
config = CaptureConfig(sys.argv[1], Path(sys.argv[2]), fps=30.0)
with process_feed.open_in_process(config, 0, Opening()) as feed:
    for seen in feed.seen:
        print("seen", flush=True)
"""


@unix_only
@pytest.mark.parametrize("when", ["starting", "running"])
def test_the_child_ends_by_itself_when_blender_is_killed(config, tmp_path, when):
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, config.source, str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        pid = int(parent.stdout.readline())
        if when == "running":
            assert parent.stdout.readline() == "seen\n"
        assert not is_gone(pid)
        parent.kill()
        parent.wait(WAIT)
    assert wait_until(lambda: is_gone(pid))


INSTALLED = """
import importlib, sys, types
from pathlib import Path

for name in ("bl_ext", "bl_ext.user_default"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [sys.argv[1]]
live = "bl_ext.user_default.vitpose_blender.live."
config = importlib.import_module(live + "config")
feed = importlib.import_module(live + "feed")
process_feed = importlib.import_module(live + "process_feed")
assert "vitpose_blender" not in sys.modules
settings = config.CaptureConfig(sys.argv[2], Path(sys.argv[3]), fps=30.0)
with process_feed.open_in_process(settings, 0, feed.Opening()) as opened:
    print("seen", next(iter(opened.seen)).packets[0].person)
try:
    settings = config.CaptureConfig("no-such.take.jsonl", Path(sys.argv[3]))
    with process_feed.open_in_process(settings, 0, feed.Opening()):
        pass
except Exception as error:
    print(type(error).__module__)
"""


def test_it_starts_from_an_installed_extension(config, tmp_path):
    pytest.importorskip("torch")
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        import build_extension
    finally:
        sys.path.remove(str(ROOT / "scripts"))
    build_extension.stage(tmp_path / "repo" / "vitpose_blender")
    arguments = (str(tmp_path / "repo"), config.source, str(tmp_path / "journal"))
    done = subprocess.run(
        [sys.executable, "-I", "-c", INSTALLED, *arguments],
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:2] == [
        "seen 1",
        "bl_ext.user_default.vitpose_blender.core.errors",
    ]
    assert done.stderr == ""  # No warning of leaked memory either.


def test_a_new_tilt_reaches_the_lifter(in_process):
    with in_process() as feed:
        plain = [seen.packets[0].joints for seen in islice(feed.seen, 5)]
    with in_process() as feed:
        seen = iter(feed.seen)
        told = [next(seen).packets[0].joints]
        feed.set_tilt(30.0)
        told += [each.packets[0].joints for each in islice(seen, 60)]
    np.testing.assert_array_equal(told[0].xyz, plain[0].xyz)
    with in_process() as feed:
        plain = [each.packets[0].joints for each in islice(feed.seen, 61)]
    assert np.abs(told[-1].xyz - plain[-1].xyz).max() > 0.01
