# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator that writes an animated character to a file."""

from pathlib import Path
from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, StringProperty
from bpy.types import Context, Event, Operator

from .. import access, export_played, own_action, take_settings
from ..export import SUFFIXES
from .common import (
    OperatorReturn,
    armature_of,
    driven_refusal,
    refusal,
    reports_errors,
)
from .stepwise import refusal_while_running


def export_refusal(context: Context) -> str:
    """Return why nothing can be exported now, in a sentence; empty if it can."""
    reason = refusal_while_running() or refusal(context) or driven_refusal(context)
    if not reason and context.mode not in ("OBJECT", "POSE"):
        reason = "Switch to Object Mode or Pose Mode first"
    return reason or export_played.refusal(armature_of(context))


class VITPOSE_OT_export(Operator):
    bl_idname = "vitpose.export"
    bl_label = "Export"
    bl_description = (
        "Write the character, its meshes and what it plays to a file that other "
        "programs read. The ending of the name says the format"
    )
    bl_options = {"REGISTER"}

    if TYPE_CHECKING:
        filepath: str
        check_existing: bool
        filter_glob: str
    else:
        filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE", "HIDDEN"})
        check_existing: BoolProperty(default=True, options={"HIDDEN"})
        filter_glob: StringProperty(
            default=";".join(f"*{suffix}" for suffix in SUFFIXES), options={"HIDDEN"}
        )

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = export_refusal(context)
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def invoke(self, context: Context, event: Event) -> OperatorReturn:
        manager = context.window_manager
        assert manager is not None
        if not self.filepath:
            folder = (
                Path(bpy.data.filepath).parent if bpy.data.filepath else Path.home()
            )
            action = own_action.played_action(armature_of(context))
            name = action.name if action is not None else armature_of(context).name
            suffix = take_settings.settings(access.scene()).format.lower()
            clean = bpy.path.clean_name(name, replace=" ").strip()
            self.filepath = str(folder / f"{clean}.{suffix}")
        manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def check(self, context: Context) -> bool:
        """Give the name the ending of the chosen format where it has none that fits."""
        wanted = str(self._path())
        changed, self.filepath = wanted != self.filepath, wanted
        return changed

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        path = Path(bpy.path.abspath(str(self._path())))
        window = context.window
        if window is not None:
            window.cursor_set("WAIT")
        try:
            sentence = export_played.export_played(armature_of(context), path)
        finally:
            if window is not None:
                window.cursor_set("DEFAULT")
        self.report({"INFO"}, f"Wrote {sentence}")
        return {"FINISHED"}

    def _path(self) -> Path:
        path = Path(self.filepath)
        if path.suffix.lower() in SUFFIXES:
            return path
        suffix = take_settings.settings(access.scene()).format.lower()
        return path.with_name(f"{path.name}.{suffix}")


register, unregister = bpy.utils.register_classes_factory((VITPOSE_OT_export,))
