# SPDX-License-Identifier: GPL-3.0-or-later
"""The wire: any packet survives it exactly, and no bytes at all are an exception."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.streaming.made_packets import HOST, assert_same, at, wild
from vitpose_blender.core.layouts import COCO_WHOLEBODY133
from vitpose_blender.core.packet import Packet, dumps, to_dict
from vitpose_blender.core.types import Joints3D, Keypoints2D
from vitpose_blender.streaming.counts import Drop
from vitpose_blender.streaming.datagram import MAX_DATAGRAM, decode, encode
from vitpose_blender.streaming.errors import StreamError
from vitpose_blender.streaming.intake import Intake


def changed(**meta) -> bytes:
    value = to_dict(at(1.0))
    value["meta"] |= meta
    return json.dumps(value).encode()


def test_any_packet_survives_the_wire_exactly(rng):
    for _ in range(200):
        packet = wild(rng)
        received = decode(encode(packet))
        assert isinstance(received, Packet), received
        assert_same(received, packet)


def test_a_datagram_is_a_line_of_a_take():
    assert encode(at(1.0)) == dumps(at(1.0)).encode()


def test_the_largest_packet_of_ours_takes_little_more_than_half():
    num_keypoints = len(COCO_WHOLEBODY133)
    keypoints = Keypoints2D(
        np.full((num_keypoints, 2), -12345.67),
        np.full(num_keypoints, 0.1234),
        123456.123456,
        COCO_WHOLEBODY133.id,
    )
    joints = Joints3D(np.full((28, 3), -0.1234), np.full(3, -9.1234), np.ones(28), 0.0)
    names = {"model": "m" * 200, "source": "s" * 200}
    packet = Packet(keypoints, 99, 10**6, (7680, 4320), joints, 60.123, **names)
    assert len(encode(packet)) < 0.7 * MAX_DATAGRAM


def test_a_packet_that_fits_no_datagram_is_refused():
    packet = replace(at(1.0, person=3), source="x" * MAX_DATAGRAM)
    with pytest.raises(StreamError, match=r"person 3 has \d+ bytes .* takes 9216: giv"):
        encode(packet)


def test_a_datagram_of_the_largest_size_is_read_and_one_byte_more_is_not():
    padding = MAX_DATAGRAM - len(encode(at(1.0))) + len("clip")
    largest = encode(at(1.0, source="x" * padding))
    assert len(largest) == MAX_DATAGRAM
    assert isinstance(decode(largest), Packet)
    assert decode(largest + b" ") is Drop.OVERSIZED


@pytest.mark.parametrize("version", [0, 2, "1", None, True, 1.5, [1], {}])
def test_another_version_is_told_apart(version):
    assert decode(changed(v=version)) is Drop.WRONG_VERSION


def test_a_later_version_may_look_different():
    assert decode(b'{"meta": {"v": 2}}') is Drop.WRONG_VERSION


def test_who_names_no_version_means_the_first():
    value = to_dict(at(1.0))
    del value["meta"]["v"]
    assert isinstance(decode(json.dumps(value).encode()), Packet)


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\x00",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"{}",
        b'{"meta": 7}',
        b'{"meta": {"v": 1}}',
        b"9" * MAX_DATAGRAM,
        changed(image_wh=[0, 0]),
        changed(person="Bob"),
        changed(person=10**400),
        changed(layout={}),
        changed()[:-20],
    ],
)
def test_what_is_no_packet_is_malformed(datagram):
    assert decode(datagram) is Drop.MALFORMED


def test_nested_values_never_exhaust_the_stack():
    # Somewhere in between, what could still be parsed can no longer be turned to text.
    text = changed(source="HERE").decode()
    for depth in (*range(1, 1100, 3), 4000):
        nested = "[" * depth + "]" * depth
        assert isinstance(
            decode(text.replace('"HERE"', nested).encode()), Packet | Drop
        )


def test_nan_is_missing():
    value = to_dict(at(1.0))
    value["keypoints"][3] = [float("nan"), 1.0]
    packet = decode(json.dumps(value).encode())
    assert isinstance(packet, Packet)
    assert packet.keypoints.score[3] == 0


def damaged(datagram: bytes, rng: np.random.Generator) -> bytes:
    """Return bytes that resemble the datagram."""
    damaged = bytearray(datagram)
    for _ in range(rng.integers(1, 6)):
        place = int(rng.integers(len(damaged)))
        kind = rng.integers(4)
        if kind == 0:
            damaged[place] = rng.integers(256)
        elif kind == 1:
            del damaged[place : place + int(rng.integers(1, 40))]
        elif kind == 2:
            damaged[place:place] = rng.choice(list(b'0eE-[]{}",:nfI'), 3).tobytes()
        else:
            other = int(rng.integers(len(damaged)))
            damaged[place:place] = damaged[other : other + 30]
        damaged = damaged or bytearray(b"{")
    return bytes(damaged)


def test_random_bytes_are_counted_and_nothing_else(rng):
    intake = Intake()
    for number in range(2000):
        intake.push(rng.bytes(int(rng.integers(0, 60))), HOST, number)
    counts = intake.counts()
    assert counts.received == 2000
    assert counts.dropped[Drop.MALFORMED] == 2000
    assert counts.describe_dropped() == "2000 malformed"


def test_damaged_packets_are_packets_or_dropped_and_every_one_is_counted(rng):
    intake = Intake()
    passed = 0
    for number in range(1500):
        datagram = damaged(encode(wild(rng)), rng)
        passed += len(intake.push(datagram, HOST, number / 30))
    intake.finish()
    counts = intake.counts()
    assert counts.received == 1500
    assert counts.passed == passed
    assert counts.passed + counts.num_dropped == counts.received
    assert counts.dropped[Drop.MALFORMED] > 300
