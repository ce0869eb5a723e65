# SPDX-License-Identifier: GPL-3.0-or-later
"""Animation curves in bulk: one way to write them from Blender 4.2 to 5.2.

Blender 4.4 gave actions slots and layers; 5.0 took `action.fcurves` away.
"""

from collections.abc import Iterator
from typing import Any

import bpy
import numpy as np
from bpy.types import Action, FCurve, Object

from ..core.types import FloatArray

_LINEAR = 1  # `interpolation` as the number that foreach_set takes.


def new_action(animated: Object, name: str) -> Action:
    """Make an action and let the object play it; the one it played stays in the file.

    The former action is given a fake user, since nothing else may keep it.
    """
    animation = animated.animation_data or animated.animation_data_create()
    assert animation is not None
    if animation.action is not None:
        animation.action.use_fake_user = True
    action = bpy.data.actions.new(name)
    if hasattr(action, "slots"):
        slot = action.slots.new(id_type="OBJECT", name=animated.name)
        animation.action = action
        animation.action_slot = slot
    else:
        animation.action = action
    return action


def write_curves(
    action: Action, data_path: str, frames: FloatArray, values: FloatArray, group: str
) -> None:
    """Write one curve per column, keyed on every given frame.

    Args:
        action: An action made by `new_action`.
        data_path: Of the animated property, seen from the object.
        frames: Shape `(F,)`.
        values: Shape `(F, C)`.
        group: Name under which the curves are listed.
    """
    for index in range(values.shape[1]):
        curve = _new_curve(action, data_path, index, group)
        points = np.stack([frames, values[:, index]], axis=1).astype(np.float32)
        curve.keyframe_points.add(len(points))
        curve.keyframe_points.foreach_set("co", points.ravel())
        curve.keyframe_points.foreach_set(
            "interpolation", np.full(len(points), _LINEAR, dtype=np.int32)
        )
        curve.update()


def curves(action: Action) -> Iterator[FCurve]:
    """Iterate over all curves of an action, in whichever way it holds them."""
    yield from _curve_holder(action).fcurves


def _new_curve(action: Action, data_path: str, index: int, group: str) -> FCurve:
    holder = _curve_holder(action)
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
