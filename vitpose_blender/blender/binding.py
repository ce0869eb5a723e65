# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets and constraints that make an armature follow a `CharacterPose`.

Every driven bone copies the rotation of its own target, so the whole orientation is
right before IK begins; IK with poles then takes hands and feet to their goals. All of
it is called `VITPOSE_*`, is set up idempotently and goes away in one call.
"""

from collections.abc import Iterable
from zlib import crc32

import bpy
from bpy.types import (
    Collection,
    Constraint,
    KinematicConstraint,
    Object,
    PoseBone,
)

from ..core.errors import RigError
from ..core.motion import CharacterPose
from ..core.retarget import bone_target_names, goal_name, pole_name, target_names
from ..core.limb_rest import Limb
from ..core.rig_rest import RigRest
from . import access

PREFIX = "VITPOSE_"
_DISPLAY_SIZE = 0.04  # [m]
_NAME_LENGTH = 30  # Blender cuts names at 63 bytes; a target's own takes up to 22.


def _base_name(armature: Object) -> str:
    name = armature.name.encode()
    if len(name) > _NAME_LENGTH:  # What is cut off may be all that tells two apart.
        mark = f"~{crc32(name):08x}"
        name = name[: _NAME_LENGTH - len(mark)] + mark.encode()
    return PREFIX + name.decode(errors="ignore")


def target_object_name(armature: Object, target: str) -> str:
    """Return the name of the empty that stands for one target of an armature."""
    return f"{_base_name(armature)}_{target}"


def ensure_binding(armature: Object, rest: RigRest) -> None:
    """Make the armature follow its targets; calling it again changes nothing.

    Raises:
        RigError: A driven bone is gone.
    """
    bones = access.pose_bones(armature)
    if missing := set(rest.names) - set(bones.keys()):
        raise RigError(missing, bones.keys())
    collection = _ensure_collection(_base_name(armature))
    targets = {
        name: _ensure_target(target_object_name(armature, name), collection)
        for name in target_names(rest)
    }
    for bone_name, target_name in zip(rest.names, bone_target_names(rest)):
        _ensure_copy(bones[bone_name], "COPY_ROTATION", targets[target_name])
    hips = rest.index["hips"]
    hips_target = targets[bone_target_names(rest)[hips]]
    _ensure_copy(bones[rest.names[hips]], "COPY_LOCATION", hips_target)
    for limb in rest.limbs:
        _ensure_ik(
            bones, rest, limb, targets[goal_name(limb)], targets[pole_name(limb)]
        )


def remove_binding(armature: Object) -> None:
    """Remove every target and constraint of the armature."""
    for bone in access.pose_bones(armature):
        ours = [item for item in bone.constraints if item.name.startswith(PREFIX)]
        for constraint in ours:
            bone.constraints.remove(constraint)
    collection = access.find_collection(_base_name(armature))
    if collection is None:
        return
    for target in list(collection.objects):
        bpy.data.objects.remove(target)
    bpy.data.collections.remove(collection)


def move_targets(armature: Object, pose: CharacterPose) -> None:
    """Place and turn the armature's targets; one that is gone is passed over."""
    base = _base_name(armature)
    locations, rotations = pose.location.tolist(), pose.rotation.tolist()
    for name, location, rotation in zip(pose.names, locations, rotations):
        target = access.find_object(f"{base}_{name}")
        if target is not None:
            target.location = location
            target.rotation_quaternion = rotation


def _ensure_collection(name: str) -> Collection:
    collection = access.find_collection(name)
    if collection is None:
        collection = bpy.data.collections.new(name)
    children = access.scene().collection.children
    if name not in children:
        children.link(collection)
    return collection


def _ensure_target(name: str, collection: Collection) -> Object:
    target = access.find_object(name)
    if target is None:
        target = bpy.data.objects.new(name, None)
        target.empty_display_size = _DISPLAY_SIZE
        target.empty_display_type = "ARROWS"
        target.rotation_mode = "QUATERNION"
    if name not in collection.objects:
        collection.objects.link(target)
    return target


def _ensure_copy(bone: PoseBone, kind: str, target: Object) -> None:
    constraint = _ensure_constraint(bone, kind)
    constraint.target = target  # type: ignore[attr-defined]
    constraint.owner_space = constraint.target_space = "WORLD"


def _ensure_ik(
    bones: "bpy.types.bpy_prop_collection[PoseBone]",
    rest: RigRest,
    limb: Limb,
    goal: Object,
    pole: Object,
) -> None:
    lower = bones[rest.names[limb.lower]]
    constraint = _ensure_constraint(lower, "IK")
    assert isinstance(constraint, KinematicConstraint)
    constraint.target = goal
    constraint.pole_target = pole
    constraint.pole_angle = limb.pole_angle
    constraint.use_stretch = False
    constraint.chain_count = 1 + _steps_up(lower, rest.names[limb.upper])


def _steps_up(bone: PoseBone, ancestor: str) -> int:
    """Return how many bones above `bone` the ancestor is."""
    names: Iterable[str] = (parent.name for parent in bone.parent_recursive)
    return 1 + list(names).index(ancestor)


def _ensure_constraint(bone: PoseBone, kind: str) -> Constraint:
    name = PREFIX + kind
    constraint = bone.constraints.get(name)
    if constraint is None:
        constraint = bone.constraints.new(kind)  # type: ignore[arg-type]
        constraint.name = name
    return constraint
