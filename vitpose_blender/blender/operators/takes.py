# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators on the list of takes: rename, delete, import, show, recover."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import CollectionProperty, StringProperty
from bpy.types import Context, Event, Operator, OperatorFileListElement

from ...core.journal_files import mark_ended, recover
from ...core.take import take_name
from ...core.take_library import DELETED
from .. import take_list, user_files
from ..take_list import shelf
from .common import OperatorReturn, reports_errors


class NeedsTake:
    """Lets an operator's poll refuse, with the reason, where no take is chosen."""

    @classmethod
    def poll(cls, context: Context) -> bool:
        if take_list.active_item() is None:
            cls.poll_message_set(  # type: ignore[attr-defined]
                "There is no take yet: record one, or import one"
            )
            return False
        return True


def chosen(take: str) -> Path:
    """Return the file of a take by its name; without one, of the active take.

    Raises:
        TakeError: There is none, or it is being recorded.
    """
    item = take_list.active_item()
    return shelf.find(take or (item.name if item is not None else ""))


class _OfTake:
    if TYPE_CHECKING:
        take: str
    else:
        take: StringProperty(
            name="Take",
            description="Name of the take; empty is the active one",
            options={"SKIP_SAVE"},
        )


class VITPOSE_OT_take_rename(NeedsTake, _OfTake, Operator):
    bl_idname = "vitpose.take_rename"
    bl_label = "Rename Take"
    bl_description = "Give the take another name; its content stays as it is"
    bl_options = {"REGISTER"}

    if TYPE_CHECKING:
        name: str
    else:
        name: StringProperty(
            name="Name", description="The take's new name", options={"SKIP_SAVE"}
        )

    def invoke(self, context: Context, event: Event) -> OperatorReturn:
        item, manager = take_list.active_item(), context.window_manager
        assert item is not None
        assert manager is not None
        self.name = item.name
        return manager.invoke_props_dialog(self)

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        path = shelf.library.rename(chosen(self.take), self.name)
        shelf.refresh(take_name(path))
        return {"FINISHED"}


class VITPOSE_OT_take_delete(NeedsTake, _OfTake, Operator):
    bl_idname = "vitpose.take_delete"
    bl_label = "Delete Take"
    bl_description = (
        "Move the take to the folder of deleted takes. For 30 days it can be had back "
        "by importing it from there"
    )
    bl_options = {"REGISTER"}

    def invoke(self, context: Context, event: Event) -> OperatorReturn:
        manager, item = context.window_manager, take_list.active_item()
        assert manager is not None
        assert item is not None
        return manager.invoke_confirm(
            self,
            event,
            title=f"Delete {self.take or item.name}?",
            message="It moves to the folder of deleted takes for 30 days",
            confirm_text="Delete",
        )

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        path = chosen(self.take)
        shelf.library.delete(path)
        shelf.refresh()
        self.report(
            {"INFO"},
            f"{take_name(path)} is in the folder {DELETED!r} now; import it from there "
            "to have it back",
        )
        return {"FINISHED"}


class VITPOSE_OT_take_import(Operator):
    bl_idname = "vitpose.take_import"
    bl_label = "Import Takes"
    bl_description = "Copy takes (.take.jsonl) from elsewhere into the list"
    bl_options = {"REGISTER"}

    if TYPE_CHECKING:
        filepath: str
        directory: str
        files: Any
        filter_glob: str
    else:
        filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE", "HIDDEN"})
        directory: StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE", "HIDDEN"})
        files: CollectionProperty(
            type=OperatorFileListElement, options={"SKIP_SAVE", "HIDDEN"}
        )
        filter_glob: StringProperty(default="*.jsonl", options={"HIDDEN"})

    def invoke(self, context: Context, event: Event) -> OperatorReturn:
        manager = context.window_manager
        assert manager is not None
        manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        names = [each.name for each in self.files if each.name]
        paths = [Path(self.directory) / name for name in names]
        for path in paths or [Path(bpy.path.abspath(self.filepath))]:
            added = shelf.library.add(path)
        shelf.refresh(take_name(added))
        self.report({"INFO"}, f"Imported {', '.join(names) or take_name(added)}")
        return {"FINISHED"}


class VITPOSE_OT_takes_refresh(Operator):
    bl_idname = "vitpose.takes_refresh"
    bl_label = "Refresh"
    bl_description = "Read the folder of takes again"
    bl_options = {"REGISTER"}

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        take_list.listed().message = ""
        shelf.refresh()
        return {"FINISHED"}


class VITPOSE_OT_takes_folder(Operator):
    bl_idname = "vitpose.takes_folder"
    bl_label = "Show in File Browser"
    bl_description = "Open the folder where the takes are"
    bl_options = {"REGISTER"}

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        folder = shelf.library.folder
        folder.mkdir(parents=True, exist_ok=True)
        return bpy.ops.wm.path_open(filepath=str(folder))


class _OfCapture:
    if TYPE_CHECKING:
        capture: str
    else:
        capture: StringProperty(options={"SKIP_SAVE", "HIDDEN"})

    @classmethod
    def poll(cls, context: Context) -> bool:
        if not shelf.cut_short:
            cls.poll_message_set("No capture was cut short")  # type: ignore[attr-defined]
            return False
        return True

    def names(self) -> list[str]:
        """Return the captures that are meant: one, or all that were cut short."""
        return [self.capture] if self.capture else [c.name for c in shelf.cut_short]


class VITPOSE_OT_take_recover(_OfCapture, Operator):
    bl_idname = "vitpose.take_recover"
    bl_label = "Recover"
    bl_description = (
        "Make a take of the last minutes of a capture that ended with a crash"
    )
    bl_options = {"REGISTER"}

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        journal = user_files.user_folder("journal")
        for capture in self.names():
            path = recover(journal, capture, shelf.library.free_path("Recovered"))
            mark_ended(journal, capture)
            shelf.refresh(take_name(path))
            self.report({"INFO"}, f"{take_name(path)} is in the list")
        return {"FINISHED"}


class VITPOSE_OT_take_forgo(_OfCapture, Operator):
    bl_idname = "vitpose.take_forgo"
    bl_label = "Dismiss"
    bl_description = (
        "Do not offer this again; what is left of the capture is removed in a day"
    )
    bl_options = {"REGISTER"}

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        for capture in self.names():
            mark_ended(user_files.user_folder("journal"), capture)
        shelf.refresh()
        return {"FINISHED"}


register, unregister = bpy.utils.register_classes_factory(
    (
        VITPOSE_OT_take_rename,
        VITPOSE_OT_take_delete,
        VITPOSE_OT_take_import,
        VITPOSE_OT_takes_refresh,
        VITPOSE_OT_takes_folder,
        VITPOSE_OT_take_recover,
        VITPOSE_OT_take_forgo,
    )
)
