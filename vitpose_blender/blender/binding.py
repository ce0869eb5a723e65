# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets and constraints that make an armature follow a `CharacterPose`.

Every driven bone copies the rotation of its own target, so the whole orientation is
right before IK begins; IK with poles then takes hands and feet to their goals. Targets
are children of the armature and are read in its own space: it may be scaled, turned,
mirrored or moved meanwhile. All of it is called `VITPOSE_*`, is set up idempotently
and goes away in one call, which brings back what was set aside for it.
"""

from collections.abc import Mapping
from itertools import count
from zlib import crc32

import bpy
from bpy.types import Collection, Constraint, KinematicConstraint, Object, PoseBone
from mathutils import Vector

from ..core.errors import RigError
from ..core.limb_rest import Limb
from ..core.motion import CharacterPose
from ..core.retarget import bone_target_names, goal_name, pole_name, target_names
from ..core.rig_rest import RigRest
from . import access, held_state, own_action, own_constraints
from .bindable import check_can_bind
from .bone_drivers import bone_drivers
from .carriers import Carriers, find_carriers

PREFIX = own_constraints.PREFIX
KEY = "VITPOSE_binding"
COPY_LOCATION, COPY_ROTATION = f"{PREFIX}COPY_LOCATION", f"{PREFIX}COPY_ROTATION"
_MARK = "VITPOSE_targets"  # A collection's custom property: it is ours.
_DISPLAY_SIZE = 0.04  # [m]
_NAME_LENGTH = 26  # Blender 4 cuts names at 63 bytes; a target's own takes up to 27.


def ensure_binding(armature: Object, rest: RigRest) -> None:
    """Make the armature follow its targets; calling it again changes nothing.

    What the armature plays and what else would move its driven bones is set aside
    until `remove_binding`. An armature that is bound by another map is released first.

    Raises:
        CharacterError: It cannot be bound; see `check_can_bind`.
        RigError: A driven bone is gone.
    """
    check_can_bind(armature)
    bones = access.pose_bones(armature)
    if missing := set(rest.names) - set(bones.keys()):
        raise RigError(missing, bones.keys())
    if is_bound(armature) and armature[KEY]["rest"] != _signature(rest):
        remove_binding(armature)
    remove_leftovers()
    around = find_carriers(armature, rest, bone_drivers(armature))
    base = _free_base(armature, rest)
    names = dict(zip(rest.names, bone_target_names(rest)))
    pulled = "\n".join(names[name] for name in around.pulled)
    armature[KEY] = {"base": base, "rest": _signature(rest), "pulled": pulled}
    own_action.set_aside(armature)
    held_state.hold(armature, rest, around)
    targets = _ensure_targets(armature, base, (*target_names(rest), *_pulls(armature)))
    for bone_name, target_name in names.items():
        _ensure_copy(bones[bone_name], "COPY_ROTATION", targets[target_name])
        if bone_name in around.located:
            _ensure_copy(bones[bone_name], "COPY_LOCATION", targets[target_name])
    _ensure_pulls(bones, around, names, targets)
    for limb in rest.limbs:
        if limb.is_chain:
            _ensure_ik(bones, rest, limb, targets)


def is_bound(armature: Object) -> bool:
    """Whether the armature follows targets."""
    return armature.get(KEY) is not None


def remove_binding(armature: Object) -> None:
    """Remove every target and constraint of the armature, and put back the rest."""
    remove_leftovers()
    for bone in access.pose_bones(armature):
        active = bone.constraints.active
        ours = [item for item in bone.constraints if item.name.startswith(PREFIX)]
        for constraint in ours:
            bone.constraints.remove(constraint)  # Then none is active, whichever was.
        if ours and active not in ours:
            bone.constraints.active = active
    held_state.put_back(armature)
    _remove_targets(armature)
    if is_bound(armature):
        del armature[KEY]
        own_action.play_again(armature)


def remove_leftovers() -> None:
    """Remove the targets of armatures that were deleted."""
    for collection in list(bpy.data.collections):
        if collection.get(_MARK) and all(
            item.parent is None for item in collection.objects
        ):
            for target in list(collection.objects):
                bpy.data.objects.remove(target)
            bpy.data.collections.remove(collection)


def target_object_name(armature: Object, target: str) -> str:
    """Return the name of the empty that stands for one target of an armature."""
    base = armature[KEY]["base"] if is_bound(armature) else _base_name(armature)
    return f"{base}_{target}"


def move_targets(armature: Object, pose: CharacterPose) -> None:
    """Place and turn the armature's targets; one that is gone is passed over."""
    base = target_object_name(armature, "")
    pulled = armature[KEY]["pulled"].split() if is_bound(armature) else ()
    locations, rotations = pose.location.tolist(), pose.rotation.tolist()
    for name, location, rotation in zip(pose.names, locations, rotations):
        target = access.find_object(base + name)
        if target is not None and target.parent == armature:
            target.location = location
            target.rotation_quaternion = rotation
        if name in pulled:
            puller = access.find_object(base + _pull_name(name))
            if puller is not None and puller.parent == armature:
                puller.location = location


def _base_name(armature: Object) -> str:
    name = armature.name.encode()
    if len(name) > _NAME_LENGTH:  # What is cut off may be all that tells two apart.
        mark = f"~{crc32(name):08x}"
        name = name[: _NAME_LENGTH - len(mark)] + mark.encode()
    return PREFIX + name.decode(errors="ignore")


def _free_base(armature: Object, rest: RigRest) -> str:
    """Return how the targets' names begin: as they do, unless others are called so.

    An armature that was renamed keeps its former base, which its copy must not use.
    """
    wanted = _base_name(armature)
    former = [armature[KEY]["base"]] if is_bound(armature) else []
    numbered = (f"{wanted}.{number:03}" for number in count(1))
    some_target = target_names(rest)[0]
    for bases in (former, [wanted], numbered):
        for base in bases:
            if not _is_taken(base, some_target, armature):
                return base
    raise AssertionError("numbers do not end")


def _is_taken(base: str, target: str, armature: Object) -> bool:
    collection = access.find_collection(base)
    items = list(collection.objects) if collection is not None else []
    items += [item for item in [access.find_object(f"{base}_{target}")] if item]
    return any(item.parent not in (None, armature) for item in items)


def _signature(rest: RigRest) -> str:
    """Return what changes when other bones are driven, or in another way."""
    limbs = [(limb.name, limb.upper, limb.lower, limb.is_chain) for limb in rest.limbs]
    posed = {name: turn.round(4).tolist() for name, turn in rest.posed.items()}
    text = repr((rest.names, rest.roles, rest.detached, limbs, posed, rest.properties))
    return f"{crc32(text.encode()):08x}"


def _ensure_targets(
    armature: Object, base: str, names: tuple[str, ...]
) -> dict[str, Object]:
    collection = _ensure_collection(base)
    size = _DISPLAY_SIZE / armature.matrix_world.median_scale
    return {
        name: _ensure_target(f"{base}_{name}", collection, armature, size)
        for name in names
    }


def _ensure_collection(name: str) -> Collection:
    collection = access.find_collection(name)
    if collection is None:
        collection = bpy.data.collections.new(name)
        # Constraints read what is hidden, too; seen, dozens of targets and their dashed
        # lines would lie about the character.
        collection.hide_viewport = True
    collection[_MARK] = True
    children = access.scene().collection.children
    if name not in children:
        children.link(collection)
    return collection


def _ensure_target(
    name: str, collection: Collection, armature: Object, size: float
) -> Object:
    target = access.find_object(name)
    if target is None:
        target = bpy.data.objects.new(name, None)
        target.empty_display_size = size
        target.empty_display_type = "ARROWS"
        target.rotation_mode = "QUATERNION"
    if target.parent != armature:
        target.parent = armature
        target.parent_type = "OBJECT"
    target.matrix_parent_inverse.identity()
    if name not in collection.objects:
        collection.objects.link(target)
    return target


def _remove_targets(armature: Object) -> None:
    targets = [
        item
        for item in bpy.data.objects
        if item.parent == armature and item.name.startswith(PREFIX)
    ]
    collections = {
        each.name
        for target in targets
        for each in target.users_collection
        if each.get(_MARK)
    }
    for target in targets:
        bpy.data.objects.remove(target)
    for name in collections:
        if not bpy.data.collections[name].objects:
            bpy.data.collections.remove(bpy.data.collections[name])


def _ensure_copy(bone: PoseBone, kind: str, target: Object) -> None:
    """Let a bone copy its target's transform in the armature's space."""
    constraint = _ensure_constraint(bone, kind)
    constraint.target = target  # type: ignore[attr-defined]
    constraint.owner_space = "POSE"
    constraint.target_space = "LOCAL"  # Of a child: in its parent's space.


def _pull_name(target: str) -> str:
    return f"{target}_carrier"


def _pulls(armature: Object) -> list[str]:
    return [_pull_name(name) for name in armature[KEY]["pulled"].split()]


def _ensure_pulls(
    bones: "bpy.types.bpy_prop_collection[PoseBone]",
    around: Carriers,
    names: Mapping[str, str],
    targets: Mapping[str, Object],
) -> None:
    """Move ancestors where a driven bone is connected, and so cannot move itself."""
    for name, ancestor in around.pulled.items():
        bone, target = bones[ancestor].bone, targets[_pull_name(names[name])]
        offset: Vector = bone.head_local - bones[name].bone.head_local
        target.delta_location = offset
        target.rotation_quaternion = bone.matrix_local.to_quaternion()
        for kind in ("COPY_ROTATION", "COPY_LOCATION"):
            _ensure_copy(bones[ancestor], kind, target)


def _ensure_ik(
    bones: "bpy.types.bpy_prop_collection[PoseBone]",
    rest: RigRest,
    limb: Limb,
    targets: Mapping[str, Object],
) -> None:
    lower = bones[rest.names[limb.lower]]
    constraint = _ensure_constraint(lower, "IK")
    assert isinstance(constraint, KinematicConstraint)
    constraint.target = targets[goal_name(limb)]
    constraint.pole_target = targets[pole_name(limb)]
    constraint.pole_angle = limb.pole_angle
    constraint.use_stretch = False
    above = [parent.name for parent in lower.parent_recursive]
    constraint.chain_count = 2 + above.index(rest.names[limb.upper])


def _ensure_constraint(bone: PoseBone, kind: str) -> Constraint:
    name = PREFIX + kind
    constraint = bone.constraints.get(name)
    if constraint is None:
        active = bone.constraints.active  # A new one takes the panel's eye to itself.
        constraint = bone.constraints.new(kind)  # type: ignore[arg-type]
        constraint.name = name
        bone.constraints.active = active
    return constraint
