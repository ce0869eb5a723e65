# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigify's characters are recognised, follow through their controls, and stay whole."""

import bpy
import numpy as np
import pytest
from mathutils import Quaternion

from tests.animal import trotting
from tests.blender import rigify_rigs
from tests.blender.fingerprint import differences, fingerprint
from tests.blender.rigs import axes, heads
from tests.humanoid import moving, person_like, world_motion
from vitpose_blender.blender import actions, bake, binding, character, rig_choice
from vitpose_blender.core.quadruped import quadruped_motion
from vitpose_blender.core.retarget import retarget
from vitpose_blender.core.steps import finish

FPS = 10.0
NUM_FRAMES = 25
HUMANS = ("basic_human", "human-faceless")
ANIMALS = ("cat-faceless", "wolf-faceless", "horse")
FOLLOWERS = ("DEF-", "ORG-", "MCH-")
LIMBS = ("clavicle", "upper_arm", "forearm", "hand", "thigh", "shin", "foot", "toe")
FINGERS = {"thumb": "thumb", "index": "f_index", "pinky": "f_pinky"}


@pytest.fixture(scope="module")
def rigs(tmp_path_factory, bpy_python):
    folder = tmp_path_factory.mktemp("rigify")
    return rigify_rigs.generate(folder, bpy_python, *HUMANS, *ANIMALS)


def drive(armature, num_frames=NUM_FRAMES):
    """Bind the armature; returns its rest, the person's joints and the motion."""
    rest = character.read_rig_rest(armature)
    times = np.arange(num_frames) / FPS
    xyz = moving(person_like(rest), times)
    path = np.outer(times, (0.3, -0.2, 0.0))
    motion = retarget(world_motion(xyz, FPS, path=path), rest)
    binding.ensure_binding(armature, rest)
    return rest, xyz, motion


def follow(armature, motion, frame):
    binding.move_targets(armature, motion.pose(frame))
    bpy.context.view_layer.update()


def assert_unchanged(before):
    assert differences(before, fingerprint(bpy.data)) == []


def assert_small(errors):
    """Hold what a list of dicts holds to the limits, and far within [deg]."""
    values = [value for each in errors for value in each.values()]
    assert np.median(values) <= 0.1
    assert np.percentile(values, 99) <= 0.5


@pytest.mark.parametrize("kind", HUMANS)
def test_a_metarig_is_recognised(rigs, kind):
    found = rig_choice.choose_rig(rigify_rigs.add_rig(rigs, f"{kind}_metarig"))
    assert found.rig == "Rigify metarig"
    assert found.bones["hips"] == ("spine",)
    assert found.bones["spine"] == ("spine.001", "spine.002", "spine.003")
    assert found.bones["neck"] == ("spine.004", "spine.005")
    assert found.bones["head"] == ("spine.006",)
    for side, letter in (("left", "L"), ("right", "R")):
        assert found.bones[f"{side}_clavicle"] == (f"shoulder.{letter}",)
        for part in LIMBS[1:]:
            assert found.bones[f"{side}_{part}"] == (f"{part}.{letter}",)
        for finger, bone in FINGERS.items() if kind != "basic_human" else ():
            joints = tuple(f"{bone}.0{number}.{letter}" for number in (1, 2, 3))
            assert found.bones[f"{side}_{finger}"] == joints


@pytest.mark.parametrize("kind", HUMANS)
def test_of_a_generated_rig_the_controls_are_taken(rigs, kind):
    found = rig_choice.choose_rig(rigify_rigs.add_rig(rigs, kind))
    assert found.rig == "Rigify"
    names = [name for bones in found.bones.values() for name in bones]
    assert not [name for name in names if name.startswith(FOLLOWERS)]
    assert found.bones["hips"] == ("torso",)
    assert found.bones["spine"] == ("spine_fk.002", "spine_fk.003")
    for side, letter in (("left", "L"), ("right", "R")):
        for part in LIMBS[1:]:
            assert found.bones[f"{side}_{part}"] == (f"{part}_fk.{letter}",)


@pytest.mark.parametrize("kind", ANIMALS)
def test_animals_are_recognised_as_such(rigs, kind):
    animal = kind.partition("-")[0]
    metarig = rig_choice.choose_rig(rigify_rigs.add_rig(rigs, f"{kind}_metarig"))
    generated = rig_choice.choose_rig(rigify_rigs.add_rig(rigs, kind))
    assert metarig.rig == f"Rigify metarig, {animal}"
    assert generated.rig == f"Rigify {animal}"
    assert {metarig.body, generated.body} == {"quadruped"}
    assert len(generated.bones["tail"]) == len(metarig.bones["tail"]) >= 4


@pytest.mark.parametrize("kind", HUMANS)
def test_deform_bones_follow_through_the_controls(rigs, kind):
    armature = rigify_rigs.add_rig(rigs, kind)
    at_rest = axes(armature)
    rest, xyz, motion = drive(armature)
    limbs, trunk = [], []
    for frame in range(NUM_FRAMES):
        follow(armature, motion, frame)
        limbs.append(rigify_rigs.limb_errors(armature, xyz[frame], rest))
        rotations = motion.rotation[frame]
        trunk.append(rigify_rigs.trunk_errors(armature, at_rest, rest, rotations))
    assert_small(limbs)
    assert_small(trunk)


@pytest.mark.parametrize("kind", ANIMALS)
def test_animals_follow_through_their_controls(rigs, kind):
    armature = rigify_rigs.add_rig(rigs, kind)
    rest = character.read_rig_rest(armature)
    times = np.arange(6) / FPS
    xyz = trotting(times)
    motion = retarget(quadruped_motion(times, xyz), rest)
    binding.ensure_binding(armature, rest)
    for frame in range(len(times)):
        follow(armature, motion, frame)
        errors = rigify_rigs.leg_errors(armature, xyz[frame], rest)
        assert max(errors.values()) < 0.1, errors


def test_deform_bones_alone_follow_with_their_twist(rigs):
    armature = rigify_rigs.add_rig(rigs, "basic_human")
    rigify_rigs.keep_deform_bones(armature)
    found = rig_choice.choose_rig(armature)
    assert found.rig == "Rigify metarig"
    assert found.bones["left_thigh_twist"] == ("DEF-thigh.L.001",)
    rest, xyz, motion = drive(armature, num_frames=10)
    limbs = []
    for frame in range(10):
        follow(armature, motion, frame)
        limbs.append(rigify_rigs.limb_errors(armature, xyz[frame], rest))
    assert_small(limbs)


def test_a_pose_of_controls_that_others_follow_does_not_disturb(rigs):
    armature = rigify_rigs.add_rig(rigs, "basic_human")
    at_rest = axes(armature)
    for name in ("root", "torso", "hips", "chest", "spine_fk", "spine_fk.001"):
        turn = Quaternion((1.0, 0.3, 0.2, 0.1)).normalized()
        armature.pose.bones[name].rotation_quaternion = turn
    before = fingerprint(bpy.data)
    rest, _, motion = drive(armature, num_frames=3)
    follow(armature, motion, 2)
    errors = rigify_rigs.trunk_errors(armature, at_rest, rest, motion.rotation[2])
    assert max(errors.values()) < 0.1, errors
    binding.remove_binding(armature)
    assert_unchanged(before)


def test_a_moved_turned_and_shrunk_rig_follows_too(rigs):
    armature = rigify_rigs.add_rig(rigs, "basic_human")
    armature.scale = (0.5,) * 3
    armature.rotation_euler = (0.0, 0.0, 2.0)
    armature.location = (1.0, 2.0, 0.0)
    bpy.context.view_layer.update()
    rest, xyz, motion = drive(armature, num_frames=10)
    errors = []
    for frame in range(10):
        follow(armature, motion, frame)
        errors.append(rigify_rigs.limb_errors(armature, xyz[frame], rest))
    assert_small(errors)


@pytest.mark.parametrize(
    "kind", ["basic_human", pytest.param("cat-faceless", marks=pytest.mark.slow)]
)
def test_removing_leaves_the_rig_as_it_was(rigs, kind):
    """The cat's tail has constraints on its controls."""
    armature = rigify_rigs.add_rig(rigs, kind)
    before = fingerprint(bpy.data)
    _, _, motion = drive(armature, num_frames=3)
    follow(armature, motion, 2)
    assert differences(before, fingerprint(bpy.data))
    binding.remove_binding(armature)
    assert_unchanged(before)


@pytest.mark.slow
def test_a_human_with_its_face_follows_and_stays_whole(tmp_path, bpy_python):
    rigify_rigs.generate(tmp_path, bpy_python, "human")
    metarig = rig_choice.choose_rig(rigify_rigs.add_rig(tmp_path, "human_metarig"))
    assert metarig.rig == "Rigify metarig"
    assert metarig.bones["jaw"] == ("jaw",)
    armature = rigify_rigs.add_rig(tmp_path, "human")
    before = fingerprint(bpy.data)
    rest, xyz, motion = drive(armature, num_frames=10)
    errors = []
    for frame in range(10):
        follow(armature, motion, frame)
        errors.append(rigify_rigs.limb_errors(armature, xyz[frame], rest))
    binding.remove_binding(armature)
    assert_small(errors)
    assert_unchanged(before)


def test_a_bake_plays_on_the_controls_alone(rigs):
    armature = rigify_rigs.add_rig(rigs, "basic_human")
    rest, _, motion = drive(armature, num_frames=10)
    driven = []
    for frame in range(10):
        follow(armature, motion, frame)
        driven.append(heads(armature))

    action = finish(bake.bake_steps(armature, rest, motion, bake.Keying("Dance")))
    binding.remove_binding(armature)

    paths = {curve.data_path for curve in actions.curves(action)}
    assert not [path for path in paths if any(name in path for name in FOLLOWERS)]
    assert [path for path in paths if path.endswith("location")] == [
        'pose.bones["torso"].location'
    ]
    for limb in ("upper_arm", "thigh"):
        for letter in "LR":
            assert f'pose.bones["{limb}_parent.{letter}"]["IK_FK"]' in paths
    for frame, wanted in enumerate(driven):
        bpy.context.scene.frame_set(1 + frame)
        now = heads(armature)
        for bone, place in wanted.items():
            if bone.startswith("DEF-"):
                np.testing.assert_allclose(now[bone], place, atol=1e-4, err_msg=bone)
