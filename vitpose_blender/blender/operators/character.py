# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators on a whole character: load, pick, detect, bind, remove, colour."""

from pathlib import Path
from typing import TYPE_CHECKING

import bpy
from bpy.props import StringProperty
from bpy.types import Context, Event, Object, Operator

from ...core.errors import RigError
from ...core.retarget import rest_targets
from ...data_files import data_folder
from .. import (
    access,
    binding,
    bone_colours,
    detect,
    load,
    map_editor,
    startup_cube,
)
from ..character import armatures, read_rig_rest
from ..props import active_armature, settings
from .common import NeedsCharacter, OperatorReturn, armature_of, reports_errors


class VITPOSE_OT_load_character(Operator):
    bl_idname = "vitpose.load_character"
    bl_label = "Load Character"
    bl_description = (
        "Bring a rigged character into this scene from a .glb, .gltf, .vrm, .fbx or "
        ".blend file, and recognise its bones. Dropping the file into the 3D view "
        "does the same"
    )
    bl_options = {"REGISTER", "UNDO"}

    if TYPE_CHECKING:
        filepath: str
        filter_glob: str
    else:
        filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE", "HIDDEN"})
        filter_glob: StringProperty(
            default=";".join(f"*{suffix}" for suffix in load.SUFFIXES),
            options={"HIDDEN"},
        )

    @classmethod
    def poll(cls, context: Context) -> bool:
        if context.mode not in ("OBJECT", "POSE"):
            cls.poll_message_set("Switch to Object Mode first: nothing loads in others")
            return False
        return True

    def invoke(self, context: Context, event: Event) -> OperatorReturn:
        if self.filepath:  # Dropped into the view, or given by a button.
            return self.execute(context)
        manager = context.window_manager
        assert manager is not None
        manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        return _load(self, Path(bpy.path.abspath(self.filepath)))


class VITPOSE_OT_load_mannequin(Operator):
    bl_idname = "vitpose.load_mannequin"
    bl_label = "Load Mannequin"
    bl_description = "Bring in the simple character that comes with ViTPose"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: Context) -> bool:
        return VITPOSE_OT_load_character.poll(context)

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        return _load(self, data_folder("resources") / "characters" / "mannequin.glb")


def _load(operator: Operator, path: Path) -> OperatorReturn:
    """Add a character to the scene, pick it and recognise it."""
    before = {item.name for item in armatures()}
    armature = load.load_into_scene(path)
    settings(access.scene()).armature = armature
    if startup_cube.hide():
        operator.report(
            {"INFO"}, "Blender's startup cube is hidden: the character stands in it"
        )
    others = {item.name for item in armatures()} - before - {armature.name}
    if others:
        operator.report(
            {"WARNING"},
            f"{path.name} has {len(others) + 1} armatures: {armature.name} is picked, "
            f"not {', '.join(sorted(others))}",
        )
    try:
        operator.report({"INFO"}, detect.sentence(detect.detect(armature)))
    except RigError as error:  # It is loaded all the same, to be mapped by hand.
        operator.report({"WARNING"}, str(error))
    return {"FINISHED"}


class VITPOSE_OT_use_active(Operator):
    bl_idname = "vitpose.use_active"
    bl_label = "Use Active Armature"
    bl_description = "Let the panel work on the armature that is selected now"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: Context) -> bool:
        if active_armature(context) is None:
            cls.poll_message_set("Select an armature, or a mesh that one moves")
            return False
        return True

    def execute(self, context: Context) -> OperatorReturn:
        settings(access.scene()).armature = active_armature(context)
        return {"FINISHED"}


class VITPOSE_OT_detect(NeedsCharacter, Operator):
    bl_idname = "vitpose.detect"
    bl_label = "Detect Bones"
    bl_description = (
        "Find out which bone is the hips, the left thigh and so on, by the bones' "
        "names and by how they hang together. Replaces the bone map below"
    )
    bl_options = {"REGISTER", "UNDO"}

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        armature = armature_of(context)
        finding = detect.detect(armature)
        settings(access.scene()).armature = armature
        self.report({"INFO"}, detect.sentence(finding))
        return {"FINISHED"}


class VITPOSE_OT_bind(NeedsCharacter, Operator):
    bl_idname = "vitpose.bind"
    bl_label = "Bind"
    bl_description = (
        "Make the character ready to be driven: its bones get constraints that follow "
        "targets. Remove takes all of it away again"
    )
    bl_options = {"REGISTER", "UNDO"}

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        armature = armature_of(context)
        if not map_editor.read_map(armature).bones:
            detect.detect(armature)
        rest = read_rig_rest(armature)
        binding.ensure_binding(armature, rest)
        binding.move_targets(armature, rest_targets(rest))
        settings(access.scene()).armature = armature
        self.report({"INFO"}, f"{armature.name} is ready: {len(rest.names)} bones")
        return {"FINISHED"}


class VITPOSE_OT_unbind(NeedsCharacter, Operator):
    bl_idname = "vitpose.unbind"
    bl_label = "Remove"
    bl_description = (
        "Take away every target and constraint that Bind made; the character is as it "
        "was before"
    )
    bl_options = {"REGISTER", "UNDO"}

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        binding.remove_binding(armature_of(context))
        return {"FINISHED"}


class VITPOSE_OT_bone_colours(NeedsCharacter, Operator):
    bl_idname = "vitpose.bone_colours"
    bl_label = "Colour Bones by Role"
    bl_description = (
        "Show the bone map on the bones: trunk yellow, head violet, left blue, right "
        "red, bones without a role grey. Press again to get the former colours back"
    )
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: Context) -> OperatorReturn:
        armature = armature_of(context)
        if bone_colours.is_shown(armature):
            bone_colours.hide(armature)
            return {"FINISHED"}
        bone_colours.show(armature, map_editor.read_map(armature).bones)
        if not _enter_pose_mode(armature):
            self.report({"INFO"}, f"The colours show once {armature.name} is visible")
        return {"FINISHED"}


def _enter_pose_mode(armature: Object) -> bool:
    """Make the armature active and enter Pose Mode, where bone colours show."""
    if armature.mode == "POSE":
        return True
    if not armature.visible_get():
        return False
    access.view_layer().objects.active = armature
    armature.select_set(True)
    bpy.ops.object.mode_set(mode="POSE")
    return True


register, unregister = bpy.utils.register_classes_factory(
    (
        VITPOSE_OT_load_character,
        VITPOSE_OT_load_mannequin,
        VITPOSE_OT_use_active,
        VITPOSE_OT_detect,
        VITPOSE_OT_bind,
        VITPOSE_OT_unbind,
        VITPOSE_OT_bone_colours,
    )
)
