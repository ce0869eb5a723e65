# SPDX-License-Identifier: GPL-3.0-or-later
"""Several people and several characters: who follows whom, and how that changes."""

import bpy
import pytest

from tests.blender.live_sources import WAIT, FakeSource, joints_of, moments
from tests.blender.rigs import add_humanoid, farthest, heads
from vitpose_blender.blender import character, session
from vitpose_blender.core.errors import VitposeError
from vitpose_blender.core.take import read_take
from vitpose_blender.live.config import CaptureConfig, Driven

NUM = 12  # Moments before and after a change.


@pytest.fixture
def source():
    return FakeSource()


@pytest.fixture
def config(tmp_path):
    return CaptureConfig("fake", tmp_path / "journal")


@pytest.fixture
def live(monkeypatch):
    monkeypatch.setattr(session, "BUDGET", 60.0)  # Each tick moves all [s].
    yield session.live
    session.live.stop()


@pytest.fixture
def pair():
    return add_humanoid("Hero"), add_humanoid("Other")


@pytest.fixture
def people(pair):
    """Two people who move differently, as moments."""
    rest = character.read_rig_rest(pair[0])
    return moments(*(joints_of(rest, 2 * NUM / 30, seed) for seed in (0, 9)))


def begin(live, config, source, *driven):
    live.start(config, [Driven(*each) for each in driven], source.open)
    assert source.is_open.wait(WAIT)


def poses(live, *armatures):
    live.tick()
    bpy.context.view_layer.update()
    return [heads(each) for each in armatures]


def poses_of_fresh(live, config, seen, pair, *driven):
    source = FakeSource()
    begin(live, config, source, *driven)
    source.deliver(*seen)
    found = poses(live, *pair)
    live.stop()
    return found


def test_two_characters_swap_their_people_while_they_are_driven(
    live, config, source, pair, people
):
    begin(live, config, source, ("Hero", 1), ("Other", 2))
    source.deliver(*people[:NUM])
    before = poses(live, *pair)
    live.follow(pair[0], 2)
    live.follow(pair[1], 1)
    assert source.wanted == -1
    source.deliver(*people[NUM:])
    swapped = poses(live, *pair)
    assert [each.person for each in live.followers()] == [2, 1]
    live.stop()

    fresh = poses_of_fresh(live, config, people[NUM:], pair, ("Hero", 2), ("Other", 1))
    for found, expected, former in zip(swapped, fresh, before, strict=True):
        assert farthest(found, expected)[0] < 1e-5
        assert farthest(found, former)[0] > 0.05


def test_one_character_takes_another_person(live, config, source, pair, people):
    begin(live, config, source, ("Hero", 0))
    assert source.wanted == 0
    source.deliver(*people[:NUM])
    live.show_all(True)
    assert source.wanted == -1
    live.follow(pair[0], 2)
    assert source.wanted == -1  # Everybody is shown until that is over.
    live.show_all(False)
    assert source.wanted == 2
    source.deliver(*people[NUM:])
    (found,) = poses(live, pair[0])
    live.stop()
    expected, _ = poses_of_fresh(live, config, people[NUM:], pair, ("Hero", 2))
    assert farthest(found, expected)[0] < 1e-5


def test_showing_everybody_does_not_change_who_is_followed(
    live, config, source, pair, people
):
    second = [each.__class__(each.t, each.grabbed, each.packets[1:]) for each in people]
    begin(live, config, source, ("Hero", 0))
    source.deliver(second[0])
    live.show_all(True)
    source.deliver(*people[1:])
    (found,) = poses(live, pair[0])
    assert [each.person for each in live.followers()] == [2]
    live.stop()
    expected, _ = poses_of_fresh(live, config, second, pair, ("Hero", 2))
    assert farthest(found, expected)[0] < 1e-5


def test_a_recording_keeps_its_person(live, config, source, pair, people, tmp_path):
    begin(live, config, source, ("Hero", 1))
    live.mark_start(tmp_path / "one.take.jsonl")
    source.deliver(*people[:NUM])
    with pytest.raises(VitposeError, match="stop the recording first"):
        live.follow(pair[0], 2)
    source.deliver(*people[NUM:])
    live.tick()
    assert [each.person for each in live.followers()] == [1]
    live.mark_stop()
    live.follow(pair[0], 2)


def test_takes_do_not_reach_back_before_a_change(
    live, config, source, pair, people, tmp_path
):
    begin(live, config, source, ("Hero", 1))
    source.deliver(*people[:NUM])
    live.follow(pair[0], 2)
    source.deliver(*people[NUM:])
    take = read_take(live.keep_last(60.0, tmp_path / "last.take.jsonl"))
    assert take.packets[0].t == pytest.approx(people[NUM].t, abs=1e-5)
    manner = take.header.calibration["live"]["characters"]["Hero"]["manner"]
    assert manner["person"] == 2


def test_who_is_not_driven_follows_nobody(live, config, source, pair, people):
    live.follow(pair[0], 2)
    live.show_all(True)
    assert live.followers() == []
    begin(live, config, source, ("Hero", 1))
    live.follow(pair[1], 2)
    source.deliver(*people)
    assert [(each.name, each.person) for each in live.followers()] == [("Hero", 1)]
    live.stop()
    assert live.followers() == []
