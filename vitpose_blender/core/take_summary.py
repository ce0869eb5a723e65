# SPDX-License-Identifier: GPL-3.0-or-later
"""What a take holds, told without parsing all of it."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .errors import TakeError
from .take import TakeHeader, parse_header, take_name
from .types import FloatArray

GAP = 0.25  # Nobody is missed who is back within that time [s].

_NUMBER = rb"(-?[0-9.]+(?:[eE][-+]?[0-9]+)?)"
_TIME = re.compile(rb'\{\s*"timestamp"\s*:\s*' + _NUMBER)
_PERSON = re.compile(rb'"person"\s*:\s*([0-9]+)')
_SCORES = re.compile(rb'"scores"\s*:\s*(\[[^\]]*\])')
_NUM_SAMPLED = 200  # Lines whose scores are read.


@dataclass(frozen=True)
class TakeSummary:
    """What a list of takes shows.

    Attributes:
        name: What the take is called: its file's name without suffixes.
        duration: From the first moment to the last [s].
        num_frames: Moments in which somebody was seen.
        people: Numbers of the people in it, the most often seen first.
        quality: How sure the keypoints are, times how much of the take somebody was
            seen in; in [0, 1].
        header: What its file begins with.
    """

    name: str
    duration: float
    num_frames: int
    people: tuple[int, ...]
    quality: float
    header: TakeHeader

    @property
    def fps(self) -> float:
        """Moments a second [Hz]; 0 where there are too few to say."""
        return (self.num_frames - 1) / self.duration if self.duration > 0 else 0.0


def summarize(path: Path) -> TakeSummary:
    """Read what a take holds; one that is still being written, too.

    Raises:
        TakeError: The file cannot be read or is not a take.
    """
    try:
        with path.open("rb") as file:
            header = parse_header(file.readline().decode("utf-8", "replace"))
            if header is None:
                raise TakeError(f"{path} is not a take")
            lines = _Lines(file, path.stat().st_size)
            moments = np.array(sorted(lines.moments()))
    except OSError as error:
        raise TakeError(f"Cannot read {path}: {error.strerror or error}") from error
    return TakeSummary(
        take_name(path),
        float(moments[-1] - moments[0]) if len(moments) else 0.0,
        len(moments),
        tuple(person for person, _ in lines.people.most_common()),
        _coverage(moments) * lines.mean_score,
        header,
    )


class _Lines:
    """Goes over the packets' lines once, and looks at the scores of some.

    Attributes:
        people: How often each one was seen.
    """

    def __init__(self, lines: Iterable[bytes], num_bytes: int) -> None:
        self.people: Counter[int] = Counter()
        self._lines = lines
        self._num_bytes = num_bytes
        self._scores: list[float] = []

    @property
    def mean_score(self) -> float:
        """Of the keypoints in the lines that were looked at, in [0, 1]."""
        return float(np.mean(self._scores)) if self._scores else 0.0

    def moments(self) -> set[float]:
        """Return the time stamps of the whole lines [s]."""
        times: set[float] = set()
        next_sample = 0
        for number, (time, line) in enumerate(self._packets()):
            times.add(time)
            person = _PERSON.search(line, max(line.rfind(b'"meta"'), 0))
            self.people[int(person[1]) if person else 1] += 1
            if number >= next_sample:
                self._sample(line)
                num_lines = self._num_bytes / len(line)
                next_sample = number + max(round(num_lines / _NUM_SAMPLED), 1)
        return times

    def _packets(self) -> Iterator[tuple[float, bytes]]:
        for line in self._lines:
            found = _TIME.match(line)
            if found and line.rstrip().endswith(b"}"):
                yield float(found[1]), line

    def _sample(self, line: bytes) -> None:
        found = _SCORES.search(line)
        try:
            scores = np.array(json.loads(found[1]) if found else [], dtype=float)
        except (ValueError, TypeError):
            return
        if scores.ndim == 1 and scores.size and np.isfinite(scores).all():
            self._scores.append(float(np.clip(scores, 0.0, 1.0).mean()))


def _coverage(moments: FloatArray) -> float:
    """Return the share of a take's time in which somebody was seen."""
    if len(moments) < 2:
        return float(len(moments))
    steps = np.diff(moments)
    longest = max(GAP, 3 * float(np.median(steps)))  # Of a slow camera's steps.
    return float(steps[steps <= longest].sum() / steps.sum())
