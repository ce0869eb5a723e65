# SPDX-License-Identifier: GPL-3.0-or-later
"""What a character brings along neither disturbs the drive nor is lost by it."""

from dataclasses import replace

import bpy
import numpy as np
import pytest

from tests.blender.fingerprint import differences, fingerprint
from tests.blender.rigs import (
    PREFIX,
    add_humanoid,
    check_shows,
    farthest,
    heads,
    motion_for,
)
from tests.blender.troubles import CHANNELS, PLACES, TROUBLES
from vitpose_blender.blender import binding, character, rig_choice
from vitpose_blender.core.build_rest import build_rig_rest

NUM_FRAMES = 6

each_place = pytest.mark.parametrize("place", PLACES)
each_trouble = pytest.mark.parametrize("trouble", TROUBLES)


def add(trouble="nothing", place="plain", seed=1):
    armature = add_humanoid(rng=np.random.default_rng(seed), **PLACES[place])
    TROUBLES[trouble](armature)
    bpy.context.view_layer.update()
    return armature


def read(armature):
    return character.read_rig_rest(armature, "mixamo")


def bind(armature):
    rest = read(armature)
    binding.ensure_binding(armature, rest)
    return rest, motion_for(rest, NUM_FRAMES, fps=2)


def follow(armature, motion, frame):
    binding.move_targets(armature, motion.pose(frame))
    bpy.context.view_layer.update()


def check_follows(armature, rest, motion):
    for frame in range(len(motion)):
        follow(armature, motion, frame)
        check_shows(armature, rest, motion, frame)


def check_same(before):
    assert differences(before, fingerprint(bpy.data)) == []


@each_trouble
def test_no_trouble_disturbs_the_drive(trouble):
    armature = add(trouble)
    check_follows(armature, *bind(armature))


@each_place
def test_the_drive_is_right_wherever_the_armature_is(place):
    armature = add(place=place)
    check_follows(armature, *bind(armature))


@each_trouble
def test_removing_gives_everything_back(trouble):
    armature = add(trouble, "skewed")
    before = fingerprint(bpy.data)
    _, motion = bind(armature)
    follow(armature, motion, 2)
    binding.remove_binding(armature)
    check_same(before)


EVERYTHING = ("posed", "constrained", "driven", "locked", "animated")


@pytest.fixture
def hero():
    """An armature with many troubles at once, bound and moved; and how it was before.

    Yields:
        The armature, its fingerprint before, and the motion.
    """
    armature = add("nothing")
    for trouble in EVERYTHING:
        TROUBLES[trouble](armature)
    bpy.context.view_layer.update()
    before = fingerprint(bpy.data)
    _, motion = bind(armature)
    follow(armature, motion, 3)
    return armature, before, motion


def own_pose(found, changed=()):
    """Return what a fingerprint says of the bones' own values, but for some bones."""
    ends = (*CHANNELS, "mute", "influence")
    parts = [f".pose.bones[{place}]." for place in changed]
    return {
        path: value
        for path, value in found.items()
        if ".pose.bones[" in path
        and path.rpartition(".")[2] in ends
        and not any(part in path for part in parts)
    }


def test_many_troubles_at_once_are_put_back(hero):
    armature, before, _ = hero
    binding.remove_binding(armature)
    check_same(before)


def test_binding_twice_neither_changes_nor_forgets(hero):
    armature, before, _ = hero
    once = fingerprint(bpy.data)
    binding.ensure_binding(armature, read(armature))
    check_same(once)
    binding.remove_binding(armature)
    check_same(before)


def test_removing_twice_is_removing_once(hero):
    armature, before, _ = hero
    binding.remove_binding(armature)
    binding.remove_binding(armature)
    check_same(before)


def test_what_comes_while_it_is_bound_is_held_too(hero):
    armature, _, motion = hero
    bone = armature.pose.bones[f"{PREFIX}RightArm"]
    bone.constraints.new("LIMIT_ROTATION").use_limit_y = True
    rest = read(armature)
    binding.ensure_binding(armature, rest)
    check_follows(armature, rest, motion)
    binding.remove_binding(armature)
    assert not bone.constraints[-1].mute


def test_another_map_starts_from_what_was_there(hero):
    armature, before, _ = hero
    roles = rig_choice.find_rig_map("mixamo").resolve(armature.data.bones.keys())
    del roles["head"], roles["neck"], roles["left_clavicle"]
    rest = build_rig_rest(character.read_skeleton(armature), roles)
    binding.ensure_binding(armature, rest)
    head = armature.pose.bones[f"{PREFIX}Head"]
    assert not head.constraints["Mine COPY_ROTATION"].mute
    assert not [item for item in head.constraints if item.name.startswith("VITPOSE_")]
    check_follows(armature, rest, motion_for(rest, 2))
    binding.remove_binding(armature)
    check_same(before)


def test_the_record_is_in_the_file(hero, tmp_path):
    armature, before, motion = hero
    path = str(tmp_path / "bound.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    armature = bpy.data.objects["Hero"]
    check_follows(armature, read(armature), motion)
    binding.remove_binding(armature)
    check_same(before)


def test_a_bone_that_was_renamed_meanwhile_gets_all_back(hero):
    armature, before, _ = hero
    bone = armature.data.bones[f"{PREFIX}LeftArm"]
    bone.name = "Renamed"
    binding.remove_binding(armature)
    bone.name = f"{PREFIX}LeftArm"
    check_same(before)


def test_an_armature_that_was_renamed_meanwhile_goes_on(hero):
    armature, before, motion = hero
    armature.name = "Renamed"
    usurper = add_humanoid("Hero")
    bind(usurper)
    check_follows(armature, read(armature), motion)
    binding.remove_binding(usurper)
    binding.ensure_binding(armature, read(armature))
    check_follows(armature, read(armature), motion)
    binding.remove_binding(armature)
    for item in (usurper.children[0], usurper):
        bpy.data.objects.remove(item)
    armature.name = "Hero"
    assert differences(own_pose(before), own_pose(fingerprint(bpy.data))) == []


def test_constraints_that_were_renamed_or_deleted_meanwhile_are_no_obstacle(hero):
    armature, before, _ = hero
    bones = armature.pose.bones
    bones[f"{PREFIX}LeftFoot"].constraints["Mine CHILD_OF"].name = "Renamed"
    spine = bones[f"{PREFIX}Spine1"]
    spine.constraints.remove(spine.constraints["Mine DAMPED_TRACK"])
    binding.remove_binding(armature)
    assert not bones[f"{PREFIX}LeftFoot"].constraints["Renamed"].mute
    assert not spine.constraints
    changed = [bones.find(f"{PREFIX}{part}") for part in ("LeftFoot", "Spine1")]
    after = own_pose(fingerprint(bpy.data), changed)
    assert differences(own_pose(before, changed), after) == []


def test_targets_that_were_deleted_meanwhile_are_no_obstacle(hero):
    armature, before, _ = hero
    for target in bpy.data.collections["VITPOSE_Hero"].objects:
        bpy.data.objects.remove(target)
    bpy.data.collections.remove(bpy.data.collections["VITPOSE_Hero"])
    binding.remove_binding(armature)
    check_same(before)


@pytest.mark.parametrize("first", ["original", "copy"])
@pytest.mark.parametrize("with_targets", [True, False])
def test_a_copy_is_a_character_of_its_own(hero, first, with_targets):
    armature, _, motion = hero
    for item in bpy.context.view_layer.objects:
        item.select_set(item == armature or (with_targets and item.type == "EMPTY"))
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.duplicate()
    copy = bpy.data.objects["Hero.001"]
    was = heads(armature)
    binding.move_targets(copy, motion.pose(1))
    bpy.context.view_layer.update()
    assert farthest(heads(armature), was)[0] == 0.0
    binding.ensure_binding(copy, read(copy))
    check_follows(copy, read(copy), motion)
    assert farthest(heads(armature), was)[0] == 0.0

    pair = [armature, copy] if first == "original" else [copy, armature]
    for item in pair:
        binding.remove_binding(item)
    assert not [item for item in bpy.data.objects if item.name.startswith("VITPOSE_")]
    assert not bpy.data.collections
    for mine, other in zip(armature.pose.bones, copy.pose.bones):
        assert mine.matrix_basis == other.matrix_basis
        states = [[item.mute for item in bone.constraints] for bone in (mine, other)]
        assert states[0] == states[1]
    assert copy.animation_data.action is not None


def test_nothing_is_left_of_an_armature_that_was_deleted(hero):
    armature, _, _ = hero
    other = add_humanoid("Other")
    bpy.data.objects.remove(armature)
    binding.remove_leftovers()
    assert not [item for item in bpy.data.objects if item.name.startswith("VITPOSE_")]
    assert not bpy.data.collections
    bind(other)
    assert "VITPOSE_Other" in bpy.data.collections


def test_two_objects_may_share_an_armature_at_rest(hero):
    armature, _, _ = hero
    binding.remove_binding(armature)
    twin = bpy.data.objects.new("Twin", armature.data)
    bpy.context.scene.collection.objects.link(twin)
    armature.data.pose_position = "REST"
    before = fingerprint(bpy.data)
    pair = [(item, *bind(item)) for item in (armature, twin)]
    binding.remove_binding(armature)
    check_follows(*pair[1])
    binding.remove_binding(twin)
    check_same(before)


def test_the_action_comes_back_to_the_frame_that_is_shown():
    armature = add("animated")
    bpy.context.scene.frame_set(20)
    wanted = heads(armature)
    bpy.context.scene.frame_set(7)
    bind(armature)
    bpy.context.scene.frame_set(20)
    binding.remove_binding(armature)
    bpy.context.view_layer.update()
    assert farthest(heads(armature), wanted)[0] < 1e-6


def test_an_action_that_only_the_armature_plays_outlives_saving(tmp_path):
    armature = add("animated")
    name = armature.animation_data.action.name
    bind(armature)
    assert armature.animation_data.action is None
    path = str(tmp_path / "bound.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    armature = bpy.data.objects["Hero"]
    binding.remove_binding(armature)
    assert armature.animation_data.action.name == name
    assert not armature.animation_data.action.use_fake_user


def test_an_action_given_meanwhile_stays():
    armature = add("animated")
    bind(armature)
    new = bpy.data.actions.new("New")
    armature.animation_data.action = new
    binding.remove_binding(armature)
    assert armature.animation_data.action == new


def test_properties_and_resting_fingers_hold_until_it_is_removed():
    armature = add()
    bones = armature.pose.bones
    tip = bones[f"{PREFIX}LeftToeBase"]
    tip["mode"], tip["blend"], tip["on"], tip["kind"] = 3, 0.25, False, "soft"
    head = bones[f"{PREFIX}Head"]
    before = fingerprint(bpy.data)
    values = {"mode": 0, "blend": 1, "on": True, "kind": "hard", "absent": 1.0}
    turn = np.array([0.8, 0.6, 0.0, 0.0])
    rest = replace(read(armature), properties={tip.name: values, "gone": values})
    rest = replace(rest, posed={head.name: turn, "gone": turn})
    binding.ensure_binding(armature, rest)
    assert (tip["mode"], tip["blend"], tip["on"], tip["kind"]) == (0, 1.0, True, "hard")
    assert type(tip["mode"]) is int
    assert "absent" not in tip
    np.testing.assert_allclose(head.rotation_quaternion, turn, atol=1e-6)
    binding.remove_binding(armature)
    check_same(before)
