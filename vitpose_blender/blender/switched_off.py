# SPDX-License-Identifier: GPL-3.0-or-later
"""The character's own constraints that a baked action keys off, on again without it.

Blender leaves a property as the last action that keyed it left it. So each bone carries
what its constraints had before, and they get it back once no such action is played.
"""

import json
from collections.abc import Iterator
from typing import Any

import bpy
from bpy.app.handlers import persistent
from bpy.types import Action, Constraint, Depsgraph, Object, PoseBone, Scene

from . import access, held_state, own_action
from .own_constraints import find_constraint, place_of

# Of bones: what their constraints had; of armatures: whether these are off now; of
# actions: that they key some off.
KEY = "VITPOSE_switched_off"


def note(
    action: Action, bone: PoseBone, constraint: Constraint, attribute: str
) -> None:
    """Write down what a constraint has, before an action keys it off.

    What was written before stays: it may be off just now by an earlier bake.

    Args:
        action: That keys it; not played yet.
        bone: Of a bound armature.
        constraint: Of the bone, as the character came with it, and acting.
        attribute: That is keyed: `influence` or `mute`.
    """
    entries = json.loads(bone.get(KEY, "[]"))
    if all(entry[::2] != [constraint.name, attribute] for entry in entries):
        # Binding has muted it: it was not, or it would need no key.
        value = constraint.influence if attribute == "influence" else False
        place = place_of(bone, constraint)
        entries.append([constraint.name, place, attribute, value])
        bone[KEY] = json.dumps(entries)
    armature: Any = bone.id_data
    action[KEY] = armature[KEY] = True


def look(armature: Object) -> None:
    """Switch constraints on again if the armature has ceased to play what keys them.

    Once only: whoever switches one off afterwards means it.
    """
    if armature.get(held_state.KEY):  # Bound, and for that time it plays nothing.
        return
    is_off = any(each.get(KEY) for each in own_action.played_actions(armature))
    if armature[KEY] and not is_off:
        for bone in access.pose_bones(armature):
            for constraint, attribute, value in _noted(bone):
                setattr(constraint, attribute, value)
    if bool(armature[KEY]) != is_off:
        armature[KEY] = is_off


def _noted(bone: PoseBone) -> Iterator[tuple[Constraint, str, Any]]:
    for name, place, attribute, value in json.loads(bone.get(KEY, "[]")):
        constraint = find_constraint(bone, name, place)
        if constraint is not None:
            yield constraint, attribute, value


@persistent  # type: ignore[untyped-decorator]
def _look(_: Scene, depsgraph: Depsgraph) -> None:
    for update in depsgraph.updates:
        item: Any = update.id.original if update.id is not None else None
        if isinstance(item, Object) and item.pose and item.get(KEY) is not None:
            look(item)


def register() -> None:
    bpy.app.handlers.depsgraph_update_post.append(_look)


def unregister() -> None:
    bpy.app.handlers.depsgraph_update_post.remove(_look)
