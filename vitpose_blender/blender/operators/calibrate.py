# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators of the calibration: measure the person in view, forget a measurement."""

import bpy
from bpy.types import Context, Operator

from .. import access, calibration_overlay, calibration_settings, capture_settings
from ..session import live
from .common import OperatorReturn, reports_errors


def calibrate_refusal() -> str:
    """Return why nothing can be calibrated now, in a sentence; empty if it can."""
    if not live.is_running:
        return (
            "Press Start first: calibrating measures the person in the running picture"
        )
    if live.status().calibration.is_busy:
        return "A calibration is going on: stand still for it"
    return ""


class VITPOSE_OT_calibrate(Operator):
    bl_idname = "vitpose.calibrate"
    bl_label = "Calibrate"
    bl_description = (
        "Measure camera and person, hands-free: walk back during the countdown until "
        "the camera sees you from head to foot, then stand still for three seconds, "
        "upright, arms hanging, facing it. The camera's tilt, the floor, your bones "
        "and how you stand are kept with the camera"
    )
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: Context) -> bool:
        if reason := calibrate_refusal():
            cls.poll_message_set(reason)
            return False
        return True

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        settings = calibration_settings.settings(access.scene())
        capture = capture_settings.settings(access.scene())
        live.start_calibration(settings.known_height, settings.delay, capture.mirror)
        calibration_overlay.show()
        return {"FINISHED"}


class VITPOSE_OT_calibrate_stop(Operator):
    bl_idname = "vitpose.calibrate_stop"
    bl_label = "Stop Calibrating"
    bl_description = "Leave everything as it was before the calibration began"
    bl_options = {"REGISTER"}

    def execute(self, context: Context) -> OperatorReturn:
        live.stop_calibration()
        return {"FINISHED"}


class VITPOSE_OT_forget_calibration(Operator):
    bl_idname = "vitpose.forget_calibration"
    bl_label = "Forget"
    bl_description = (
        "Remove what was measured with the chosen camera, as when it was moved. A "
        "running capture goes on with it until Stop; takes keep theirs"
    )
    bl_options = {"REGISTER"}

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        capture = capture_settings.settings(access.scene())
        name = calibration_settings.camera_name(capture)
        number = calibration_settings.camera_files().forget(name)
        if number:
            self.report({"INFO"}, f"The calibration of {name} is forgotten")
        else:
            self.report({"INFO"}, f"There is no calibration of {name or 'this source'}")
        return {"FINISHED"}


register, unregister = bpy.utils.register_classes_factory(
    (VITPOSE_OT_calibrate, VITPOSE_OT_calibrate_stop, VITPOSE_OT_forget_calibration)
)
