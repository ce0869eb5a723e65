# SPDX-License-Identifier: GPL-3.0-or-later
"""A four-legged character from a file: recognised by its shape, bound, and followed."""

import bpy
import numpy as np
import pytest
from mathutils import Vector

from tests.animal import animal_bones, animal_roles, trotting
from tests.blender.fingerprint import fingerprint
from tests.blender.rigs import farthest, heads, wanted_heads
from vitpose_blender.blender import binding, character, export, load, rig_choice
from vitpose_blender.core.quadruped import quadruped_motion
from vitpose_blender.core.retarget import retarget

TIMES = np.arange(24) / 24.0


def add_animal(names):
    """Make an armature of the animal's bones, called otherwise, with a mesh."""
    data = bpy.data.armatures.new("Animal")
    armature = bpy.data.objects.new("Animal", data)
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    for name, (parent, head, tail) in animal_bones().items():
        bone = data.edit_bones.new(names[name])
        bone.head, bone.tail = Vector(head), Vector(tail)
        bone.parent = data.edit_bones.get(names[parent]) if parent else None
    bpy.ops.object.mode_set(mode="OBJECT")
    corners = [
        bone.head_local + offset
        for bone in data.bones
        for offset in (Vector((0.02, 0, 0)), Vector((0, 0.02, 0)), Vector((0, 0, 0.02)))
    ]
    mesh = bpy.data.meshes.new("Hide")
    faces = [range(start, start + 3) for start in range(0, len(corners), 3)]
    mesh.from_pydata([tuple(c) for c in corners], [], [list(face) for face in faces])
    hide = bpy.data.objects.new("Hide", mesh)
    bpy.context.scene.collection.objects.link(hide)
    for bone, face in zip(data.bones, faces):
        hide.vertex_groups.new(name=bone.name).add(list(face), 1.0, "REPLACE")
    hide.modifiers.new("Armature", "ARMATURE").object = armature
    hide.parent = armature
    return armature


@pytest.fixture(params=["named", "scrambled"])
def animal(request, tmp_path):
    """A four-legged character read from a .glb file, and its true bones by role."""
    own = list(animal_bones())
    names = {name: name for name in own}
    if request.param == "scrambled":
        order = np.random.default_rng(3).permutation(len(own))
        names = {name: f"Bone.{row:03}" for name, row in zip(own, order)}
    path = tmp_path / "animal.glb"
    export.export_character(add_animal(names), path)
    load.open_empty_scene()
    armature = load.load_character(path)
    truth = {r: tuple(names[b] for b in bones) for r, bones in animal_roles().items()}
    return armature, truth


def test_its_spine_and_legs_are_recognised(animal):
    armature, truth = animal
    found = rig_choice.choose_rig(armature)
    assert found.body == "quadruped"
    for role in (
        "hips",
        "head",
        *(r for r in truth if r.endswith(("upper_arm", "forearm", "thigh", "shin"))),
    ):
        assert found.bones[role][0] == truth[role][0], role


def test_it_trots_as_the_animal_does_and_is_left_as_it_was(animal):
    armature, _ = animal
    before = fingerprint(bpy.data)
    rest = character.read_rig_rest(armature)
    motion = retarget(quadruped_motion(TIMES, trotting(TIMES)), rest)
    binding.ensure_binding(armature, rest)
    for frame in range(0, len(motion), 6):
        binding.move_targets(armature, motion.pose(frame))
        bpy.context.view_layer.update()
        wanted = wanted_heads(motion, rest, frame)
        assert farthest(heads(armature), wanted)[0] < 1e-3
    binding.remove_binding(armature)
    assert fingerprint(bpy.data) == before
