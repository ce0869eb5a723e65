# SPDX-License-Identifier: GPL-3.0-or-later
"""The tab in the 3D view's sidebar. Panels draw state and never compute it."""

import bpy
from bpy.types import Context, Object, Panel, UILayout

from . import binding, bone_colours, map_editor, props
from .operators.common import refusal
from .panel_parts import InSidebar, draw_text
from .role_texts import role_label


class VITPOSE_PT_character(InSidebar, Panel):
    bl_label = "Character"

    def draw(self, context: Context) -> None:
        layout = self.layout
        assert layout is not None
        assert context.scene is not None
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(
            props.settings(context.scene), "armature", icon="OUTLINER_OB_ARMATURE"
        )
        _draw_active(layout, context)
        _draw_loading(layout)
        reason = refusal(context)
        if reason:
            draw_text(layout, context, reason, "INFO")
        armature = props.chosen_armature(context)
        layout.operator("vitpose.detect", icon="VIEWZOOM")
        if armature is not None and armature.pose is not None:
            _draw_finding(layout, context, armature)
        _draw_binding(layout, armature)
        _draw_looking(layout, armature)


def _draw_active(layout: UILayout, context: Context) -> None:
    """Offer the active armature where the panel is about another one or none."""
    active = props.active_armature(context)
    assert context.scene is not None
    if active is not None and active != props.settings(context.scene).armature:
        layout.operator(
            "vitpose.use_active", text=f"Use {active.name}", icon="ARMATURE_DATA"
        )


def _draw_loading(layout: UILayout) -> None:
    row = layout.row(align=True)
    row.operator("vitpose.load_character", text="Load...", icon="IMPORT")
    row.operator(
        "vitpose.load_mannequin", text="Mannequin", icon="OUTLINER_OB_ARMATURE"
    )


def _draw_finding(layout: UILayout, context: Context, armature: Object) -> None:
    """Show what the rig was recognised as, why, and what is missing."""
    rig_map = map_editor.read_map(armature)
    if not rig_map.bones:
        return
    finding = props.recall(armature)
    missing = map_editor.missing_roles(rig_map)
    box = layout.box().column()
    draw_text(box, context, rig_map.name, "ERROR" if missing else "CHECKMARK")
    num_bones = sum(map(len, rig_map.bones.values()))
    summary = f"{rig_map.body.title()}, {num_bones} bones"
    if finding.rig == rig_map.name and not missing:
        summary += f", {finding.confidence:.0%} sure"
    draw_text(box, context, summary)
    if finding.rig == rig_map.name:
        for reason in finding.reasons:
            draw_text(box, context, reason[:1].upper() + reason[1:], "DOT")
    if missing:
        column = box.column()
        column.alert = True
        names = ", ".join(map(role_label, missing))
        draw_text(column, context, f"No bone for {names}", "DOT")


def _draw_binding(layout: UILayout, armature: Object | None) -> None:
    is_bound = armature is not None and binding.is_bound(armature)
    row = layout.row(align=True)
    row.operator(
        "vitpose.bind",
        text="Bind Again" if is_bound else "Bind",
        icon="LINKED" if is_bound else "LINK_BLEND",
        depress=is_bound,
    )
    row.operator("vitpose.unbind", icon="UNLINKED")
    if is_bound:
        layout.label(text="Ready to be driven", icon="CHECKMARK")


def _draw_looking(layout: UILayout, armature: Object | None) -> None:
    row = layout.row(align=True)
    row.operator("vitpose.wiggle", icon="ARMATURE_DATA")
    row.operator(
        "vitpose.bone_colours",
        text="",
        icon="COLOR",
        depress=armature is not None and bone_colours.is_shown(armature),
    )


register, unregister = bpy.utils.register_classes_factory((VITPOSE_PT_character,))
