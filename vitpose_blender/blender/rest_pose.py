# SPDX-License-Identifier: GPL-3.0-or-later
"""Begin an animation from the rest pose, and undo that if it comes to nothing."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial

import bpy
from bpy.types import Action, Object, PoseBone
from mathutils import Matrix

from . import access, actions

_CHANNELS = (
    "location", "rotation_quaternion", "rotation_euler", "rotation_axis_angle", "scale",
)  # fmt: skip


@contextmanager
def playing_new_action(
    armature: Object, name: str, bone_names: Iterable[str]
) -> Iterator[str]:
    """Let an armature play a new, empty action with some bones in their rest pose.

    What another action or a hand did to those bones, or to any that carries them,
    would move the character away from where its new keys put it. Leaving early or by
    an error brings everything back.

    Args:
        armature: Its former action stays in the file.
        name: Of the new action.
        bone_names: The bones to be keyed.

    Yields:
        The name that the new action got.
    """
    armature_name = armature.name
    bring_back_action = _former_action(armature)
    bones = _with_carriers(armature, bone_names)
    before = {bone.name: _values(bone) for bone in bones}
    action_name = actions.new_action(armature, name).name
    for bone in bones:
        bone.matrix_basis = Matrix()
    is_done = False
    try:
        yield action_name
        is_done = True
    finally:
        if not is_done:
            armature = bpy.data.objects[armature_name]
            bring_back_action(armature)
            bpy.data.actions.remove(bpy.data.actions[action_name])
            for bone_name, values in before.items():
                _set_values(access.pose_bones(armature)[bone_name], values)


def _with_carriers(armature: Object, names: Iterable[str]) -> list[PoseBone]:
    bones = access.pose_bones(armature)
    wanted = set(names)
    carriers = {
        parent.name for name in wanted for parent in bones[name].parent_recursive
    }
    return [bone for bone in bones if bone.name in wanted | carriers]


def _values(bone: PoseBone) -> dict[str, tuple[float, ...]]:
    return {channel: tuple(getattr(bone, channel)) for channel in _CHANNELS}


def _set_values(bone: PoseBone, values: dict[str, tuple[float, ...]]) -> None:
    for channel, value in values.items():
        setattr(bone, channel, value)


def _former_action(armature: Object) -> Callable[[Object], None]:
    """Return what lets an armature play again what it plays now."""
    animation = armature.animation_data
    if animation is None:
        return lambda armature: armature.animation_data_clear()
    if animation.action is None:
        return partial(_play, "", "", False)
    action = animation.action
    slot = animation.action_slot if hasattr(animation, "action_slot") else None
    return partial(
        _play, action.name, slot.identifier if slot else "", action.use_fake_user
    )


def _play(name: str, slot: str, has_fake_user: bool, armature: Object) -> None:
    animation = armature.animation_data
    assert animation is not None
    action: Action | None = bpy.data.actions.get(name)
    animation.action = action
    if action is not None:
        action.use_fake_user = has_fake_user
        if slot:
            animation.action_slot = action.slots[slot]
