# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes in the sidebar: recorded, listed, renamed, deleted, saved from a crash."""

import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import bpy
import pytest

from tests.blender.live_sources import FakeSource, joints_of, moments
from tests.blender.rigs import add_humanoid
from vitpose_blender.blender import character, session, take_list, take_settings
from vitpose_blender.core.take import SUFFIX, read_take
from vitpose_blender.core.take_library import DELETED
from vitpose_blender.live.config import CaptureConfig, Driven

ROOT = Path(__file__).parents[2]
OPS = bpy.ops.vitpose


@pytest.fixture
def folder(user_data):
    return user_data / "vitpose_blender" / "takes"


@pytest.fixture
def live():
    yield session.live
    session.live.stop()


@pytest.fixture
def seen():
    return moments(joints_of(character.read_rig_rest(add_humanoid("Hero")), 4.0))


@pytest.fixture
def source(live, user_data):
    """A running capture of a hero."""
    source = FakeSource()
    config = CaptureConfig("fake", user_data / "vitpose_blender" / "journal")
    live.start(config, [Driven("Hero")], source.open)
    return source


def rows():
    return [(item.name, item.num_frames) for item in take_list.listed().items]


def settings():
    return take_settings.settings(bpy.context.scene)


def record(source, moments_):
    OPS.record_start()
    source.deliver(*moments_)
    OPS.record_stop()


def test_what_is_recorded_is_in_the_list(seen, source, folder):
    record(source, seen[:10])
    record(source, seen[10:40])
    assert rows() == [("Take 002", 30), ("Take 001", 10)]
    item = take_list.active_item()
    assert (item.name, item.people, item.source) == ("Take 002", "1", "fake")
    assert item.duration == pytest.approx(29 / 30, abs=1e-3)
    assert item.quality == pytest.approx(0.8)
    assert item.fps == pytest.approx(30, abs=0.1)
    assert len(read_take(folder / f"Take 002{SUFFIX}").packets) == 30


def test_the_last_seconds_are_kept_while_it_runs_and_after(seen, source, live):
    source.deliver(*seen)
    settings().seconds = 1.0
    OPS.keep_last()
    live.stop()
    OPS.keep_last(seconds=100.0)
    (_, longer), (_, shorter) = rows()
    assert longer == 120
    assert 30 <= shorter <= 61


@pytest.mark.parametrize("ends", ["stop", "source", "file"])
def test_a_take_is_kept_whatever_ends_the_capture(seen, source, live, folder, ends):
    OPS.record_start()
    source.deliver(*seen[:20])
    assert take_list.shelf.recording == "Take 001"
    take_list.shelf.tick()
    if ends == "stop":
        live.stop()
    elif ends == "source":
        source.end()
        while live.tick() is not None:
            pass
    else:
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert not live.status().is_recording
    take_list.shelf.tick()
    assert rows() == [("Take 001", 20)]
    assert take_list.listed().message == "Take 001 is kept: the recording has ended"
    assert not OPS.record_stop.poll()


def test_recording_without_a_capture_is_refused(live, monkeypatch):
    monkeypatch.setattr(live, "_run", None)
    for operator in (OPS.record_start, OPS.record_stop, OPS.keep_last):
        assert not operator.poll()
    with pytest.raises(RuntimeError, match="Start the capture first"):
        OPS.record_start()


def test_an_empty_recording_is_told_and_leaves_nothing(seen, source):
    OPS.record_start()
    assert not OPS.record_start.poll()
    with pytest.raises(RuntimeError, match="nobody was seen"):
        OPS.record_stop()
    assert rows() == []
    record(source, seen[:5])
    assert rows() == [("Take 001", 5)]


def test_a_take_that_is_being_recorded_stays_where_it_is(seen, source, folder):
    OPS.record_start()
    source.deliver(*seen[:5])
    take_list.shelf.tick()
    with pytest.raises(RuntimeError, match="is being recorded"):
        OPS.take_delete()
    with pytest.raises(RuntimeError, match="is being recorded"):
        OPS.take_rename(name="Other")
    take_list.active_item().title = "Another"
    assert "is being recorded" in take_list.listed().message
    source.deliver(*seen[5:10])
    OPS.record_stop()
    assert len(read_take(folder / f"Take 001{SUFFIX}").packets) == 10


def test_a_take_is_renamed_in_the_list_or_by_the_operator(seen, source, folder):
    record(source, seen[:5])
    record(source, seen[5:12])
    text = (folder / f"Take 002{SUFFIX}").read_bytes()
    OPS.take_rename(name="Jump")
    take_list.active_item().title = "High jump"
    assert rows() == [("High jump", 7), ("Take 001", 5)]
    assert (folder / f"High jump{SUFFIX}").read_bytes() == text
    with pytest.raises(RuntimeError, match="'Take 001' already"):
        OPS.take_rename(name="Take 001")
    take_list.active_item().title = "Take 001"
    assert "'Take 001' already" in take_list.listed().message
    OPS.takes_refresh()
    assert take_list.listed().message == ""
    assert rows() == [("High jump", 7), ("Take 001", 5)]


def test_a_deleted_take_can_be_imported_again(seen, source, folder):
    record(source, seen[:5])
    record(source, seen[5:12])
    OPS.take_delete(take="Take 001")
    assert rows() == [("Take 002", 7)]
    assert take_list.active_item().name == "Take 002"
    OPS.take_import(filepath=str(folder / DELETED / f"Take 001{SUFFIX}"))
    assert sorted(rows()) == [("Take 001", 5), ("Take 002", 7)]
    assert take_list.active_item().name == "Take 001"
    OPS.take_delete()
    OPS.take_delete()
    assert not OPS.take_delete.poll()
    OPS.take_import(
        directory=str(folder / DELETED),
        files=[{"name": f"Take 00{n}{SUFFIX}"} for n in (1, 2)],
    )
    assert len(rows()) == 2


def test_the_list_is_made_again_in_another_file(seen, source, live, folder):
    record(source, seen[:5])
    live.stop()
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert rows() == [("Take 001", 5)]
    (folder / f"Take 001{SUFFIX}").unlink()
    take_list.shelf.tick()
    assert rows() == []
    assert take_list.active_item() is None


def test_a_folder_beside_the_file_is_nothing_to_warn_of():
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        settings().folder = "//takes"
    assert told == []


def test_takes_can_be_beside_the_file(seen, source, tmp_path):
    settings().folder = "//takes"
    with pytest.raises(RuntimeError, match="save the file"):
        OPS.record_start()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "hero.blend"))
    record(source, seen[:5])
    assert (tmp_path / "takes" / f"Take 001{SUFFIX}").is_file()
    assert rows() == [("Take 001", 5)]
    settings().folder = ""
    take_list.shelf.tick()
    assert rows() == []


def test_many_takes_are_read_bit_by_bit(seen, source, live, folder, monkeypatch):
    record(source, seen[:5])
    live.stop()
    original = folder / f"Take 001{SUFFIX}"
    for number in range(2, 7):
        copy = folder / f"Take 00{number}{SUFFIX}"
        copy.write_bytes(original.read_bytes())
    monkeypatch.setattr(take_list, "_AT_ONCE", 0.0)
    takes = take_list.listed()
    intervals = [take_list.shelf.tick() for _ in range(5)]
    assert intervals == [0.0] * 4 + [take_list.PERIOD]
    assert len(takes.items) == 6
    assert all(item.is_read for item in takes.items)


def test_a_capture_that_crashed_can_be_recovered(user_data, folder):
    journal = user_data / "vitpose_blender" / "journal"
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from tests.core.test_journal import HEADER, fill\n"
        "from vitpose_blender.core.journal import Journal\n"
        "journal = Journal(Path(sys.argv[1]))\n"
        "journal.begin(HEADER)\n"
        "journal.mark_start(Path(sys.argv[2]) / 'Take 001.take.jsonl')\n"
        "fill(journal, 0, 9)\n"
        "journal._mark.writer._file.write('{\"timestamp\":9')\n"
        "journal._mark.writer._file.flush()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(journal), str(folder)], check=False, cwd=ROOT
    )
    assert done.returncode == -signal.SIGKILL
    take_list.shelf.tick()
    assert rows() == [("Take 001", 90)]
    assert len(take_list.shelf.cut_short) == 1
    OPS.take_recover()
    assert rows()[0] == ("Recovered 001", 90)
    assert take_list.active_item().name == "Recovered 001"
    assert take_list.shelf.cut_short == ()
    assert not OPS.take_recover.poll()


def test_what_a_crash_left_can_be_dismissed(user_data):
    journal = user_data / "vitpose_blender" / "journal"
    journal.mkdir(parents=True)
    segment = journal / f"20260101-000000-000000-1-000001{SUFFIX}"
    segment.write_text('{"take": 1}\n')
    os.utime(segment, (time.time() - 3600,) * 2)
    take_list.shelf.tick()
    assert len(take_list.shelf.cut_short) == 1
    OPS.take_forgo()
    assert take_list.shelf.cut_short == ()
    assert rows() == []


def test_no_timer_is_left_when_the_extension_is_switched_off():
    import vitpose_blender

    assert bpy.app.timers.is_registered(take_list.shelf.tick_timer)
    vitpose_blender.unregister()
    assert not bpy.app.timers.is_registered(take_list.shelf.tick_timer)
    assert not hasattr(bpy.types.WindowManager, "vitpose_takes")
    vitpose_blender.register()
