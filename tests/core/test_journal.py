# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal: nothing is lost, little is kept, and no disk stops the capture."""

import json
import os
import signal
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from vitpose_blender.core import journal as journal_module
from vitpose_blender.core.errors import OutputError, TakeError, VitposeError
from vitpose_blender.core.journal import STATE_KEY, Journal
from vitpose_blender.core.journal_files import (
    cut_short,
    left_captures,
    mark_ended,
    recover,
)
from vitpose_blender.core.packet import Packet, dumps
from vitpose_blender.core.take import SUFFIX, TakeHeader, read_take
from vitpose_blender.core.types import Keypoints2D

ROOT = Path(__file__).parents[2]
HEADER = TakeHeader("cam", "model", "lifter", (640, 480), tilt=5.0, fps=30.0)
WAIT = 20  # For what must happen; only a failing test waits so long [s].


def line(t, person=1):
    keypoints = Keypoints2D(np.full((17, 2), 5.0), np.ones(17), t)
    return dumps(Packet(keypoints, person, round(30 * t), (640, 480)))


def fill(journal, start, end, fps=10.0):
    for t in np.arange(round(start * fps), round(end * fps)) / fps:
        journal.write(float(t), [line(float(t))])


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "journal"


@pytest.fixture
def journal(folder):
    counter = iter(range(10**6))
    with Journal(folder, keep=20.0, segment=2.0) as journal:
        journal.begin(HEADER, lambda: {"count": next(counter)})
        yield journal


def times(take):
    return [packet.t for packet in take.packets]


def test_every_packet_is_on_disk_at_once(journal, folder):
    for number in range(50):
        journal.write(number / 10, [line(number / 10, 1), line(number / 10, 2)])
        packets = [
            packet
            for path in sorted(folder.glob(f"*{SUFFIX}"))
            for packet in read_take(path).packets
        ]
        assert len(packets) == journal.num_packets == 2 * (number + 1)


def test_only_the_last_minutes_are_kept(journal, folder):
    fill(journal, 0, 100)
    paths = sorted(folder.iterdir())
    assert 10 <= len(paths) <= 12
    assert 76 <= times(read_take(paths[0]))[0] <= 80
    assert len(journal._states) <= 22


def test_segments_are_bounded_in_size_as_well(journal, folder, monkeypatch):
    monkeypatch.setattr(journal_module, "MAX_BYTES", 50_000)
    fill(journal, 0, 18)
    sizes = [path.stat().st_size for path in folder.iterdir()]
    assert sum(sizes) < 50_000 + 2 * max(sizes)


def test_the_last_seconds_become_a_take(journal, tmp_path):
    fill(journal, 0, 15)
    path = journal.keep_last(3.0, tmp_path / "kept.take.jsonl")
    take = read_take(path)
    start = take.packets[0].t
    assert 14.9 - 3.0 - 1.0 - 1e-9 <= start <= 14.9 - 3.0
    np.testing.assert_allclose(times(take), np.arange(round(10 * start), 150) / 10)
    assert (take.header.model, take.header.camera) == ("model", HEADER.camera)
    assert [each.name for each in tmp_path.iterdir() if "part" in each.name] == []


def test_a_take_begins_with_the_state_of_its_first_moment(folder, tmp_path):
    now = [0.0]
    with Journal(folder, keep=20.0, segment=2.0) as journal:
        journal.begin(HEADER, lambda: {"before": now[0]})
        for number in range(150):
            now[0] = number / 10
            if number == 77:
                journal.mark_start(tmp_path / "marked.take.jsonl")
            journal.write(now[0], [line(now[0])])
        for path in (
            journal.keep_last(3.0, tmp_path / "kept.take.jsonl"),
            journal.mark_stop(),
        ):
            take = read_take(path)
            assert take.header.calibration[STATE_KEY] == {"before": take.packets[0].t}


def test_a_take_tells_when_it_was_by_the_clock_on_the_wall(journal, tmp_path):
    before = datetime.now().astimezone()
    fill(journal, 500, 510)
    take = read_take(journal.keep_last(4.0, tmp_path / "kept.take.jsonl"))
    began = datetime.fromisoformat(take.header.started)
    since = take.packets[0].t - 500
    assert began.tzinfo is not None
    assert abs((began - before).total_seconds() - since) < 5.0


def test_more_than_there_is_gives_all_there_is(journal, tmp_path):
    fill(journal, 0, 100)
    take = read_take(journal.keep_last(1e6, tmp_path / "kept.take.jsonl"))
    assert times(take)[-1] == 99.9
    assert times(take)[0] <= 80


def test_what_was_captured_can_be_kept_after_the_end(journal, tmp_path):
    fill(journal, 0, 5)
    journal.close()
    journal.close()
    assert len(read_take(journal.keep_last(9, tmp_path / "a.take.jsonl")).packets) == 50


def test_the_last_seconds_end_now_even_if_nobody_is_there(journal, tmp_path):
    fill(journal, 0, 10)
    for t in range(10, 14):
        journal.write(float(t), [])
    take = read_take(journal.keep_last(5, tmp_path / "one.take.jsonl"))
    assert 7 <= times(take)[0] <= 8
    with pytest.raises(TakeError, match="Nobody was seen"):
        journal.keep_last(1, tmp_path / "two.take.jsonl")
    assert not (tmp_path / "two.take.jsonl").exists()


def test_a_marked_range_is_the_packets_in_between(journal, tmp_path):
    fill(journal, 0, 3)
    journal.mark_start(tmp_path / "takes" / "one.take.jsonl")
    assert journal.is_marking
    fill(journal, 3, 60)  # Longer than the ring keeps.
    path = journal.mark_stop()
    assert not journal.is_marking
    fill(journal, 60, 62)
    np.testing.assert_allclose(times(read_take(path)), np.arange(30, 600) / 10)


def test_a_mark_that_is_left_open_is_a_whole_take(journal, tmp_path):
    path = tmp_path / "one.take.jsonl"
    journal.mark_start(path)
    fill(journal, 0, 2)
    assert len(read_take(path).packets) == 20
    journal.close()
    assert not journal.is_marking
    assert journal.mark_stop() == path
    with pytest.raises(TakeError, match="No take is being recorded"):
        journal.mark_stop()


def test_takes_never_change(journal, tmp_path):
    path = tmp_path / "one.take.jsonl"
    fill(journal, 0, 2)
    journal.keep_last(1, path)
    text = path.read_text()
    with pytest.raises(OutputError, match="already"):
        journal.keep_last(1, path)
    with pytest.raises(OutputError, match="already"):
        journal.mark_start(path)
    assert path.read_text() == text


def test_nothing_captured_says_so(journal, tmp_path):
    path = tmp_path / "one.take.jsonl"
    with pytest.raises(TakeError, match="Nothing was captured"):
        journal.keep_last(3, path)
    with pytest.raises(TakeError, match="No take is being recorded"):
        journal.mark_stop()
    journal.mark_start(path)
    with pytest.raises(VitposeError, match="already"):
        journal.mark_start(tmp_path / "other.take.jsonl")
    with pytest.raises(TakeError, match="nobody was seen"):
        journal.mark_stop()
    assert not path.exists()


def test_a_removed_folder_is_told_once_and_made_again(journal, folder, caplog):
    fill(journal, 0, 1)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    fill(journal, 1, 20)
    assert "was removed" in journal.message
    assert caplog.text.count("was removed") == 1
    assert times(read_take(sorted(folder.iterdir())[-1]))[-1] == 19.9


def test_a_full_disk_is_told_once_and_tried_again(
    folder, tmp_path, full_disk, caplog
):  # fmt: skip
    with Journal(folder, keep=20.0, segment=50.0) as journal:
        journal.begin(HEADER)
        journal.mark_start(tmp_path / "one.take.jsonl")
        with full_disk(20_000):
            fill(journal, 0, 8)
        fill(journal, 8, 15)
        assert "Cannot write" in journal.message
        assert caplog.text.count("Cannot write") == 1
        marked = read_take(journal.mark_stop())
        kept = read_take(journal.keep_last(100, tmp_path / "two.take.jsonl"))
    assert times(marked) == times(kept)[: len(times(marked))]
    assert times(kept)[-1] == 14.9


def test_a_take_that_cannot_be_written_is_not_there(
    journal, tmp_path, full_disk
):  # fmt: skip
    fill(journal, 0, 15)
    with full_disk(20_000), pytest.raises(OutputError, match="Cannot write"):
        journal.keep_last(10, tmp_path / "one.take.jsonl")
    assert [each.name for each in tmp_path.iterdir()] == ["journal"]


def test_ranges_are_kept_while_another_thread_writes(journal, tmp_path):
    is_over = threading.Event()

    def write():
        fill(journal, 0, 300)
        is_over.set()

    writer = threading.Thread(target=write)
    fill(journal, -5, 0)
    writer.start()
    number = 0
    while not is_over.is_set():
        take = read_take(journal.keep_last(4, tmp_path / f"{number}.take.jsonl"))
        gaps = np.diff(times(take))
        assert gaps.max() < 0.101
        number += 1
    writer.join(WAIT)
    assert number > 1
    fill(journal, 300, 303)  # What was in use is removed with the next segment.
    assert len(list((tmp_path / "journal").iterdir())) <= 12


def test_a_killed_process_loses_at_most_the_last_line(folder, tmp_path):
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from tests.core.test_journal import HEADER, fill, line\n"
        "from vitpose_blender.core.journal import Journal\n"
        "journal = Journal(Path(sys.argv[1]), keep=20.0, segment=2.0)\n"
        "journal.begin(HEADER, lambda: {'a': 1})\n"
        "fill(journal, 0, 9)\n"
        "journal._writer._file.write(line(9.0)[:100])\n"
        "journal._writer._file.flush()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], check=False, cwd=ROOT
    )
    assert done.returncode == -signal.SIGKILL
    (capture,) = left_captures(folder)
    (offered,) = cut_short(folder)
    assert offered.name == capture
    assert offered.num_bytes == sum(p.stat().st_size for p in folder.iterdir())
    take = read_take(recover(folder, capture, tmp_path / "saved.take.jsonl"))
    np.testing.assert_allclose(times(take), np.arange(90) / 10)
    assert take.header.calibration[STATE_KEY] == {"a": 1}
    assert take.header.model == "model"
    mark_ended(folder, capture)
    assert cut_short(folder) == []


def test_a_capture_that_goes_on_or_ended_was_not_cut_short(journal, folder):
    fill(journal, 0, 5)
    assert cut_short(folder) == []
    journal.close()
    assert cut_short(folder) == []
    assert left_captures(folder) != []


def test_what_was_cut_short_waits_longer_to_be_asked_for(journal, folder):
    ended, short = folder / f"a-1-000001{SUFFIX}", folder / f"b-2-000001{SUFFIX}"
    folder.mkdir()
    for path in (ended, short):
        path.write_text(json.dumps(HEADER.to_dict()) + "\n")
        two_days_ago = path.stat().st_mtime - 2 * 86400
        os.utime(path, (two_days_ago, two_days_ago))
    mark_ended(folder, "a-1")
    journal.begin(HEADER)
    assert not ended.exists()
    assert [each.name for each in cut_short(folder)] == ["b-2"]


def test_a_name_that_was_taken_meanwhile_is_left_alone(journal, tmp_path):
    path = tmp_path / "one.take.jsonl"
    journal.mark_start(path)
    path.write_text("another Blender's")
    fill(journal, 0, 1)
    assert journal.mark_stop() == tmp_path / "one (2).take.jsonl"
    assert path.read_text() == "another Blender's"


def test_captures_do_not_disturb_each_other_and_old_ones_go(journal, folder):
    fill(journal, 0, 5)
    old, recent = folder / f"a-1-000001{SUFFIX}", folder / f"b-2-000001{SUFFIX}"
    for path in (old, recent):
        path.write_text(json.dumps(HEADER.to_dict()) + "\n")
    os.utime(old, (0, 0))
    with Journal(folder) as other:
        other.begin(HEADER)
        fill(other, 0, 30)
    assert not old.exists()
    assert recent.exists()
    assert len(left_captures(folder)) == 3


def test_nothing_left_says_so(folder, tmp_path):
    assert left_captures(folder) == []
    with pytest.raises(TakeError, match="Nothing is left"):
        recover(folder, "none", tmp_path / "a.take.jsonl")


def test_another_header_begins_another_chapter(journal, folder):
    fill(journal, 0, 5)
    journal.go_on(TakeHeader("cam", tilt=12.0))
    with pytest.raises(TakeError):
        journal.keep_last(60.0, folder / "none.take.jsonl")
    fill(journal, 5, 8)
    take = read_take(journal.keep_last(60.0, folder.parent / "kept.take.jsonl"))
    assert times(take)[0] == 5.0
    assert take.header.tilt == 12.0
    assert len(left_captures(folder)) == 2
    journal.close()
    assert cut_short(folder) == []


def test_a_recording_that_was_begun_keeps_its_header(journal, tmp_path):
    journal.mark_start(tmp_path / "a.take.jsonl")
    fill(journal, 0, 1)
    journal.go_on(TakeHeader("cam", tilt=12.0))
    fill(journal, 1, 2)
    assert read_take(journal.mark_stop()).header.tilt == HEADER.tilt
