# SPDX-License-Identifier: GPL-3.0-or-later
"""The bone map of one armature: read it, change one bone, fill a side, keep it.

The truth is the custom property that `rig_choice` keeps on the armature, so that undo,
saving and copying the armature take the map along. Roles may be without a bone here;
binding is where what is missing counts.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

from bpy.types import Object

from ..core.errors import RigError, VitposeError
from ..core.rig import REQUIRED_ROLES, ROLES, RigMap
from . import access, bone_colours, rig_choice

_EMPTY = RigMap("Custom", {})


def read_map(armature: Object) -> RigMap:
    """Return the armature's map; one without bones where there is none yet."""
    text = armature.get(rig_choice.MAP_KEY)
    return _parse(text) if isinstance(text, str) else _EMPTY


@lru_cache(maxsize=8)
def _parse(text: str) -> RigMap:
    """Read a stored map; the panel asks for every role at every redraw."""
    try:
        return RigMap.from_table(json.loads(text), "the map on the armature")
    except (VitposeError, ValueError, RecursionError):
        return _EMPTY


def write_map(armature: Object, rig_map: RigMap) -> None:
    """Keep a map on the armature, and show it where the bones are coloured by it."""
    rig_choice.store_map(armature, rig_map)
    if bone_colours.is_shown(armature):
        bone_colours.show(armature, rig_map.bones)


def bone_at(armature: Object, role: str, place: int) -> str:
    """Return the bone at a place of a role's chain; nothing where there is none."""
    names = read_map(armature).bones.get(role, ())
    return names[place] if place < len(names) else ""


def assign(armature: Object, role: str, place: int, bone: str) -> None:
    """Let a bone play a role; it gives up the role that it played before.

    Args:
        armature: Whose map changes.
        role: One of `ROLES`.
        place: In the role's chain; chains are kept in the order of the hierarchy.
        bone: Its name; empty takes the place out of the chain.

    Raises:
        RigError: The armature has no such bone.
    """
    bones = access.armature_data(armature).bones
    if bone and bone not in bones:
        raise RigError([bone], bones.keys())
    rig_map = read_map(armature)
    chain = list(rig_map.bones.get(role, ()))
    chain[place : place + 1] = [bone] if bone else []
    chain.sort(key=lambda name: _depth(armature, name))
    changed = merged(rig_map.bones, {role: tuple(dict.fromkeys(chain))})
    write_map(armature, replace(rig_map, bones=changed))


def merged(
    bones: Mapping[str, tuple[str, ...]], changed: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """Return a map's bones with some roles changed.

    A bone plays one role: what the changed roles take, the others give up.
    """
    taken = {name for names in changed.values() for name in names}
    kept = {
        role: tuple(name for name in names if name not in taken)
        for role, names in bones.items()
    }
    both = {**kept, **changed}
    return {role: both[role] for role in ROLES if both.get(role)}


def clear(armature: Object) -> None:
    """Take every bone out of the armature's map."""
    write_map(armature, _EMPTY)


def _depth(armature: Object, bone: str) -> int:
    found = access.armature_data(armature).bones.get(bone)
    return len(found.parent_recursive) if found else 0


def free_bones(armature: Object, names: Iterable[str]) -> list[str]:
    """Return those of the bones that play no role."""
    taken = {name for chain in read_map(armature).bones.values() for name in chain}
    return [name for name in names if name not in taken]


def missing_roles(rig_map: RigMap) -> list[str]:
    """Return the roles without which the character cannot be driven."""
    return [role for role in REQUIRED_ROLES if role not in rig_map.bones]


def open_roles(rig_map: RigMap) -> list[str]:
    """Return every role that no bone plays, in the order of the body."""
    return [role for role in ROLES if role not in rig_map.bones]
