# SPDX-License-Identifier: GPL-3.0-or-later
"""The newest packet of each person, handed from one thread to another."""

import threading

from .intake import Received
from .order import MAX_PEOPLE


class LatestPackets:
    """Mailbox for one packet a person, in which a newer one replaces an unread one.

    Whoever shows the present has no use for a backlog. Neither method waits. Packets
    of an earlier session are thrown away with the first one of the next.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_person: dict[int, Received] = {}
        self._session = 0

    def put(self, received: Received) -> None:
        with self._lock:
            if received.session != self._session:
                self._session = received.session
                self._by_person.clear()
            # The one that was put longest ago comes first, and goes first.
            self._by_person.pop(received.packet.person, None)
            self._by_person[received.packet.person] = received
            if len(self._by_person) > MAX_PEOPLE:
                del self._by_person[next(iter(self._by_person))]

    def take(self) -> dict[int, Received]:
        """Return the newest of everybody once, by person; those with news only."""
        with self._lock:
            found, self._by_person = self._by_person, {}
            return found
