# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators that keep, load and share bone maps."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, EnumProperty, StringProperty
from bpy.types import Context, Event, Operator

from ...core.rig import RigMap
from .. import map_files, rig_choice
from ..role_texts import role_label
from .common import NeedsCharacter, OperatorReturn, armature_of, reports_errors

EnumItem = tuple[str, str, str]


def _map_items(_operator: Operator, _context: Context | None) -> list[EnumItem]:
    return _items_of(tuple(map_files.map_names()))


@lru_cache(maxsize=1)
def _items_of(names: tuple[tuple[str, bool], ...]) -> list[EnumItem]:
    """Keep the items: Blender does not hold the texts that it shows."""
    return [
        (name, f"{name} (own)" if is_own else name, "Take the bones of this map")
        for name, is_own in names
    ]


def _report_applied(operator: Operator, missing: list[str], name: str) -> None:
    if missing:
        roles = ", ".join(map(role_label, missing))
        operator.report({"WARNING"}, f"{name} taken, but without a bone: {roles}")
    else:
        operator.report({"INFO"}, f"{name} taken")


class VITPOSE_OT_map_save(NeedsCharacter, Operator):
    bl_idname = "vitpose.map_save"
    bl_label = "Save Map"
    bl_description = (
        "Keep the bone map among your own maps: every character with these bones is "
        "then recognised by itself"
    )
    bl_options = {"REGISTER"}

    if TYPE_CHECKING:
        name: str
    else:
        name: StringProperty(
            name="Name",
            description="What you call this kind of rig",
            options={"SKIP_SAVE"},
        )

    def invoke(self, context: Context, event: Event) -> OperatorReturn:
        if rig_choice.user_folder() is None:  # Not installed: ask where to put it.
            bpy.ops.vitpose.map_export("INVOKE_DEFAULT")  # type: ignore[attr-defined]
            return {"FINISHED"}
        self.name = self.name or armature_of(context).name
        manager = context.window_manager
        assert manager is not None
        return manager.invoke_props_dialog(self)

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        armature = armature_of(context)
        name = self.name or armature.name
        path = map_files.own_path(name)
        map_files.write_file(armature, path, name)
        self.report({"INFO"}, f"Saved as {path.name} among your own maps")
        return {"FINISHED"}


class VITPOSE_OT_map_load(NeedsCharacter, Operator):
    bl_idname = "vitpose.map_load"
    bl_label = "Load Map"
    bl_description = (
        "Replace the bone map by one of your own, or by one that comes with ViTPose"
    )
    bl_options = {"REGISTER", "UNDO"}
    bl_property = "rig"

    if TYPE_CHECKING:
        rig: str
    else:
        rig: EnumProperty(name="Map", items=_map_items, options={"SKIP_SAVE"})

    def invoke(self, context: Context, event: Event) -> OperatorReturn:
        manager = context.window_manager
        assert manager is not None
        manager.invoke_search_popup(self)
        return {"RUNNING_MODAL"}

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        rig_map = rig_choice.find_rig_map(self.rig)
        missing = map_files.apply_map(armature_of(context), rig_map)
        _report_applied(self, missing, self.rig)
        return {"FINISHED"}


class _TomlFile:
    """What a file browser for maps needs."""

    if TYPE_CHECKING:
        filepath: str
        filter_glob: str
    else:
        filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE", "HIDDEN"})
        filter_glob: StringProperty(default="*.toml", options={"HIDDEN"})

    def browse(self, operator: Operator, context: Context) -> OperatorReturn:
        """Let the user choose a file, on which `execute` is then called."""
        manager = context.window_manager
        assert manager is not None
        manager.fileselect_add(operator)
        return {"RUNNING_MODAL"}


class VITPOSE_OT_map_export(NeedsCharacter, _TomlFile, Operator):
    bl_idname = "vitpose.map_export"
    bl_label = "Export Map"
    bl_description = "Write the bone map to a .toml file, to share it"
    bl_options = {"REGISTER"}

    if TYPE_CHECKING:
        check_existing: bool
    else:
        check_existing: BoolProperty(default=True, options={"HIDDEN"})

    def invoke(self, context: Context, event: Event) -> OperatorReturn:
        self.filepath = self.filepath or f"{armature_of(context).name}.toml"
        return self.browse(self, context)

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        path = Path(bpy.path.abspath(bpy.path.ensure_ext(self.filepath, ".toml")))
        map_files.write_file(armature_of(context), path, path.stem)
        self.report({"INFO"}, f"Wrote {path.name}")
        return {"FINISHED"}


class VITPOSE_OT_map_import(NeedsCharacter, _TomlFile, Operator):
    bl_idname = "vitpose.map_import"
    bl_label = "Import Map"
    bl_description = "Replace the bone map by one from a .toml file"
    bl_options = {"REGISTER", "UNDO"}

    def invoke(self, context: Context, event: Event) -> OperatorReturn:
        return self.browse(self, context)

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        path = Path(bpy.path.abspath(self.filepath))
        rig_map = RigMap.from_toml(path)
        missing = map_files.apply_map(armature_of(context), rig_map)
        _report_applied(self, missing, path.name)
        return {"FINISHED"}


register, unregister = bpy.utils.register_classes_factory(
    (
        VITPOSE_OT_map_save,
        VITPOSE_OT_map_load,
        VITPOSE_OT_map_export,
        VITPOSE_OT_map_import,
    )
)
