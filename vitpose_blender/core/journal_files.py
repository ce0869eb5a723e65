# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of journals: lines from many, one whole take, what a crash left behind."""

import contextlib
import json
import os
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .errors import OutputError, TakeError
from .take import SUFFIX, TakeHeader, TakeWriter

LEFT_OVER = 86400.0  # Segments of earlier captures are removed after that time [s].
CUT_SHORT = 30 * LEFT_OVER  # Those of a capture that never ended are kept longer [s].
ENDED = ".ended"  # Suffix of the mark of a capture that ended as it should.
_QUIET = 600.0  # A capture that wrote nothing for so long is not going on [s].

_TIME = re.compile(r'\{"timestamp":(-?[0-9.]+(?:e[-+]?[0-9]+)?),')


@dataclass(frozen=True)
class CutShort:
    """A capture that never ended, as its program crashed.

    Attributes:
        name: Of the capture, see `left_captures`.
        last: When its last packet was written, seconds since the epoch.
        num_bytes: How much is left of it.
    """

    name: str
    last: float
    num_bytes: int


def left_captures(folder: Path) -> list[str]:
    """Return the names of the captures whose segments are in a folder, oldest first."""
    return sorted({_capture_of(path) for path in folder.glob(f"*{SUFFIX}")})


def cut_short(folder: Path) -> list[CutShort]:
    """Return the captures that a crash cut short, oldest first."""
    segments: dict[str, list[os.stat_result]] = {}
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        with contextlib.suppress(OSError):  # A running capture removes old ones.
            segments.setdefault(_capture_of(path), []).append(path.stat())
    return [
        CutShort(name, last, sum(each.st_size for each in stats))
        for name, stats in segments.items()
        if not _has_ended(folder, name)
        and not _goes_on(name, last := max(each.st_mtime for each in stats))
    ]


def mark_ended(folder: Path, capture: str) -> None:
    """Note that a capture ended as it should, or that its rest was dealt with."""
    with contextlib.suppress(OSError):
        (folder / f"{capture}{ENDED}").touch()


def _has_ended(folder: Path, capture: str) -> bool:
    return (folder / f"{capture}{ENDED}").exists()


def _goes_on(capture: str, last: float) -> bool:
    """Whether a program may still be writing a capture."""
    process = capture.rpartition("-")[2]
    if time.time() - last > _QUIET or not process.isdecimal():
        return False
    if int(process) == os.getpid() or os.name == "nt":  # There, signal 0 would kill it.
        return int(process) == os.getpid()
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def recover(folder: Path, capture: str, path: Path) -> Path:
    """Make a take of all that is left of a capture, say one that crashed.

    Args:
        folder: Of the journal.
        capture: One of `left_captures`.
        path: The take to write.

    Raises:
        TakeError: Nothing is left of it.
        OutputError: The take cannot be written, or there is one of that name.
    """
    files = sorted(
        each for each in folder.glob(f"*{SUFFIX}") if _capture_of(each) == capture
    )
    header = _first_header(files)
    if header is None:
        raise TakeError(f"Nothing is left of the capture {capture}")
    write_whole(path, header, lines_of(files, -float("inf")))
    return path


def _capture_of(path: Path) -> str:
    return path.name.removesuffix(SUFFIX).rpartition("-")[0]


def _first_header(files: Iterable[Path]) -> TakeHeader | None:
    for file in files:
        with contextlib.suppress(OSError, ValueError, TypeError), file.open() as text:
            return TakeHeader.from_dict(json.loads(text.readline()))
    return None


def lines_of(files: Iterable[Path], start: float) -> Iterator[str]:
    """Iterate over the whole lines of packets from `start` on."""
    for file in files:
        with contextlib.suppress(OSError), file.open(encoding="utf-8") as text:
            for line in text:
                found = _TIME.match(line)
                if found and line.endswith("}\n") and float(found[1]) >= start:
                    yield line[:-1]


def check_free(path: Path) -> None:
    """Raise OutputError if there is a file already where a take shall be."""
    if path.exists():
        raise OutputError(
            f"There is a take {path} already, and takes never change: give another name"
        )


def free_variant(path: Path) -> Path:
    """Return the path of a take, or one beside it where there is a take already."""
    stem, number = path.name.removesuffix(SUFFIX), 1
    while path.exists():
        number += 1
        path = path.with_name(f"{stem} ({number}){SUFFIX}")
    return path


def write_whole(path: Path, header: TakeHeader, lines: Iterable[str]) -> None:
    """Write a take that is there as a whole or not at all."""
    check_free(path)
    unfinished = path.with_name(f"{path.name}.part")
    try:
        with TakeWriter(unfinished, header) as writer:
            for line in lines:
                writer.write_line(line)
        if not writer.num_packets:
            raise TakeError("Nobody was seen in that time: there is nothing to keep")
        unfinished.rename(path)
    except OSError as error:
        raise OutputError(f"Cannot write {path}: {error.strerror or error}") from error
    finally:
        remove(unfinished)


def remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def remove_left_overs(folder: Path) -> None:
    """Remove segments so old that nobody will ask for them any more.

    Those of a capture that was cut short wait longer: nobody may have seen them yet.
    """
    now = time.time()
    for path in folder.glob(f"*{SUFFIX}"):
        age = LEFT_OVER if _has_ended(folder, _capture_of(path)) else CUT_SHORT
        _remove_older(path, now - age)
    for path in folder.glob(f"*{ENDED}"):
        _remove_older(path, now - CUT_SHORT)


def _remove_older(path: Path, oldest: float) -> None:
    with contextlib.suppress(OSError):
        if path.stat().st_mtime < oldest:
            path.unlink()
