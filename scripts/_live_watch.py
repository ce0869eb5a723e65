# SPDX-License-Identifier: GPL-3.0-or-later
"""Watch a live capture from Blender's main thread: its ticks, and how late bones are.

Imported only where bpy is.
"""

import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vitpose_blender.blender import access
from vitpose_blender.blender.session import LiveSession
from vitpose_blender.live import process_feed
from vitpose_blender.live.child_process import ChildProcess
from vitpose_blender.live.feed import Seen
from vitpose_blender.live.run import LiveRun


@dataclass
class Measured:
    """Times of one capture [s].

    Attributes:
        starting: Between two ticks, from the start until the first movement.
        running: Between two ticks after that.
        ticks: Of the main thread in each tick in which something moved.
        cpu: That it had a CPU in those.
        updates: That Blender took for the bones after those ticks.
        latencies: From a picture's grab until the bones were in place.
        waits: That each of these pictures waited for the models to look.
        works: That they looked.
        hands: From then until the targets were known: the way to Blender, the journal,
            retargeting.
        first: From the start until the first movement; NaN before.
        stopping: That stopping took.
    """

    starting: list[float] = field(default_factory=list)
    running: list[float] = field(default_factory=list)
    ticks: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    updates: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    works: list[float] = field(default_factory=list)
    hands: list[float] = field(default_factory=list)
    first: float = float("nan")
    stopping: float = float("nan")

    @property
    def added(self) -> list[float]:
        """Latency beside the models' own time [s]."""
        return [late - work for late, work in zip(self.latencies, self.works)]

    @property
    def ends(self) -> list[float]:
        """From then until the bones were in place: waiting for a tick, the tick [s]."""
        parts = zip(self.latencies, self.waits, self.works, self.hands)
        return [late - wait - work - hand for late, wait, work, hand in parts]


class Watch:
    """Stands in for the session's tick, and times it.

    Args:
        live: The session; its timer calls us instead until `close`.

    Attributes:
        stages: When each stage of the start was first seen, since its beginning [s].
    """

    def __init__(self, live: LiveSession) -> None:
        self.measured = Measured()
        self._live = live
        self._original = live._tick
        self._own = self.tick  # One object, as bpy.app.timers compares by identity.
        live._tick = self._own
        self._started = self._last = time.monotonic()
        self._seen: float = float("nan")
        self.stages: dict[str, float] = {}

    def tick(self) -> float | None:
        """Do the session's tick and what a window does after it."""
        measured, start, cpu = self.measured, time.monotonic(), time.thread_time()
        has_moved = measured.first == measured.first
        gaps = measured.running if has_moved else measured.starting
        gaps.append(start - self._last)
        answer = self._live.tick()
        cpu, ticked = time.thread_time() - cpu, time.monotonic()
        status = self._live.status()
        if not has_moved:
            self.stages.setdefault(status.stage or "ready", ticked - self._started)
        if self._live._poses and status.t != self._seen:
            self._seen = status.t
            access.view_layer().update()
            self._note(ticked - start, cpu, ticked, status.latency)
        self._last = start
        return answer

    def _note(self, wall: float, cpu: float, ticked: float, latency: float) -> None:
        placed, measured = time.monotonic(), self.measured
        if measured.first != measured.first:
            measured.first = placed - self._started
        measured.ticks.append(wall)
        measured.cpu.append(cpu)
        measured.updates.append(placed - ticked)
        measured.latencies.append(latency + placed - ticked)
        wait, work, hand = ways.get(self._seen, 3 * (float("nan"),))
        measured.waits.append(wait)
        measured.works.append(work)
        measured.hands.append(hand)

    def forget(self) -> None:
        """Drop what was measured since the first movement, to keep it short."""
        first, starting = self.measured.first, self.measured.starting
        self.measured = Measured(first=first, starting=starting)

    def close(self) -> None:
        """Stop the capture, and give the session its tick back."""
        before = time.monotonic()
        self._live.stop()
        self.measured.stopping = time.monotonic() - before
        self._live._tick = self._original


# How long the pictures of moments waited for the models, how long these looked, and how
# long it took then to the targets [s].
ways: dict[float, tuple[float, float, float]] = {}
children: list[ChildProcess] = []  # All that were started.


@contextmanager
def noted() -> Iterator[None]:
    """Have the ways of pictures and children noted."""
    make: Any = LiveRun.step

    def step(self: LiveRun, seen: Seen) -> Any:
        moment = make(self, seen)
        hand = time.monotonic() - seen.grabbed - seen.waited - seen.work
        ways[seen.t] = seen.waited, seen.work, hand
        while len(ways) > 1000:
            del ways[next(iter(ways))]
        return moment

    class Noted(ChildProcess):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            children.append(self)

    LiveRun.step = step  # type: ignore[method-assign]
    process_feed.ChildProcess = Noted  # type: ignore[misc]
    try:
        yield
    finally:
        LiveRun.step = make  # type: ignore[method-assign]
        process_feed.ChildProcess = ChildProcess  # type: ignore[misc]


def memory(pid: int) -> float:
    """Return how much memory a process has in use [MB]; NaN where nobody says."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
        line = next(each for each in text.splitlines() if each.startswith("VmRSS"))
        return int(line.split()[1]) / 1024
    except (OSError, StopIteration):
        pass
    try:
        done = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(pid)],
            check=False,
            capture_output=True,
            text=True,
        )
        return int(done.stdout) / 1024
    except (OSError, ValueError):
        return float("nan")


def median(times: list[float]) -> float:
    """Return the median in milliseconds; NaN of none."""
    return 1000 * statistics.median(times) if times else float("nan")


def share(times: list[float], part: float) -> float:
    """Return what that share of the times is below, in milliseconds; NaN of none."""
    ordered = sorted(times)
    last = len(ordered) - 1
    return 1000 * ordered[round(part * last)] if ordered else float("nan")
