# SPDX-License-Identifier: GPL-3.0-or-later
"""The fingerprint of a file notices every change that a user could."""

import bpy

from tests.blender.fingerprint import differences, fingerprint
from tests.blender.rigs import PREFIX, add_humanoid, edit_bones
from tests.blender.troubles import TROUBLES


def hero():
    return bpy.data.objects["Hero"]


def arm():
    return hero().pose.bones[f"{PREFIX}LeftArm"]


def roll_a_bone():
    with edit_bones(hero()) as bones:
        bones[f"{PREFIX}LeftArm"].roll += 1e-3


def swap_constraints():
    head = hero().pose.bones[f"{PREFIX}Head"]
    head.constraints.move(0, 1)


CHANGES = {
    "location": lambda: setattr(arm(), "location", (0.0, 0.0, 1e-6)),
    "quaternion, unused": lambda: setattr(arm(), "rotation_quaternion", (1, 0, 0, 1)),
    "rotation mode": lambda: setattr(arm(), "rotation_mode", "XZY"),
    "lock": lambda: setattr(arm(), "lock_location", (True, False, False)),
    "ik limit": lambda: setattr(arm(), "ik_max_x", 0.25),
    "bone colour": lambda: setattr(arm().color, "palette", "THEME01"),
    "bone property": lambda: arm().__setitem__("mine", 1.0),
    "bone data": lambda: setattr(arm().bone, "use_inherit_rotation", False),
    "roll": roll_a_bone,
    "bone collection": lambda: hero().data.collections.new("Arms"),
    "constraint": lambda: setattr(arm().constraints[0], "influence", 0.5),
    "constraint switch": lambda: setattr(arm().constraints[0], "mute", True),
    "constraint order": swap_constraints,
    "driver": lambda: setattr(hero().animation_data.drivers[0], "mute", True),
    "expression": lambda: setattr(
        hero().animation_data.drivers[0].driver, "expression", "1"
    ),
    "action": lambda: setattr(hero().animation_data, "action", None),
    "strip": lambda: setattr(
        hero().animation_data.nla_tracks[0].strips[0], "influence", 0.5
    ),
    "action influence": lambda: setattr(hero().animation_data, "action_influence", 0.3),
    "fake user": lambda: setattr(bpy.data.actions[0], "use_fake_user", True),
    "object": lambda: setattr(hero(), "location", (1, 0, 0)),
    "object property": lambda: hero().__setitem__("mine", {"a": 1}),
    "display": lambda: setattr(hero(), "show_in_front", True),
    "new object": lambda: bpy.data.objects.new("New", None),
    "new collection": lambda: bpy.data.collections.new("New"),
    "new mesh": lambda: bpy.data.meshes.new("New"),
    "selection": lambda: hero().select_set(not hero().select_get()),
    "hiding": lambda: hero().hide_set(True),
    "mode": lambda: bpy.ops.object.mode_set(mode="POSE"),
    "active": lambda: setattr(
        bpy.context.view_layer.objects, "active", bpy.data.objects["Skin"]
    ),
    "frame": lambda: bpy.context.scene.frame_set(2),
    "modifier": lambda: setattr(
        bpy.data.objects["Skin"].modifiers[0], "show_viewport", False
    ),
}


def test_every_change_is_noticed():
    armature = add_humanoid()
    for trouble in ("constrained", "driven", "stacked"):
        TROUBLES[trouble](armature)
    before = fingerprint(bpy.data)
    assert differences(before, fingerprint(bpy.data)) == []
    for name, change in CHANGES.items():
        change()
        after = fingerprint(bpy.data)
        assert differences(before, after) != [], name
        before = after
