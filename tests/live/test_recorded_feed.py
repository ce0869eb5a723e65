# SPDX-License-Identifier: GPL-3.0-or-later
"""Keypoints of others, which rarely say how fast and how large their pictures were."""

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from tests.live.conftest import VIDEOS
from vitpose_blender.core.errors import SourceError
from vitpose_blender.inference.capture import PeopleLifter, lift_recorded
from vitpose_blender.inference.lifters import make_lifter
from vitpose_blender.live.recorded_feed import open_recorded


@pytest.fixture
def bare(config, tmp_path):
    """The sample's keypoints as a list of results, which tells neither."""
    table = json.loads((VIDEOS / "sample.keypoints.json").read_text())
    path = tmp_path / "results.json"
    path.write_text(json.dumps(table["annotations"][:40]))
    return replace(config, source=str(path), fps=None)


@pytest.fixture
def rateless(config, tmp_path):
    """The sample's keypoints with the size of their pictures, and no rate."""
    table = json.loads((VIDEOS / "sample.keypoints.json").read_text())
    for image in table["images"]:
        del image["t"]
    table.get("info", {}).pop("fps", None)
    path = tmp_path / "rateless.json"
    path.write_text(json.dumps(table))
    return replace(config, source=str(path), fps=None)


def _said(config, opening):
    with pytest.raises(SourceError) as caught, open_recorded(config, 0, opening):
        pass
    return str(caught.value)


def test_what_lacks_is_said_in_the_words_of_the_panel(bare, rateless, opening):
    assert "choose its video as Footage" in _said(bare, opening)
    assert "set Frame Rate under Lens and Position" in _said(rateless, opening)
    assert "--" not in _said(bare, opening) + _said(rateless, opening)


def test_unknown_keypoints_are_sent_to_where_they_can_be_told(bare, opening):
    path = Path(bare.source)
    rows = json.loads(path.read_text())
    for row in rows:
        row["keypoints"] = row["keypoints"][:21]
    path.write_text(json.dumps(rows))

    assert "what its keypoints mean" in _said(bare, opening)


def test_the_footage_says_what_lacks(bare, opening):
    pytest.importorskip("cv2")
    known = replace(bare, footage=str(VIDEOS / "sample.mp4"))
    with open_recorded(known, 0, opening) as feed:
        assert feed.header.image_wh == (1280, 720)
        assert feed.header.fps == 30.0


def test_a_broken_file_is_not_the_footages_matter(bare, opening, tmp_path):
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    with (
        pytest.raises(SourceError) as caught,
        open_recorded(replace(bare, source=str(broken)), 0, opening),
    ):
        pass
    assert "footage" not in str(caught.value)


@pytest.mark.parametrize(
    ("engine", "wanted", "expected"),
    [
        ("process", "", "learned"),
        ("thread", "", "geometric"),
        ("thread", "learned", "learned"),
    ],
)
def test_each_engine_has_its_lifter_and_the_header_says_which(
    config, opening, engine, wanted, expected
):
    used = replace(config, engine=engine, lifter=wanted)
    with open_recorded(used, 0, opening) as feed:
        assert feed.header.lifter == expected
        packets = [packet for seen in islice(feed.seen, 3) for packet in seen.packets]

    lifter = PeopleLifter(feed.header.camera, lambda: make_lifter(expected))
    again = list(lift_recorded(packets, lifter, packets[0].fov))
    for packet, other in zip(packets, again, strict=True):
        np.testing.assert_array_equal(packet.joints.xyz, other.joints.xyz)
