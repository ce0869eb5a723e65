# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of takes: what is read of them, and that none is ever lost or changed."""

import json
import os
import time

import numpy as np
import pytest

from vitpose_blender.core import take_library
from vitpose_blender.core.errors import OutputError, TakeError
from vitpose_blender.core.packet import Packet, dumps
from vitpose_blender.core.take import SUFFIX, TakeHeader, read_take, write_take
from vitpose_blender.core.take_library import DELETED, TakeLibrary
from vitpose_blender.core.take_summary import summarize
from vitpose_blender.core.types import Keypoints2D

HEADER = TakeHeader("cam", "model", fps=30.0, started="2026-01-02T03:04:05+00:00")


def packet(t, person=1, score=0.8):
    keypoints = Keypoints2D(np.full((17, 2), 5.0), np.full(17, score), t)
    return Packet(keypoints, person, round(30 * t), (640, 480))


def add(library, name, times=(0.0, 0.1, 0.2), age=0.0):
    """Write a take that is some seconds old."""
    path = library.folder / f"{name}{SUFFIX}"
    write_take(path, HEADER, map(packet, times))
    os.utime(path, (time.time() - age,) * 2)
    return path


@pytest.fixture
def library(tmp_path):
    return TakeLibrary(tmp_path / "takes")


def test_a_summary_is_what_reading_the_whole_take_says(tmp_path, rng):
    path = tmp_path / f"Dance{SUFFIX}"
    times = 50.0 + np.arange(900) / 30
    packets = [packet(t, 1, rng.uniform(0.6, 0.8)) for t in times]
    packets += [packet(t, 7, 0.7) for t in times[:300]]
    write_take(path, HEADER, sorted(packets, key=lambda each: each.t))

    found, take = summarize(path), read_take(path)

    assert found.name == "Dance"
    assert found.header == take.header
    assert list(found.people) == take.people == [1, 7]
    assert found.duration == pytest.approx(take.duration)
    assert found.num_frames == 900
    assert found.fps == pytest.approx(30)
    assert found.quality == pytest.approx(0.7, abs=0.02)


def test_time_without_anybody_costs_quality(tmp_path):
    path = tmp_path / f"a{SUFFIX}"
    times = np.concatenate([np.arange(0, 61), np.arange(90, 121)]) / 30  # 1 s of 4.
    write_take(path, HEADER, map(packet, times))
    assert summarize(path).quality == pytest.approx(0.8 * 3 / 4, abs=0.01)


def test_a_slow_camera_costs_none(tmp_path):
    path = tmp_path / f"a{SUFFIX}"
    write_take(path, HEADER, map(packet, np.arange(10) / 2))
    assert summarize(path).quality == pytest.approx(0.8)


@pytest.mark.parametrize("cut", [1, 40, 400])
def test_a_take_that_is_being_written_counts_whole_lines(tmp_path, cut):
    path = tmp_path / f"a{SUFFIX}"
    write_take(path, HEADER, map(packet, np.arange(10) / 10))
    path.write_bytes(path.read_bytes()[:-cut])
    assert summarize(path).num_frames == (10 if cut == 1 else 9)


def test_a_take_by_another_program_is_read_as_well(tmp_path):
    path = tmp_path / f"a{SUFFIX}"
    lines = [json.dumps(json.loads(dumps(packet(t, 3)))) for t in (1.0, 1.5, 2.0)]
    path.write_text("\n".join([json.dumps(HEADER.to_dict()), *lines]) + "\n")
    found = summarize(path)
    assert (found.num_frames, found.people, found.duration) == (3, (3,), 1.0)
    assert found.quality == pytest.approx(0.8)


def test_an_empty_take_has_nothing(tmp_path):
    path = tmp_path / f"a{SUFFIX}"
    write_take(path, HEADER, ())
    found = summarize(path)
    assert (found.num_frames, found.duration, found.quality, found.fps) == (0, 0, 0, 0)


def test_what_is_no_take_is_refused(tmp_path):
    path = tmp_path / f"a{SUFFIX}"
    path.write_bytes(b"\x00\xff not a take\n" * 9)
    with pytest.raises(TakeError, match="not a take"):
        summarize(path)
    with pytest.raises(TakeError, match="Cannot read"):
        summarize(tmp_path)


def test_the_newest_come_first(library):
    old, new, newest = (add(library, n, age=a) for n, a in zip("bac", (50, 9, 0)))
    (library.folder / "notes.txt").write_text("no take")
    assert library.paths() == [newest, new, old]


def test_a_folder_that_is_not_there_has_no_takes(library):
    assert library.paths() == []
    assert library.read_some(0.0)
    assert library.free_path().name == f"Take 001{SUFFIX}"


def test_takes_are_read_bit_by_bit_and_only_once(library, monkeypatch):
    paths = [add(library, f"Take {n}", age=n) for n in range(3)]
    broken = library.folder / f"broken{SUFFIX}"
    broken.write_text("nothing")
    told = []
    monkeypatch.setattr(
        take_library, "summarize", lambda path: told.append(path) or summarize(path)
    )
    assert [library.read_some(0.0) for _ in range(5)] == [False] * 3 + [True] * 2
    assert sorted(told) == sorted([*paths, broken])
    assert library.known(broken) is None
    assert library.known(paths[0]).num_frames == 3
    write_take(paths[0], HEADER, map(packet, (0.0, 1.0)))
    assert library.known(paths[0]) is None
    assert library.summary(paths[0]).num_frames == 2


def test_numbers_go_on_after_the_last_even_if_deleted(library):
    add(library, "Take 003 jump")
    assert library.free_path().name == f"Take 004{SUFFIX}"
    library.delete(add(library, "take 007"))
    assert library.free_path().name == f"Take 008{SUFFIX}"
    add(library, "Takeover 99")
    assert library.free_path().name == f"Take 008{SUFFIX}"
    assert library.free_path("Recovered").name == f"Recovered 001{SUFFIX}"


def test_renaming_changes_no_byte(library):
    path = add(library, "Take 001", age=99)
    before, when = path.read_bytes(), path.stat().st_mtime_ns
    renamed = library.rename(path, '  Jump: "high" / far. ')
    assert renamed.name == f"Jump_ _high_ _ far{SUFFIX}"
    assert (renamed.read_bytes(), renamed.stat().st_mtime_ns) == (before, when)
    assert library.paths() == [renamed]
    assert library.rename(renamed, "Jump_ _high_ _ far") == renamed


def test_another_take_is_never_replaced(library):
    one, other = add(library, "One"), add(library, "Other", (0.0, 0.5))
    texts = one.read_bytes(), other.read_bytes()
    with pytest.raises(OutputError, match="a take 'Other' already"):
        library.rename(one, "Other")
    with pytest.raises(TakeError, match="needs a name"):
        library.rename(one, " . ")
    assert (one.read_bytes(), other.read_bytes()) == texts


def test_deleted_takes_can_be_had_again(library):
    texts = []
    for number in range(2):
        path = add(library, "One", (0.0, number + 1.0), age=10 * 86400)
        texts.append(path.read_bytes())
        library.delete(path)
    kept = sorted((library.folder / DELETED).iterdir())
    assert [path.name for path in kept] == [f"One (2){SUFFIX}", f"One{SUFFIX}"]
    assert [path.read_bytes() for path in reversed(kept)] == texts
    assert library.paths() == []
    back = library.add(kept[1])
    assert back.read_bytes() == texts[0]


def test_deleted_takes_go_after_a_month(library):
    gone = library.delete(add(library, "One"))
    os.utime(gone, (0, 0))
    kept = library.delete(add(library, "Two"))
    assert list(gone.parent.iterdir()) == [kept]


def test_a_take_from_elsewhere_is_copied_beside_one_of_its_name(library, tmp_path):
    elsewhere = TakeLibrary(tmp_path / "elsewhere")
    path, own = add(elsewhere, "One", (0.0, 9.0)), add(library, "One")
    copy = library.add(path)
    assert copy.name == f"One (2){SUFFIX}"
    assert copy.read_bytes() == path.read_bytes() != own.read_bytes()
    with pytest.raises(TakeError, match="not a take"):
        library.add(tmp_path / "missing.txt")
    assert sorted(library.paths()) == sorted([own, copy])


def test_a_missing_take_says_so(library):
    add(library, "One")
    assert library.find("One").is_file()
    for name in ("Two", ""):
        with pytest.raises(TakeError, match="no take"):
            library.find(name)


def test_a_folder_that_cannot_be_written_to_is_told(library, tmp_path):
    path = add(library, "One")
    (library.folder / DELETED).write_text("in the way")
    with pytest.raises(OutputError, match="Cannot move One"):
        library.delete(path)
    assert path.exists()
    blocked = TakeLibrary(tmp_path / "file")
    blocked.folder.write_text("in the way")
    with pytest.raises(OutputError, match="Cannot copy One"):
        blocked.add(path)
