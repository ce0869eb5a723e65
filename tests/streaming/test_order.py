# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes on of a stream that is shuffled, doubled, started over or shouted down."""

import sys

import numpy as np
import pytest

from tests.streaming.made_packets import HOST, at
from vitpose_blender.streaming.counts import Drop
from vitpose_blender.streaming.datagram import encode
from vitpose_blender.streaming.intake import Intake
from vitpose_blender.streaming.order import (
    BACKWARD,
    FORGOTTEN,
    FORWARD,
    MAX_PEOPLE,
    REMEMBERED,
    SILENCE,
    StreamOrder,
)

OTHER_HOST = "192.0.2.2"


class Stream:
    """A stream on a clock that only the test moves."""

    def __init__(self) -> None:
        self.order = StreamOrder()
        self.now = 100.0

    def send(self, *times: float, person=1, source="clip", host=HOST) -> list[float]:
        """Send packets at once and return the times of those that went on."""
        passed = []
        for t in times:
            packet = at(t, person, source)
            passed += [p.t for p in self.order.admit(packet, host, self.now)]
        return passed

    @property
    def dropped(self) -> dict[Drop, int]:
        return {drop: count for drop, count in self.order.dropped.items() if count}


@pytest.fixture
def stream() -> Stream:
    return Stream()


def test_packets_in_order_go_on(stream):
    assert stream.send(1.0, 1.1, 1.2) == [1.0, 1.1, 1.2]
    assert stream.dropped == {}
    assert stream.order.session == 1


def test_what_was_overtaken_is_late(stream):
    assert stream.send(1.0, 1.2, 1.1, 1.3) == [1.0, 1.2, 1.3]
    assert stream.dropped == {Drop.LATE: 1}


def test_what_came_twice_goes_on_once(stream):
    assert stream.send(1.0, 1.0, 1.1, 1.2, 1.1, 1.0) == [1.0, 1.1, 1.2]
    assert stream.dropped == {Drop.DUPLICATE: 3}


def test_people_are_late_each_for_themselves(stream):
    stream.send(1.0, 1.1, 1.2)
    assert stream.send(1.0, 1.1, person=2) == [1.0, 1.1]
    assert stream.dropped == {}


def test_a_new_person_is_late_by_the_clock_of_all(stream):
    stream.send(5.0)
    assert stream.send(5.0 - BACKWARD - 0.1, person=2) == []
    assert stream.send(5.1) == [5.1]
    assert stream.dropped == {Drop.LATE: 1}


def test_a_shuffled_stream_goes_on_in_order_and_all_is_counted(stream, rng):
    times = np.repeat(np.arange(600) / 30, rng.integers(1, 3, 600))
    arrivals = times + rng.uniform(0, 0.1, len(times))
    num_passed = 0
    newest = {1: -1.0, 2: -1.0}
    for t in times[np.argsort(arrivals)]:
        for person in (1, 2):
            for passed in stream.send(float(t), person=person):
                assert passed > newest[person]
                newest[person] = passed
                num_passed += 1
    assert newest == {1: times[-1], 2: times[-1]}
    assert num_passed + sum(stream.dropped.values()) == 2 * len(times)
    assert stream.order.session == 1


# A sender that starts over.


@pytest.mark.parametrize("step", [-2 * BACKWARD, -4000.0, FORWARD + 1])
def test_a_sender_that_starts_over_loses_nothing(stream, step):
    stream.send(5000.0, 5000.1)
    again = [5000.1 + step + 0.1 * number for number in range(3)]
    assert stream.send(*again) == again
    assert stream.order.session == 2
    assert stream.dropped == {}


def test_two_people_of_the_first_frame_are_enough(stream):
    stream.send(50.0)
    assert stream.send(0.0) == []
    assert stream.send(0.0, person=2) == [0.0, 0.0]
    assert stream.order.session == 2


def test_a_stray_from_long_ago_starts_nothing(stream):
    stream.send(50.0)
    assert stream.send(3.0, 50.1, 9.0, 50.2) == [50.1, 50.2]
    assert stream.order.session == 1
    assert stream.dropped == {Drop.LATE: 2}


def test_a_doubled_stray_starts_nothing(stream):
    stream.send(50.0)
    assert stream.send(3.0, 3.0, 50.1) == [50.1]
    assert stream.dropped == {Drop.LATE: 1, Drop.DUPLICATE: 1}


def test_strays_of_no_clock_start_nothing(stream):
    stream.send(5000.0)
    assert stream.send(30.0, 10.0, 50.0, 20.0) == []
    stream.order.finish()
    assert stream.dropped == {Drop.LATE: 4}


def test_an_absurd_time_does_not_silence_the_stream(stream):
    stream.send(1.0)
    assert stream.send(9e11, 1.1, 1.2) == [1.1, 1.2]


def test_an_absurd_first_time_does_not_silence_the_stream(stream):
    assert stream.send(9e11, 1.0, 1.1) == [9e11, 1.0, 1.1]
    assert stream.order.session == 2


def test_a_short_clip_may_be_sent_again_after_a_silence(stream):
    clip = [0.0, 0.1, 0.2]
    stream.send(*clip)
    assert stream.send(*clip) == []
    stream.now += SILENCE
    assert stream.send(*clip) == clip
    assert stream.order.session == 2


def test_a_pause_is_no_new_session(stream):
    stream.send(1.0)
    stream.now += 60
    assert stream.send(61.0) == [61.0]
    assert stream.order.session == 1


# Several senders.


@pytest.mark.parametrize("other", [{"host": OTHER_HOST}, {"source": "other"}])
def test_another_sender_waits_until_the_first_is_silent(stream, other):
    stream.send(1.0)
    stream.now += SILENCE - 0.01
    assert stream.send(70.0, **other) == []
    assert stream.send(1.1) == [1.1]
    stream.now += SILENCE
    assert stream.send(70.1, **other) == [70.1]
    assert stream.send(1.2) == []
    assert stream.order.session == 2
    assert stream.dropped == {Drop.OTHER_SENDER: 2}


def test_who_waits_does_not_keep_the_others_waiting(stream):
    stream.send(1.0)
    for _ in range(8):
        stream.now += SILENCE / 8
        stream.send(70.0, host=OTHER_HOST)
    assert stream.order.session == 2


def test_strangers_are_not_even_parsed():
    intake = Intake()
    intake.push(encode(at(1.0)), HOST, 0.0)
    intake.push(b"junk", OTHER_HOST, 0.1)
    assert intake.counts().dropped[Drop.OTHER_SENDER] == 1
    assert intake.counts().dropped[Drop.MALFORMED] == 0


# Floods.


def test_a_flood_of_people_is_cut_off(stream):
    for person in range(10 * MAX_PEOPLE):
        stream.send(1.0, person=person)
    assert stream.dropped == {Drop.TOO_MANY_PEOPLE: 9 * MAX_PEOPLE}
    assert stream.send(1.1, person=0) == [1.1]


def test_people_who_left_make_room(stream):
    for person in range(MAX_PEOPLE):
        stream.send(1.0, person=person)
    stream.now += FORGOTTEN
    for person in range(1, MAX_PEOPLE):
        stream.send(11.0, person=person)
    assert stream.send(11.0, person=1000) == [11.0]
    assert stream.send(11.1, person=1001) == []


def test_memory_stays_bounded_whatever_comes(rng):
    intake = Intake()
    sizes = []
    for number in range(6000):
        host = f"192.0.2.{rng.integers(9)}"
        packet = at(rng.uniform(0, 2000), int(rng.integers(10**9)), str(number % 5))
        intake.push(encode(packet), host, now=number * 0.01)
        if number % 2000 == 1999:
            sizes.append(deep_size(intake))
    people = intake._order._people
    assert len(people) <= MAX_PEOPLE
    assert all(len(person.times) <= REMEMBERED for person in people.values())
    assert max(sizes) < 200_000


def deep_size(thing, seen=None) -> int:
    """Return about how many bytes a value holds."""
    seen = set() if seen is None else seen
    if id(thing) in seen or isinstance(thing, type):
        return 0
    seen.add(id(thing))
    inner = list(getattr(thing, "__dict__", {}).values())
    inner += [getattr(thing, name) for name in getattr(thing, "__slots__", ())]
    if isinstance(thing, dict):
        inner += [*thing.keys(), *thing.values()]
    elif not isinstance(thing, str | bytes | np.ndarray) and hasattr(thing, "__iter__"):
        inner += list(thing)
    return sys.getsizeof(thing) + sum(deep_size(part, seen) for part in inner)
