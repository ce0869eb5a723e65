# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators that make keyframes of takes, and better takes of takes."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import bpy
from bpy.props import StringProperty
from bpy.types import Context, Operator

from ...core.errors import TakeError
from ...core.journal_files import write_whole
from ...core.packet import dumps
from ...core.solved_take import solved_take
from ...core.steps import Steps, part
from ...core.take import Take, read_take, take_name
from ...live.detect_again import detect_again
from ...live.feed import Opening
from .. import (
    access,
    capture_settings,
    own_action,
    pose_keys,
    session,
    take_settings,
)
from ..bake_settings import bake_options, solver
from ..beside import beside
from ..capture_start import capture_config, video_of
from ..models import network_name
from ..session_bake import bake_take
from ..solving import solve_all
from ..take_list import active_item, shelf
from .common import OperatorReturn, armature_of, driven_refusal, refusal, reports_errors
from .stepwise import InSteps, refusal_while_running, stop_all


def bake_refusal(context: Context) -> str:
    """Return why nothing can be baked now, in a sentence; empty if it can."""
    settings = take_settings.settings(access.scene())
    reason = refusal_while_running() or refusal(context) or driven_refusal(context)
    if reason:
        return reason
    armature = armature_of(context)
    if active_item() is None:
        return "There is no take yet: record one, or import one"
    if not settings.parts:
        return "Choose at least one part of the body"
    if settings.target == "OVERDUB" and not own_action.played_action(armature):
        return f"{armature.name} plays no action that could be overdubbed"
    return ""


class _OfTake:
    if TYPE_CHECKING:
        take: str
    else:
        take: StringProperty(
            name="Take",
            description="Name of the take; empty is the active one",
            options={"SKIP_SAVE"},
        )

    def read(self) -> Steps[Take]:
        """Read the take in a thread.

        Raises:
            TakeError: It is not there, or holds nobody.
        """
        item = active_item()
        path = shelf.library.find(self.take or (item.name if item else ""))
        return beside(lambda progress: read_take(path, progress))

    @property
    def take_name(self) -> str:
        """Name of the take that is meant."""
        item = active_item()
        return self.take or (item.name if item is not None else "")


class VITPOSE_OT_bake(_OfTake, InSteps, Operator):
    bl_idname = "vitpose.bake"
    bl_label = "Bake"
    bl_description = (
        "Turn the take into keyframes on the character's own bones. The character "
        "needs no constraints or targets to play them. Esc stops and changes nothing"
    )
    bl_options = {"UNDO"}
    title = "Baking"

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = bake_refusal(context)
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def steps(self, context: Context) -> Steps[str]:
        """Bake; returns where the keys are."""
        armature, name = armature_of(context), self.take_name
        options = bake_options(access.scene(), f"{armature.name} {name}")
        take = yield from part(self.read(), 0.0, 0.1)
        action = yield from part(bake_take(armature, take, options), 0.1, 1.0)
        first, last = action.frame_range[0], action.frame_range[1]
        sentence = f"{action.name}: frames {first:g} to {last:g}"
        if last > access.scene().frame_end:
            sentence += f"; the scene ends at {access.scene().frame_end}"
        return sentence


class VITPOSE_OT_solve_again(_OfTake, InSteps, Operator):
    bl_idname = "vitpose.solve_again"
    bl_label = "Solve Again"
    bl_description = (
        "Make a new take of the same keypoints with the smoothing and the depth chosen "
        "here. The take itself stays as it is"
    )
    bl_options = {"REGISTER"}
    title = "Solving"

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = refusal_while_running()
        if not reason and active_item() is None:
            reason = "There is no take yet: record one, or import one"
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def steps(self, context: Context) -> Steps[str]:
        """Write the new take; returns its name."""
        name, how = self.take_name, solver(access.scene())
        path = shelf.library.free_path(f"{name} {how.preset}")
        take = yield from part(self.read(), 0.0, 0.1)
        solved = yield from part(solve_all(take, how), 0.1, 0.9)
        made = solved_take(take, solved, how.lifter, how.preset)
        lines: Sequence[str] = [dumps(packet) for packet in made.packets]
        write_whole(path, made.header, lines)
        shelf.refresh(take_name(path))
        return f"{take_name(path)} is a new take, from the keypoints of {name}"


def detect_refusal() -> str:
    """Return why the active take's video cannot be looked at again; empty if it can."""
    item = active_item()
    if reason := refusal_while_running():
        return reason
    if session.live.is_running:
        return "Stop the capture first: it uses the network"
    if item is None:
        return "There is no take yet: record one, or import one"
    if video_of(capture_settings.settings(access.scene()), item.source):
        return ""
    if not Path(item.source).suffix or "://" in item.source:
        return (
            "Takes from a camera hold no pictures, so nobody can be detected in them "
            "again"
        )
    return f"Choose {item.source}, which the take is of, as the video under Source"


class VITPOSE_OT_detect_again(_OfTake, InSteps, Operator):
    bl_idname = "vitpose.detect_again"
    bl_label = "Detect Again"
    bl_description = (
        "Look at the take's video again with the network that the preferences name, at "
        "every picture, and make a new take. The take itself stays as it is"
    )
    bl_options = {"REGISTER"}
    title = "Detecting"

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = detect_refusal()
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def steps(self, context: Context) -> Steps[str]:
        """Write the new take; returns its name."""
        name, scene = self.take_name, access.scene()
        take = yield from part(self.read(), 0.0, 0.05)
        source = video_of(capture_settings.settings(scene), take.header.source)
        if not source:
            raise TakeError(f"Choose {take.header.source} as the video under Source")
        config = capture_config(context, source)
        path = shelf.library.free_path(f"{name} {network_name()}")
        opening = Opening()
        looking = beside(
            lambda progress: detect_again(take, config, path, opening, progress),
            opening.set,
        )
        yield from part(looking, 0.05, 1.0)
        shelf.refresh(take_name(path))
        return f"{take_name(path)} is a new take, of the video of {name}"


class VITPOSE_OT_key_pose(_OfTake, Operator):
    bl_idname = "vitpose.key_pose"
    bl_label = "Key Pose"
    bl_description = (
        "Key the pose that the character has live; without a capture, the take's pose "
        "at the current frame. Keys go into the action that the character plays"
    )
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = refusal_while_running() or refusal(context)
        if not reason:
            is_live = session.live.drives(armature_of(context))
            if not is_live and active_item() is None:
                reason = "Start the capture, or record or import a take"
        if reason:
            cls.poll_message_set(reason)
        return not reason

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        armature = armature_of(context)
        options = bake_options(access.scene(), f"{armature.name} Poses")
        if session.live.drives(armature) and not self.take:
            count = pose_keys.key_live(armature, options)
        else:
            path = shelf.library.find(self.take_name)
            count = pose_keys.key_take(armature, read_take(path), options)
        frame = access.scene().frame_current
        self.report({"INFO"}, f"{armature.name}: {count} bones keyed at frame {frame}")
        return {"FINISHED"}


_CLASSES = (
    VITPOSE_OT_bake,
    VITPOSE_OT_solve_again,
    VITPOSE_OT_detect_again,
    VITPOSE_OT_key_pose,
)


def register() -> None:
    for cls in _CLASSES:
        bpy.utils.register_class(cls)


def unregister() -> None:
    stop_all()
    for cls in reversed(_CLASSES):
        bpy.utils.unregister_class(cls)
