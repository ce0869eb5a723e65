# SPDX-License-Identifier: GPL-3.0-or-later
"""From the bytes that came to the packets that go on, and the count of the others."""

from collections import Counter
from dataclasses import dataclass

from ..core.packet import Packet
from .counts import Counts, Drop
from .datagram import decode
from .order import StreamOrder


@dataclass(frozen=True, eq=False, slots=True)
class Received:
    """A packet as it came.

    Attributes:
        packet: One person in one frame.
        session: Number of the session, from 1. It changes when a sender started over
            or another one took over: times before and after are of different clocks,
            so filters begin anew and a recording is another take.
        arrived: When it came, by `time.monotonic()` here [s].
        host: Address of the machine that sent it.
    """

    packet: Packet
    session: int
    arrived: float
    host: str


class Intake:
    """Takes datagrams of any kind; its memory is bounded whatever they are."""

    def __init__(self) -> None:
        self._order = StreamOrder()
        self._dropped: Counter[Drop] = Counter()
        self._received = 0
        self._passed = 0

    def push(self, datagram: bytes, host: str, now: float) -> list[Received]:
        """Return what is to be handed on now.

        Args:
            datagram: The bytes that came.
            host: Address of the machine that sent them.
            now: When they came [s].
        """
        self._received += 1
        if self._order.is_stranger(host, now):  # Not worth the work of parsing.
            return self._drop(Drop.OTHER_SENDER)
        packet = decode(datagram)
        if isinstance(packet, Drop):
            return self._drop(packet)
        admitted = self._order.admit(packet, host, now)
        self._passed += len(admitted)
        session = self._order.session
        return [Received(packet, session, now, host) for packet in admitted]

    def push_oversized(self) -> None:
        """Count a datagram that the system cut off."""
        self._received += 1
        self._drop(Drop.OVERSIZED)

    def finish(self) -> None:
        """Count what waits for more: nothing comes any more."""
        self._order.finish()

    def counts(self) -> Counts:
        dropped = self._dropped + self._order.dropped
        return Counts(
            self._received,
            self._passed,
            self._order.session,
            {drop: dropped[drop] for drop in Drop},
        )

    def _drop(self, drop: Drop) -> list[Received]:
        self._dropped[drop] += 1
        return []
