# SPDX-License-Identifier: GPL-3.0-or-later
"""The wiggle test: every role moves as a body does, and nothing is left of it."""

from functools import partial
from itertools import count

import bpy
import numpy as np
import pytest
from mathutils import Matrix

from tests.blender.rigs import PREFIX, SMALL_AND_TURNED, add_humanoid, heads
from vitpose_blender.blender import map_editor, wiggle
from vitpose_blender.blender.character import read_skeleton
from vitpose_blender.blender.operators import wiggle as wiggle_operator
from vitpose_blender.blender.wiggle_moves import plan_moves

CHANNELS = (
    "location", "rotation_quaternion", "rotation_euler", "rotation_axis_angle", "scale",
)  # fmt: skip
MIRRORED = Matrix.Scale(-1, 4, (1, 0, 0))
WORLDS = {
    "plain": Matrix(),
    "small": SMALL_AND_TURNED,
    "turned": Matrix.Rotation(2.0, 4, "Z") @ Matrix.Translation((3, 4, 0)),
    "mirrored": MIRRORED,
}


def steps_of(armature, steps_each=7):
    """Wiggle by a clock that makes so many steps of each role."""
    clock = partial(next, count(0.0, wiggle.SECONDS / steps_each))
    return wiggle.wiggle_steps(armature, clock)


def pose_of(armature):
    return {
        bone.name: [tuple(getattr(bone, channel)) for channel in CHANNELS]
        for bone in armature.pose.bones
    }


@pytest.fixture(params=WORLDS)
def hero(request):
    armature = add_humanoid(rng=np.random.default_rng(0), world=WORLDS[request.param])
    bpy.ops.vitpose.detect()
    return armature


@pytest.fixture
def plain():
    armature = add_humanoid()
    bpy.ops.vitpose.detect()
    return armature


def updated_steps(armature):
    for moment in steps_of(armature):
        bpy.context.view_layer.update()
        yield moment


def moved_at_most(armature):
    """Return each role's heads where it has moved them farthest, rest-relative."""
    bpy.context.view_layer.update()
    rest = heads(armature)
    farthest = {}
    for moment in steps_of(armature):
        bpy.context.view_layer.update()
        away = {name: at - rest[name] for name, at in heads(armature).items()}
        longest = max(np.linalg.norm(way) for way in away.values())
        if longest > farthest.get(moment.role, (0, None))[0]:
            farthest[moment.role] = longest, away
    return {role: away for role, (_, away) in farthest.items()}


def test_every_mapped_role_moves_its_own_bones_only(hero):
    rig_map = map_editor.read_map(hero)
    before = pose_of(hero)
    seen = []
    for moment in steps_of(hero):
        now = pose_of(hero)
        changed = {name for name in now if now[name] != before[name]}
        assert changed <= set(moment.bones)
        assert set(moment.bones) == set(rig_map.bones[moment.role])
        if changed:
            seen.append(moment.role)
        assert moment.caption
    assert set(seen) == set(rig_map.bones)


def test_knees_bend_backwards_and_elbows_forwards(hero):
    """Whatever the bones' rolls and the object's place: towards the body's own back."""
    left_to_right = (
        heads(hero)[f"{PREFIX}RightUpLeg"] - heads(hero)[f"{PREFIX}LeftUpLeg"]
    )
    up = heads(hero)[f"{PREFIX}Head"] - heads(hero)[f"{PREFIX}Hips"]
    front = np.cross(up, left_to_right)
    front /= np.linalg.norm(front)
    moved = moved_at_most(hero)
    for side in ("Left", "Right"):
        role = side.lower()
        assert moved[f"{role}_shin"][f"{PREFIX}{side}Foot"] @ front < -0.2
        assert moved[f"{role}_forearm"][f"{PREFIX}{side}Hand"] @ front > 0.1
        assert moved[f"{role}_thigh"][f"{PREFIX}{side}Leg"] @ front > 0.2
        assert moved[f"{role}_upper_arm"][f"{PREFIX}{side}ForeArm"] @ up > 0.1


def test_an_exchanged_side_shows():
    """With left and right confused the knees bend the wrong way, which is the point."""
    armature = add_humanoid()
    bpy.ops.vitpose.detect()
    rig_map = map_editor.read_map(armature)
    other = {"left": "right", "right": "left"}
    swapped = {
        "_".join([other.get(role.split("_")[0], role.split("_")[0]),
                  *role.split("_")[1:]]): names
        for role, names in rig_map.bones.items()
    }  # fmt: skip
    map_editor.write_map(armature, map_editor.replace(rig_map, bones=swapped))
    moved = moved_at_most(armature)
    assert moved["left_shin"][f"{PREFIX}RightFoot"][1] < -0.2  # The hero faces -Y.


def test_the_pose_comes_back_exactly(hero):
    rng = np.random.default_rng(1)
    for bone in hero.pose.bones:
        bone.rotation_mode = "XYZ" if rng.random() < 0.5 else "AXIS_ANGLE"
        bone.rotation_euler = rng.uniform(-1, 1, 3)
        bone.rotation_axis_angle = rng.uniform(-1, 1, 4)
        bone.location = rng.uniform(-1, 1, 3)
    before = pose_of(hero)
    assert bpy.ops.vitpose.wiggle() == {"FINISHED"}
    assert pose_of(hero) == before


@pytest.mark.parametrize("num_steps", [1, 2, 7])
def test_ending_early_brings_the_pose_back(plain, num_steps):
    plain.pose.bones[f"{PREFIX}Hips"].rotation_quaternion = (0.8, 0.6, 0, 0)
    before = pose_of(plain)
    steps = steps_of(plain)
    for _ in range(num_steps):
        next(steps)
    steps.close()
    assert pose_of(plain) == before


def test_space_goes_on_to_the_next_role(plain):
    steps = steps_of(plain, steps_each=1000)
    places = [next(steps).place] + [steps.send(True).place for _ in range(3)]
    assert places == [1, 2, 3, 4]
    steps.close()


def test_a_bound_character_wiggles_and_stays_bound(plain):
    bpy.ops.vitpose.bind()
    before = pose_of(plain)
    mutes = [c.mute for bone in plain.pose.bones for c in bone.constraints]
    moved = moved_at_most(plain)
    assert np.linalg.norm(moved["left_shin"][f"{PREFIX}LeftFoot"]) > 0.2
    assert pose_of(plain) == before
    assert [c.mute for b in plain.pose.bones for c in b.constraints] == mutes


def test_bones_that_own_constraints_hold_move_all_the_same(plain):
    free = [heads(plain) for _ in updated_steps(plain)]
    target = bpy.data.objects.new("Target", None)
    bpy.context.scene.collection.objects.link(target)
    bones = plain.pose.bones
    copy = bones[f"{PREFIX}LeftForeArm"].constraints.new("COPY_ROTATION")
    ik = bones[f"{PREFIX}LeftFoot"].constraints.new("IK")
    ik.use_tail, ik.chain_count = False, 2
    limit = bones[f"{PREFIX}Head"].constraints.new("LIMIT_ROTATION")
    limit.use_limit_x = limit.use_limit_y = limit.use_limit_z = True
    off = bones[f"{PREFIX}Neck"].constraints.new("COPY_ROTATION")
    copy.target = ik.target = off.target = target
    off.mute = True
    held = [heads(plain) for _ in updated_steps(plain)]
    for at_free, at_held in zip(free, held, strict=True):
        for name, place in at_free.items():
            np.testing.assert_allclose(at_held[name], place, atol=1e-4, err_msg=name)
    assert [each.mute for each in (copy, ik, limit, off)] == [False, False, False, True]


def test_properties_of_the_map_hold_meanwhile(plain):
    bone = plain.pose.bones[f"{PREFIX}LeftArm"]
    bone["IK_FK"] = 0.25
    rig_map = map_editor.read_map(plain)
    wanted = {bone.name: {"IK_FK": 1.0, "none": 1.0}, "gone": {"x": 1}}
    map_editor.write_map(plain, map_editor.replace(rig_map, properties=wanted))
    steps = steps_of(plain)
    next(steps)
    assert bone["IK_FK"] == 1.0
    steps.close()
    assert bone["IK_FK"] == 0.25
    assert "none" not in bone


def test_an_armature_deleted_meanwhile_ends_it(plain):
    bpy.context.scene.vitpose.armature = plain  # Keeps the object in the file.
    steps = steps_of(plain)
    next(steps)
    bpy.data.objects.remove(plain)
    assert list(steps) == []


def test_an_armature_renamed_meanwhile_gets_its_pose_back(plain):
    before = pose_of(plain)
    steps = steps_of(plain)
    for _ in range(3):
        next(steps)
    plain.name = "Villain"
    steps.close()
    assert pose_of(plain) == before


def test_another_file_loaded_meanwhile_is_left_alone(plain, tmp_path):
    path = str(tmp_path / "same_name.blend")
    plain.pose.bones[f"{PREFIX}Hips"].location = (1, 2, 3)
    bpy.ops.wm.save_as_mainfile(filepath=path)
    plain.pose.bones[f"{PREFIX}Hips"].location = (0, 0, 0)
    steps = steps_of(plain)
    next(steps)
    bpy.ops.wm.open_mainfile(filepath=path)
    before = pose_of(bpy.data.objects["Hero"])
    assert list(steps) == []
    assert pose_of(bpy.data.objects["Hero"]) == before


def test_a_bone_deleted_meanwhile_is_passed_over(plain):
    steps = steps_of(plain)
    next(steps)
    bpy.ops.object.mode_set(mode="EDIT")
    plain.data.edit_bones.remove(plain.data.edit_bones[f"{PREFIX}Head"])
    bpy.ops.object.mode_set(mode="OBJECT")
    assert "head" in {moment.role for moment in steps}


def test_incomplete_maps_wiggle_as_far_as_they_go(plain):
    for role in ("hips", "right_thigh", "left_forearm", "neck_1", "left_upper_arm"):
        setattr(plain.vitpose.bones, role, "")
    rig_map = map_editor.read_map(plain)
    roles = {moment.role for moment in steps_of(plain)}
    assert roles == set(rig_map.bones)
    moves = plan_moves(read_skeleton(plain), rig_map)
    assert all(np.isfinite(move.axes).all() for group in moves for move in group)
    lines = wiggle.open_roles(plain)
    assert f"Hips has no bone and is needed; perhaps {PREFIX}Hips" in lines
    assert lines[-1].startswith("Not in this rig: Jaw")


@pytest.mark.parametrize("role", ["left_shin", "head", "left_index_1", "spine_1"])
def test_a_single_mapped_bone_wiggles(role):
    armature = add_humanoid()
    setattr(armature.vitpose.bones, role, f"{PREFIX}LeftLeg")
    assert {moment.count for moment in steps_of(armature)} == {1}


def test_it_refuses_with_the_reason(plain):
    bpy.ops.vitpose.map_clear()
    with pytest.raises(RuntimeError, match="press Detect Bones first"):
        bpy.ops.vitpose.wiggle()


def test_unregistering_ends_a_running_test():
    ended = []

    class Running:
        def stop(self):
            ended.append(self)
            wiggle_operator.running.remove(self)

    wiggle_operator.running.append(Running())
    wiggle_operator.unregister()
    wiggle_operator.register()
    assert len(ended) == 1
