# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources of a live capture that a test controls: no camera, no model, no waiting."""

import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from tests.humanoid import moving, person_like, seen_by_camera
from vitpose_blender.core.packet import Packet
from vitpose_blender.core.rig_rest import RigRest
from vitpose_blender.core.take import TakeHeader
from vitpose_blender.core.types import Joints3D, Keypoints2D
from vitpose_blender.live.feed import Feed, Seen

WAIT = 20  # For what must happen; only a failing test waits so long [s].
FPS = 30.0  # [Hz]
SIZE = (1280, 720)  # [px]


class FakeSource:
    """Delivers moments as the test hands them over; stalls when it has none."""

    def __init__(self, tilt: float = 0.0) -> None:
        self.header = TakeHeader(
            "fake", "fake-model", "geometric", SIZE, tilt=tilt, fps=FPS
        )
        self.is_open, self.is_closed = threading.Event(), threading.Event()
        self.wanted: int | None = None
        self.num_dropped = 0
        self._moments: queue.Queue[Seen | Exception | None] = queue.Queue()
        self._is_idle = threading.Event()

    @contextmanager
    def open(self, config, person, stop) -> Iterator[Feed]:
        """Be what `live.feed.open_feed` is."""
        self.wanted = person
        self.is_open.set()
        try:
            yield self.feed(stop)
        finally:
            self.is_closed.set()

    def feed(self, stop: threading.Event) -> Feed:
        """Return what opening it gives."""
        return Feed(
            self.header,
            "fake-device",
            self._seen(stop),
            lambda: self._moments.put(None),
            lambda: self.num_dropped,
            set_person=self._want,
        )

    def _want(self, person: int) -> None:
        self.wanted = person

    def deliver(self, *moments: Seen | Exception) -> None:
        """Hand moments over and wait until all of them were dealt with."""
        for moment in moments:
            self._is_idle.clear()
            self._moments.put(moment)
            if isinstance(moment, Exception):
                assert self.is_closed.wait(WAIT)
            else:
                assert self._is_idle.wait(WAIT)

    def end(self) -> None:
        """Come to the end, as a video does."""
        self._moments.put(None)
        assert self.is_closed.wait(WAIT)

    def _seen(self, stop: threading.Event) -> Iterator[Seen]:
        while not stop.is_set():
            moment = self._moments.get(timeout=WAIT)
            if moment is None:
                return
            if isinstance(moment, Exception):
                raise moment
            yield moment
            self._is_idle.set()  # Asked for the next, so this one is dealt with.


def packet(joints: Joints3D, number: int, person: int = 1) -> Packet:
    """Return a packet whose keypoints say little and whose joints say all."""
    keypoints = Keypoints2D(np.full((17, 2), 100.0), np.full(17, 0.8), joints.t)
    return Packet(keypoints, person, number, SIZE, joints, source="fake")


def moments(*people: Sequence[Joints3D]) -> list[Seen]:
    """Return what is seen of people, numbered from 1, who are there all the time."""
    return [
        Seen(
            together[0].t,
            together[0].t,
            tuple(
                packet(joints, number, person)
                for person, joints in enumerate(together, start=1)
            ),
            np.zeros((4, 4, 3), np.uint8),
        )
        for number, together in enumerate(zip(*people))
    ]


def joints_of(
    rest: RigRest, seconds: float, seed: int = 0, start: float = 100.0
) -> list[Joints3D]:
    """Return somebody built like a character who moves everything and walks."""
    times = start + np.arange(round(seconds * FPS)) / FPS
    path = np.outer(times - start, (0.4, -0.1, 0.0))
    return seen_by_camera(moving(person_like(rest), times, seed), path, times)
