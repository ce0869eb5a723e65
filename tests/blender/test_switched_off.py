# SPDX-License-Identifier: GPL-3.0-or-later
"""A bake keys constraints off; they are on again where it is not played."""

import bpy
import pytest

from tests.blender.rigs import PREFIX, add_humanoid, bake_bound, motion_for
from vitpose_blender.blender import actions, binding, character, own_action

BONE = f"{PREFIX}LeftArm"


@pytest.fixture
def hero():
    """With a constraint of its own that half acts, and another that is driven."""
    armature = add_humanoid()
    for name, influence in (("Half", 0.5), ("Driven", 1.0)):
        limit = armature.pose.bones[BONE].constraints.new("LIMIT_ROTATION")
        limit.name, limit.influence = name, influence
    limit.driver_add("influence").driver.expression = "0.9"
    return armature


def bake(armature, name="Baked"):
    rest = character.read_rig_rest(armature, "mixamo")
    action = bake_bound(armature, rest, motion_for(rest, 6, fps=2))
    action.name = name
    play(armature, action)
    return action


def play(armature, action):
    armature.animation_data.action = action
    if action is not None and hasattr(action, "slots"):
        armature.animation_data.action_slot = action.slots[0]
    bpy.context.view_layer.update()
    frame = bpy.context.scene.frame_current
    bpy.context.scene.frame_set(frame)


def limits(armature):
    """Return what of the two acts: the influence of one, whether the other is mute."""
    half, driven = armature.pose.bones[BONE].constraints
    return half.influence, driven.mute


@pytest.fixture
def other(hero):
    action = actions.make_action(hero, "Other")
    action.use_fake_user = True
    return action


def test_another_action_finds_constraints_as_they_were(hero, other):
    baked = bake(hero)
    assert limits(hero) == (0.0, True)

    for following in (other, None):
        play(hero, following)
        assert limits(hero) == (0.5, False)
        play(hero, baked)
        assert limits(hero) == (0.0, True)


def test_a_second_bake_does_not_take_off_for_what_was_before(hero, other):
    bake(hero)
    bake(hero, "Again")

    play(hero, other)

    assert limits(hero) == (0.5, False)


def test_who_switches_a_constraint_off_afterwards_means_it(hero, other):
    bake(hero)
    play(hero, other)

    hero.pose.bones[BONE].constraints["Half"].influence = 0.0
    hero.update_tag()
    bpy.context.view_layer.update()

    assert limits(hero) == (0.0, False)


def test_a_renamed_bone_and_constraint_are_found(hero, other):
    bake(hero)
    bone = hero.pose.bones[BONE]
    bone.constraints["Half"].name = bone.name = "Somewhat"

    play(hero, other)

    assert bone.constraints[0].influence == 0.5


def test_a_bake_in_a_track_goes_on_to_hold_them_off(hero, other):
    rest = character.read_rig_rest(hero, "mixamo")
    binding.ensure_binding(hero, rest)
    action = bake(hero)
    own_action.to_track(hero, action)
    binding.remove_binding(hero)
    play(hero, None)

    assert limits(hero) == (0.0, True)


def test_it_is_so_in_a_saved_file(hero, other, tmp_path):
    bake(hero)
    path = str(tmp_path / "saved.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    hero = next(each for each in bpy.data.objects if each.pose)

    play(hero, bpy.data.actions["Other"])

    assert limits(hero) == (0.5, False)
