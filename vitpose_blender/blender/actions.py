# SPDX-License-Identifier: GPL-3.0-or-later
"""Animation curves in bulk: one way to write them from Blender 4.2 to 5.2.

Blender 4.4 gave actions slots and layers; 5.0 took `action.fcurves` away.
"""

from collections.abc import Iterator
from typing import Any, cast

import bpy
import numpy as np
import numpy.typing as npt
from bpy.types import Action, FCurve, Object

from ..core.types import FloatArray

LINEAR, BEZIER = 1, 2  # Interpolations as the numbers that foreach_set takes.


def new_action(animated: Object, name: str) -> Action:
    """Make an action and let the object play it; the one it played stays in the file.

    Args:
        animated: Plays it.
        name: Of the new action.
    """
    action = make_action(animated, name)
    play(animated, action)
    return action


def make_action(animated: Object, name: str, copied: Action | None = None) -> Action:
    """Make an action for an object that goes on to play what it plays.

    Args:
        animated: Is to play it one day.
        name: Of the new action.
        copied: The action that the new one begins as a copy of.
    """
    action: Any = copied.copy() if copied is not None else bpy.data.actions.new(name)
    action.name = name
    if hasattr(action, "slots") and not action.slots:
        action.slots.new(id_type="OBJECT", name=animated.name)
    return cast(Action, action)


def play(animated: Object, action: Action) -> None:
    """Let an object play the first slot of an action.

    What it played is given a fake user, since nothing else may keep it.
    """
    animation = animated.animation_data or animated.animation_data_create()
    assert animation is not None
    if animation.action is not None:
        animation.action.use_fake_user = True
    animation.action = action
    if hasattr(action, "slots"):
        animation.action_slot = action.slots[0]


def keep_slot(action: Action, handle: str) -> None:
    """Remove from an action what moves others: all slots but the one of a handle."""
    for slot in list(action.slots) if hasattr(action, "slots") else ():
        if str(slot.handle) != handle:
            action.slots.remove(slot)


def write_curves(
    action: Action,
    data_path: str,
    frames: FloatArray,
    values: FloatArray,
    group: str,
    interpolation: int = LINEAR,
) -> None:
    """Write one curve per column, keyed on every given frame.

    Keys that are there already between the first frame and the last give way; those
    before and after stay as they are.

    Args:
        action: An action made by `new_action`.
        data_path: Of the animated property, seen from the object.
        frames: Rising, shape `(F,)`.
        values: Shape `(F, C)`.
        group: Name under which the curves are listed.
        interpolation: Of the new keys.
    """
    for index in range(values.shape[1]):
        curve = _ensure_curve(action, data_path, index, group)
        if len(curve.keyframe_points) and len(frames):
            _clear(curve, float(frames[0]), float(frames[-1]))
        first = len(curve.keyframe_points)
        points = np.stack([frames, values[:, index]], axis=1).astype(np.float32)
        curve.keyframe_points.add(len(points))
        _set_from(curve, "co", first, points)
        kinds = np.full(len(points), interpolation, dtype=np.int32)
        _set_from(curve, "interpolation", first, kinds)
        curve.update()


def value_at(action: Action, data_path: str, frame: float) -> list[float]:
    """Return what an action's curves say of a property at a frame; maybe nothing."""
    found = [curve for curve in curves(action) if curve.data_path == data_path]
    return [curve.evaluate(frame) for curve in sorted(found, key=_index)]


def curves(action: Action) -> Iterator[FCurve]:
    """Iterate over all curves of an action, in whichever way it holds them."""
    yield from _curve_holder(action).fcurves


def _index(curve: FCurve) -> int:
    return curve.array_index


def _clear(curve: FCurve, first: float, last: float) -> None:
    """Remove the keys from one frame to another."""
    keys = curve.keyframe_points
    places = np.empty(2 * len(keys), dtype=np.float32)
    keys.foreach_get("co", places)
    nearly = 1e-3  # Keys are stored with less precision than they are given.
    inside = (places[::2] > first - nearly) & (places[::2] < last + nearly)
    for place in np.flatnonzero(inside)[::-1].tolist():
        keys.remove(keys[place], fast=True)


def _set_from(curve: FCurve, name: str, first: int, new: npt.NDArray[Any]) -> None:
    """Set a property of the keys from the one numbered `first` on."""
    keys, width = curve.keyframe_points, new[:1].size
    values = np.empty(len(keys) * width, dtype=new.dtype)
    keys.foreach_get(name, values)
    values[first * width :] = new.ravel()
    keys.foreach_set(name, values)


def _ensure_curve(action: Action, data_path: str, index: int, group: str) -> FCurve:
    holder = _curve_holder(action)
    found: FCurve | None = holder.fcurves.find(data_path, index=index)
    if found is not None:
        return found
    curve: FCurve = holder.fcurves.new(data_path, index=index)
    curve.group = holder.groups.get(group) or holder.groups.new(group)
    return curve


def _curve_holder(action: Action) -> Any:
    """Return what has `fcurves` and `groups`: the action, or its channel bag.

    Typed loosely because no one version of Blender's stubs knows both.
    """
    if not hasattr(action, "slots"):
        return action
    layer = action.layers[0] if action.layers else action.layers.new("Layer")
    strip: Any = layer.strips[0] if layer.strips else layer.strips.new(type="KEYFRAME")
    return strip.channelbag(action.slots[0], ensure=True)
