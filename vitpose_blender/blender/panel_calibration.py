# SPDX-License-Identifier: GPL-3.0-or-later
"""Calibrating in the sidebar: body height, the button, what was measured."""

from collections.abc import Iterator
from datetime import datetime

import bpy
from bpy.types import Context, Panel, UILayout

from ..core.calibration import Calibration
from . import access
from .calibration_settings import settings
from .operators.calibrate import calibrate_refusal
from .panel_parts import InSidebar, draw_rows, draw_text
from .session import live

_ICONS = {"done": "CHECKMARK", "failed": "ERROR", "waiting": "REC"}


class VITPOSE_PT_calibration(InSidebar, Panel):
    bl_label = "Calibration"
    bl_parent_id = "VITPOSE_PT_capture"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: Context) -> None:
        layout = self.layout
        assert layout is not None
        status = live.status().calibration
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        column.enabled = not status.is_busy
        _draw_settings(column)
        row = layout.row(align=True)
        if status.is_busy:
            row.operator("vitpose.calibrate_stop", icon="X")
        else:
            row.operator("vitpose.calibrate", icon="ARMATURE_DATA")
        row.operator("vitpose.forget_calibration", text="Forget", icon="TRASH")
        if status.message:
            icon = _ICONS.get(status.phase, "TIME")
            draw_text(layout, context, status.message, icon)
        elif reason := calibrate_refusal():
            draw_text(layout, context, reason, "INFO")
        if status.result is not None:
            column = layout.box().column(align=True)
            draw_rows(column, result_lines(status.result))


def _draw_settings(layout: UILayout) -> None:
    calibration = settings(access.scene())
    row = layout.row(heading="Body Height")
    row.prop(calibration, "knows_height", text="")
    height = row.row()
    height.enabled = calibration.knows_height
    height.prop(calibration, "height", text="")
    layout.prop(calibration, "delay")


def result_lines(calibration: Calibration) -> Iterator[tuple[str, str]]:
    """Yield what was measured, as label and text."""
    assumed = "" if calibration.is_height_given else " (assumed)"
    yield "Body", f"{calibration.height:.2f} m{assumed}"
    way = "down" if calibration.tilt >= 0 else "up"
    yield "Camera Tilt", f"{abs(calibration.tilt):.0f}° {way}"
    yield "Floor", f"{calibration.floor:.1f} m below"
    if calibration.made:
        yield "Made", _day(calibration.made)


def _day(made: str) -> str:
    try:
        return f"{datetime.fromisoformat(made):%d %b %Y, %H:%M}"
    except ValueError:
        return made


register, unregister = bpy.utils.register_classes_factory((VITPOSE_PT_calibration,))
