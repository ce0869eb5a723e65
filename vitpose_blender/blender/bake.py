# SPDX-License-Identifier: GPL-3.0-or-later
"""From a character's motion to keyframes on its own bones.

Blender evaluates the constrained pose of every frame; the result is written in bulk as
a new action, in each bone's own rotation mode, with what else must hold for it to look
so without the binding. Existing actions are not touched.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import bpy
import numpy as np
from bpy.types import Action, Object, PoseBone
from mathutils import Euler, Matrix, Quaternion

from ..core.motion import CharacterMotion
from ..core.rig_rest import RigRest
from ..core.rotations import same_hemisphere, to_quaternion
from ..core.steps import Steps, part
from ..core.types import FloatArray
from . import access, actions, binding, character, own_action, rest_pose, still_keys
from .bone_drivers import bone_path

_REPORT_EVERY = 3  # Frames between two reports of progress.
_POSED = 0.8  # The share of the work that is over when all frames are posed.
_NEGLIGIBLE = 1e-5  # Not worth a curve of places, as a share of the body's size.


@dataclass(frozen=True)
class Keying:
    """What gets keys, and where they go.

    Attributes:
        action: Name of the new action.
        first_frame: Scene frame of the motion's first.
        step: Frames of the scene from one frame of the motion to the next.
        roles: Whose bones get keys, with all that hangs on them alone; None keys all.
        as_copy: Whether the new action begins as a copy of the one that was played,
            which then keeps all its other keys.
    """

    action: str
    first_frame: float = 1.0
    step: float = 1.0
    roles: frozenset[str] | None = None
    as_copy: bool = False

    def bones(self, armature: Object, rest: RigRest) -> set[str]:
        """Return the names of the bones that get keys."""
        names = set(access.pose_bones(armature).keys())
        if self.roles is None:
            return names
        roles = dict(zip(rest.names, rest.roles))
        return {name for name in names if _role(armature, name, roles) in self.roles}


def _role(armature: Object, name: str, roles: Mapping[str, str]) -> str:
    """Return a bone's role; of one that has none, that of the next one above it."""
    bone: PoseBone | None = access.pose_bones(armature)[name]
    while bone is not None and bone.name not in roles:
        bone = bone.parent
    return roles[bone.name] if bone is not None else "hips"


def bake_steps(
    armature: Object, rest: RigRest, motion: CharacterMotion, keying: Keying
) -> Steps[Action]:
    """Bake a motion; yields progress from 0 to 1 and returns the new action.

    The armature must be bound (see `binding.ensure_binding`). The motion's frames are
    evenly spaced: re-time it before.

    Args:
        armature: The character's armature object.
        rest: Its driven bones.
        motion: Targets at every frame.
        keying: Where the keys go.

    Raises:
        CharacterError: There is no former action to copy.
    """
    name = armature.name
    with _meshes_at_rest(armature):
        poses = yield from part(_posed(armature, motion), 0.0, _POSED)
        frames = keying.first_frame + keying.step * np.arange(len(motion))
        armature = bpy.data.objects[name]
        bones = keying.bones(armature, rest)
        with own_action.making_action(
            armature, keying.action, as_copy=keying.as_copy
        ) as made:
            written: set[str] = set()
            for channel in channels(name, rest, poses, bones):
                action = bpy.data.actions[made]
                actions.write_curves(
                    action, channel.path, frames, channel.values, channel.bone
                )
                written.add(channel.path)
                yield _POSED + (1 - _POSED) * len(written) / (len(bones) + 2)
            action, armature = bpy.data.actions[made], bpy.data.objects[name]
            held = frames[[0, -1]] if keying.as_copy else frames[:1]
            still_keys.write(action, armature, rest, np.unique(held), written, bones)
    return bpy.data.actions[made]


def _posed(armature: Object, motion: CharacterMotion) -> Steps[FloatArray]:
    """Return each bone's matrix at each frame of a motion, shape `(F, B, 4, 4)`."""
    name = armature.name
    poses = np.empty((len(motion), len(access.pose_bones(armature)), 4, 4))
    for frame in range(len(motion)):
        armature = bpy.data.objects[name]  # A yield may have seen an undo.
        binding.move_targets(armature, motion.pose(frame))
        poses[frame] = evaluated_pose(armature)
        if frame % _REPORT_EVERY == 0:
            yield frame / len(motion)
    return poses


@contextmanager
def _meshes_at_rest(armature: Object) -> Iterator[None]:
    """Spare Blender from deforming meshes that nobody looks at meanwhile."""
    paused = [
        (mesh.name, modifier.name)
        for mesh in character.skinned_meshes(armature)
        for modifier in mesh.modifiers
        if modifier.show_viewport
    ]

    def show(visible: bool) -> None:
        for mesh_name, modifier_name in paused:
            mesh = access.find_object(mesh_name)
            if mesh is not None and modifier_name in mesh.modifiers:
                mesh.modifiers[modifier_name].show_viewport = visible

    show(False)
    try:
        yield
    finally:
        show(True)


def evaluated_pose(armature: Object) -> FloatArray:
    """Return each bone's matrix in armature space, shape `(B, 4, 4)`."""
    access.view_layer().update()
    evaluated = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
    bones = access.pose_bones(evaluated)
    flat = np.empty(len(bones) * 16, dtype=np.float32)
    bones.foreach_get("matrix", flat)
    # RNA hands matrices over column by column.
    return flat.reshape(-1, 4, 4).swapaxes(1, 2).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Channel:
    """A property of a bone over time.

    Attributes:
        bone: Name of the bone.
        path: Data path, seen from the armature.
        values: Shape `(F, C)`.
    """

    bone: str
    path: str
    values: FloatArray


def channels(
    name: str, rest: RigRest, poses: FloatArray, wanted: set[str]
) -> Iterator[Channel]:
    """Iterate over what moves the bones that have a target.

    Between two of them anything may happen in Blender, such as an undo.

    Args:
        name: Of a bound armature.
        rest: Its driven bones.
        poses: Matrix of each bone in armature space, shape `(F, B, 4, 4)`.
        wanted: Names of the bones that count.
    """
    names = access.pose_bones(bpy.data.objects[name]).keys()
    rows = {bone_name: row for row, bone_name in enumerate(names)}
    negligible = _NEGLIGIBLE * float(np.ptp(rest.heads, axis=0).max())
    for bone_name, pose in zip(names, poses.swapaxes(0, 1)):
        bone = access.pose_bones(bpy.data.objects[name])[bone_name]
        if bone_name not in wanted or binding.COPY_ROTATION not in bone.constraints:
            continue
        parent = poses[:, rows[bone.parent.name]] if bone.parent else None
        basis = _basis(bone, pose, parent)
        location = basis[:, :3, 3]
        moved = dict([_rotation_channel(bone, basis[:, :3, :3])])
        is_hips = bone.name == rest.names[rest.index["hips"]]
        if _can_move(bone) and (is_hips or np.abs(location).max() > negligible):
            moved["location"] = location
        for channel, values in moved.items():
            yield Channel(bone_name, f"{bone_path(bone_name)}.{channel}", values)


def nearest(channel: Channel, former: Sequence[float]) -> FloatArray:
    """Return a channel's values, written so that they are near those before them.

    Args:
        channel: Of a single frame.
        former: Values before, of as many columns; none where there are none.
    """
    values = channel.values
    if len(former) != values.shape[1]:
        return values
    if channel.path.endswith(".rotation_quaternion"):
        return values if float(values[0] @ np.array(former)) >= 0 else -values
    if channel.path.endswith(".rotation_euler"):
        turn = 2 * np.pi
        near: FloatArray = values + turn * np.round((np.array(former) - values) / turn)
        return near
    return values


def _can_move(bone: PoseBone) -> bool:
    """Whether a bone was told its place, and keys can tell it, too."""
    is_stuck = bone.parent is not None and bone.bone.use_connect
    return binding.COPY_LOCATION in bone.constraints and not is_stuck


def _basis(bone: PoseBone, pose: FloatArray, parent: FloatArray | None) -> FloatArray:
    """Return a bone's own transform against its rest, shape `(F, 4, 4)`.

    Bones that inherit everything, nearly all, are done at once; Blender itself undoes
    the others.
    """
    rest = np.array(bone.bone.matrix_local)
    if parent is None or bone.parent is None:
        return np.linalg.inv(rest) @ pose
    parent_rest = np.array(bone.parent.bone.matrix_local)
    if not _inherits_plainly(bone):
        return _basis_by_blender(bone, pose, parent)
    local = np.linalg.inv(parent_rest) @ rest
    return np.linalg.inv(parent @ local) @ pose


def _inherits_plainly(bone: PoseBone) -> bool:
    data = bone.bone
    return (
        data.use_inherit_rotation
        and data.use_local_location
        and data.inherit_scale == "FULL"
    )


def _basis_by_blender(
    bone: PoseBone, pose: FloatArray, parent: FloatArray
) -> FloatArray:
    data, parent_bone = bone.bone, bone.parent
    assert parent_bone is not None
    return np.array(
        [
            data.convert_local_to_pose(
                Matrix(matrix.tolist()),
                data.matrix_local,
                parent_matrix=Matrix(parent_matrix.tolist()),
                parent_matrix_local=parent_bone.bone.matrix_local,
                invert=True,
            )
            for matrix, parent_matrix in zip(pose, parent)
        ]
    )


def _rotation_channel(bone: PoseBone, rotations: FloatArray) -> tuple[str, FloatArray]:
    """Return the bone's rotation property and its values over time."""
    scale = np.linalg.norm(rotations, axis=-2, keepdims=True)
    quaternions = same_hemisphere(to_quaternion(rotations / scale))
    channel = rest_pose.rotation_channel(bone)
    if channel == "rotation_quaternion":
        return channel, quaternions
    if channel == "rotation_axis_angle":
        return channel, _axis_angles(quaternions)
    return channel, _eulers(quaternions, bone.rotation_mode)


def _axis_angles(quaternions: FloatArray) -> FloatArray:
    """Return `(angle, x, y, z)` [rad]; the axis keeps its side as time goes on."""
    sine = np.linalg.norm(quaternions[:, 1:], axis=1, keepdims=True)
    angle = 2 * np.arctan2(sine, quaternions[:, :1])
    y_axis = np.array([0.0, 1.0, 0.0])
    axis = np.where(sine > 1e-9, quaternions[:, 1:] / np.maximum(sine, 1e-9), y_axis)
    flips = np.cumprod(np.where(np.sum(axis[1:] * axis[:-1], axis=1) < 0, -1.0, 1.0))
    signs = np.concatenate([[1.0], flips])[:, np.newaxis]
    return np.concatenate([angle * signs, axis * signs], axis=1)


def _eulers(quaternions: FloatArray, order: str) -> FloatArray:
    """Return angles in the given order [rad], each near the one before."""
    values: list[Sequence[float]] = []
    previous = Euler((0.0, 0.0, 0.0), order)
    for quaternion in quaternions.tolist():
        previous = Quaternion(quaternion).to_euler(order, previous)  # type: ignore[arg-type]
        values.append((previous.x, previous.y, previous.z))
    return np.array(values)
