# SPDX-License-Identifier: GPL-3.0-or-later
"""Real sockets on loopback: what arrives, and that nothing stays behind."""

import errno
import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest

from tests.streaming.made_packets import assert_same, at, wild
from vitpose_blender.core.errors import OutputError
from vitpose_blender.streaming import udp
from vitpose_blender.streaming.counts import Drop
from vitpose_blender.streaming.datagram import MAX_DATAGRAM, encode
from vitpose_blender.streaming.errors import StreamError
from vitpose_blender.streaming.udp import PacketReceiver, PacketSender

TIMEOUT = 10  # That no test needs [s].
LOOPBACK = "127.0.0.1"


class Journal:
    """Keeps what a receiver hands on, and can be waited for."""

    def __init__(self) -> None:
        self.packets = []
        self._changed = threading.Condition()

    def __call__(self, received) -> None:
        with self._changed:
            self.packets.append(received.packet)
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.packets) >= count, TIMEOUT)
        assert came, f"only {len(self.packets)} of {count} packets came"


@contextmanager
def receiving(host=LOOPBACK):
    journal = Journal()
    with PacketReceiver(host, 0, journal) as receiver:
        receiver.start()
        yield receiver, journal
    assert not receiver.is_alive
    assert receiver.error is None


@contextmanager
def raw_socket(receiver):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * MAX_DATAGRAM)
        raw.connect((LOOPBACK, receiver.port))
        yield raw


def receiver_threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == "vitpose-receiver"]


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    assert receiver_threads() == []


def test_packets_arrive_whole_and_in_order(rng):
    packets = [replace(wild(rng), source="s") for _ in range(40)]
    packets = [packet for packet in packets if packet.joints is not None]
    in_time = [at_time(packet, 0.04 * number) for number, packet in enumerate(packets)]
    with receiving() as (receiver, journal):
        with PacketSender(LOOPBACK, receiver.port) as sender:
            for packet in in_time:
                sender.send(packet)
        journal.wait_for(len(in_time))
        for came, sent in zip(journal.packets, in_time):
            assert_same(came, sent)
        counts = receiver.counts()
    assert (counts.received, counts.num_dropped) == (len(in_time), 0)


def at_time(packet, t):
    keypoints, joints = replace(packet.keypoints, t=t), replace(packet.joints, t=t)
    return replace(packet, keypoints=keypoints, joints=joints)


def test_the_newest_of_two_people_is_at_hand():
    with receiving() as (receiver, journal):
        with PacketSender(LOOPBACK, receiver.port) as sender:
            for t in (1.0, 1.1):
                for person in (1, 2):
                    sender.send(at(t, person))
        journal.wait_for(4)
        newest = receiver.latest.take()
        assert {n: one.packet.t for n, one in newest.items()} == {1: 1.1, 2: 1.1}
        assert {one.session for one in newest.values()} == {1}
        assert receiver.reading().people == (1, 2)


def test_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError as error:
        pytest.skip(f"this machine has no IPv6 on loopback: {error}")
    for host in ("::1", "::"):
        with receiving(host) as (receiver, journal):
            assert receiver.address == f"[{host}]:{receiver.port}"
            with PacketSender("::1", receiver.port) as sender:
                sender.send(at(1.0))
            journal.wait_for(1)


def test_a_host_name_finds_this_machine():
    with receiving() as (receiver, journal):
        try:
            sender = PacketSender("localhost", receiver.port)
        except StreamError as error:
            pytest.skip(f"this machine does not know its own name: {error}")
        with sender:
            sender.send(at(1.0))
        journal.wait_for(1)


def test_everything_bad_at_once_is_counted():
    bad = [
        b"",
        b"junk",
        encode(at(1.0)) + b" " * MAX_DATAGRAM,
        encode(at(1.0)).replace(b'"v":1', b'"v":9'),
        encode(at(1.0)),  # Again.
        encode(at(0.9)),
        encode(at(5.0, source="other")),
    ]
    with receiving() as (receiver, journal), raw_socket(receiver) as raw:
        raw.send(encode(at(1.0)))
        for datagram in bad:
            raw.send(datagram)
        raw.send(encode(at(1.1)))
        journal.wait_for(2)
        counts = receiver.counts()
    assert [packet.t for packet in journal.packets] == [1.0, 1.1]
    assert counts.received == 2 + len(bad)
    assert {drop: n for drop, n in counts.dropped.items() if n} == {
        Drop.MALFORMED: 2,
        Drop.OVERSIZED: 1,
        Drop.WRONG_VERSION: 1,
        Drop.DUPLICATE: 1,
        Drop.LATE: 1,
        Drop.OTHER_SENDER: 1,
    }


def test_what_the_system_cut_off_is_oversized():
    class Windows:
        def recvfrom(self, _):
            error = OSError("cut off")
            error.winerror = udp.WINDOWS_CUT_OFF
            raise error

    receiver = PacketReceiver(LOOPBACK, 0)
    receiver._receive(Windows())
    assert receiver.counts().dropped[Drop.OVERSIZED] == 1


def test_a_flood_of_noise_harms_nobody(rng):
    with receiving() as (receiver, journal), raw_socket(receiver) as raw:
        for number in range(1500):
            raw.send(rng.bytes(int(rng.integers(0, 2000))))
            if number % 50 == 0:
                raw.send(encode(at(number / 30)))
                journal.wait_for(number // 50 + 1)
        assert receiver.error is None
        assert receiver.counts().dropped[Drop.MALFORMED] > 0
    assert len(journal.packets) == 30


# Starting and stopping.


def test_starting_twice_is_one_receiver():
    with receiving() as (receiver, _):
        port = receiver.port
        receiver.start()
        assert receiver.port == port
        assert len(receiver_threads()) == 1


def test_stopping_twice_and_before_the_start_does_nothing():
    receiver = PacketReceiver(LOOPBACK, 0)
    receiver.stop()
    receiver.start()
    receiver.stop()
    receiver.stop()
    assert not receiver.is_alive


def test_the_port_is_free_after_a_stop():
    with receiving() as (receiver, _):
        port = receiver.port
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((LOOPBACK, port))


def test_a_stopped_receiver_starts_with_a_clean_slate():
    journal = Journal()
    receiver = PacketReceiver(LOOPBACK, 0, journal)
    for count in (1, 2):
        receiver.start()
        with PacketSender(LOOPBACK, receiver.port) as sender:
            sender.send(at(1.0))
        journal.wait_for(count)
        receiver.stop()
        assert receiver.counts().passed == 1
        assert list(receiver.latest.take()) == [1]


def test_a_port_in_use_is_one_sentence():
    with receiving() as (receiver, _):
        second = PacketReceiver(LOOPBACK, receiver.port)
        with pytest.raises(StreamError, match="listens there: stop it, or choose"):
            second.start()
        assert not second.is_alive


def test_an_address_of_others_is_one_sentence():
    receiver = PacketReceiver("192.0.2.7", 0)
    with pytest.raises(StreamError, match=r"has no such address: give 127\.0\.0\.1"):
        receiver.start()


def test_a_full_disk_ends_the_recording_and_is_kept():
    ended = threading.Event()

    def write(_):
        ended.set()
        raise OutputError("No space left: make room")

    receiver = PacketReceiver(LOOPBACK, 0, write)
    receiver.start()
    with PacketSender(LOOPBACK, receiver.port) as sender:
        sender.send(at(1.0))
    assert ended.wait(TIMEOUT)
    receiver._thread.join(TIMEOUT)
    assert not receiver.is_alive
    assert isinstance(receiver.error, OutputError)
    receiver.stop()


def test_a_bug_in_the_recording_is_logged(caplog):
    receiver = PacketReceiver(LOOPBACK, 0, lambda _: 1 // 0)
    receiver.start()
    with PacketSender(LOOPBACK, receiver.port) as sender:
        sender.send(at(1.0))
    receiver._thread.join(TIMEOUT)
    assert isinstance(receiver.error, ZeroDivisionError)
    assert "Traceback" in caplog.text


def test_a_broken_network_is_one_sentence():
    class Broken:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def recvfrom(self, _):
            raise OSError(errno.ENETDOWN, "Network is down")

    receiver = PacketReceiver(LOOPBACK, 9000)
    receiver._run(Broken())
    assert isinstance(receiver.error, StreamError)
    assert "Network is down): check the network" in str(receiver.error)


def test_a_receiver_may_stop_itself():
    stopped = threading.Event()

    def stop(_):
        receiver.stop()
        stopped.set()

    receiver = PacketReceiver(LOOPBACK, 0, stop)
    receiver.start()
    with PacketSender(LOOPBACK, receiver.port) as sender:
        sender.send(at(1.0))
    assert stopped.wait(TIMEOUT)
    receiver._thread.join(TIMEOUT)
    assert not receiver.is_alive


def test_a_busy_receiver_is_not_started_twice(caplog):
    busy, go_on = threading.Event(), threading.Event()

    def write(_):
        busy.set()
        go_on.wait(TIMEOUT)

    receiver = PacketReceiver(LOOPBACK, 0, write)
    receiver.start()
    with PacketSender(LOOPBACK, receiver.port) as sender:
        sender.send(at(1.0))
    assert busy.wait(TIMEOUT)
    receiver.stop(timeout=0.01)
    assert "still busy" in caplog.text
    with pytest.raises(StreamError, match="start it again in a moment"):
        receiver.start()
    go_on.set()
    receiver.stop()
    assert not receiver.is_alive


# The sender.


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


def test_the_receiver_may_come_later():
    port = free_port()
    with PacketSender(LOOPBACK, port) as sender:
        for number in range(5):
            sender.send(at(0.1 * number))
        journal = Journal()
        with PacketReceiver(LOOPBACK, port, journal) as receiver:
            receiver.start()
            sender.send(at(1.0))
            journal.wait_for(1)
        assert sender.num_sent == 6
    assert [packet.t for packet in journal.packets] == [1.0]


class FailingSocket:
    def __init__(self, number: int) -> None:
        self._number = number

    def send(self, _):
        raise OSError(self._number, "says the system")

    def close(self):
        pass


def with_socket(failing) -> PacketSender:
    sender = PacketSender(LOOPBACK, 9000)
    sender.close()
    sender._socket = failing
    return sender


def test_a_network_that_is_away_is_counted():
    for number in (errno.ENETUNREACH, errno.EAGAIN, errno.ECONNREFUSED):
        sender = with_socket(FailingSocket(number))
        sender.send(at(1.0))
        assert (sender.num_sent, sender.num_failed) == (0, 1)
        assert sender.failure == "says the system"


def test_a_network_of_smaller_datagrams_is_one_sentence():
    sender = with_socket(FailingSocket(errno.EMSGSIZE))
    with pytest.raises(StreamError, match=r"takes no datagram of \d+ bytes: give"):
        sender.send(at(1.0))


def test_a_packet_that_fits_no_datagram_is_not_sent():
    with PacketSender(LOOPBACK, 9000) as sender:
        with pytest.raises(StreamError, match="a datagram takes"):
            sender.send(replace(at(1.0), source="x" * MAX_DATAGRAM))
        assert sender.num_sent == 0


def test_an_address_that_may_not_be_sent_to_is_one_sentence():
    with pytest.raises(StreamError, match="check the address"):
        PacketSender("255.255.255.255", 9000)


def test_closing_a_sender_twice_does_nothing():
    sender = PacketSender(LOOPBACK, 9000)
    sender.close()
    sender.close()
    with suppress(StreamError):
        sender.send(at(1.0))
    assert sender.num_sent == 0
