# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets from the network as a source: whoever sends whatever, the capture goes on."""

import dataclasses
import threading
from contextlib import contextmanager
from itertools import islice

import numpy as np
import pytest

from tests.live.conftest import WAIT, wait_until
from tests.streaming.made_packets import at
from vitpose_blender.core.layouts import CANONICAL
from vitpose_blender.core.packet import PacketError, dumps, from_dict, loads, to_dict
from vitpose_blender.core.types import Joints3D
from vitpose_blender.live import udp_feed
from vitpose_blender.live.config import CaptureConfig
from vitpose_blender.live.engines import engine_of, opener
from vitpose_blender.live.feed import Opening, open_feed
from vitpose_blender.streaming import udp
from vitpose_blender.streaming.errors import StreamError
from vitpose_blender.streaming.udp import PacketSender


def lifted(t, person=1, **changes):
    xyz = np.zeros((len(CANONICAL), 3))
    joints = Joints3D(xyz, np.array([0.0, 0.0, 3.0]), np.ones(len(xyz)), t)
    return dataclasses.replace(at(t, person), joints=joints, **changes)


@pytest.fixture
def heard(monkeypatch):
    """Every receiver that is started meanwhile, to learn its port."""
    started = []

    class Noted(udp.PacketReceiver):
        def start(self):
            super().start()
            started.append(self)

    monkeypatch.setattr(udp_feed, "PacketReceiver", Noted)
    monkeypatch.setattr(udp_feed, "GATHER", WAIT)  # Only what comes next ends a moment.
    monkeypatch.setattr(udp_feed, "DEFAULT_PORT", 0)
    yield started
    assert not any(receiver.is_alive for receiver in started)


@pytest.fixture
def stream(tmp_path, heard):
    """Opens the feed while packets are being sent, in order, each once it was heard."""

    @contextmanager
    def opened(*packets, person=-1, **settings):
        opening = Opening()
        config = CaptureConfig("udp://", tmp_path, **settings)

        def send():
            assert wait_until(lambda: heard)
            with PacketSender(port=heard[0].port) as sender:
                for number, packet in enumerate(packets, start=1):
                    if isinstance(packet, bytes):
                        sender._socket.send(packet)
                    else:
                        sender.send(packet)
                    assert wait_until(
                        lambda number=number: heard[0].counts().received >= number
                    )

        thread = threading.Thread(target=send)
        thread.start()
        with open_feed(config, person, opening) as feed:
            yield feed
            thread.join()
            opening.set()

    return opened


def people(seen):
    return [packet.person for packet in seen.packets]


def test_everybody_of_a_moment_comes_together(stream):
    packets = [lifted(t, person) for t in (1.0, 1.1, 1.2, 1.3) for person in (1, 2)]
    with stream(*packets) as feed:
        seen = list(islice(feed.seen, 3))
    assert [each.t for each in seen] == [1.0, 1.1, 1.2]
    assert [people(each) for each in seen] == [[1, 2]] * 3


def test_packets_come_as_they_were_sent(stream):
    sent = [lifted(t) for t in (1.0, 1.1)]
    with stream(*sent) as feed:
        seen = list(islice(feed.seen, 2))
    assert [dumps(each.packets[0]) for each in seen] == [dumps(each) for each in sent]


def test_the_header_says_what_the_packets_say(stream):
    with stream(lifted(1.0, tilt=7.0, lifter="learned"), lifted(1.1)) as feed:
        header = feed.header
    assert (header.source, header.tilt, header.lifter) == ("clip", 7.0, "learned")
    assert header.image_wh == (1280, 720)


def test_what_they_do_not_say_are_the_settings(stream):
    with stream(lifted(1.0), tilt=-3.0, lifter="geometric") as feed:
        assert (feed.header.tilt, feed.header.lifter) == (-3.0, "geometric")


def test_what_is_of_no_use_is_counted(stream):
    packets = [
        lifted(1.0),
        b"rubbish",
        lifted(1.1),
        lifted(1.1),
        lifted(1.05),
        b"x" * 9300,
        lifted(1.2),
    ]
    with stream(*packets) as feed:
        seen = list(islice(feed.seen, 3))
        assert [each.t for each in seen] == [1.0, 1.1, 1.2]
        assert feed.num_dropped() == 4
        for word in ("1 malformed", "1 duplicated", "1 late", "1 oversized"):
            assert word in feed.dropped()


def test_nothing_of_no_use_is_no_word(stream):
    with stream(lifted(1.0)) as feed:
        assert (feed.num_dropped(), feed.dropped()) == (0, "")


def test_one_who_comes_behind_the_others_is_counted(stream):
    with stream(lifted(1.0), lifted(1.1), lifted(1.05, 2), lifted(1.2)) as feed:
        seen = list(islice(feed.seen, 3))
        assert feed.num_dropped() == 1
    times = [packet.t for each in seen for packet in each.packets]
    assert times == sorted(times) == [1.0, 1.1, 1.2]


def test_time_runs_on_when_the_sender_starts_over(stream):
    packets = [lifted(t) for t in (50.0, 50.1, 1.0, 1.1, 1.2)]
    with stream(*packets) as feed:
        seen = list(islice(feed.seen, 5))
    steps = np.diff([each.t for each in seen])
    assert (steps >= 0).all()
    np.testing.assert_allclose(steps[[0, 2, 3]], 0.1, atol=1e-6)
    assert steps[1] < WAIT
    for each in seen:
        assert each.packets[0].joints.t == each.packets[0].t == each.t


@pytest.mark.parametrize(("wanted", "found"), [(2, [2]), (0, [3]), (-1, [1, 2, 3])])
def test_who_is_wanted_is_chosen(stream, wanted, found):
    packets = [
        lifted(t, person, box=(0.0, 0.0, 10.0 * person, 10.0))
        for t in (1.0, 1.1, 1.2)
        for person in (1, 2, 3)
    ]
    with stream(*packets, person=wanted) as feed:
        newest = [each for each in islice(feed.seen, 3) if each.t == 1.1]
        assert people(newest[0]) == found


def test_joints_that_lack_are_made_here(stream):
    from vitpose_blender.core.packet import Packet
    from vitpose_blender.core.types import Keypoints2D

    xy = np.random.default_rng(0).uniform(100, 600, (17, 2))
    packets = [
        Packet(Keypoints2D(xy, np.ones(17), t), 1, 0, (1280, 720)) for t in (1.0, 1.1)
    ]
    with stream(*packets) as feed:
        seen = list(islice(feed.seen, 2))
    assert np.isfinite(seen[0].packets[0].joints.xyz).any()


def test_it_waits_for_a_sender_and_says_so(tmp_path, heard):
    opening = Opening()
    said = []

    def stop():
        assert wait_until(lambda: heard and opening.stage)
        said.append(opening.stage)
        opening.set()

    thread = threading.Thread(target=stop)
    thread.start()
    with open_feed(CaptureConfig("udp://", tmp_path), -1, opening) as feed:
        assert list(feed.seen) == []
    thread.join()
    assert said[0].startswith("waiting for packets at 127.0.0.1:")


def test_a_port_in_use_is_one_sentence(tmp_path):
    with udp.PacketReceiver(port=0) as other:
        other.start()
        config = CaptureConfig(f"udp://127.0.0.1:{other.port}", tmp_path)
        with (
            pytest.raises(StreamError, match="another program"),
            open_feed(config, -1, Opening()),
        ):
            pass


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("udp://", ("127.0.0.1", 17017)),
        ("udp://:99", ("127.0.0.1", 99)),
        ("UDP://localhost", ("127.0.0.1", 17017)),
        ("udp://0.0.0.0:5000", ("0.0.0.0", 5000)),
        ("udp://[::1]:5000", ("::1", 5000)),
    ],
)
def test_only_this_machine_is_listened_to_unless_the_user_chooses(source, address):
    assert udp_feed.address_of(source) == address


@pytest.mark.parametrize("source", ["udp://127.0.0.1:port", "udp://[::1", "udp://:9e9"])
def test_a_malformed_address_is_one_sentence(source):
    with pytest.raises(StreamError, match=r"give udp://127.0.0.1:17017"):
        udp_feed.address_of(source)


def test_packets_are_received_in_blender_whatever_the_engine(tmp_path):
    config = CaptureConfig("udp://", tmp_path, engine="process")
    assert engine_of(config) == "thread"
    assert opener(config) is open_feed
    camera = dataclasses.replace(config, source="0")
    assert engine_of(camera) == "process"


def test_tilt_and_lifter_travel_only_when_they_are_told():
    plain, told = lifted(1.0), lifted(1.0, tilt=4.5, lifter="learned")
    assert not {"tilt_deg", "lifter"} & to_dict(plain)["meta"].keys()
    found = loads(dumps(told))
    assert (found.tilt, found.lifter) == (4.5, "learned")
    assert loads(dumps(plain)).tilt is None


@pytest.mark.parametrize("tilt", [200, "steep", True])
def test_a_tilt_that_is_none_is_refused(tilt):
    value = to_dict(lifted(1.0))
    value["meta"]["tilt_deg"] = tilt
    with pytest.raises(PacketError):
        from_dict(value)
