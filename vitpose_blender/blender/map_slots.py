# SPDX-License-Identifier: GPL-3.0-or-later
"""The bone map as properties that a panel can draw: one for each place of each role.

They hold nothing. Blender's own bone search needs a text property to sit on, so each
of them reads and writes the map itself (see `map_editor`).
"""

import bpy
from bpy.props import StringProperty
from bpy.types import Object, PropertyGroup

from ..core.rig import CHAIN_ROLES, ROLES
from . import access, map_editor
from .role_texts import role_description, role_label

# How many bones of a chain the panel can show; a longer one keeps the others.
_SLOTS = {"spine": 12, "neck": 6, "tail": 24}
_SLOTS_OF_OTHERS = 5


def slots(role: str) -> int:
    """Return how many bones of a role the panel has room for."""
    return _SLOTS.get(role, _SLOTS_OF_OTHERS) if role in CHAIN_ROLES else 1


def slot_name(role: str, place: int) -> str:
    """Return the property that holds the bone at a place of a role's chain."""
    return f"{role}_{place + 1}" if role in CHAIN_ROLES else role


def _slot(role: str, place: int) -> object:
    """Return a text property that shows and changes one place of the map."""

    def read(group: PropertyGroup) -> str:
        return map_editor.bone_at(_owner(group), role, place)

    def write(group: PropertyGroup, value: str) -> None:
        armature = _owner(group)
        if not value or value in access.armature_data(armature).bones:
            map_editor.assign(armature, role, place, value)

    return StringProperty(
        name=role_label(role), description=role_description(role), get=read, set=write
    )


def _owner(group: PropertyGroup) -> Object:
    owner = group.id_data
    assert isinstance(owner, Object)
    return owner


VitposeBoneMap = type(
    "VitposeBoneMap",
    (PropertyGroup,),
    {
        "__doc__": "A view of an armature's bone map, one property a place.",
        "__module__": __name__,
        "__annotations__": {
            slot_name(role, place): _slot(role, place)
            for role in ROLES
            for place in range(slots(role))
        },
    },
)


register, unregister = bpy.utils.register_classes_factory((VitposeBoneMap,))
