# SPDX-License-Identifier: GPL-3.0-or-later
"""Constraints that would tangle with our IK lose their targets, and get them back."""

import bpy
import numpy as np
import pytest

from tests.blender.fingerprint import differences, fingerprint
from tests.blender.rigs import (
    PREFIX,
    add_humanoid,
    check_shows,
    edit_bones,
    motion_for,
)
from vitpose_blender.blender import binding, character


def add_object(name):
    item = bpy.data.objects.new(name, None)
    bpy.context.scene.collection.objects.link(item)
    return item


@pytest.fixture
def hero():
    """A humanoid with a helper bone beside the left elbow."""
    armature = add_humanoid(rng=np.random.default_rng(3))
    with edit_bones(armature) as bones:
        helper, elbow = bones.new("Helper"), bones[f"{PREFIX}LeftForeArm"]
        helper.head, helper.tail = elbow.head, elbow.tail
        helper.parent = bones[f"{PREFIX}LeftArm"]
    return armature


def constrain(armature, part, kind, target, subtarget=""):
    constraint = armature.pose.bones[PREFIX + part].constraints.new(kind)
    holder = constraint.targets.new() if kind == "ARMATURE" else constraint
    holder.target, holder.subtarget = target, subtarget
    return constraint


def bind(armature):
    rest = character.read_rig_rest(armature, "mixamo")
    binding.ensure_binding(armature, rest)
    return rest


@pytest.mark.parametrize("is_muted", [False, True])
@pytest.mark.parametrize(
    ("part", "count"), [("LeftHand", 0), ("LeftHand", 3), ("LeftForeArm", 2)]
)
def test_ik_of_the_characters_own_does_not_race_with_ours(hero, part, count, is_muted):
    """Its muted constraint would make hands lag behind in a frame of a hundred."""
    ik = constrain(hero, part, "IK", add_object("Lure"))
    ik.chain_count, ik.mute, ik.pole_target = count, is_muted, add_object("Pole")
    before = fingerprint(bpy.data)
    rest = bind(hero)
    assert ik.target is None
    motion = motion_for(rest, 100, fps=10)
    for frame in range(len(motion)):
        binding.move_targets(hero, motion.pose(frame))
        bpy.context.view_layer.update()
        check_shows(hero, rest, motion, frame)
    binding.remove_binding(hero)
    assert differences(before, fingerprint(bpy.data)) == []


@pytest.mark.parametrize("kind", ["COPY_TRANSFORMS", "ARMATURE", "COPY_ROTATION"])
def test_a_forearm_that_follows_its_upper_arms_child_makes_no_loop(hero, kind, capfd):
    constrain(hero, "LeftForeArm", kind, hero, "Helper")
    before = fingerprint(bpy.data)
    rest = bind(hero)
    motion = motion_for(rest, 5, fps=2)
    binding.move_targets(hero, motion.pose(4))
    bpy.context.view_layer.update()
    check_shows(hero, rest, motion, 4)
    binding.remove_binding(hero)
    assert differences(before, fingerprint(bpy.data)) == []
    assert "ycle" not in "".join(capfd.readouterr())


def test_other_constraints_keep_their_targets(hero):
    lure = add_object("Lure")
    kept = [
        constrain(hero, "LeftForeArm", "COPY_ROTATION", lure),
        constrain(hero, "Head", "COPY_ROTATION", hero, "Helper"),
        constrain(hero, "Spine1", "IK", lure),
    ]
    bind(hero)
    assert [each.target for each in kept] == [lure, hero, lure]
    assert all(each.mute for each in kept)


def test_a_targets_bone_may_be_renamed_meanwhile(hero):
    copy = constrain(hero, "LeftForeArm", "COPY_TRANSFORMS", hero, "Helper")
    bind(hero)
    hero.data.bones["Helper"].name = "Elbow"
    binding.remove_binding(hero)
    assert copy.target == hero
    assert copy.subtarget == "Elbow"
    assert not [key for bone in hero.pose.bones for key in bone.keys()]  # noqa: SIM118


def test_a_target_may_be_deleted_meanwhile(hero):
    lure = add_object("Lure")
    ik = constrain(hero, "LeftHand", "IK", lure)
    bind(hero)
    bpy.data.objects.remove(lure)
    binding.remove_binding(hero)
    assert ik.target is None
    assert not ik.mute
