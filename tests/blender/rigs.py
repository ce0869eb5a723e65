# SPDX-License-Identifier: GPL-3.0-or-later
"""A humanoid in the open scene, and how its pose is read."""

from collections.abc import Iterator
from contextlib import contextmanager

import bpy
import numpy as np
from mathutils import Matrix, Quaternion, Vector

from tests.humanoid import humanoid_bones, moving, person_like, world_motion
from vitpose_blender.blender import bake, binding
from vitpose_blender.core.motion import CharacterMotion
from vitpose_blender.core.retarget import bone_target_names, retarget
from vitpose_blender.core.rig_rest import RigRest
from vitpose_blender.core.steps import finish

PREFIX = "mixamorig:"
# A game engine's armature: centimetres, y up.
SMALL_AND_TURNED = Matrix.Rotation(np.pi / 2, 4, "X") @ Matrix.Scale(0.01, 4)


def add_humanoid(
    name: str = "Hero",
    rng: np.random.Generator | None = None,
    has_twist: bool = False,
    world: Matrix | None = None,
    parent: Matrix | None = None,
) -> bpy.types.Object:
    """Make a skinned humanoid in the open scene.

    Args:
        name: Of the armature object.
        rng: Rolls every bone at random; None rolls none.
        has_twist: Put a bone between upper arm and forearm.
        world: The armature object's matrix; the bones stay where they are.
        parent: Of an object that carries the armature's.
    """
    data = bpy.data.armatures.new(name)
    armature = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(armature)
    if parent is not None:
        armature.parent = bpy.data.objects.new("Parent", None)
        bpy.context.scene.collection.objects.link(armature.parent)
        armature.parent.matrix_world = parent
    armature.matrix_basis = world or Matrix()
    bpy.context.view_layer.update()
    local = armature.matrix_world.inverted()
    with edit_bones(armature) as bones:
        for bone_name, (above, head, tail) in humanoid_bones(PREFIX).items():
            bone = bones.new(bone_name)
            bone.head, bone.tail = local @ Vector(head), local @ Vector(tail)
            bone.parent = bones.get(above)
            if rng is not None:
                bone.roll = rng.uniform(-np.pi, np.pi)
        if has_twist:
            _add_twist_bones(bones)
    _add_mesh(armature)
    bpy.context.view_layer.update()
    return armature


@contextmanager
def edit_bones(armature: bpy.types.Object) -> Iterator[bpy.types.ArmatureEditBones]:
    """Change an armature's bones at rest."""
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    yield armature.data.edit_bones
    bpy.ops.object.mode_set(mode="OBJECT")


def _add_twist_bones(bones: bpy.types.ArmatureEditBones) -> None:
    for side in ("Left", "Right"):
        upper, lower = bones[f"{PREFIX}{side}Arm"], bones[f"{PREFIX}{side}ForeArm"]
        twist = bones.new(f"{PREFIX}{side}ArmTwist")
        twist.head, twist.tail = (upper.head + lower.head) / 2, lower.head
        twist.parent, lower.parent = upper, twist


def _add_mesh(armature: bpy.types.Object) -> None:
    """Skin a flat diamond to every bone, the same however the bone is rolled."""
    corners, faces, groups = [], [], []
    world = armature.matrix_world
    for bone in armature.data.bones:
        head, tail = world @ bone.head_local, world @ bone.tail_local
        across = 0.1 * (tail - head).cross(Vector((0.3, 0.9, 0.2)))
        middle, start = (head + tail) / 2, len(corners)
        corners += [head, middle - across, tail, middle + across]
        faces.append(range(start, start + 4))
        groups.append((bone.name, list(faces[-1])))
    mesh = bpy.data.meshes.new("Skin")
    mesh.from_pydata(
        [tuple(corner) for corner in corners], [], [list(f) for f in faces]
    )
    skin = bpy.data.objects.new("Skin", mesh)
    bpy.context.scene.collection.objects.link(skin)
    for name, rows in groups:
        skin.vertex_groups.new(name=name).add(rows, 1.0, "REPLACE")
    skin.modifiers.new("Armature", "ARMATURE").object = armature
    skin.parent = armature
    skin.matrix_parent_inverse = armature.matrix_world.inverted()


def motion_for(rest: RigRest, num_frames: int, fps: float = 24.0) -> CharacterMotion:
    """Return the same lively motion for any character."""
    times = np.arange(num_frames) / fps
    path = np.outer(times, (0.5, -0.2, 0.0))
    xyz = moving(person_like(rest), times)
    return retarget(world_motion(xyz, fps, path=path), rest)


def heads(armature: bpy.types.Object) -> dict[str, np.ndarray]:
    """Return where the posed bones' heads are, by name, world [m]."""
    evaluated = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
    world = evaluated.matrix_world
    return {bone.name: np.array(world @ bone.head) for bone in evaluated.pose.bones}


def axes(armature: bpy.types.Object) -> dict[str, np.ndarray]:
    """Return the posed bones' axes as columns, by name, world."""
    evaluated = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
    world = evaluated.matrix_world
    return {
        bone.name: np.array((world @ bone.matrix).to_3x3().normalized())
        for bone in evaluated.pose.bones
    }


def rig_axes(armature: bpy.types.Object) -> dict[str, np.ndarray]:
    """Return the posed bones' axes as columns, by name, in the armature's own space."""
    evaluated = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return {
        bone.name: np.array(bone.matrix.to_3x3().normalized())
        for bone in evaluated.pose.bones
    }


def skin(armature: bpy.types.Object) -> np.ndarray:
    """Return where the corners of the armature's mesh are, `(V, 3)`, world [m]."""
    mesh = next(item for item in armature.children if item.type == "MESH")
    evaluated = mesh.evaluated_get(bpy.context.evaluated_depsgraph_get())
    world = evaluated.matrix_world
    return np.array([world @ vertex.co for vertex in evaluated.data.vertices])


def heads_over_time(
    armature: bpy.types.Object, frames: list[float]
) -> list[dict[str, np.ndarray]]:
    """Return the heads at some frames of the scene."""
    result = []
    for frame in frames:
        bpy.context.scene.frame_set(int(frame), subframe=frame % 1.0)
        result.append(heads(armature))
    return result


def wanted_heads(
    motion: CharacterMotion, rest: RigRest, frame: int
) -> dict[str, np.ndarray]:
    """Return where a motion wants the driven bones' heads, by bone name, world [m]."""
    num_bones = len(bone_target_names(rest))
    return dict(zip(rest.names, rest.to_world(motion.location[frame, :num_bones])))


def wanted_axes(
    motion: CharacterMotion, rest: RigRest, frame: int
) -> dict[str, np.ndarray]:
    """Return how a motion wants the driven bones turned, in the armature's space."""
    return {
        name: np.array(Quaternion(quaternion).to_matrix())
        for name, quaternion in zip(rest.names, motion.rotation[frame].tolist())
    }


def farthest(
    these: dict[str, np.ndarray], those: dict[str, np.ndarray]
) -> tuple[float, str]:
    """Return the largest distance between bones of one name, and the bone."""
    common = these.keys() & those.keys()
    assert common
    return max((float(np.linalg.norm(these[n] - those[n])), n) for n in common)


def bake_bound(
    armature: bpy.types.Object,
    rest: RigRest,
    motion: CharacterMotion,
    first_frame: int = 1,
) -> bpy.types.Action:
    """Bind, bake and unbind; returns the action."""
    binding.ensure_binding(armature, rest)
    steps = bake.bake_steps(armature, rest, motion, bake.Keying("Baked", first_frame))
    action = finish(steps)
    binding.remove_binding(armature)
    return action


def check_plays(
    armature: bpy.types.Object, rest: RigRest, motion: CharacterMotion
) -> None:
    """Assert that the armature plays a motion, each frame one of the scene, from 1."""
    for frame in range(len(motion)):
        bpy.context.scene.frame_set(1 + frame)
        check_shows(armature, rest, motion, frame)


def check_shows(
    armature: bpy.types.Object, rest: RigRest, motion: CharacterMotion, frame: int
) -> None:
    """Assert that each driven bone is within 1 mm of its place, and turned as well."""
    distance, bone = farthest(heads(armature), wanted_heads(motion, rest, frame))
    assert distance < 1e-3, bone
    now = rig_axes(armature)
    for name, wanted in wanted_axes(motion, rest, frame).items():
        np.testing.assert_allclose(now[name], wanted, atol=2e-3, err_msg=name)
