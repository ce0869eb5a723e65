# SPDX-License-Identifier: GPL-3.0-or-later
"""The mailbox, the figures of the status line, and recordings in real time."""

import itertools

import numpy as np
import pytest

from tests.streaming.made_packets import at, wild
from vitpose_blender.streaming.counts import Counts, Drop
from vitpose_blender.streaming.intake import Received
from vitpose_blender.streaming.latest import LatestPackets
from vitpose_blender.streaming.meter import MAX_PACKETS, Meter, Reading
from vitpose_blender.streaming.order import MAX_PEOPLE
from vitpose_blender.streaming.replay import Pacer, rounds


def received(t, person=1, session=1, arrived=0.0, host="127.0.0.1") -> Received:
    return Received(at(t, person), session, arrived, host)


# The mailbox.


def test_only_the_newest_of_each_person_is_there_and_once():
    latest = LatestPackets()
    for t in (1.0, 1.1, 1.2):
        latest.put(received(t))
    latest.put(received(1.0, person=2))
    found = latest.take()
    assert {person: one.packet.t for person, one in found.items()} == {1: 1.2, 2: 1.0}
    assert latest.take() == {}


def test_a_new_session_leaves_nobody_of_the_last():
    latest = LatestPackets()
    latest.put(received(9.0, person=1))
    latest.put(received(1.0, person=2, session=2))
    assert list(latest.take()) == [2]


def test_the_mailbox_is_bounded_and_keeps_who_came_last():
    latest = LatestPackets()
    for person in range(3 * MAX_PEOPLE):
        latest.put(received(1.0, person))
        latest.put(received(1.0, person=0))
    found = latest.take()
    assert len(found) == MAX_PEOPLE
    assert {0, 3 * MAX_PEOPLE - 1} <= set(found)


# The figures.


def test_figures_of_two_people_at_30_hz():
    meter = Meter()
    for frame in range(60):
        for person in (1, 2):
            t = 50 + frame / 30
            meter.add(received(t, person, arrived=t + 0.02))
    reading = meter.reading(50 + 59 / 30 + 0.02)
    assert reading.people == (1, 2)
    assert reading.fps == pytest.approx(30, abs=1)
    assert reading.latency == pytest.approx(0.02)
    assert reading.jitter == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("t", "host"), [(99.9, "192.0.2.1"), (0.0, "127.0.0.1"), (200.0, "::1")]
)
def test_latency_is_told_only_where_clocks_compare(t, host):
    meter = Meter()
    meter.add(received(t, arrived=100.0, host=host))
    assert meter.reading(100.0).latency is None


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_this_machine_has_several_addresses(host):
    meter = Meter()
    meter.add(received(99.9, arrived=100.0, host=host))
    assert meter.reading(100.0).latency == pytest.approx(0.1)


def test_silence_has_no_figures():
    meter = Meter()
    assert meter.reading(5.0) == Reading()
    meter.add(received(1.0, arrived=1.0))
    assert meter.reading(5.0) == Reading()


def test_figures_are_of_one_session_and_bounded():
    meter = Meter()
    for number in range(2 * MAX_PACKETS):
        meter.add(received(number, arrived=1.0))
    assert meter.reading(1.0).fps == MAX_PACKETS
    meter.add(received(0.0, person=7, session=2, arrived=1.0))
    assert meter.reading(1.0).people == (7,)


def test_dropped_is_told_in_words():
    none = Counts(3, 3, 1, dict.fromkeys(Drop, 0))
    some = Counts(9, 3, 1, {**none.dropped, Drop.LATE: 4, Drop.WRONG_VERSION: 2})
    assert none.describe_dropped() == "none"
    assert some.describe_dropped() == "2 of another version, 4 late"
    assert some.num_dropped == 6


# Recordings in real time.


class Clock:
    """A clock that waiting moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def wait(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


def test_a_recording_keeps_its_own_speed():
    clock = Clock()
    pacer = Pacer(clock.wait, lambda: clock.now)
    sent = []
    for t in (5.0, 5.0, 5.04, 5.5):
        pacer.wait_until(t)
        sent.append(clock.now - 1000)
        clock.now += 0.01  # What the work takes is not added to the wait.
    np.testing.assert_allclose(sent, [0.0, 0.01, 0.04, 0.5])


def test_who_is_behind_does_not_wait():
    clock = Clock()
    pacer = Pacer(clock.wait, lambda: clock.now)
    pacer.wait_until(0.0)
    clock.now += 60
    pacer.wait_until(1.0)
    assert clock.now == 1060


def test_rounds_run_on_in_time_and_frames(rng):
    packets = [at(t, person) for t in (4.0, 4.1, 4.2) for person in (1, 2)]
    sent = list(itertools.islice(rounds(packets), 14))
    assert sent[:6] == packets
    np.testing.assert_allclose(
        [packet.t for packet in sent[::2]], 4.0 + 0.1 * np.arange(7)
    )
    frames = [packet.frame for packet in sent[::2]]
    assert frames == sorted(set(frames))
    later = list(itertools.islice(rounds([lifted(rng)]), 2))[1]
    assert later.joints.t == later.t


def lifted(rng):
    return next(p for p in (wild(rng) for _ in range(50)) if p.joints is not None)


def test_a_single_moment_can_go_round():
    times = [packet.t for packet in itertools.islice(rounds([at(2.0)]), 3)]
    np.testing.assert_allclose(np.diff(times), 1 / 30)
