# SPDX-License-Identifier: GPL-3.0-or-later
"""How many datagrams came, and why some of them were dropped."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Drop(StrEnum):
    """Why a datagram was dropped; the value is fit for a status line."""

    OVERSIZED = "oversized"
    MALFORMED = "malformed"
    WRONG_VERSION = "of another version"
    LATE = "late"
    DUPLICATE = "duplicated"
    OTHER_SENDER = "from another sender"
    TOO_MANY_PEOPLE = "of too many people"


@dataclass(frozen=True)
class Counts:
    """What has come so far.

    Attributes:
        received: Datagrams, whatever was in them.
        passed: Packets that were handed on. `received` is this and all the dropped,
            besides one that may be waiting to show that a sender started over.
        sessions: How often a sender started, the first time included.
        dropped: Datagrams that were not handed on, by reason.
    """

    received: int
    passed: int
    sessions: int
    dropped: Mapping[Drop, int]

    @property
    def num_dropped(self) -> int:
        return sum(self.dropped.values())

    def describe_dropped(self) -> str:
        """Return the reasons as words, `2 late, 1 malformed`; `none` without any."""
        reasons = [f"{count} {drop}" for drop, count in self.dropped.items() if count]
        return ", ".join(reasons) or "none"
