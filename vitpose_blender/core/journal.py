# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal: the last minutes of a capture, always on disk, from which takes come.

It is a ring of segment files, each of them a take by itself. Every line reaches the
disk at once, so a killed process loses at most the last. The capture goes on when the
journal cannot be written: it says so once and tries again.
"""

import contextlib
import json
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from .closing import Closing
from .errors import OutputError, TakeError, VitposeError
from .journal_files import (
    check_free,
    free_variant,
    lines_of,
    mark_ended,
    remove,
    remove_left_overs,
    write_whole,
)
from .take import SUFFIX, TakeHeader, TakeWriter

log = logging.getLogger(__name__)

KEEP = 300.0  # [s]
MAX_BYTES = 256 * 2**20  # Of one capture's segments together.
STATE_EVERY = 1.0  # A kept range may begin this much earlier [s].
RETRY = 5.0  # Between two attempts to write again [s].
STATE_KEY = "live"  # In a header's calibration: how the characters were driven.

State = dict[str, Any]


@dataclass
class _Segment:
    """A file of the ring; `first` and `last` are times of packets [s]."""

    path: Path
    first: float
    last: float
    num_bytes: int = 0


class Journal(Closing):
    """Keeps the last minutes; one thread writes, another may take ranges out.

    Args:
        folder: Where the segments are.
        keep: How much is kept [s].
        segment: How much is in one file [s].

    Attributes:
        message: What went wrong first, a sentence; empty while nothing has.
        num_packets: How many are on disk or were.
    """

    def __init__(
        self, folder: Path, keep: float = KEEP, segment: float = KEEP / 30
    ) -> None:
        self.message = ""
        self.num_packets = 0
        self._folder = folder
        self._keep = keep
        self._segment_length = segment
        self._header = TakeHeader()
        self._read_state: Callable[[], State] = dict
        self._lock = threading.Lock()  # Of all that follows; never held for long.
        self._in_use = threading.Lock()  # While held, no segment is removed.
        self._name, self._num_segments = "", 0
        self._names: list[str] = []  # One a header.
        self._segments: deque[_Segment] = deque()
        self._states: deque[tuple[float, str]] = deque()
        self._writer: TakeWriter | None = None
        self._mark: _Mark | None = None
        self._left_mark: _Mark | None = None  # Was open when the capture ended.
        self._retry_at = self._newest = -float("inf")
        self._anchor: tuple[float, datetime] | None = None

    @property
    def is_marking(self) -> bool:
        """Whether a range is being recorded."""
        return self._mark is not None

    @property
    def marked(self) -> Path | None:
        """The take that is being recorded; it may not be there before somebody is."""
        mark = self._mark
        return mark.path if mark is not None else None

    def begin(self, header: TakeHeader, read_state: Callable[[], State] = dict) -> None:
        """Begin the journal of a capture.

        Args:
            header: Of all takes that come out of it.
            read_state: Returns what a take needs to be replayed as it was seen, as
                JSON values; asked before the packets of a moment are handled.
        """
        self._header = header
        self._read_state = read_state
        self._name_files()
        remove_left_overs(self._folder)

    def go_on(self, header: TakeHeader) -> None:
        """Go on with another header; takes do not reach back before this moment.

        A take is replayed with one header from one state on, so that what came before
        a calibration and what came after it cannot be in one.
        """
        with self._lock:
            if self._writer is not None:
                _close(self._writer)
            self._writer = None
            self._header = header
            self._states.clear()
            self._name_files()

    def _name_files(self) -> None:
        """Give the segments from now on a name of their own."""
        self._name = f"{datetime.now():%Y%m%d-%H%M%S-%f}-{os.getpid()}"
        self._names.append(self._name)

    def write(self, t: float, lines: Sequence[str]) -> None:
        """Add the packets of one moment; never raises for what the disk does.

        Args:
            t: When it was, on the source's clock [s].
            lines: The packets as JSON; none where nobody was seen.
        """
        with self._lock:
            self._newest = t
            if self._anchor is None:
                self._anchor = t, datetime.now().astimezone()
            self._note_state(t)
            if self._mark is not None and lines:
                self._write_mark(self._mark, t, lines)
            if t >= self._retry_at and lines:
                self._write_segment(t, lines)

    def keep_last(self, seconds: float, path: Path) -> Path:
        """Make a take of the last seconds; it may begin up to a second earlier.

        Raises:
            TakeError: Nobody was seen meanwhile.
            OutputError: The take cannot be written, or there is one of that name.
        """
        with self._in_use:
            with self._lock:
                segments = list(self._segments)
                start, state = self._state_before(self._newest - seconds)
            files = [segment.path for segment in segments if segment.last >= start]
            write_whole(path, self._header_at(start, state), lines_of(files, start))
        return path

    def mark_start(self, path: Path) -> None:
        """Record from now on, into a take that grows until `mark_stop`.

        Raises:
            OutputError: There is a take of that name.
            VitposeError: A range is being recorded already.
        """
        check_free(path)
        with self._lock:
            if self._mark is not None:
                raise VitposeError("A take is being recorded already: stop that first")
            self._mark = _Mark(path)

    def mark_stop(self) -> Path:
        """End the recorded range and return its take; also after the capture's end.

        Raises:
            TakeError: Nobody was seen meanwhile.
            OutputError: It could not be written.
        """
        with self._lock:
            mark = self._mark or self._left_mark
            self._mark = self._left_mark = None
        if mark is None:
            raise TakeError("No take is being recorded")
        return mark.finish()

    def close(self) -> None:
        """Close the files; what they hold can still be kept."""
        with self._lock:
            for name in self._names:
                mark_ended(self._folder, name)
            if self._mark is not None:
                self._left_mark, self._mark = self._mark, None
                _close(self._left_mark)
            if self._writer is not None:
                _close(self._writer)
            self._writer = None

    def _note_state(self, t: float) -> None:
        if not self._states or t >= self._states[-1][0] + STATE_EVERY:
            self._states.append((t, json.dumps(self._read_state())))
        while len(self._states) > 1 and self._states[1][0] < t - self._keep:
            self._states.popleft()

    def _state_before(self, t: float) -> tuple[float, str]:
        """Return the time and the text of the last state that is not after `t`."""
        if not self._segments or not self._states:
            raise TakeError("Nothing was captured yet: start the capture first")
        oldest = self._segments[0].first
        kept = [state for state in self._states if state[0] >= oldest]
        before = [state for state in kept if state[0] <= t]
        return before[-1] if before else (kept or [(oldest, "{}")])[0]

    def _header_at(self, t: float, state: str) -> TakeHeader:
        """Return the header of a take that begins at `t`."""
        assert self._anchor is not None
        anchor_t, wall_clock = self._anchor
        started = wall_clock + timedelta(seconds=t - anchor_t)
        calibration = self._header.calibration | {STATE_KEY: json.loads(state)}
        return replace(
            self._header,
            started=started.isoformat(timespec="milliseconds"),
            calibration=calibration,
        )

    def _write_mark(self, mark: "_Mark", t: float, lines: Sequence[str]) -> None:
        try:
            if mark.writer is None and not mark.message:
                state = json.dumps(self._read_state())
                mark.open(self._header_at(t, state))
            mark.write(lines)
        except OutputError as error:
            mark.message = str(error)
            self._tell(error)

    def _write_segment(self, t: float, lines: Sequence[str]) -> None:
        try:
            writer = self._writer_at(t)
            _write_lines(writer, lines)
        except OutputError as error:
            self._writer = None
            self._retry_at = t + RETRY
            self._tell(error)
            return
        segment = self._segments[-1]
        segment.last = t
        segment.num_bytes += sum(map(len, lines))
        self.num_packets += len(lines)

    def _writer_at(self, t: float) -> TakeWriter:
        """Return the writer of the current segment, which may be a new one."""
        if self._writer is not None:
            if t < self._segments[-1].first + self._segment_length:
                return self._writer
            self._writer.close()
            self._writer = None
        self._num_segments += 1
        path = self._folder / f"{self._name}-{self._num_segments:06}{SUFFIX}"
        header = self._header_at(t, json.dumps(self._read_state()))
        self._writer = TakeWriter(path, header)
        self._segments.append(_Segment(path, t, t))
        self._remove_old(t)
        return self._writer

    def _remove_old(self, t: float) -> None:
        if not self._in_use.acquire(blocking=False):
            return  # Somebody reads them; there will be a next time.
        try:
            while len(self._segments) > 1 and (
                self._segments[1].first < t - self._keep
                or sum(each.num_bytes for each in self._segments) > MAX_BYTES
            ):
                remove(self._segments.popleft().path)
        finally:
            self._in_use.release()

    def _tell(self, error: OutputError) -> None:
        if not self.message:
            self.message = str(error)
            log.warning("%s", error)


class _Mark:
    """A range that is being recorded, into a take of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.message = ""
        self.writer: TakeWriter | None = None

    def open(self, header: TakeHeader) -> None:
        self.path = free_variant(self.path)  # Another Blender may have taken the name.
        self.writer = TakeWriter(self.path, header)

    def write(self, lines: Sequence[str]) -> None:
        if self.writer is not None and not self.message:
            _write_lines(self.writer, lines)

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()

    def finish(self) -> Path:
        _close(self)  # What went wrong was told when it happened.
        num_packets = self.writer.num_packets if self.writer is not None else 0
        if self.message and (not num_packets or not self.path.exists()):
            raise OutputError(self.message)
        if self.writer is None:
            raise TakeError(
                "Nothing was recorded: nobody was seen between start and stop"
            )
        return self.path


def _close(file: TakeWriter | _Mark) -> None:
    with contextlib.suppress(OutputError):
        file.close()


def _write_lines(writer: TakeWriter, lines: Sequence[str]) -> None:
    if not writer.path.exists():  # What is written into a deleted file goes nowhere.
        _close(writer)
        raise OutputError(
            f"Cannot write {writer.path}: the file or its folder was removed"
        )
    for line in lines:
        writer.write_line(line)
