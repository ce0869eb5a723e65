# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators that change the bone map: take a suggestion, mirror a side, clear."""

from typing import TYPE_CHECKING

import bpy
from bpy.props import EnumProperty, IntProperty, StringProperty
from bpy.types import Context, Operator, OperatorProperties

from .. import map_editor, map_mirror
from ..role_texts import role_label
from .common import NeedsCharacter, OperatorReturn, armature_of, reports_errors


class VITPOSE_OT_map_bone(NeedsCharacter, Operator):
    bl_idname = "vitpose.map_bone"
    bl_label = "Map Bone"
    bl_options = {"REGISTER", "UNDO"}

    if TYPE_CHECKING:
        role: str
        place: int
        bone: str
    else:
        role: StringProperty(name="Role", options={"HIDDEN"})
        place: IntProperty(name="Place", min=0, options={"HIDDEN"})
        bone: StringProperty(
            name="Bone",
            description="Empty: the bone that is active in Pose Mode",
            options={"HIDDEN"},
        )

    @classmethod
    def description(cls, context: Context, properties: OperatorProperties) -> str:
        """Return the tooltip, which names the bone and the role."""
        role = role_label(getattr(properties, "role", ""))
        bone = getattr(properties, "bone", "")
        if bone:
            return f"Let {bone!r} be the {role}"
        return f"Let the bone that you last clicked in Pose Mode be the {role}"

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        armature = armature_of(context)
        bone = self.bone or _active_bone(context)
        if not bone:
            self.report({"ERROR"}, "Click a bone in Pose Mode first")
            return {"CANCELLED"}
        map_editor.assign(armature, self.role, self.place, bone)
        return {"FINISHED"}


def _active_bone(context: Context) -> str:
    bones = armature_of(context).data.bones  # type: ignore[union-attr]
    return bones.active.name if bones.active else ""


class VITPOSE_OT_map_mirror(NeedsCharacter, Operator):
    bl_idname = "vitpose.map_mirror"
    bl_label = "Mirror Map"
    bl_description = (
        "Fill one side of the bone map from the other: by the bones' names, and where "
        "those do not tell, by the bone that stands at the mirrored place"
    )
    bl_options = {"REGISTER", "UNDO"}

    if TYPE_CHECKING:
        source: str
    else:
        source: EnumProperty(
            name="From",
            items=(
                ("left", "Left to Right", "Fill the right side from the left"),
                ("right", "Right to Left", "Fill the left side from the right"),
            ),
        )

    @classmethod
    def description(cls, context: Context, properties: OperatorProperties) -> str:
        """Return the tooltip, which names the sides."""
        source = getattr(properties, "source", "left")
        target = "right" if source == "left" else "left"
        return (
            f"Fill the {target} side from the {source} side: by the bones' names, and "
            "where those do not tell, by the bone that stands at the mirrored place"
        )

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        count = map_mirror.mirror(armature_of(context), self.source)
        if not count:
            self.report({"WARNING"}, f"No {self.source} bone has a mirrored twin")
            return {"CANCELLED"}
        self.report({"INFO"}, f"{count} roles filled from the {self.source} side")
        return {"FINISHED"}


class VITPOSE_OT_map_clear(NeedsCharacter, Operator):
    bl_idname = "vitpose.map_clear"
    bl_label = "Clear Map"
    bl_description = "Take every bone out of the map, to begin from nothing"
    bl_options = {"REGISTER", "UNDO"}

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        map_editor.clear(armature_of(context))
        return {"FINISHED"}


register, unregister = bpy.utils.register_classes_factory(
    (VITPOSE_OT_map_bone, VITPOSE_OT_map_mirror, VITPOSE_OT_map_clear)
)
