# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets and constraints: the armature follows them, and they go without a trace."""

import bpy
import numpy as np
import pytest
from mathutils import Matrix

from tests.blender.rigs import (
    PREFIX,
    SMALL_AND_TURNED,
    add_humanoid,
    check_shows,
    farthest,
    heads,
    motion_for,
    skin,
    wanted_heads,
)
from tests.blender.troubles import PLACES
from vitpose_blender.blender import binding, character
from vitpose_blender.core.errors import RigError
from vitpose_blender.core.retarget import target_names

RIGS = {
    "plain": {},
    "rolled": {"rng": 1},
    "twist": {"rng": 2, "has_twist": True},
    "small": {"rng": 3, "world": SMALL_AND_TURNED},
}


@pytest.fixture(params=RIGS)
def rig(request):
    options = dict(RIGS[request.param])
    if "rng" in options:
        options["rng"] = np.random.default_rng(options["rng"])
    armature = add_humanoid(**options)
    return armature, character.read_rig_rest(armature)


def everything():
    """Return all that a user sees in the file, to compare before and after."""
    armatures = [item for item in bpy.data.objects if item.type == "ARMATURE"]
    return {
        "objects": sorted(bpy.data.objects.keys()),
        "collections": sorted(bpy.data.collections.keys()),
        "children": sorted(bpy.context.scene.collection.children.keys()),
        "actions": sorted(bpy.data.actions.keys()),
        "bones": {
            (armature.name, bone.name): (
                bone.rotation_mode,
                bone.ik_stretch,
                tuple(bone.lock_rotation),
                bone.constraints.keys(),
            )
            for armature in armatures
            for bone in armature.pose.bones
        },
    }


def follow(armature, rest, motion, frame):
    binding.move_targets(armature, motion.pose(frame))
    bpy.context.view_layer.update()
    return farthest(heads(armature), wanted_heads(motion, rest, frame))


def test_every_bone_is_where_and_turned_as_the_motion_says(rig):
    armature, rest = rig
    motion = motion_for(rest, 20, fps=4)
    binding.ensure_binding(armature, rest)
    for frame in range(len(motion)):
        binding.move_targets(armature, motion.pose(frame))
        bpy.context.view_layer.update()
        check_shows(armature, rest, motion, frame)


def driven_skin(num_frames=6, **options):
    """Return where the corners of a driven humanoid's mesh go, `(F, V, 3)` [m]."""
    armature = add_humanoid(**options)
    rest = character.read_rig_rest(armature, "mixamo")
    motion = motion_for(rest, num_frames, fps=2)
    binding.ensure_binding(armature, rest)
    corners = []
    for frame in range(num_frames):
        binding.move_targets(armature, motion.pose(frame))
        bpy.context.view_layer.update()
        corners.append(skin(armature))
    return np.array(corners)


@pytest.mark.parametrize("seed", range(4))
def test_the_roll_of_bones_leaves_the_meshs_motion_unchanged(seed):
    plain = driven_skin()
    rolled = driven_skin(name="Rolled", rng=np.random.default_rng(seed))
    assert np.abs(rolled - plain).max() < 1e-3


@pytest.mark.parametrize("place", ["small", "placed", "mirrored", "parented"])
def test_the_objects_place_leaves_the_meshs_motion_unchanged(place):
    """The bones lie so that the character stands there as it did."""
    plain = driven_skin()
    placed = driven_skin(name="Placed", rng=np.random.default_rng(5), **PLACES[place])
    assert np.abs(placed - plain).max() < 1e-3


def test_an_armature_may_be_moved_while_it_is_driven():
    armature = add_humanoid(rng=np.random.default_rng(6))
    rest = character.read_rig_rest(armature)
    motion = motion_for(rest, 5)
    binding.ensure_binding(armature, rest)
    binding.move_targets(armature, motion.pose(4))
    bpy.context.view_layer.update()
    before = heads(armature)
    armature.matrix_world = Matrix.LocRotScale(
        (3, -2, 1), Matrix.Rotation(0.8, 3, "X"), (0.3, 0.3, 0.3)
    )
    bpy.context.view_layer.update()
    world = np.array(armature.matrix_world)
    moved = {name: world[:3, :3] @ head + world[:3, 3] for name, head in before.items()}
    assert farthest(heads(armature), moved)[0] < 1e-4


def test_setting_up_twice_changes_nothing(rig):
    armature, rest = rig
    binding.ensure_binding(armature, rest)
    once = everything()
    binding.ensure_binding(armature, rest)
    assert everything() == once


def test_removing_leaves_the_file_as_it_was(rig):
    armature, rest = rig
    bone = armature.pose.bones[f"{PREFIX}Head"]
    bone.rotation_mode = "ZYX"
    bone.constraints.new("LIMIT_ROTATION").name = "Mine"
    before = everything()

    binding.ensure_binding(armature, rest)
    assert everything() != before
    binding.remove_binding(armature)

    assert everything() == before


def test_removing_nothing_changes_nothing():
    armature = add_humanoid()
    before = everything()
    binding.remove_binding(armature)
    assert everything() == before


def test_all_that_is_made_bears_our_name(rig):
    armature, rest = rig
    before = everything()
    binding.ensure_binding(armature, rest)
    after = everything()
    for kind in ("objects", "collections", "children"):
        made = set(after[kind]) - set(before[kind])
        assert made
        assert all(name.startswith("VITPOSE_") for name in made)
    made = {
        name
        for key, (*_, names) in after["bones"].items()
        for name in names
        if name not in before["bones"][key][-1]
    }
    assert made == {"VITPOSE_COPY_ROTATION", "VITPOSE_COPY_LOCATION", "VITPOSE_IK"}


def test_targets_do_not_clutter_the_view(rig):
    armature, rest = rig
    binding.ensure_binding(armature, rest)
    bpy.context.view_layer.update()
    targets = [item for item in armature.children if item.type == "EMPTY"]
    assert targets
    assert not any(target.visible_get() for target in targets)


@pytest.mark.parametrize(("has_twist", "count"), [(False, 2), (True, 3)])
def test_ik_spans_from_the_lower_to_the_upper_bone(has_twist, count):
    armature = add_humanoid(has_twist=has_twist)
    rest = character.read_rig_rest(armature)
    binding.ensure_binding(armature, rest)
    for limb, tip in (("ForeArm", count), ("Leg", 2)):
        for side in ("Left", "Right"):
            bone = armature.pose.bones[f"{PREFIX}{side}{limb}"]
            ik = bone.constraints["VITPOSE_IK"]
            assert ik.chain_count == tip
            assert ik.target is not None
            assert ik.pole_target is not None
            assert ik.target != ik.pole_target
            assert ik.name == bone.constraints[-1].name  # After the rotation.


def test_the_hand_target_alone_moves_the_arm():
    """Pulling the goal by hand bends the elbow: it is IK, not only copied turns."""
    armature = add_humanoid()
    rest = character.read_rig_rest(armature)
    binding.ensure_binding(armature, rest)
    binding.move_targets(armature, motion_for(rest, 1).pose(0))
    bpy.context.view_layer.update()
    goal = bpy.data.objects[binding.target_object_name(armature, "left_arm_goal")]
    shoulder = heads(armature)[f"{PREFIX}LeftArm"]
    goal.location = shoulder + np.array([0.25, -0.2, 0.1])
    bpy.context.view_layer.update()
    hand = heads(armature)[f"{PREFIX}LeftHand"]
    np.testing.assert_allclose(hand, goal.location, atol=1e-3)


def test_two_characters_do_not_share_targets():
    first, second = add_humanoid("First"), add_humanoid("Second")
    rests = [character.read_rig_rest(item) for item in (first, second)]
    for armature, rest in zip((first, second), rests):
        binding.ensure_binding(armature, rest)
    motion = motion_for(rests[0], 10)
    binding.move_targets(first, motion.pose(9))
    bpy.context.view_layer.update()
    assert farthest(heads(first), wanted_heads(motion, rests[0], 9))[0] < 1e-3

    binding.remove_binding(first)
    bpy.context.view_layer.update()
    left = [name for name in bpy.data.objects.keys() if name.startswith("VITPOSE_")]  # noqa: SIM118
    assert len(left) == len(target_names(rests[1]))


@pytest.mark.parametrize("start", ["X" * 40, "\u30a2\u30d0\u30bf\u30fc" * 4])
def test_characters_with_long_and_like_names_keep_apart(start):
    """Blender cuts names; two that agree at the beginning must not collide."""
    names = (start + "first", start + "second")
    armatures = [add_humanoid(name) for name in names]
    rests = [character.read_rig_rest(item) for item in armatures]
    for armature, rest in zip(armatures, rests):
        binding.ensure_binding(armature, rest)
    targets = {
        armature.pose.bones[f"{PREFIX}Hips"].constraints["VITPOSE_COPY_LOCATION"].target
        for armature in armatures
    }
    assert len(targets) == 2
    for armature, rest in zip(armatures, rests):
        motion = motion_for(rest, 3)
        binding.move_targets(armature, motion.pose(2))
        bpy.context.view_layer.update()
        distance, bone = farthest(heads(armature), wanted_heads(motion, rest, 2))
        assert distance < 1e-3, bone


def test_a_target_that_a_user_deleted_comes_back():
    armature = add_humanoid()
    rest = character.read_rig_rest(armature)
    binding.ensure_binding(armature, rest)
    name = binding.target_object_name(armature, "head")
    bpy.data.objects.remove(bpy.data.objects[name])
    pose = motion_for(rest, 1).pose(0)
    binding.move_targets(armature, pose)  # Passes over it.
    binding.ensure_binding(armature, rest)
    copy = armature.pose.bones[f"{PREFIX}Head"].constraints["VITPOSE_COPY_ROTATION"]
    assert copy.target == bpy.data.objects[name]


def test_a_bone_that_is_gone_is_named():
    armature = add_humanoid()
    rest = character.read_rig_rest(armature)
    armature.data.bones[f"{PREFIX}Head"].name = "Skull"
    with pytest.raises(RigError, match="no bone 'mixamorig:Head'"):
        binding.ensure_binding(armature, rest)
