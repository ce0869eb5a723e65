# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets that constraints lose while the drive bends their bones by IK.

Blender orders its evaluation by muted constraints, too. One that bends bones of our IK
chains makes children read a bone before it is bent, in one frame of a hundred; one that
hangs a bone of a chain on another bone of the armature can make a loop. Without their
targets neither counts.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from bpy.types import Constraint, Object, PoseBone

from . import access
from .own_constraints import find_constraint, ik_chain, own_constraints, place_of

KEY = "VITPOSE_lost_targets"
_NAME_KEY = "VITPOSE_name"  # How a bone was called of which a target says the name.


def take(armature: Object, chains: Iterable[Iterable[str]]) -> None:
    """Take the targets away; calling it again takes what came since.

    Args:
        armature: Whose own constraints are looked at.
        chains: The bones of each of our IK chains.
    """
    bent = {name for chain in chains for name in chain}
    for bone in access.pose_bones(armature):
        for constraint in own_constraints(bone):
            is_tangled = any(each.name in bent for each in ik_chain(bone, constraint))
            for slot, target in list(_slots(constraint)):
                holder = _holder(constraint, slot)
                if is_tangled or (bone.name in bent and target == armature):
                    _note(armature, bone, constraint, slot)
                    setattr(holder, _attribute(slot), None)


def give_back(armature: Object) -> None:
    """Give constraints their targets again, as far as both are still there."""
    bones = access.pose_bones(armature)
    names = {bone[_NAME_KEY]: bone.name for bone in bones if bone.get(_NAME_KEY)}
    for bone in bones:
        for name, place, slot, key in json.loads(bone.get(KEY, "[]")):
            constraint = find_constraint(bone, name, place)
            target = bone.get(key) if key else armature
            holder = _holder(constraint, slot) if constraint is not None else None
            if holder is not None and target is not None:
                setattr(holder, _attribute(slot), target)
                called = getattr(holder, _subtarget(slot))
                setattr(holder, _subtarget(slot), names.get(called, called))
        for key in [key for key in bone.keys() if key.startswith(KEY)]:  # noqa: SIM118
            del bone[key]
        if bone.get(_NAME_KEY):
            del bone[_NAME_KEY]


def _slots(constraint: Constraint) -> Iterator[tuple[str, Object]]:
    """Yield where a constraint has targets: a property, or a place in their list."""
    places = enumerate(getattr(constraint, "targets", ()))
    for slot in ("target", "pole_target", *(str(place) for place, _ in places)):
        target = getattr(_holder(constraint, slot), _attribute(slot), None)
        if target is not None:
            yield slot, target


def _holder(constraint: Constraint, slot: str) -> Any:
    """Return what has the slot's property; None if it is gone."""
    if not slot.isdigit():
        return constraint
    targets = constraint.targets  # type: ignore[attr-defined]
    return targets[int(slot)] if int(slot) < len(targets) else None


def _attribute(slot: str) -> str:
    return "target" if slot.isdigit() else slot


def _note(armature: Object, bone: PoseBone, constraint: Constraint, slot: str) -> None:
    """Write down what a slot holds: the target itself, unless it is the armature."""
    holder, entries = _holder(constraint, slot), json.loads(bone.get(KEY, "[]"))
    target, key = getattr(holder, _attribute(slot)), ""
    bones, name = access.pose_bones(armature), getattr(holder, _subtarget(slot))
    if target != armature:
        key = f"{KEY}_{len(entries)}"
        bone[key] = target
    elif name in bones:
        bones[name][_NAME_KEY] = name
    entries.append([constraint.name, place_of(bone, constraint), slot, key])
    bone[KEY] = json.dumps(entries)


def _subtarget(slot: str) -> str:
    return _attribute(slot).replace("target", "subtarget")
