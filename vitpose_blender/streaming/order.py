# SPDX-License-Identifier: GPL-3.0-or-later
"""Which packets of a stream go on: one sender at a time, each person in order of time.

Datagrams overtake each other, come twice, and come from whoever knows the address. A
sender is known by its host and the name of its source, not by its port, which changes
when it starts again. The rules, all in seconds:

- The first sender is listened to until it has been silent for `SILENCE`; then whoever
  comes next takes over, which begins a new *session*.
- A packet whose time is up to `BACKWARD` behind the newest one of the sender is late
  or new, by what was seen of that person.
- A time farther back, or `FORWARD` ahead, is either a stray or a sender that started
  over: the packet waits for the next one. If that goes on from there, both are handed
  on as a new session; if the old clock goes on, the one that waited was late. After
  `SILENCE` any step back counts as far.
"""

from collections import Counter, deque
from dataclasses import dataclass, field

from ..core.packet import Packet
from .counts import Drop

SILENCE = 1.0  # Of a sender, before another one takes over [s].
BACKWARD = 1.0  # No network keeps a datagram back for longer [s].
FORWARD = 600.0  # Nobody is out of the picture for longer in one session [s].
MAX_PEOPLE = 64  # At a time; more are a flood.
FORGOTTEN = 10.0  # A person unseen for this long makes room for a new one [s].
REMEMBERED = 64  # Times of a person that tell a duplicate from a late packet.

Sender = tuple[str, str]  # Host, name of the source.


@dataclass
class _Person:
    """What was seen of one person: the last times, and when the last one came [s]."""

    times: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    heard: float = 0.0


class StreamOrder:
    """Decides which packets are handed on; see the module.

    Times of arrival must come from one clock that never goes back.

    Attributes:
        session: How often a sender has started, 0 before the first.
        dropped: How many packets were not handed on, by reason.
    """

    def __init__(self) -> None:
        self.session = 0
        self.dropped: Counter[Drop] = Counter()
        self._sender: Sender | None = None
        self._heard = 0.0
        self._newest = 0.0
        self._people: dict[int, _Person] = {}
        self._waiting: Packet | None = None

    def is_stranger(self, host: str, now: float) -> bool:
        """Say whether nothing that this host sends would be handed on now."""
        return (
            self._sender is not None
            and self._sender[0] != host
            and not self._is_silent(now)
        )

    def admit(self, packet: Packet, host: str, now: float) -> list[Packet]:
        """Return what is to be handed on now: mostly this packet, or nothing.

        Args:
            packet: That came.
            host: Address of the machine that sent it.
            now: When it came [s].
        """
        sender = (host, packet.source)
        if sender != self._sender:
            if self._sender is not None and not self._is_silent(now):
                self.dropped[Drop.OTHER_SENDER] += 1
                return []
            self._begin(sender, packet.t)
        elif not self._goes_on(packet.t, now):
            return self._perhaps_anew(packet, sender, now)
        self._waited_in_vain()
        return self._in_turn(packet, now)

    def finish(self) -> None:
        """Count a packet that still waits: nothing comes any more."""
        self._waited_in_vain()

    def _is_silent(self, now: float) -> bool:
        return now - self._heard >= SILENCE

    def _goes_on(self, t: float, now: float) -> bool:
        backward = 0.0 if self._is_silent(now) else BACKWARD
        return -backward <= t - self._newest <= FORWARD

    def _begin(self, sender: Sender, t: float) -> None:
        self._waited_in_vain()
        self._sender = sender
        self._newest = t
        self._people.clear()
        self.session += 1

    def _waited_in_vain(self) -> None:
        self.dropped[Drop.LATE] += self._waiting is not None
        self._waiting = None

    def _perhaps_anew(self, packet: Packet, sender: Sender, now: float) -> list[Packet]:
        """Begin a session if this packet goes on from the one that waited."""
        first = self._waiting
        if first is not None and _is_same(first, packet):
            self.dropped[Drop.DUPLICATE] += 1
            return []
        if first is None or not 0 <= packet.t - first.t <= BACKWARD:
            self._waited_in_vain()
            self._waiting = packet
            return []
        self._waiting = None
        self._begin(sender, first.t)
        return self._in_turn(first, now) + self._in_turn(packet, now)

    def _in_turn(self, packet: Packet, now: float) -> list[Packet]:
        """Return the packet if it is newer than all of that person."""
        self._heard = now
        person = self._people.get(packet.person) or self._welcome(packet.person, now)
        if person is None:
            self.dropped[Drop.TOO_MANY_PEOPLE] += 1
            return []
        person.heard = now
        if person.times and packet.t <= person.times[-1]:
            again = packet.t in person.times
            self.dropped[Drop.DUPLICATE if again else Drop.LATE] += 1
            return []
        person.times.append(packet.t)
        self._newest = max(self._newest, packet.t)
        return [packet]

    def _welcome(self, number: int, now: float) -> _Person | None:
        """Return a new person, or None where there are too many already."""
        if len(self._people) >= MAX_PEOPLE:
            stalest = min(self._people, key=lambda other: self._people[other].heard)
            if now - self._people[stalest].heard < FORGOTTEN:
                return None
            del self._people[stalest]
        return self._people.setdefault(number, _Person(heard=now))


def _is_same(one: Packet, other: Packet) -> bool:
    return (one.person, one.t) == (other.person, other.t)
