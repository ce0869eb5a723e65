# SPDX-License-Identifier: GPL-3.0-or-later
"""The bake: keyframes that are the constrained pose, and nothing else changed."""

import bpy
import numpy as np
import pytest

from tests.blender.rigs import (
    PREFIX,
    SMALL_AND_TURNED,
    add_humanoid,
    axes,
    bake_bound,
    check_plays,
    farthest,
    heads,
    heads_over_time,
    motion_for,
    wanted_heads,
)
from tests.blender.troubles import PLACES
from vitpose_blender.blender import actions, bake, binding, character, rig_choice
from vitpose_blender.core.steps import finish

NUM_FRAMES = 24
MODES = ("QUATERNION", "XYZ", "ZYX", "AXIS_ANGLE")
RIGS = {
    "plain": {},
    "rolled": {"rng": 1},
    "twist": {"rng": 2, "has_twist": True},
    "small": {"rng": 3, "world": SMALL_AND_TURNED},
}


def add(rig):
    options = dict(RIGS[rig])
    if "rng" in options:
        options["rng"] = np.random.default_rng(options["rng"])
    return add_humanoid(**options)


def baked(armature, motion=None, first_frame=1):
    """Bind, bake and unbind; returns the rest, the motion and the action."""
    rest = character.read_rig_rest(armature)
    motion = motion_for(rest, NUM_FRAMES, fps=6) if motion is None else motion
    return rest, motion, bake_bound(armature, rest, motion, first_frame)


def played(armature, num_frames=NUM_FRAMES, first_frame=1):
    return heads_over_time(armature, list(range(first_frame, first_frame + num_frames)))


def curve_values(action, channel):
    """Return each bone's keyed values, `(F, C)`, by data path."""
    found = {}
    for curve in actions.curves(action):
        if curve.data_path.endswith(channel):
            keys = np.array([key.co[1] for key in curve.keyframe_points])
            found.setdefault(curve.data_path, []).append(keys)
    return {path: np.stack(columns, axis=1) for path, columns in found.items()}


@pytest.mark.parametrize("rig", RIGS)
def test_the_keys_play_the_motion(rig):
    armature = add(rig)
    rest, motion, _ = baked(armature)
    for frame, now in enumerate(played(armature)):
        distance, bone = farthest(now, wanted_heads(motion, rest, frame))
        assert distance < 1e-3, bone


@pytest.mark.parametrize("rig", RIGS)
def test_the_keys_play_what_the_constraints_did(rig):
    """In places and in turns, hands and feet included."""
    armature = add(rig)
    rest = character.read_rig_rest(armature)
    motion = motion_for(rest, NUM_FRAMES, fps=6)
    binding.ensure_binding(armature, rest)
    constrained = []
    for frame in range(len(motion)):
        binding.move_targets(armature, motion.pose(frame))
        bpy.context.view_layer.update()
        constrained.append((heads(armature), axes(armature)))
    baked(armature, motion)

    for frame, (places, turns) in enumerate(constrained, start=1):
        bpy.context.scene.frame_set(frame)
        distance, bone = farthest(heads(armature), places)
        assert distance < 5e-4, bone
        now = axes(armature)
        for name in rest.names:
            np.testing.assert_allclose(now[name], turns[name], atol=1e-3, err_msg=name)


@pytest.mark.parametrize("mode", MODES)
def test_every_rotation_mode_gives_the_same_pose_and_stays(mode):
    other = add_humanoid("Other", np.random.default_rng(4))
    armature = add_humanoid("Hero", np.random.default_rng(4))
    for bone in armature.pose.bones:
        bone.rotation_mode = mode
    baked(armature)
    baked(other)

    assert {bone.rotation_mode for bone in armature.pose.bones} == {mode}
    for ours, theirs in zip(played(armature), played(other)):
        distance, bone = farthest(ours, theirs)
        assert distance < 1e-4, bone


def test_quaternions_stay_in_one_hemisphere():
    _, _, action = baked(add_humanoid(rng=np.random.default_rng(5)))
    channels = curve_values(action, "rotation_quaternion")
    assert len(channels) == 22
    for path, values in channels.items():
        np.testing.assert_allclose(np.linalg.norm(values, axis=1), 1, atol=1e-5)
        assert (np.sum(values[1:] * values[:-1], axis=1) > 0).all(), path


@pytest.mark.parametrize(
    ("mode", "channel"), [("XYZ", "rotation_euler"), ("AXIS_ANGLE", "axis_angle")]
)
def test_other_modes_have_no_jumps_either(mode, channel):
    """Between the keys of a jump a limb would spin."""
    armature = add_humanoid(rng=np.random.default_rng(6))
    for bone in armature.pose.bones:
        bone.rotation_mode = mode
    rest = character.read_rig_rest(armature)
    _, motion, action = baked(armature, motion_for(rest, 72, fps=24))
    steps = [
        np.abs(np.diff(values, axis=0)).max()
        for values in curve_values(action, channel).values()
    ]
    assert max(steps) < np.pi
    between = heads_over_time(armature, [frame + 0.5 for frame in range(1, 72)])
    for frame, now in enumerate(between):
        before, after = (wanted_heads(motion, rest, frame + i) for i in (0, 1))
        middle = {name: (before[name] + after[name]) / 2 for name in before}
        distance, bone = farthest(now, middle)
        assert distance < 0.05, bone


def test_only_driven_bones_are_keyed_and_only_hips_move():
    rest, _, action = baked(add_humanoid(has_twist=True))
    paths = {curve.data_path for curve in actions.curves(action)}
    bones = {path.split('"')[1] for path in paths}
    assert bones >= set(rest.names)
    moved = [path for path in paths if path.endswith("location")]
    assert moved == [f'pose.bones["{PREFIX}Hips"].location']


@pytest.mark.parametrize("first_frame", [1, 0, 101, -10])
def test_one_frame_of_the_motion_is_one_frame_of_the_scene(first_frame):
    armature = add_humanoid()
    rest, motion, action = baked(armature, first_frame=first_frame)
    frames = np.arange(first_frame, first_frame + NUM_FRAMES)
    for curve in actions.curves(action):
        keys = [key.co[0] for key in curve.keyframe_points]
        np.testing.assert_array_equal(keys, frames)
    now = played(armature, first_frame=first_frame)[7]
    assert farthest(now, wanted_heads(motion, rest, 7))[0] < 1e-3


def test_an_existing_action_stays_and_does_not_disturb():
    """Even one that moved and stretched bones which the bake only turns."""
    armature = add_humanoid()
    former = actions.new_action(armature, "Former")
    frames = np.array([1.0, 50.0])
    for bone, channel, value in (
        ("LeftArm", "location", 0.3),
        ("Spine", "scale", 1.5),
        ("LeftArm", "rotation_quaternion", 0.5),
    ):
        actions.write_curves(
            former,
            f'pose.bones["{PREFIX}{bone}"].{channel}',
            frames,
            np.full((2, 4 if channel.endswith("n") and "q" in channel else 3), value),
            bone,
        )
    bpy.context.scene.frame_set(20)
    rest, motion, action = baked(armature)

    assert bpy.data.actions["Former"].use_fake_user
    assert len(list(actions.curves(former))) == 10
    assert armature.animation_data.action == action
    for frame, now in enumerate(played(armature)):
        distance, bone = farthest(now, wanted_heads(motion, rest, frame))
        assert distance < 1e-3, bone


def test_a_posed_character_is_baked_from_its_rest():
    armature = add_humanoid()
    for bone in armature.pose.bones:
        bone.location, bone.scale = (0.05, -0.02, 0.1), (1.2, 1.0, 0.8)
        bone.rotation_quaternion = (0.8, 0.6, 0.0, 0.0)
    rest, motion, _ = baked(armature)
    for frame, now in enumerate(played(armature)):
        distance, bone = farthest(now, wanted_heads(motion, rest, frame))
        assert distance < 1e-3, bone


@pytest.mark.parametrize("inherits", [True, False])
@pytest.mark.parametrize("scale", ["FULL", "NONE", "NONE_LEGACY", "AVERAGE"])
def test_bones_that_do_not_inherit_everything(inherits, scale):
    armature = add_humanoid(rng=np.random.default_rng(7))
    for part in ("LeftArm", "RightForeArm", "Head", "LeftFoot", "Spine1"):
        bone = armature.data.bones[PREFIX + part]
        bone.use_inherit_rotation, bone.inherit_scale = inherits, scale
        bone.use_local_location = inherits
    rest, motion, _ = baked(armature)
    for frame, now in enumerate(played(armature)):
        distance, bone = farthest(now, wanted_heads(motion, rest, frame))
        assert distance < 1e-3, bone


@pytest.mark.parametrize("place", PLACES)
def test_the_keys_play_the_motion_wherever_the_armature_is(place):
    armature = add_humanoid(rng=np.random.default_rng(8), **PLACES[place])
    rest, motion, _ = baked(armature)
    check_plays(armature, rest, motion)


def test_meshes_are_shown_again():
    armature = add_humanoid()
    modifiers = bpy.data.objects["Skin"].modifiers
    modifiers.new("Off", "SUBSURF").show_viewport = False
    modifiers.new("On", "SUBSURF")
    before = {item.name: item.show_viewport for item in modifiers}
    baked(armature)
    assert {item.name: item.show_viewport for item in modifiers} == before


def test_a_bake_given_up_half_way_leaves_the_character_as_it_was():
    armature = add_humanoid()
    former = actions.new_action(armature, "Former")
    rest = character.read_rig_rest(armature)
    motion = motion_for(rest, NUM_FRAMES)
    armature.pose.bones[f"{PREFIX}Spine"].scale = (1.1, 1.2, 1.3)
    binding.ensure_binding(armature, rest)
    steps = bake.bake_steps(armature, rest, motion, bake.Keying("Baked"))
    next(steps)
    next(steps)
    modifier = bpy.data.objects["Skin"].modifiers["Armature"]
    assert not modifier.show_viewport

    steps.close()
    binding.remove_binding(armature)

    assert modifier.show_viewport
    assert bpy.data.actions.keys() == ["Former"]
    assert armature.animation_data.action == former
    scale = armature.pose.bones[f"{PREFIX}Spine"].scale
    np.testing.assert_allclose(scale, (1.1, 1.2, 1.3))


def test_progress_grows_to_its_end():
    armature = add_humanoid()
    rest = character.read_rig_rest(armature)
    binding.ensure_binding(armature, rest)
    shares = []
    steps = bake.bake_steps(armature, rest, motion_for(rest, 60), bake.Keying("Baked"))
    finish(steps, shares.append)
    assert len(shares) >= 6
    assert shares == sorted(shares)
    assert 0 <= shares[0] <= shares[-1] <= 1


def test_a_bone_name_with_quotes_is_keyed():
    armature = add_humanoid()
    armature.data.bones[f"{PREFIX}Head"].name = 'the "big" \\ Head'
    names = armature.data.bones.keys()
    roles = rig_choice.find_rig_map("mixamo").resolve(names)
    roles["head"] = ('the "big" \\ Head',)
    rest = character.build_rig_rest(character.read_skeleton(armature), roles)
    binding.ensure_binding(armature, rest)
    motion = motion_for(rest, NUM_FRAMES, fps=6)
    finish(bake.bake_steps(armature, rest, motion, bake.Keying("Baked")))
    binding.remove_binding(armature)
    turned = axes(armature)['the "big" \\ Head']
    bpy.context.scene.frame_set(NUM_FRAMES)
    assert np.abs(axes(armature)['the "big" \\ Head'] - turned).max() > 0.01
