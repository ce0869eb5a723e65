# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets and takes: what is written is read back, and nothing damaged breaks it."""

import contextlib
import json
from pathlib import Path

import numpy as np
import pytest

from vitpose_blender.core import packet as packets
from vitpose_blender.core.errors import OutputError, TakeError
from vitpose_blender.core.layouts import CANONICAL, COCO17
from vitpose_blender.core.packet import Packet, PacketError
from vitpose_blender.core.take import (
    Take,
    TakeHeader,
    TakeWriter,
    read_take,
    write_take,
)
from vitpose_blender.core.types import Joints3D, Keypoints2D


def make_packet(rng, t=1.25, person=1):
    xy = rng.uniform(0, 700, (17, 2))
    xy[3] = np.nan
    xyz = rng.normal(size=(28, 3))
    xyz[5] = np.nan
    return Packet(
        Keypoints2D(xy, rng.uniform(0, 1, 17), t),
        person=person,
        frame=37,
        image_wh=(1280, 720),
        joints=Joints3D(xyz, (0.1, 0.2, 3.0), np.ones(28), t),
        box=(10.0, 20.0, 30.0, 40.0),
        model="m",
        source="s",
    )


def test_a_packet_survives_json(rng):
    before = make_packet(rng)

    after = packets.loads(packets.dumps(before))

    np.testing.assert_allclose(after.keypoints.xy, before.keypoints.xy, atol=0.006)
    np.testing.assert_allclose(after.joints.xyz, before.joints.xyz, atol=6e-5)
    np.testing.assert_allclose(after.joints.root, before.joints.root, atol=6e-5)
    assert after.keypoints.score[3] == 0
    assert (after.t, after.person, after.frame) == (1.25, 1, 37)
    assert after.box == before.box


def test_the_wire_form_has_exactly_the_designed_keys(rng):
    value = json.loads(packets.dumps(make_packet(rng)))
    assert tuple(value) == packets.TOP_KEYS
    assert value["keypoints"][3] is None
    assert len(value["joints_3d"]) == len(CANONICAL) == 28


@pytest.mark.parametrize(
    "change",
    [
        {"keypoints": None},
        {"keypoints": [[0, 0]]},
        {"keypoints": [["a", 0]] * 17},
        {"keypoints": [[True, 0]] * 17},
        {"timestamp": "now"},
        {"timestamp": 1e400},
        {"scores": {}},
        {"meta": []},
        {"meta": {"image_wh": [0, 0]}},
        {"meta": {"image_wh": [1280, 720], "layout": "octopus"}},
        {"meta": {"image_wh": [1280, 720], "layout": ["coco17"]}},
        {"meta": {"image_wh": [1280, 720], "fov_deg": -5}},
    ],
)
def test_malformed_packets_are_refused(rng, change):
    value = {**packets.to_dict(make_packet(rng)), **change}
    with pytest.raises(PacketError):
        packets.loads(json.dumps(value))


@pytest.mark.parametrize("text", ["", "[]", "7", "{}", "{" * 5000, b"\xff\xfe", "null"])
def test_what_is_not_a_packet_is_refused(text):
    with pytest.raises(PacketError):
        packets.loads(text)


def test_nan_and_absurd_numbers_become_missing(rng):
    value = packets.to_dict(make_packet(rng))
    value["keypoints"][0] = [float("nan"), 3.0]
    value["keypoints"][1] = [1e9, 3.0]
    value["joints_3d"][2] = [0.0, 5e5, 0.0]

    packet = packets.loads(json.dumps(value))

    assert np.isnan(packet.keypoints.xy[:2]).all()
    assert (packet.keypoints.score[:2] == 0).all()
    assert np.isnan(packet.joints.xyz[2]).all()


def test_random_bytes_never_escape_as_another_error(rng):
    text = packets.dumps(make_packet(rng)).encode()
    for _ in range(300):
        damaged = bytearray(text)
        for index in rng.integers(0, len(text), 3):
            damaged[index] = rng.integers(0, 256)
        with contextlib.suppress(PacketError):
            packets.loads(bytes(damaged))


def test_a_take_is_read_back_in_order_of_time(rng, tmp_path):
    path = tmp_path / "folder" / "x.take.jsonl"
    header = TakeHeader(source="clip.mp4", fps=29.97, image_wh=(640, 480), tilt=3.0)
    write_take(path, header, [make_packet(rng, t) for t in (0.2, 0.1, 0.3)])

    take = read_take(path)

    assert take.header == header
    assert [packet.t for packet in take.packets] == [0.1, 0.2, 0.3]


def test_a_truncated_last_line_loses_only_itself(rng, tmp_path, caplog):
    path = tmp_path / "x.take.jsonl"
    write_take(path, TakeHeader(), [make_packet(rng, t) for t in (0.1, 0.2)])
    path.write_bytes(path.read_bytes()[:-200])

    assert len(read_take(path).packets) == 1
    assert "1 damaged line" in caplog.text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("hello\n", "not a take"),
        ('{"take": 1, "camera": {"image_wh": "wide"}}\n', "not a take"),
        ('{"take": 1}\n', "holds no person"),
        ('{"take": 1}\n{"timestamp"', "holds no person"),
    ],
)
def test_an_unusable_take_is_one_sentence(tmp_path, content, message):
    path = tmp_path / "x.take.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(TakeError, match=message):
        read_take(path)


def test_a_missing_take_is_named(tmp_path):
    with pytest.raises(TakeError, match="no file"):
        read_take(tmp_path / "nowhere.jsonl")


def test_a_full_disk_is_reported_by_name():
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(OutputError, match="/dev/full"):
        TakeWriter(Path("/dev/full"), TakeHeader())


def test_people_are_listed_by_how_often_they_are_seen(rng):
    people = [2, 1, 2]
    take = Take(TakeHeader(), tuple(make_packet(rng, person=p) for p in people))
    assert take.people == [2, 1]
    assert len(take.of_person(2).packets) == 2
    with pytest.raises(TakeError, match="no person 7; it has 1, 2"):
        take.of_person(7)


def test_keypoints_without_a_position_have_no_score():
    xy = np.zeros((17, 2))
    xy[4] = np.nan
    assert Keypoints2D(xy, np.ones(17), 0.0).score[4] == 0


@pytest.mark.parametrize("wrong", [np.zeros((16, 2)), np.zeros((17, 3)), np.zeros(17)])
def test_wrong_shapes_are_refused(wrong):
    with pytest.raises(ValueError, match="shape"):
        Keypoints2D(wrong, np.ones(17), 0.0)


def test_flip_pairs_are_their_own_inverse():
    for left, right in COCO17.flip_pairs:
        assert COCO17.names[left].replace("left", "right") == COCO17.names[right]
