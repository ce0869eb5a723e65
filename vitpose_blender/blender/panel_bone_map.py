# SPDX-License-Identifier: GPL-3.0-or-later
"""The bone map in the sidebar: which bone plays which role, one row a bone."""

import bpy
from bpy.types import Context, Object, Panel, UILayout

from ..core.rig import CHAIN_ROLES, REQUIRED_ROLES, RigMap
from . import access, map_editor, props
from .map_slots import slot_name, slots
from .panel_parts import InSidebar, draw_button
from .role_texts import GROUPS, RoleGroup, short_label

_LABEL_SHARE = 0.36  # Of a row's width.
_NUM_SUGGESTED = 3


class VITPOSE_PT_bone_map(InSidebar, Panel):
    bl_label = "Bone Map"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: Context) -> bool:
        armature = props.chosen_armature(context)
        return armature is not None and armature.pose is not None

    def draw(self, context: Context) -> None:
        layout, armature = self.layout, props.chosen_armature(context)
        assert layout is not None
        assert armature is not None
        _draw_tools(layout)
        rig_map = map_editor.read_map(armature)
        for group in GROUPS:
            header, body = layout.panel(
                f"VITPOSE_{group.name}", default_closed=not group.is_open
            )
            _draw_heading(header, group, rig_map)
            if body is not None:
                for role in group.roles:
                    _draw_role(body, armature, rig_map, role, group)


def _draw_tools(layout: UILayout) -> None:
    row = layout.row(align=True)
    mirror = "vitpose.map_mirror"
    draw_button(row, mirror, "L to R", "MOD_MIRROR", source="left")
    draw_button(row, mirror, "R to L", "NONE", source="right")
    row.operator("vitpose.map_clear", text="", icon="X")
    row = layout.row(align=True)
    row.operator("vitpose.map_load", text="Load...", icon="PRESET")
    row.operator("vitpose.map_save", text="Save...", icon="FILE_TICK")
    row.operator("vitpose.map_import", text="", icon="IMPORT")
    row.operator("vitpose.map_export", text="", icon="EXPORT")


def _draw_heading(header: UILayout, group: RoleGroup, rig_map: RigMap) -> None:
    count = sum(role in rig_map.bones for role in group.roles)
    header.label(text=group.name)
    mapped = header.row()
    mapped.alignment = "RIGHT"
    needed = set(group.roles) & set(REQUIRED_ROLES)
    mapped.alert = not needed <= rig_map.bones.keys()
    mapped.label(text=f"{count} of {len(group.roles)}")


def _draw_role(
    layout: UILayout, armature: Object, rig_map: RigMap, role: str, group: RoleGroup
) -> None:
    names = rig_map.bones.get(role, ())
    is_missing = not names and role in REQUIRED_ROLES
    rows = min(len(names) + (role in CHAIN_ROLES or not names), slots(role))
    column = layout.column(align=True)
    for place in range(rows):
        text = short_label(role, group) if place == 0 else ""
        _draw_slot(column, armature, role, place, text, is_missing)
    if len(names) > slots(role):
        column.label(text=f"and {len(names) - slots(role)} more")
    if not names:
        _draw_suggestions(column, armature, role)


def _draw_slot(
    layout: UILayout,
    armature: Object,
    role: str,
    place: int,
    text: str,
    is_missing: bool,
) -> None:
    split = layout.split(factor=_LABEL_SHARE)
    split.alert = is_missing
    label = split.row()
    label.alignment = "RIGHT"
    label.label(text=text)
    row = split.row(align=True)
    row.prop_search(
        props.character(armature).bones,
        slot_name(role, place),
        access.armature_data(armature),
        "bones",
        text="",
    )
    if armature.mode == "POSE":
        values = {"role": role, "place": place, "bone": ""}
        draw_button(row, "vitpose.map_bone", "", "RESTRICT_SELECT_OFF", **values)


def _draw_suggestions(layout: UILayout, armature: Object, role: str) -> None:
    candidates = props.recall(armature).candidates
    count = _NUM_SUGGESTED if role in REQUIRED_ROLES else 1
    for bone in map_editor.free_bones(armature, candidates.get(role, ()))[:count]:
        split = layout.split(factor=_LABEL_SHARE)
        split.label()
        values = {"role": role, "place": 0, "bone": bone}
        draw_button(split, "vitpose.map_bone", bone, "LIGHT", **values)


register, unregister = bpy.utils.register_classes_factory((VITPOSE_PT_bone_map,))
