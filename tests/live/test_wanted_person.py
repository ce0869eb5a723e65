# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is wanted of a source may change while it is played."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from vitpose_blender.core.packet import Packet
from vitpose_blender.core.take import TakeHeader, TakeWriter
from vitpose_blender.core.types import Keypoints2D
from vitpose_blender.live.feed import Opening, open_feed

SIZE = (640, 480)
NUM_FRAMES = 60


@pytest.fixture
def two_people(tmp_path, config):
    """A take of the people 1 and 2; the first is seen most often."""
    rng = np.random.default_rng(0)
    header = TakeHeader("film", "model", image_wh=SIZE, fps=200.0)
    path = tmp_path / "two.take.jsonl"
    with TakeWriter(path, header) as writer:
        for frame in range(NUM_FRAMES):
            for person in (1, 2) if frame else (1,):
                xy = rng.uniform(100, 300, (17, 2))
                keypoints = Keypoints2D(xy, np.ones(17), frame / 200)
                writer.write(Packet(keypoints, person, frame, SIZE))
    return replace(config, source=str(path))


def people_after(feed, seen, person):
    feed.set_person(person)
    moments = list(islice(seen, 20))  # Some are on their way already.
    assert len(moments) == 20
    return [each.person for each in moments[-1].packets]


def change_twice(feed):
    seen = iter(feed.seen)
    assert [each.person for each in next(seen).packets] == [1]
    assert people_after(feed, seen, -1) == [1, 2]
    assert people_after(feed, seen, 2) == [2]


def test_of_a_recording(two_people):
    pytest.importorskip("cv2")
    with open_feed(two_people, 0, Opening()) as feed:
        change_twice(feed)


def test_of_a_recording_in_a_process(in_process, two_people):
    pytest.importorskip("cv2")
    with in_process(used=two_people) as feed:
        change_twice(feed)


def test_the_largest_again_and_nobody(two_people):
    pytest.importorskip("cv2")
    with open_feed(two_people, 2, Opening()) as feed:
        seen = iter(feed.seen)
        assert [each.person for each in next(seen).packets] == [2]
        assert people_after(feed, seen, 0) == [1]
        feed.set_person(3)  # Who is not in it at all.
        assert list(seen) == []
