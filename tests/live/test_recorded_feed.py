# SPDX-License-Identifier: GPL-3.0-or-later
"""Keypoints of others, which rarely say how fast and how large their pictures were."""

import json
from dataclasses import replace

import pytest

from tests.live.conftest import VIDEOS
from vitpose_blender.core.errors import SourceError
from vitpose_blender.live.recorded_feed import open_recorded


@pytest.fixture
def bare(config, tmp_path):
    """The sample's keypoints as a list of results, which tells neither."""
    table = json.loads((VIDEOS / "sample.keypoints.json").read_text())
    path = tmp_path / "results.json"
    path.write_text(json.dumps(table["annotations"][:40]))
    return replace(config, source=str(path), fps=None)


def test_what_lacks_is_said_for_both_kinds_of_user(bare, opening):
    with (
        pytest.raises(SourceError, match=r"--fps .* --size .* choose the footage"),
        open_recorded(bare, 0, opening),
    ):
        pass


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
