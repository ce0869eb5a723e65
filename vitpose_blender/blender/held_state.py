# SPDX-License-Identifier: GPL-3.0-or-later
"""What binding changes on a character's own bones, written down and put back.

Each bone carries the record of its own changes, and the armature that of the rest, as
JSON text in a custom property. So a record goes along when its bone or its armature is
renamed, copied, saved, undone or deleted.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import bpy
from bpy.types import Armature, Constraint, Object, Pose, PoseBone

from ..core.rig import Value
from ..core.rig_rest import RigRest
from . import access, lost_targets, rest_pose
from .bone_drivers import (
    OfBone,
    bone_drivers,
    constraint_suffix,
    drives_mute,
    drives_transform,
    property_suffix,
)
from .carriers import Carriers
from .own_constraints import find_constraint, ik_chain, own_constraints, place_of

KEY = "VITPOSE_held"
_SOLVER_KEY = "VITPOSE_ik_solver"
_POSITION_KEY = "VITPOSE_pose_position"
_IK_FREE = {
    **{f"lock_ik_{axis}": False for axis in "xyz"},
    **{f"use_ik_limit_{axis}": False for axis in "xyz"},
    **{f"ik_stiffness_{axis}": 0.0 for axis in "xyz"},
}
_IK_LOCKED = {f"lock_ik_{axis}": True for axis in "xyz"}
# IK straightens a bone that it may not turn at all; this one keeps its twist.
_IK_TWISTED = {**_IK_FREE, "lock_ik_x": True, "lock_ik_z": True}


@dataclass
class BoneRecord:
    """What a bone had before.

    Attributes:
        values: Its properties that were changed.
        properties: Its custom properties that a rig map asks for, changed or not.
        constraints: Name and place in the stack of its own constraints that acted.
        drivers: Its drivers that acted: what follows the bone in the data path, and
            the index.
    """

    values: dict[str, Any] = field(default_factory=dict)
    properties: dict[str, Value] = field(default_factory=dict)
    constraints: list[tuple[str, int]] = field(default_factory=list)
    drivers: list[tuple[str, int]] = field(default_factory=list)


def hold(armature: Object, rest: RigRest, carriers: Carriers) -> None:
    """Put everything of the character's own aside that would disturb the drive.

    Calling it again holds what came to it since and forgets nothing.
    """
    drivers = bone_drivers(armature)
    still = still_bones(armature, rest, carriers)
    bent = {*still, *carriers.plain}
    for bone in access.pose_bones(armature):
        record, acting = read_record(bone), drivers.get(bone.name, ())
        if bone.name in still:
            _mute_constraints(bone, record, own_constraints(bone))
            _mute_drivers(record, acting, _moves)
            _set_values(bone, record, _values(bone, rest, carriers))
        else:
            bending = _bending(bone, bent)
            switches = {constraint_suffix(each.name, "mute") for each in bending}
            _mute_constraints(bone, record, bending)
            _mute_drivers(record, acting, switches.__contains__)
            if bone.name in carriers.plain:
                _set_values(bone, record, rest_pose.at_rest(bone))
        _set_properties(bone, record, rest.properties.get(bone.name, {}), acting)
        _write_record(bone, record)
    armature[KEY] = True
    lost_targets.take(armature, carriers.chains)
    _hold_solver(armature)
    _hold_position(access.armature_data(armature))
    armature.update_tag()  # Drivers do not notice custom properties by themselves.


def put_back(armature: Object) -> None:
    """Bring everything back that `hold` changed, as far as it is still there."""
    lost_targets.give_back(armature)
    drivers = bone_drivers(armature)
    for bone, record in records(armature):
        _put_back_bone(bone, record)
        for suffix, driver in drivers.get(bone.name, ()):
            if (suffix, driver.array_index) in record.drivers:
                driver.mute = False
        del bone[KEY]
    _put_back_solver(armature)
    _put_back_position(access.armature_data(armature), armature)
    if armature.get(KEY):
        del armature[KEY]
    armature.update_tag()


def _put_back_bone(bone: PoseBone, record: BoneRecord) -> None:
    for key, value in record.properties.items():
        if bone.get(key) is not None:
            bone[key] = value
    for name, value in record.values.items():
        setattr(bone, name, value)
    for name, place in record.constraints:
        constraint = find_constraint(bone, name, place)
        if constraint is not None:
            constraint.mute = False


def records(armature: Object) -> Iterator[tuple[PoseBone, BoneRecord]]:
    """Iterate over the bones that were changed, and what they had before."""
    for bone in access.pose_bones(armature):
        if bone.get(KEY) is not None:
            yield bone, read_record(bone)


def read_record(bone: PoseBone) -> BoneRecord:
    """Return what a bone had before; empty if nothing of it was changed."""
    text: str | None = bone.get(KEY)
    if text is None:
        return BoneRecord()
    record = BoneRecord(**json.loads(text))
    record.constraints = [(name, place) for name, place in record.constraints]
    record.drivers = [(suffix, index) for suffix, index in record.drivers]
    return record


def still_bones(armature: Object, rest: RigRest, carriers: Carriers) -> set[str]:
    """Return the bones that only the drive may move."""
    bones = access.pose_bones(armature)
    posed = (name for name in rest.posed if name in bones)
    return {*rest.names, *posed, *carriers.links}


def _write_record(bone: PoseBone, record: BoneRecord) -> None:
    if record != BoneRecord():
        bone[KEY] = json.dumps(asdict(record))


def _values(bone: PoseBone, rest: RigRest, carriers: Carriers) -> Mapping[str, Any]:
    """Return what a bone that must hold still is set to."""
    if bone.name in rest.posed:
        return rest_pose.turned(bone, rest.posed[bone.name].tolist())
    # Where no driven bone hangs below, a character's own size disturbs nothing.
    keeps_scale = bone.name not in carriers.carrying and min(bone.scale.to_tuple()) > 0
    values: dict[str, Any] = dict(rest_pose.at_rest(bone, keeps_scale=keeps_scale))
    for chain in carriers.chains:
        if bone.name in chain:
            if bone.name in (chain[0], chain[-1]):
                values |= _IK_FREE
            else:
                values |= _IK_TWISTED if bone.name in rest.names else _IK_LOCKED
    return values


def _set_values(bone: PoseBone, record: BoneRecord, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        former = getattr(bone, name)
        if isinstance(value, tuple):
            former = tuple(former)
        if former != value:
            record.values.setdefault(name, former)
            setattr(bone, name, value)


def _moves(suffix: str) -> bool:
    """Whether a driver could move a bone that must hold still."""
    return drives_transform(suffix) or drives_mute(suffix) or suffix in _IK_FREE


def _bending(bone: PoseBone, held: set[str]) -> list[Constraint]:
    """Return a bone's own IK constraints that would bend held bones."""
    return [
        each
        for each in own_constraints(bone)
        if any(parent.name in held for parent in ik_chain(bone, each))
    ]


def _mute_constraints(
    bone: PoseBone, record: BoneRecord, constraints: Iterable[Constraint]
) -> None:
    for constraint in constraints:
        if not constraint.mute:
            entry = (constraint.name, place_of(bone, constraint))
            if entry not in record.constraints:
                record.constraints.append(entry)
            constraint.mute = True


def _mute_drivers(
    record: BoneRecord, drivers: OfBone, acts: Callable[[str], bool]
) -> None:
    for suffix, driver in drivers:
        if acts(suffix) and not driver.mute:
            record.drivers.append((suffix, driver.array_index))
            driver.mute = True


def _set_properties(
    bone: PoseBone, record: BoneRecord, values: Mapping[str, Value], drivers: OfBone
) -> None:
    """Set those custom properties of a bone that it has."""
    for key, value in values.items():
        if bone.get(key) is not None:
            record.properties.setdefault(key, bone[key])
            bone[key] = type(bone[key])(value)
    suffixes = {property_suffix(key) for key in values}
    _mute_drivers(record, drivers, suffixes.__contains__)


def _hold_solver(armature: Object) -> None:
    """Use the standard IK solver: the other one overshoots and follows no poles."""
    pose = armature.pose
    assert pose is not None
    if pose.ik_solver != "LEGACY":
        armature[_SOLVER_KEY] = json.dumps(_settings(pose))
        pose.ik_solver = "LEGACY"


def _put_back_solver(armature: Object) -> None:
    """Changing the solver makes new settings; give it the former ones."""
    text = armature.get(_SOLVER_KEY)
    if text is None:
        return
    settings, pose = json.loads(text), armature.pose
    assert pose is not None
    pose.ik_solver = settings.pop("ik_solver")
    for name, value in settings.items():
        setattr(pose.ik_param, name, value)
    del armature[_SOLVER_KEY]


def _settings(pose: Pose) -> dict[str, Any]:
    """Return the solver and all its settings."""
    settings = pose.ik_param
    assert settings is not None
    return {"ik_solver": pose.ik_solver} | {
        each.identifier: getattr(settings, each.identifier)
        for each in settings.bl_rna.properties
        if not each.is_readonly
    }


def _hold_position(data: Armature) -> None:
    if data.pose_position != "POSE":
        data[_POSITION_KEY] = data.pose_position
        data.pose_position = "POSE"


def _put_back_position(data: Armature, armature: Object) -> None:
    """Show the rest position again, unless another object that shares it is driven."""
    if data.get(_POSITION_KEY) is None or any(
        other != armature and other.data == data and other.get(KEY)
        for other in bpy.data.objects
    ):
        return
    data.pose_position = data[_POSITION_KEY]
    del data[_POSITION_KEY]
