# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is who in two looks at the same video, whose numbers were given independently."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from ..core.packet import Packet
from ..core.stick_figures import person_box
from ..inference.tracking import box_iou

SAME = 0.5  # From this mean overlap of their boxes on, two are one person.
_PER_SECOND = 1000  # Time stamps of one picture agree to that.


def numbers_as_before(
    before: Sequence[Packet], now: Sequence[Packet]
) -> Mapping[int, int]:
    """Return the numbers that people had before.

    Somebody who was lost and found again may have several numbers now, but nobody has
    one number with another who is seen at the same moment. Who was not there before
    gets a new one.

    Args:
        before: What was seen first.
        now: What is seen in the same pictures, or some of them.

    Returns:
        A number for each one of `now`.
    """
    moments = _moments(now)
    overlaps = _overlaps(_by_time(before), now)
    found: dict[int, int] = {}
    for (person, old), common in sorted(overlaps.items(), key=_total, reverse=True):
        others = [each for each, number in found.items() if number == old]
        is_free = all(moments[person].isdisjoint(moments[each]) for each in others)
        if person not in found and is_free and np.mean(common) >= SAME:
            found[person] = old
    free = max((packet.person for packet in before), default=0) + 1
    for person in sorted(moments.keys() - found.keys()):
        found[person] = free
        free += 1
    return found


def _overlaps(
    before: Mapping[int, Sequence[Packet]], now: Iterable[Packet]
) -> Mapping[tuple[int, int], Sequence[float]]:
    """Return how much boxes overlap, moment by moment, for each two people."""
    found = defaultdict(list)
    for packet in now:
        for old in before.get(_moment(packet), ()):
            found[packet.person, old.person].append(_overlap(packet, old))
    return found


def _overlap(one: Packet, other: Packet) -> float:
    boxes = person_box(one), person_box(other)
    if boxes[0] is None or boxes[1] is None:
        return 0.0
    return float(box_iou(boxes[0][np.newaxis], boxes[1][np.newaxis])[0, 0])


def _total(item: tuple[tuple[int, int], Sequence[float]]) -> float:
    return sum(item[1])


def _by_time(packets: Iterable[Packet]) -> Mapping[int, Sequence[Packet]]:
    found = defaultdict(list)
    for packet in packets:
        found[_moment(packet)].append(packet)
    return found


def _moments(packets: Iterable[Packet]) -> Mapping[int, set[int]]:
    """Return when each person is seen."""
    found = defaultdict(set)
    for packet in packets:
        found[packet.person].add(_moment(packet))
    return found


def _moment(packet: Packet) -> int:
    return round(packet.t * _PER_SECOND)
