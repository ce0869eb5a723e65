# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes baked from the sidebar: as seen, anywhere, in parts, and undone in one step."""

from types import SimpleNamespace

import bpy
import numpy as np
import pytest

from tests.blender.fingerprint import differences, fingerprint
from tests.blender.live_sources import FPS, FakeSource, joints_of, moments
from tests.blender.rigs import add_humanoid, farthest, heads
from vitpose_blender.blender import (
    actions,
    animate,
    binding,
    character,
    session,
    take_list,
    take_settings,
)
from vitpose_blender.blender.operators import bake as bake_operators
from vitpose_blender.blender.operators import stepwise
from vitpose_blender.core.body_parts import PARTS, part_of_body
from vitpose_blender.core.rig import ROLES
from vitpose_blender.core.steps import finish
from vitpose_blender.live.config import CaptureConfig, Driven

OPS = bpy.ops.vitpose
SAME = 5e-4  # [m]
NUM = 31  # Recorded moments: one second.


@pytest.fixture
def live(monkeypatch):
    monkeypatch.setattr(session, "BUDGET", 60.0)  # Each tick moves all [s].
    yield session.live
    session.live.stop()


@pytest.fixture
def hero():
    armature = add_humanoid("Hero")
    bpy.context.view_layer.objects.active = armature
    return armature


@pytest.fixture
def seen(live, hero, user_data):
    """A recorded take in the list; the heads that were seen in each of its moments."""
    source, poses = FakeSource(tilt=8.0), []
    config = CaptureConfig("fake", user_data / "vitpose_blender" / "journal")
    live.start(config, [Driven("Hero")], source.open)
    joints = joints_of(character.read_rig_rest(hero), (10 + NUM) / FPS)
    for number, moment in enumerate(moments(joints)):
        if number == 10:
            OPS.record_start()
        source.deliver(moment)
        live.tick()
        if number >= 10:
            bpy.context.view_layer.update()
            poses.append(heads(hero))
    OPS.record_stop()
    live.stop()
    animate.set_scene_fps(FPS)
    return poses


def settings(**values):
    group = take_settings.settings(bpy.context.scene)
    for name, value in values.items():
        setattr(group, name, value)
    return group


def heads_at(armature, frames):
    found = []
    for frame in frames:
        bpy.context.scene.frame_set(int(frame // 1), subframe=float(frame % 1.0))
        found.append(heads(armature))
    return found


def worst(one, other):
    assert len(one) == len(other) > 0
    return max(farthest(a, b)[0] for a, b in zip(one, other))


def keys_of(action):
    """Return the keys of every curve of an action, to compare to the bit."""
    found = {}
    for curve in actions.curves(action):
        keys = curve.keyframe_points
        values = np.empty((len(keys), 6), dtype=np.float32)
        for column, name in enumerate(("co", "handle_left", "handle_right")):
            pairs = np.empty(2 * len(keys), dtype=np.float32)
            keys.foreach_get(name, pairs)
            values[:, 2 * column : 2 * column + 2] = pairs.reshape(-1, 2)
        found[curve.data_path, curve.array_index] = values.tolist()
    return found


def bone_of(path):
    return path.split('"')[1].removeprefix("mixamorig:")


def existing_action(armature, frames=(1.0, 20.0, 60.0)):
    """Let the armature play an action on all its bones; returns it."""
    action = actions.new_action(armature, "Mine")
    for bone in armature.pose.bones:
        values = np.tile([1.0, 0.05, 0.0, 0.0], (len(frames), 1))
        values[1, 2] = 0.1
        path = f'pose.bones["{bone.name}"].rotation_quaternion'
        actions.write_curves(action, path, np.array(frames), values, bone.name)
    return action


def test_recorded_listed_and_baked_is_what_was_seen(seen, hero):
    assert OPS.bake() == {"FINISHED"}
    assert hero.animation_data.action.name == "Hero Take 001"
    assert worst(heads_at(hero, range(1, 1 + NUM)), seen) < SAME
    assert farthest(seen[0], seen[-1])[0] > 0.05
    assert not binding.is_bound(hero)


@pytest.mark.parametrize(
    ("fps", "of_scene", "of_take"), [(24, 4, 5), (25, 5, 6), (30, 1, 1), (60, 2, 1)]
)
def test_speed_is_real_at_any_rate_of_the_scene(seen, hero, fps, of_scene, of_take):
    animate.set_scene_fps(fps)
    OPS.bake()
    frames = 1 + np.arange(NUM // of_take) * of_scene
    assert (
        worst(heads_at(hero, frames), seen[: NUM // of_take * of_take : of_take]) < SAME
    )
    last = 1 + np.floor((NUM - 1) / FPS * fps)
    assert tuple(hero.animation_data.action.frame_range) == (1.0, last)
    assert animate.scene_fps() == fps


def test_speed_is_real_at_a_broken_rate(seen, hero):
    animate.set_scene_fps(30000 / 1001)
    OPS.bake()
    when = 1 + np.arange(NUM - 1) / FPS * (30000 / 1001)
    # Between keys, which never are where the moments were, it goes straight.
    assert worst(heads_at(hero, when), seen[:-1]) < 5e-3
    assert worst(heads_at(hero, when[:1]), seen[:1]) < SAME
    assert animate.scene_fps() == pytest.approx(30000 / 1001)


@pytest.mark.parametrize("fps", [10.0, 60.0])
def test_keys_may_come_at_another_rate(seen, hero, fps):
    settings(rate="OWN", fps=fps)
    OPS.bake()
    step = FPS / fps
    (curve, *_) = actions.curves(hero.animation_data.action)
    frames = [key.co.x for key in curve.keyframe_points]
    np.testing.assert_allclose(np.diff(frames), step, atol=1e-4)
    every = max(round(step), 1)
    assert worst(heads_at(hero, range(1, 1 + NUM, every)), seen[::every]) < SAME


def test_a_range_of_seconds_is_that_part_of_the_take(seen, hero):
    bpy.context.scene.frame_start = 100
    settings(range="SECONDS", start=0.2, end=0.6)
    OPS.bake()
    assert tuple(hero.animation_data.action.frame_range) == (100.0, 112.0)
    assert worst(heads_at(hero, range(100, 113)), seen[6:19]) < SAME


def test_a_range_of_the_scene_is_not_left(seen, hero):
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 5, 14
    scene.frame_set(8)
    settings(range="SCENE", begin="CURRENT")
    OPS.bake()
    assert tuple(hero.animation_data.action.frame_range) == (8.0, 14.0)
    assert worst(heads_at(hero, range(8, 15)), seen[:7]) < SAME
    assert (scene.frame_start, scene.frame_end) == (5, 14)


def test_a_range_with_nothing_in_it_says_so(seen, hero):
    settings(range="SECONDS", start=5.0, end=9.0)
    with pytest.raises(RuntimeError, match=r"nothing from 5\.0 to 9\.0 s"):
        OPS.bake()
    settings(start=0.5, end=0.2)
    with pytest.raises(RuntimeError, match=r"nothing from 0\.5 to 0\.2 s"):
        OPS.bake()


def test_undo_is_one_step(seen, hero):
    bpy.ops.ed.undo_push(message="before")
    before = fingerprint(bpy.data)
    OPS.bake("EXEC_DEFAULT", True)
    assert bpy.data.objects["Hero"].animation_data.action is not None
    bpy.ops.ed.undo()
    changed = differences(before, fingerprint(bpy.data))
    # Undo forgets whose particles were combed last, whatever it undoes.
    assert [line for line in changed if "particle_edit" not in line] == []
    bpy.ops.ed.redo()
    baked = heads_at(bpy.data.objects["Hero"], range(1, 1 + NUM))
    assert worst(baked, seen) < SAME


@pytest.mark.parametrize("target", ["ACTION", "NLA", "OVERDUB"])
@pytest.mark.parametrize("num_steps", [1, 4, 8])
def test_what_is_stopped_leaves_nothing_behind(seen, hero, target, num_steps):
    existing_action(hero)
    settings(target=target)
    before = fingerprint(bpy.data)
    operator = SimpleNamespace(
        take_name="Take 001",
        read=lambda: bake_operators._OfTake.read(SimpleNamespace(take="")),
    )
    steps = bake_operators.VITPOSE_OT_bake.steps(operator, bpy.context)
    shares = []
    while len(set(shares)) < num_steps:  # Waiting for the thread tells nothing new.
        shares.append(next(steps))
    steps.close()
    assert shares == sorted(shares)
    assert shares[-1] < 1
    assert differences(before, fingerprint(bpy.data)) == []


def test_an_error_amid_leaves_nothing_behind(seen, hero, monkeypatch):
    existing_action(hero)
    before = fingerprint(bpy.data)

    def fail(*_):
        raise OSError("a bug")

    monkeypatch.setattr(actions, "write_curves", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        OPS.bake()
    assert differences(before, fingerprint(bpy.data)) == []


@pytest.mark.parametrize("target", ["ACTION", "NLA", "OVERDUB"])
def test_existing_actions_are_never_touched(seen, hero, target):
    other = existing_action(hero)
    other.use_fake_user = True
    bpy.data.actions.new("Unused").use_fake_user = True

    def of_actions():
        found = fingerprint(bpy.data)
        return {
            path: value
            for path, value in found.items()
            if path.startswith(("actions['Mine']", "actions['Unused']"))
            and not (path.endswith("']") or ".users" in path)
            and "is_action_l" not in path
        }

    before = of_actions()
    settings(target=target)
    OPS.bake()
    assert differences(before, of_actions()) == []
    assert other.use_fake_user
    assert len(bpy.data.actions) == 3


def test_baking_twice_makes_two_actions(seen, hero):
    OPS.bake()
    first, keys = hero.animation_data.action, keys_of(hero.animation_data.action)
    OPS.bake()
    second = hero.animation_data.action
    assert (first.name, second.name) == ("Hero Take 001", "Hero Take 001.001")
    assert keys_of(first) == keys == keys_of(second)


def test_a_track_of_its_own_shows_what_was_seen(seen, hero):
    former = existing_action(hero)
    settings(target="NLA", action="Dance")
    OPS.bake()
    animation = hero.animation_data
    assert animation.action is None
    assert [track.name for track in animation.nla_tracks] == ["Mine", "Dance"]
    (lower,), (upper,) = (track.strips for track in animation.nla_tracks)
    assert (lower.action, upper.action.name) == (former, "Dance")
    assert (lower.frame_start, lower.frame_end) == (1.0, 60.0)
    assert worst(heads_at(hero, range(1, 1 + NUM)), seen) < SAME


def test_a_track_of_a_part_lets_the_others_play_on(seen, hero):
    existing_action(hero)
    head_alone = hero.pose.bones["mixamorig:Head"]
    leg = hero.pose.bones["mixamorig:LeftLeg"]
    bpy.context.scene.frame_set(20)
    leg_before = leg.rotation_quaternion.copy()
    head_before = head_alone.rotation_quaternion.copy()
    settings(target="NLA", parts={"HEAD"})
    OPS.bake()
    bpy.context.scene.frame_set(20)
    assert (leg.rotation_quaternion - leg_before).magnitude < 1e-6
    assert (head_alone.rotation_quaternion - head_before).magnitude > 0.02


def test_a_bound_character_stays_bound_and_plays_its_track_later(seen, hero):
    OPS.bind()
    settings(target="NLA")
    OPS.bake()
    assert binding.is_bound(hero)
    OPS.unbind()
    assert hero.animation_data.action is None
    assert worst(heads_at(hero, range(1, 1 + NUM)), seen) < SAME


def test_overdub_keeps_the_other_keys_to_the_bit(seen, hero):
    former = existing_action(hero)
    OPS.bake()
    whole = keys_of(hero.animation_data.action)
    hero.animation_data.action = former
    bpy.context.scene.frame_start = 11
    settings(target="OVERDUB", parts={"LEFT_ARM"}, range="SECONDS", start=0.0, end=0.5)
    OPS.bake()
    dubbed, before = keys_of(hero.animation_data.action), keys_of(former)
    assert hero.animation_data.action != former
    arm = {"LeftShoulder", "LeftArm", "LeftForeArm", "LeftHand"}
    for curve, keys in before.items():
        if bone_of(curve[0]) not in arm:
            assert dubbed[curve] == keys, curve
    for curve, keys in dubbed.items():
        if bone_of(curve[0]) in arm and "rotation" in curve[0]:
            frames = [key[0] for key in keys]
            assert frames == [1.0, *range(11, 27), 60.0]
            values = [key[1] for key in whole[curve]][:16]
            np.testing.assert_allclose(
                [key[1] for key in keys[1:-1]], values, atol=1e-6
            )
            outside = [keys[0][1], keys[-1][1]]
            assert outside == [before[curve][0][1], before[curve][-1][1]]


def test_overdub_without_an_action_is_refused(seen, hero):
    settings(target="OVERDUB")
    with pytest.raises(RuntimeError, match="plays no action"):
        OPS.bake()


@pytest.mark.parametrize("part", PARTS)
def test_only_the_wanted_bones_get_keys(seen, hero, part):
    rest = character.read_rig_rest(hero)
    settings(parts={part.upper()})
    OPS.bake()
    keyed = {path for path, _ in keys_of(hero.animation_data.action)}
    wanted = {
        name for name, role in zip(rest.names, rest.roles) if part_of_body(role) == part
    }
    named = {path.split('"')[1] for path in keyed if "rotation" in path}
    assert wanted <= named
    others = set(rest.names) - wanted
    assert not named & others


def test_every_role_is_in_a_part():
    assert {part_of_body(role) for role in ROLES} == set(PARTS)


def test_no_part_of_the_body_is_refused(seen, hero):
    settings(parts=set())
    with pytest.raises(RuntimeError, match="at least one part"):
        OPS.bake()


def test_another_character_plays_the_take(seen, hero):
    other = add_humanoid("Other", has_twist=True)
    bpy.context.view_layer.objects.active = other
    OPS.bake()
    assert other.animation_data.action.name == "Other Take 001"
    assert hero.animation_data is None or hero.animation_data.action is None
    assert farthest(heads_at(other, [NUM])[0], seen[-1])[0] < 0.05


def test_what_is_driven_or_missing_is_refused(live, hero, user_data):
    with pytest.raises(RuntimeError, match="no take yet"):
        OPS.bake()
    config = CaptureConfig("fake", user_data / "journal")
    live.start(config, [Driven("Hero")], FakeSource().open)
    with pytest.raises(RuntimeError, match="is being driven"):
        OPS.bake()


def test_a_renamed_take_is_baked_and_a_missing_one_told(seen, hero):
    OPS.take_rename(name="Jump")
    OPS.bake(take="Jump")
    assert hero.animation_data.action.name == "Hero Jump"
    with pytest.raises(RuntimeError, match="no take 'Take 001'"):
        OPS.bake(take="Take 001")
    OPS.take_delete()
    assert take_list.active_item() is None
    assert worst(heads_at(hero, range(1, 1 + NUM)), seen) < SAME


def test_the_reply_says_where_the_keys_are(seen, hero):
    bpy.context.scene.frame_end = 20
    operator = SimpleNamespace(
        take_name="Take 001",
        read=lambda: bake_operators._OfTake.read(SimpleNamespace(take="Take 001")),
    )
    sentence = finish(bake_operators.VITPOSE_OT_bake.steps(operator, bpy.context))
    assert sentence == f"Hero Take 001: frames 1 to {NUM}; the scene ends at 20"


def test_a_job_that_is_running_keeps_others_from_beginning(seen, hero):
    stepwise.running.append(
        SimpleNamespace(title="Baking", stop=stepwise.running.clear)
    )
    try:
        with pytest.raises(RuntimeError, match="press Esc"):
            OPS.bake()
    finally:
        stepwise.stop_all()
    OPS.bake()
