# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets that another machine, or another program of this one, sends over UDP.

Whatever comes, or does not come, is no error: the sender may start later, stop and
come back. Nothing is computed here but joints that a sender leaves out, so this runs
in Blender's process whatever the engine.
"""

import contextlib
import queue
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..core.errors import VitposeError
from ..core.packet import Packet
from ..core.take import TakeHeader
from ..streaming.address import DEFAULT_PORT, LOOPBACK, is_this_machine
from ..streaming.errors import StreamError
from ..streaming.intake import Received
from ..streaming.meter import MAX_LATENCY
from ..streaming.replay import later
from ..streaming.udp import PacketReceiver
from .config import CaptureConfig
from .feed import Feed, Opening, Seen
from .people import people_lifter

if TYPE_CHECKING:
    from ..inference.capture import PeopleLifter

SCHEME = "udp://"
GATHER = 0.01  # How long the others of a moment are waited for [s].
POLL = 0.1  # How often it is looked whether the capture shall end [s].
QUIET = 2.0  # Without a packet for so long the user is told [s].
MAX_WAITING = 1024  # Packets that have come and were not dealt with.


def is_udp(source: str) -> bool:
    """Whether a source is an address at which packets are waited for."""
    return source.strip().lower().startswith(SCHEME)


def address_of(source: str) -> tuple[str, int]:
    """Return where to listen: without a host for this machine alone.

    Raises:
        StreamError: The address is none.
    """
    try:
        parts = urlsplit(source.strip())
        host, port = parts.hostname or LOOPBACK, parts.port or DEFAULT_PORT
    except ValueError:
        raise StreamError(
            f"{source!r} is no address to listen at: give {SCHEME}{LOOPBACK}:"
            f"{DEFAULT_PORT}, or {SCHEME}0.0.0.0:{DEFAULT_PORT} for the network"
        ) from None
    return LOOPBACK if host == "localhost" else host, port


@contextmanager
def open_udp(config: CaptureConfig, person: int, opening: Opening) -> Iterator[Feed]:
    """Listen, and open when the first packet has come; see `feed.open_feed`.

    Raises:
        StreamError: It cannot be listened at that address.
    """
    arrivals: queue.Queue[Received | None] = queue.Queue(MAX_WAITING)
    lost: list[int] = [0]

    def put(received: Received) -> None:
        try:
            arrivals.put_nowait(received)
        except queue.Full:
            lost[0] += 1

    def wake() -> None:
        with contextlib.suppress(queue.Full):
            arrivals.put_nowait(None)

    with PacketReceiver(*address_of(config.source), put) as receiver:
        receiver.start()
        moments = _Moments(config, person, opening, receiver, arrivals)
        first = moments.first()
        header = moments.header(first.packet) if first is not None else TakeHeader()
        yield Feed(
            header,
            "",
            moments if first is not None else (),
            wake,
            lambda: receiver.counts().num_dropped + moments.num_late + lost[0],
            lambda: _words(receiver, moments.num_late, lost[0]),
            set_person=moments.want,
        )


def _words(receiver: PacketReceiver, num_late: int, num_lost: int) -> str:
    counts = receiver.counts()
    words = [counts.describe_dropped()] if counts.num_dropped else []
    words += [f"{num_late} behind the others"] if num_late else []
    words += [f"{num_lost} too fast"] if num_lost else []
    return ", ".join(words)


class _Moments:
    """What arrives, everybody of a moment together, on a clock that runs on.

    Attributes:
        num_late: Packets of a moment that was over already.
    """

    def __init__(
        self,
        config: CaptureConfig,
        person: int,
        opening: Opening,
        receiver: PacketReceiver,
        arrivals: "queue.Queue[Received | None]",
    ) -> None:
        self.num_late = 0
        self._config = config
        self._wanted = person
        self._opening = opening
        self._receiver = receiver
        self._arrivals = arrivals
        self._first: Received | None = None
        self._clock = _RunningClock()
        self._people: set[int] | None = None  # Of the last moment.
        self._newest = self._last = -float("inf")  # Packet; moment.
        self._followed = 0
        self._header = TakeHeader()
        self._lifter: tuple[int, PeopleLifter] | None = None

    def first(self) -> Received | None:
        """Wait for the first packet; None where the capture ends before."""
        self._opening.tell(f"waiting for packets at {self._receiver.address}")
        while self._first is None and not self._opening.is_set():
            self._first = self._next(POLL)
        return self._first

    def header(self, packet: Packet) -> TakeHeader:
        """Return what is true of all that comes, as far as one packet tells.

        What it does not tell are the receiver's settings.
        """
        config, tilt = self._config, packet.tilt
        # Joints without keypoints were not made of them, and stay as they are.
        is_ours = packet.joints is None or packet.keypoints.score.any()
        self._header = TakeHeader(
            source=packet.source or f"udp at {self._receiver.address}",
            model=packet.model,
            lifter=(packet.lifter or config.live_lifter) if is_ours else "",
            image_wh=packet.image_wh,
            fov=packet.fov,
            tilt=config.tilt if tilt is None else tilt,
            layout=packet.keypoints.layout,
        )
        return self._header

    def want(self, person: int) -> None:
        """Change who is wanted; from any thread."""
        self._wanted = person

    def __iter__(self) -> Iterator[Seen]:
        group: list[_Arrived] = []
        heard, received = time.monotonic(), self._first
        while not self._opening.is_set():
            arrived = self._admitted(received) if received is not None else None
            if group and (arrived is None or arrived.packet.t != group[0].packet.t):
                yield self._seen(group)
                group = []
            if arrived is not None:
                heard = time.monotonic()
                group.append(arrived)
                if self._is_whole(group):
                    yield self._seen(group)
                    group = []
            self._tell_if_quiet(time.monotonic() - heard)
            received = self._next(GATHER if group else POLL)

    def _is_whole(self, group: "list[_Arrived]") -> bool:
        """Whether everybody of the last moment is there again."""
        people = {each.packet.person for each in group}
        return self._people is not None and self._people <= people

    def _tell_if_quiet(self, silence: float) -> None:
        is_quiet = silence > QUIET
        self._opening.tell(
            f"nothing comes at {self._receiver.address}" if is_quiet else ""
        )

    def _admitted(self, received: Received) -> "_Arrived | None":
        """Return a packet on our clock, with its joints; None if it is late."""
        packet = self._clock.shifted(received)
        if packet.t < self._newest:
            self.num_late += 1
            return None
        self._newest = packet.t
        return _Arrived(self._with_joints(packet, received.session), _grabbed(received))

    def _next(self, timeout: float) -> Received | None:
        """Return what comes next; None after a while, or when woken up."""
        with contextlib.suppress(queue.Empty):
            return self._arrivals.get(timeout=timeout)
        if self._receiver.error is not None:
            raise self._receiver.error
        return None

    def _seen(self, group: "list[_Arrived]") -> Seen:
        packets = [each.packet for each in group]
        t = packets[0].t
        people = {packet.person for packet in packets}
        before = self._people if t == self._last else None
        self._people = people | (before or set())
        self._last = t
        grabbed = min(each.grabbed for each in group)
        return Seen(t, grabbed, tuple(self._chosen(packets)))

    def _chosen(self, packets: list[Packet]) -> list[Packet]:
        """Return those who are wanted; the largest stays while it is seen."""
        if self._wanted < 0 or not packets:
            return packets
        if self._wanted:
            return [each for each in packets if each.person == self._wanted]
        same = [each for each in packets if each.person == self._followed]
        chosen = same[0] if same else max(packets, key=_size)
        self._followed = chosen.person
        return [chosen]

    def _with_joints(self, packet: Packet, session: int) -> Packet:
        """Lift a packet that came without joints; of what is no person, none."""
        if packet.joints is not None:
            return packet
        if self._lifter is None or self._lifter[0] != session:
            self._lifter = session, people_lifter(self._config, self._header.camera)
        try:
            joints = self._lifter[1].step(packet.person, packet.keypoints)
        except VitposeError:
            return packet
        return replace(packet, joints=joints)


@dataclass(frozen=True, eq=False)
class _Arrived:
    """A packet on our clock, and when its picture was taken on `time.monotonic` [s]."""

    packet: Packet
    grabbed: float


class _RunningClock:
    """Has the clock of a sender that started over go on from where it was."""

    def __init__(self) -> None:
        self._session = 0
        self._offset = 0.0
        self._last: tuple[float, float] | None = None  # On our clock; and arrived.

    def shifted(self, received: Received) -> Packet:
        """Return the packet, its time on a clock that never starts over."""
        t = received.packet.t
        if received.session != self._session and self._last is not None:
            last_t, last_arrived = self._last
            self._offset = last_t + max(received.arrived - last_arrived, 0.0) - t
        self._session = received.session
        newest = max(t + self._offset, self._last[0] if self._last else t)
        self._last = newest, received.arrived
        return later(received.packet, self._offset)


def _grabbed(received: Received) -> float:
    """Return when the picture was taken, or where clocks do not compare, came [s]."""
    age = received.arrived - received.packet.t
    is_ours = is_this_machine(received.host) and 0.0 <= age <= MAX_LATENCY
    return received.packet.t if is_ours else received.arrived


def _size(packet: Packet) -> float:
    return packet.box[2] * packet.box[3] if packet.box is not None else 0.0
