# SPDX-License-Identifier: GPL-3.0-or-later
"""An armature's own action and NLA tracks: set aside, and played again as before."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy
import numpy as np
from bpy.types import Action, AnimData, NlaStrip, Object

from ..core.errors import CharacterError
from . import access, actions

KEY = "VITPOSE_action"
_NEVER = -1e9  # A frame at which nothing was set aside.

Values = list[tuple[str, Any]]

_PROPERTY = re.compile(r'(.*)(?:\.(\w+)|\["((?:[^"\\]|\\.)*)"\])', re.DOTALL)


def set_aside(armature: Object) -> None:
    """Let the armature play nothing; calling it again keeps what came since, too.

    The record refers to the action itself, so that it is saved although nothing else
    may use it.
    """
    animation = armature.animation_data
    if animation is None or not _plays(animation):
        return
    record: dict[str, Any] = {"frame": _frame(), "use_nla": animation.use_nla}
    if (former := armature.get(KEY)) is not None:
        record |= former.to_dict()
    if animation.action is not None:
        record["action"] = animation.action
        record["slot"] = _slot_handle(animation)
    armature[KEY] = record
    animation.action = None
    animation.use_nla = False


def play_again(armature: Object) -> None:
    """Let the armature play what it played, unless it was given another action.

    At the frame where it was set aside nothing moves by that: keys were perhaps posed
    over, and Blender would fetch them at once.
    """
    former = armature.get(KEY)
    if former is None:
        if armature.animation_data is not None:
            _evaluate(armature)  # It may have been given its first action.
        return
    record = former.to_dict()
    del armature[KEY]
    animation = armature.animation_data or armature.animation_data_create()
    assert animation is not None
    is_former = animation.action is None
    if is_former and record.get("action") is not None:
        animation.action = record["action"]
        _choose_slot(animation, record["slot"])
    kept = _animated_values(armature) if record["frame"] == _frame() else []
    animation.use_nla = record["use_nla"]
    _evaluate(armature)
    if is_former:
        _write(armature, kept)


@contextmanager
def making_action(
    armature: Object, name: str, *, as_copy: bool = False
) -> Iterator[str]:
    """Make an action that the armature plays once it is done, also over its NLA tracks.

    Nothing plays it before: Blender would look at all of it after each new curve. The
    former one stays in the file. After an error the new one is gone. Gives the new
    action's name, as its maker may pause, and an undo moves everything.

    Args:
        armature: Is to play it.
        name: Of the new action.
        as_copy: Whether it begins as a copy of the former one.

    Raises:
        CharacterError: There is no former one to copy.
    """
    owner, former = armature.name, played_action(armature)
    if as_copy and former is None:
        raise CharacterError(
            f"{armature.name!r} plays no action that could be overdubbed: choose one "
            "for it, or bake into a new action"
        )
    action = actions.make_action(armature, name, former if as_copy else None)
    if as_copy:
        actions.keep_slot(action, _played_slot(armature))
    made = action.name
    try:
        yield made
    except BaseException:
        if made in bpy.data.actions:
            bpy.data.actions.remove(bpy.data.actions[made])
        raise
    armature = bpy.data.objects[owner]
    former = played_action(armature)
    if former is not None:
        former.use_fake_user = True
    actions.play(armature, bpy.data.actions[made])
    animation = armature.animation_data
    assert animation is not None
    animation.action_blend_type, animation.action_influence = "REPLACE", 1.0


def former_action(armature: Object) -> Action | None:
    """Return the action that was set aside."""
    return _set_aside(armature)[0]


def played_action(armature: Object) -> Action | None:
    """Return the action that an armature plays, or would if it were not bound."""
    animation = armature.animation_data
    played = animation.action if animation is not None else None
    return played or former_action(armature)


def _played_slot(armature: Object) -> str:
    """Return the handle of the slot of `played_action`."""
    animation = armature.animation_data
    if animation is not None and animation.action is not None:
        return _slot_handle(animation)
    return _set_aside(armature)[1]


def _set_aside(armature: Object) -> tuple[Action | None, str]:
    """Return the action that was set aside, and its slot's handle."""
    record = armature.get(KEY)
    if record is None or record.get("action") is None:
        return None, ""
    return record["action"], record["slot"]


def ensure_action(armature: Object, name: str) -> Action:
    """Return the action of an armature that is bound, to which keys may be added.

    Where it has none, a new one is made, which it plays once it is no longer bound.
    """
    animation = armature.animation_data or armature.animation_data_create()
    assert animation is not None
    found = played_action(armature)
    if found is not None:
        return found
    action = actions.new_action(armature, name)
    set_aside(armature)
    return action


def to_track(armature: Object, action: Action) -> None:
    """Move a new action to an NLA track that a bound armature plays once released.

    The action that was set aside goes to a track below, so that it shows through where
    the new one has no keys; the actions themselves stay as they are.
    """
    animation = armature.animation_data
    assert animation is not None
    former, slot = _set_aside(armature)
    animation.action = None
    if former is not None:
        _add_track(animation, former, slot)
    _add_track(animation, action, "")
    animation.use_nla = False
    armature[KEY] = {"frame": _NEVER, "use_nla": True}


def _add_track(animation: AnimData, action: Action, handle: str) -> None:
    """Play an action where its own frames are, on a new track above all others."""
    track = animation.nla_tracks.new()
    track.name = action.name
    first = float(action.frame_range[0])
    strip = track.strips.new(action.name, int(np.floor(first)), action)
    if hasattr(strip, "action_slot"):
        slots = {str(each.handle): each for each in action.slots}
        strip.action_slot = slots.get(handle, action.slots[0])
    strip.frame_start_ui = first


def played_actions(armature: Object) -> Iterator[Action]:
    """Iterate over all actions that an armature plays or played before."""
    former = former_action(armature)
    if former is not None:
        yield former
    animation = armature.animation_data
    if animation is None:
        return
    if animation.action is not None:
        yield animation.action
    for track in animation.nla_tracks:
        yield from _strip_actions(track.strips)


def animated_paths(action: Any) -> set[str]:
    """Return the data paths of an action's curves, of all its slots."""
    if not hasattr(action, "layers"):
        return {curve.data_path for curve in action.fcurves}
    return {
        curve.data_path
        for layer in action.layers
        for strip in layer.strips
        for bag in strip.channelbags
        for curve in bag.fcurves
    }


def _strip_actions(strips: Any) -> Iterator[Action]:
    strip: NlaStrip
    for strip in strips:
        if strip.action is not None:
            yield strip.action
        yield from _strip_actions(strip.strips)


def _plays(animation: AnimData) -> bool:
    has_tracks = animation.use_nla and len(animation.nla_tracks) > 0
    return animation.action is not None or has_tracks


def _frame() -> float:
    return float(access.scene().frame_current_final)


def _slot_handle(animation: AnimData) -> str:
    """Return what tells the played slot from others even when it is renamed."""
    slot = animation.action_slot if hasattr(animation, "action_slot") else None
    return str(slot.handle) if slot is not None else ""


def _choose_slot(animation: AnimData, handle: str) -> None:
    if hasattr(animation, "action_slot"):
        assert animation.action is not None
        slots = (each for each in animation.action.slots if str(each.handle) == handle)
        animation.action_slot = next(slots, None)


def _evaluate(armature: Object) -> None:
    armature.update_tag(refresh={"TIME"})
    access.view_layer().update()


def _animated_values(armature: Object) -> Values:
    """Return what every animated property of the armature is now."""
    paths = {
        path for action in played_actions(armature) for path in animated_paths(action)
    }
    return [(path, value) for path in paths for value in _read(armature, path)]


def _read(armature: Object, path: str) -> list[Any]:
    """Return the value at a data path; none if it leads nowhere."""
    try:
        value: Any = armature.path_resolve(path)
    except ValueError:
        return []
    is_array = hasattr(value, "__len__") and not isinstance(value, str)
    return [tuple(value) if is_array else value]


def _write(armature: Object, values: Values) -> None:
    """Give properties their values, unless they have them."""
    for path, value in values:
        found = _PROPERTY.fullmatch("." + path)
        if found is None or _read(armature, path) == [value]:
            continue
        owner_path = found[1].removeprefix(".")
        owner: Any = armature.path_resolve(owner_path) if owner_path else armature
        if found[2]:
            setattr(owner, found[2], value)
        else:
            owner[bpy.utils.unescape_identifier(found[3])] = value
