# SPDX-License-Identifier: GPL-3.0-or-later
"""The wiggle test in the viewport, with a timer; or in one go, for scripts."""

import time
from functools import partial
from itertools import count

import bpy
from bpy.types import (
    Context,
    Event,
    Operator,
    SpaceView3D,
    Timer,
    WindowManager,
    WorkSpace,
)

from .. import character, map_editor, wiggle, wiggle_overlay
from .common import (
    LOOKING,
    OperatorReturn,
    armature_of,
    driven_refusal,
    refusal,
    reports_errors,
)

_STEP = 1 / 30  # [s]
_LISTING = 6.0  # How long the roles without a bone are listed in the end [s].
_NUM_LISTED = 12  # Of them fit into the view.
_NEXT = ("SPACE", "N")
_END = ("ESC", "RIGHTMOUSE")


class Session:
    """One running test: its generator, its timer and what it draws.

    `stop` takes all of it away, and may be called twice.

    Attributes:
        moment: What is to be seen now; None before the start and after the end.
    """

    def __init__(self, context: Context) -> None:
        armature = armature_of(context)
        assert context.workspace is not None
        self._uid = armature.session_uid
        self.moment: wiggle.Moment | None = None
        self._listed = wiggle.open_roles(armature)[:_NUM_LISTED]
        self._listing_ends = 0.0
        self._workspace = context.workspace.name
        self._steps = wiggle.wiggle_steps(armature, time.monotonic)
        self._timer: Timer | None = _manager().event_timer_add(
            _STEP, window=context.window
        )
        self._handles = [
            SpaceView3D.draw_handler_add(draw, (), "WINDOW", when)
            for draw, when in (
                (self._draw_texts, "POST_PIXEL"),
                (self._draw_bones, "POST_VIEW"),
            )
        ]

    def tick(self, skip: bool) -> bool:
        """Go on, to the next role if `skip`; returns whether anything is left."""
        if not self._listing_ends:
            try:
                self.moment = self._steps.send(skip if self.moment else None)
            except StopIteration:
                self.moment, skip = None, False
                self._listing_ends = time.monotonic() + _LISTING
        self._set_status(wiggle_overlay.status(self.moment))
        is_listing = bool(self._listed) and not skip
        return self.moment is not None or (
            is_listing
            and time.monotonic() < self._listing_ends
            and character.find_armature(self._uid) is not None
        )

    def stop(self) -> None:
        """Put the pose back and release the timer and the drawing."""
        self._steps.close()  # Runs the generator's `finally`.
        if self._timer is not None:
            _manager().event_timer_remove(self._timer)
            self._timer = None
        while self._handles:
            SpaceView3D.draw_handler_remove(self._handles.pop(), "WINDOW")
        self._set_status(None)
        if self in running:
            running.remove(self)

    def _set_status(self, text: str | None) -> None:
        workspace: WorkSpace | None = bpy.data.workspaces.get(self._workspace)
        if workspace is not None:
            workspace.status_text_set(text)
        _redraw()

    def _draw_texts(self) -> None:
        if self.moment is not None:
            wiggle_overlay.draw_texts(self.moment)
        else:
            wiggle_overlay.draw_open_roles(self._listed)

    def _draw_bones(self) -> None:
        armature = character.find_armature(self._uid)
        if self.moment is not None and armature is not None:
            wiggle_overlay.draw_bones(armature, self.moment)


# The one test that may be running. Blender ends a modal operator without a word when
# its class is unregistered; whoever unregisters it must clean up.
running: list[Session] = []


def _manager() -> WindowManager:
    manager = bpy.context.window_manager
    assert manager is not None
    return manager


def _redraw() -> None:
    for window in _manager().windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                area.tag_redraw()


class VITPOSE_OT_wiggle(Operator):
    bl_idname = "vitpose.wiggle"
    bl_label = "Wiggle Test"
    bl_description = (
        "Move each mapped bone in turn for two seconds with its role's name in large "
        "letters: a wrong bone, a swapped side or a knee that bends the wrong way is "
        "seen at once. The pose comes back in the end"
    )
    bl_options = {"REGISTER"}

    _session: Session | None = None

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = refusal(context) or driven_refusal(context)
        if running:
            reason = "The wiggle test is running: press Esc to end it"
        elif context.screen is not None and context.screen.is_animation_playing:
            reason = "Stop the playback first: it would move the bones as well"
        elif not reason and not map_editor.read_map(armature_of(context)).bones:
            reason = "No bone has a role yet: press Detect Bones first"
        if reason:
            cls.poll_message_set(reason)
        return not reason

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        """Move everything in one go; this is the path that scripts take."""
        armature = armature_of(context)
        clock = partial(next, count(0.0, _STEP))
        roles = {moment.role for moment in wiggle.wiggle_steps(armature, clock)}
        self.report({"INFO"}, f"{len(roles)} roles moved")
        for line in wiggle.open_roles(armature):
            self.report({"INFO"}, line)
        return {"FINISHED"}

    def invoke(self, context: Context, event: Event) -> OperatorReturn:
        self._session = Session(context)
        running.append(self._session)
        _manager().modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: Context, event: Event) -> OperatorReturn:
        assert self._session is not None
        is_pressed = event.value == "PRESS"
        if event.type in _END and is_pressed:
            self.cancel(context)
            return {"CANCELLED"}
        skip = event.type in _NEXT and is_pressed
        try:
            if (skip or event.type == "TIMER") and not self._session.tick(skip):
                self.cancel(context)
                return {"FINISHED"}
        except BaseException:  # A bug: Blender prints it, but no timer may leak.
            self.cancel(context)
            raise
        looks = event.type.startswith(LOOKING)
        return {"PASS_THROUGH"} if looks else {"RUNNING_MODAL"}

    def cancel(self, context: Context) -> None:
        if self._session is not None:
            self._session.stop()
            self._session = None


def register() -> None:
    bpy.utils.register_class(VITPOSE_OT_wiggle)


def unregister() -> None:
    for session in list(running):
        session.stop()
    bpy.utils.unregister_class(VITPOSE_OT_wiggle)
