# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures for a status line: how many people, how fast, how late."""

import statistics
import threading
from collections import deque
from dataclasses import dataclass

from .address import is_this_machine
from .intake import Received

WINDOW = 1.0  # What the figures are about [s].
MAX_PACKETS = 4096  # More in a window are not counted.
MAX_LATENCY = 5.0  # A greater one means that clocks do not compare [s].


@dataclass(frozen=True)
class Reading:
    """How the stream has been during the last second.

    Attributes:
        people: Numbers of the people seen.
        fps: Frames that came, each counted once whoever is in it [Hz].
        latency: From the grab to the arrival, median [s]; None where clocks do not
            compare. They do where a camera is on this machine: both sides read
            `time.monotonic()`.
        jitter: How unevenly packets came, compared with their time stamps [s].
    """

    people: tuple[int, ...] = ()
    fps: float = 0.0
    latency: float | None = None
    jitter: float = 0.0


class Meter:
    """Remembers the last second of a stream; may be read from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: deque[Received] = deque(maxlen=MAX_PACKETS)

    def add(self, received: Received) -> None:
        with self._lock:
            if self._last and self._last[-1].session != received.session:
                self._last.clear()
            self._last.append(received)

    def reading(self, now: float) -> Reading:
        """Return the figures.

        Args:
            now: By the clock of the arrivals, `time.monotonic()` [s].
        """
        with self._lock:
            while self._last and now - self._last[0].arrived > WINDOW:
                self._last.popleft()
            recent = list(self._last)
        if not recent:
            return Reading()
        delays = [received.arrived - received.packet.t for received in recent]
        return Reading(
            people=tuple(sorted({received.packet.person for received in recent})),
            fps=len({received.packet.t for received in recent}) / WINDOW,
            latency=_latency(delays, recent[-1].host),
            jitter=max(delays) - min(delays),
        )


def _latency(delays: list[float], host: str) -> float | None:
    latency = statistics.median(delays)
    if is_this_machine(host) and 0 <= latency <= MAX_LATENCY:
        return latency
    return None
