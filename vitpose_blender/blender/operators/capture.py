# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators of the live capture: start, stop, choose a source, list characters."""

from typing import TYPE_CHECKING

import bpy
from bpy.props import StringProperty
from bpy.types import Context, Event, Object, Operator

from .. import access, capture_start, detect, map_editor, props
from ..bindable import check_can_bind
from ..capture_settings import VitposeCapture, listed_actors, settings
from ..session import live
from . import wiggle
from .common import OperatorReturn, refusal, reports_errors

KINDS = {  # What is chosen: the source that takes it, and the files that are shown.
    "video": ("VIDEO", "*.mp4;*.mov;*.avi;*.mkv;*.webm;*.m4v;*.mpg;*.mpeg;*.wmv"),
    "recorded": ("RECORDED", "*.json;*.jsonl"),
    "footage": ("RECORDED", "*.mp4;*.mov;*.avi;*.mkv;*.webm;*.m4v;*.mpg;*.mpeg;*.wmv"),
}


def start_refusal(context: Context) -> str:
    """Return why no capture can start now, in a sentence; empty if one can."""
    capture = settings(access.scene())
    if wiggle.running:
        return "The wiggle test is running: press Esc to end it"
    is_listed = bool(listed_actors(access.scene()))
    if not is_listed and props.chosen_armature(context) is None:
        return "Load a character first: the mannequin will do"
    return ("" if is_listed else refusal(context)) or capture_start.source_refusal(
        capture
    )


class VITPOSE_OT_start(Operator):
    bl_idname = "vitpose.start"
    bl_label = "Start"
    bl_description = (
        "Look at the source and let the character follow the person in it. It is "
        "recognised and bound by itself where it was not yet. Everything is journalled "
        "meanwhile, so nothing is lost if you did not record"
    )
    # No UNDO: the pose changes many times a second, and Stop puts everything back.
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = "" if live.is_running else start_refusal(context)
        if reason:
            cls.poll_message_set(reason)
        return not reason

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        if live.is_running:  # Pressed twice.
            return {"CANCELLED"}
        config = capture_start.capture_config(context)
        driven = capture_start.driven(context)
        for name in [each.armature for each in driven]:
            _prepare(bpy.data.objects[name])
        live.start(config, driven)
        return {"FINISHED"}


def _prepare(armature: Object) -> None:
    """Recognise a character that nobody has looked at yet."""
    check_can_bind(armature)
    if not map_editor.read_map(armature).bones:
        detect.detect(armature)


class VITPOSE_OT_stop(Operator):
    bl_idname = "vitpose.stop"
    bl_label = "Stop"
    bl_description = (
        "End the capture. The character is as it was before, unless Keep Pose at Stop "
        "is on"
    )
    bl_options = {"REGISTER"}

    def execute(self, context: Context) -> OperatorReturn:
        if not live.is_running:  # Pressed twice.
            return {"CANCELLED"}
        live.stop()
        return {"FINISHED"}


class VITPOSE_OT_sample_clip(Operator):
    bl_idname = "vitpose.sample_clip"
    bl_label = "Sample Clip"
    bl_description = (
        "Take the clip that comes with ViTPose as the source: ten seconds of somebody "
        "who waves, squats, kicks and turns. For a first try without a camera"
    )
    bl_options = {"REGISTER", "UNDO"}

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        capture = settings(access.scene())
        capture.video = str(capture_start.sample_video())
        capture.source = "VIDEO"
        return {"FINISHED"}


class VITPOSE_OT_choose_file(Operator):
    bl_idname = "vitpose.choose_file"
    bl_label = "Choose"
    bl_description = "Choose the file in Blender's file browser"
    bl_options = {"REGISTER", "UNDO"}

    if TYPE_CHECKING:
        filepath: str
        filter_glob: str
        setting: str
    else:
        filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE", "HIDDEN"})
        filter_glob: StringProperty(options={"HIDDEN"})
        setting: StringProperty(default="video", options={"HIDDEN"})

    def invoke(self, context: Context, event: Event) -> OperatorReturn:
        _, self.filter_glob = KINDS[self.setting]
        former = getattr(settings(access.scene()), self.setting)
        self.filepath = bpy.path.abspath(former) if former else ""
        manager = context.window_manager
        assert manager is not None
        manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: Context) -> OperatorReturn:
        capture = settings(access.scene())
        setattr(capture, self.setting, self.filepath)
        capture.source, _ = KINDS[self.setting]
        return {"FINISHED"}


class VITPOSE_OT_find_cameras(Operator):
    bl_idname = "vitpose.find_cameras"
    bl_label = "Refresh"
    bl_description = "Look again which cameras are plugged in"
    bl_options = {"REGISTER"}

    def execute(self, context: Context) -> OperatorReturn:
        live.cameras.look()
        return {"FINISHED"}


class VITPOSE_OT_actor_add(Operator):
    bl_idname = "vitpose.actor_add"
    bl_label = "Add Character"
    bl_description = (
        "Let one more character follow one more person of the picture. The first is "
        "the character of the panel above, the next the armature that is active"
    )
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: Context) -> OperatorReturn:
        capture = settings(access.scene())
        listed = {actor.armature for actor in capture.actors}
        candidates = (props.chosen_armature(context), props.active_armature(context))
        free = (item for item in candidates if item and item not in listed)
        actor = capture.actors.add()
        actor.armature = next(free, None)
        actor.person = _free_person(capture)
        capture.active_actor = len(capture.actors) - 1
        return {"FINISHED"}


def _free_person(capture: VitposeCapture) -> int:
    """Return the first number that no listed character follows."""
    taken = {actor.person for actor in capture.actors}
    return next(n for n in range(1, len(taken) + 2) if n not in taken)


class VITPOSE_OT_actor_remove(Operator):
    bl_idname = "vitpose.actor_remove"
    bl_label = "Remove Character"
    bl_description = "Take the character out of the list; nothing is deleted"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: Context) -> bool:
        if not settings(access.scene()).actors:
            cls.poll_message_set("The list is empty")
            return False
        return True

    def execute(self, context: Context) -> OperatorReturn:
        capture = settings(access.scene())
        row = min(capture.active_actor, len(capture.actors) - 1)
        capture.actors.remove(row)
        capture.active_actor = max(min(row, len(capture.actors) - 1), 0)
        return {"FINISHED"}


register, unregister = bpy.utils.register_classes_factory(
    (
        VITPOSE_OT_start,
        VITPOSE_OT_stop,
        VITPOSE_OT_sample_clip,
        VITPOSE_OT_choose_file,
        VITPOSE_OT_find_cameras,
        VITPOSE_OT_actor_add,
        VITPOSE_OT_actor_remove,
    )
)
