# SPDX-License-Identifier: GPL-3.0-or-later
"""Typed doors to Blender's data: the stubs allow for None where a scene always is."""

import bpy
from bpy.types import (
    Armature,
    ArmatureModifier,
    Collection,
    Mesh,
    Object,
    PoseBone,
    Preferences,
    Scene,
    ViewLayer,
    WindowManager,
)


def scene() -> Scene:
    current = bpy.context.scene
    assert current is not None
    return current


def view_layer() -> ViewLayer:
    current = bpy.context.view_layer
    assert current is not None
    return current


def preferences() -> Preferences:
    current = bpy.context.preferences
    assert current is not None
    return current


def window_manager() -> WindowManager:
    current = bpy.context.window_manager
    assert current is not None
    return current


def find_object(name: str) -> Object | None:
    found: Object | None = bpy.data.objects.get(name)
    return found


def find_collection(name: str) -> Collection | None:
    found: Collection | None = bpy.data.collections.get(name)
    return found


def armature_data(armature: Object) -> Armature:
    assert isinstance(armature.data, Armature)
    return armature.data


def pose_bones(armature: Object) -> "bpy.types.bpy_prop_collection[PoseBone]":
    assert armature.pose is not None
    return armature.pose.bones


def mesh_data(item: Object) -> Mesh:
    assert isinstance(item.data, Mesh)
    return item.data


def armature_modifiers(item: Object, armature: Object) -> list[ArmatureModifier]:
    """Return the modifiers by which the armature deforms an object."""
    return [
        modifier
        for modifier in item.modifiers
        if isinstance(modifier, ArmatureModifier) and modifier.object == armature
    ]
