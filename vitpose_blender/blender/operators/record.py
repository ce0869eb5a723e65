# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators that record takes: start, stop, keep what just happened."""

from pathlib import Path
from typing import TYPE_CHECKING

import bpy
from bpy.props import FloatProperty
from bpy.types import Context, Event, Operator

from ...core.take import take_name
from .. import access, session, take_list, take_settings
from ..take_list import shelf
from .common import OperatorReturn, reports_errors


class VITPOSE_OT_record_start(Operator):
    bl_idname = "vitpose.record_start"
    bl_label = "Record"
    bl_description = (
        "Record a take from now on. Everything is written to disk as it happens; the "
        "last minutes are kept without recording, too"
    )
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = ""
        if not session.live.is_running:
            reason = "Start the capture first: it is what is recorded"
        elif session.live.marked is not None:
            reason = "A take is being recorded already: stop that first"
        if reason:
            cls.poll_message_set(reason)
        return not reason

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        path = shelf.library.free_path()
        session.live.mark_start(path)
        take_list.listed().message = ""
        self.report({"INFO"}, f"Recording {take_name(path)}")
        return {"FINISHED"}


class VITPOSE_OT_record_stop(Operator):
    bl_idname = "vitpose.record_stop"
    bl_label = "Stop Recording"
    bl_description = "End the take; the capture goes on"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: Context) -> bool:
        if session.live.marked is None:
            cls.poll_message_set("No take is being recorded")
            return False
        return True

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        try:
            path = session.live.mark_stop()
        finally:
            shelf.refresh()
        _report_new(self, path)
        return {"FINISHED"}


class VITPOSE_OT_keep_last(Operator):
    bl_idname = "vitpose.keep_last"
    bl_label = "Keep Last"
    bl_description = (
        "Make a take of what just happened, although nobody pressed Record. Works "
        "after Stop as well"
    )
    bl_options = {"REGISTER"}

    if TYPE_CHECKING:
        seconds: float
    else:
        seconds: FloatProperty(
            name="Seconds",
            description="How much is kept; 0 takes what the panel says",
            default=0.0,
            min=0.0,
            max=300.0,
            options={"SKIP_SAVE"},
        )

    @classmethod
    def poll(cls, context: Context) -> bool:
        if not session.live.has_captured:
            cls.poll_message_set("Nothing was captured yet: start the capture first")
            return False
        return True

    def invoke(self, context: Context, event: Event) -> OperatorReturn:
        return self.execute(context)

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        seconds = self.seconds or take_settings.settings(access.scene()).seconds
        _report_new(self, session.live.keep_last(seconds, shelf.library.free_path()))
        return {"FINISHED"}


def _report_new(operator: Operator, path: Path) -> None:
    """Let a new take be the active one, and say what is in it."""
    name = take_name(path)
    shelf.refresh(name)
    take_list.listed().message = ""
    summary = shelf.library.summary(path)
    if summary is not None:
        operator.report(
            {"INFO"},
            f"{name}: {summary.duration:.1f} s, {summary.num_frames} frames",
        )


register, unregister = bpy.utils.register_classes_factory(
    (VITPOSE_OT_record_start, VITPOSE_OT_record_stop, VITPOSE_OT_keep_last)
)
