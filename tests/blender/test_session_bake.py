# SPDX-License-Identifier: GPL-3.0-or-later
"""A recorded take, baked, is what was seen live: on any character, in any manner."""

import bpy
import numpy as np
import pytest

from tests.blender.fingerprint import differences, fingerprint
from tests.blender.live_sources import FPS, FakeSource, joints_of, moments
from tests.blender.rigs import SMALL_AND_TURNED, add_humanoid, farthest, heads
from vitpose_blender.blender import (
    access,
    animate,
    binding,
    character,
    load,
    session,
    session_bake,
)
from vitpose_blender.core.errors import CharacterError, TakeError
from vitpose_blender.core.live_drive import Manner
from vitpose_blender.core.motion import CharacterMotion
from vitpose_blender.core.replay import at_times, replay
from vitpose_blender.core.solved_take import solved_take
from vitpose_blender.core.steps import finish
from vitpose_blender.core.take import Take, read_take, write_take
from vitpose_blender.data_files import data_folder
from vitpose_blender.live.config import CaptureConfig, Driven

MANNEQUIN = data_folder("resources") / "characters" / "mannequin.glb"
SAME = 5e-4  # [m]


@pytest.fixture
def live(monkeypatch):
    monkeypatch.setattr(session, "BUDGET", 60.0)  # Each tick moves all [s].
    yield session.live
    session.live.stop()


def see_live(live, config, driven, seen, recorded):
    """Capture moments tick by tick, recording a part of them into a take.

    Returns:
        The heads of every bone of each character during the recorded moments.
    """
    source, poses = FakeSource(tilt=8.0), {each.armature: [] for each in driven}
    live.start(config, driven, source.open)
    path = config.journal.parent / "a.take.jsonl"
    for number, moment in enumerate(seen):
        if number == recorded.start:
            live.mark_start(path)
        source.deliver(moment)
        live.tick()
        if number in recorded:
            bpy.context.view_layer.update()
            for name, frames in poses.items():
                frames.append(heads(bpy.data.objects[name]))
    live.mark_stop()
    live.stop()
    return read_take(path), poses


def baked_heads(armature, num_frames, first=1):
    frames = []
    for frame in range(first, first + num_frames):
        bpy.context.scene.frame_set(frame)
        frames.append(heads(armature))
    return frames


def worst(one, other):
    assert len(one) == len(other) > 0
    return max(farthest(a, b)[0] for a, b in zip(one, other))


@pytest.mark.parametrize("body", ["full", "upper", "seated"])
@pytest.mark.parametrize("start", [0, 13], ids=["from the start", "from amid"])
def test_a_baked_take_is_what_was_seen(live, tmp_path, body, start):
    hero = add_humanoid("Hero", np.random.default_rng(3), has_twist=True)
    config = CaptureConfig("fake", tmp_path / "j", mirror=start > 0, body=body)
    seen = moments(joints_of(character.read_rig_rest(hero), 1.0))
    take, poses = see_live(live, config, [Driven("Hero")], seen, range(start, 30))

    animate.set_scene_fps(FPS)
    finish(session_bake.bake_take(hero, take, session_bake.BakeOptions()))

    live_heads = poses["Hero"]
    baked = baked_heads(hero, len(live_heads))
    assert farthest(baked[0], baked[-1])[0] > 0.05
    assert worst(baked, live_heads) < SAME
    assert not binding.is_bound(hero)


@pytest.mark.parametrize("kind", ["mannequin", "small and turned"])
def test_any_character_is_baked_as_seen(live, tmp_path, kind):
    if kind == "mannequin":
        hero = load.load_character(MANNEQUIN)
    else:
        hero = add_humanoid("Small", world=SMALL_AND_TURNED)
    config = CaptureConfig("fake", tmp_path / "j")
    seen = moments(joints_of(character.read_rig_rest(hero), 1.0))
    take, poses = see_live(live, config, [Driven(hero.name)], seen, range(10, 30))
    animate.set_scene_fps(FPS)
    options = session_bake.BakeOptions(action="Mine", first_frame=5)
    action = finish(session_bake.bake_take(hero, take, options))
    assert action.name == "Mine"
    assert worst(baked_heads(hero, 20, first=5), poses[hero.name]) < SAME


def test_two_characters_are_baked_from_one_take(live, tmp_path):
    names = ["First", "Second"]
    first, second = (add_humanoid(name) for name in names)
    rest = character.read_rig_rest(first)
    seen = moments(joints_of(rest, 1.0, seed=1), joints_of(rest, 1.0, seed=2))
    driven = [Driven("First", 2), Driven("Second", 1)]
    config = CaptureConfig("fake", tmp_path / "j")
    take, poses = see_live(live, config, driven, seen, range(10, 30))
    assert take.people == [1, 2]
    animate.set_scene_fps(FPS)
    for armature in (first, second):
        finish(session_bake.bake_take(armature, take, session_bake.BakeOptions()))
    for armature in (first, second):
        assert worst(baked_heads(armature, 20), poses[armature.name]) < SAME
    assert worst(poses["First"], poses["Second"]) > 0.05


def test_the_kept_last_seconds_are_baked_as_seen(live, tmp_path):
    hero = add_humanoid("Hero")
    seen = moments(joints_of(character.read_rig_rest(hero), 3.0))
    config = CaptureConfig("fake", tmp_path / "j")
    _, poses = see_live(live, config, [Driven("Hero")], seen, range(90))
    take = read_take(live.keep_last(0.5, tmp_path / "kept.take.jsonl"))
    animate.set_scene_fps(FPS)
    finish(session_bake.bake_take(hero, take, session_bake.BakeOptions()))
    count = len(take.packets)
    assert 15 <= count <= 46
    assert worst(baked_heads(hero, count), poses["Hero"][-count:]) < SAME


def test_the_scenes_own_rate_is_kept_and_speed_stays_real(live, tmp_path):
    hero = add_humanoid("Hero")
    seen = moments(joints_of(character.read_rig_rest(hero), 1.0))
    config = CaptureConfig("fake", tmp_path / "j")
    take, poses = see_live(live, config, [Driven("Hero")], seen, range(30))
    animate.set_scene_fps(24)
    finish(session_bake.bake_take(hero, take, session_bake.BakeOptions()))
    # 1 / 24 and 1 / 30 of a second meet every sixth of a second.
    every_fourth = baked_heads(hero, 21)[::4]
    every_fifth = poses["Hero"][:26:5]
    assert worst(every_fourth, every_fifth) < SAME
    assert animate.scene_fps() == 24


def test_who_was_lost_is_held_and_then_goes_on():
    times = np.array([0.0, 0.1, 2.0, 2.1])
    location = np.array([0.0, 1.0, 5.0, 6.0])[:, np.newaxis, np.newaxis] * np.ones(3)
    turns = np.tile([1.0, 0.0, 0.0, 0.0], (4, 1, 1))
    turns[3] = (-1.0, 0.0, 0.0, 0.0)  # The same turn, written in another way.
    motion = CharacterMotion(("hips",), times, location, turns)
    wanted = np.array([0.0, 0.05, 0.1, 0.2, 1.99, 2.0, 2.05, 2.1])
    moved = at_times(motion, wanted)
    np.testing.assert_allclose(
        moved.location[:, 0, 0], [0.0, 0.5, 1.0, 1.0, 1.0, 5.0, 5.5, 6.0], atol=1e-9
    )
    np.testing.assert_allclose(np.abs(moved.rotation[:, 0, 0]), 1.0)


def test_one_moment_is_one_pose(live, tmp_path):
    hero = add_humanoid("Hero")
    seen = moments(joints_of(character.read_rig_rest(hero), 0.5))
    config = CaptureConfig("fake", tmp_path / "j")
    take, poses = see_live(live, config, [Driven("Hero")], seen, range(14, 15))
    finish(session_bake.bake_take(hero, take, session_bake.BakeOptions()))
    assert worst(baked_heads(hero, 1), poses["Hero"]) < SAME


def test_another_manner_or_character_is_another_motion(live, tmp_path):
    hero, other = add_humanoid("Hero"), add_humanoid("Other", has_twist=True)
    seen = moments(joints_of(character.read_rig_rest(hero), 1.0))
    config = CaptureConfig("fake", tmp_path / "j")
    take, poses = see_live(live, config, [Driven("Hero")], seen, range(10, 30))
    animate.set_scene_fps(FPS)
    finish(session_bake.bake_take(other, take, session_bake.BakeOptions()))
    plain = baked_heads(other, 20)
    assert farthest(plain[-1], poses["Hero"][-1])[0] < 0.05
    mirrored = session_bake.BakeOptions(Manner(mirror=True), action="Mirrored")
    finish(session_bake.bake_take(other, take, mirrored))
    assert worst(baked_heads(other, 20), plain) > 0.05


def test_baking_leaves_only_its_action(live, tmp_path):
    hero = add_humanoid("Hero")
    seen = moments(joints_of(character.read_rig_rest(hero), 0.5))
    config = CaptureConfig("fake", tmp_path / "j")
    take, _ = see_live(live, config, [Driven("Hero")], seen, range(15))
    before = fingerprint(bpy.data)
    steps = session_bake.bake_take(hero, take, session_bake.BakeOptions())
    assert 0.0 <= next(steps) < 1.0
    for _ in range(3):
        next(steps)
    steps.close()
    assert differences(before, fingerprint(bpy.data)) == []


def test_progress_rises_to_the_end(live, tmp_path):
    hero = add_humanoid("Hero")
    seen = moments(joints_of(character.read_rig_rest(hero), 1.0))
    config = CaptureConfig("fake", tmp_path / "j")
    take, _ = see_live(live, config, [Driven("Hero")], seen, range(30))
    told = []
    finish(session_bake.bake_take(hero, take, session_bake.BakeOptions()), told.append)
    assert told == sorted(told)
    assert told[0] == 0.0
    assert told[-1] > 0.9


def test_reading_and_following_a_solved_take_tell_how_far_they_are(live, tmp_path):
    hero = add_humanoid("Hero")
    rest = character.read_rig_rest(hero)
    config, seen = CaptureConfig("fake", tmp_path / "j"), moments(joints_of(rest, 20.0))
    take, _ = see_live(live, config, [Driven("Hero")], seen, range(600))
    own = [packet.joints for packet in take.packets]
    solved = solved_take(take, {take.people[0]: own}, "geometric", "balanced")
    path, read = tmp_path / "solved.take.jsonl", []
    write_take(path, solved.header, solved.packets)
    solved = read_take(path, read.append)
    assert len(read) >= 5
    assert read == sorted(read)
    told = []
    options = session_bake.BakeOptions()
    finish(session_bake.take_motion(solved, rest, "Hero", options), told.append)
    assert told == sorted(told)
    assert told[0] == 0.0
    assert told[-1] > 0.9


def test_a_character_that_is_being_driven_is_not_baked(live, tmp_path):
    hero = add_humanoid("Hero")
    seen = moments(joints_of(character.read_rig_rest(hero), 0.5))
    config = CaptureConfig("fake", tmp_path / "j")
    take, _ = see_live(live, config, [Driven("Hero")], seen, range(15))
    live.start(config, [Driven("Hero")], FakeSource().open)
    steps = session_bake.bake_take(hero, take, session_bake.BakeOptions())
    with pytest.raises(CharacterError, match="stop the capture"):
        next(steps)


def test_a_take_without_the_person_or_joints_says_so():
    hero = add_humanoid("Hero")
    rest = character.read_rig_rest(hero)
    source = FakeSource()
    packets = tuple(p for m in moments(joints_of(rest, 0.2)) for p in m.packets)
    take = Take(source.header, packets)
    with pytest.raises(TakeError, match="no person 4"):
        finish(replay(take, rest, manner=Manner(person=4)))
    assert len(finish(replay(take, rest))) == 6
    assert access.find_object("VITPOSE_Hero_hips") is None
