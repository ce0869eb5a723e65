# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators on the camera's picture in the 3D view: pick a person, change its size.

Each takes the pointer from its button until a click or Esc; otherwise the picture
takes no clicks at all.
"""

from typing import TYPE_CHECKING

import bpy
from bpy.props import IntProperty
from bpy.types import Context, Event, Operator

from .. import access, overlay_place, person_choice
from ..overlay_settings import settings
from ..session import live
from .common import LOOKING, OperatorReturn, reports_errors


def picture_refusal() -> str:
    """Return why there is no picture to work on, in a sentence; empty if there is."""
    if not live.is_running:
        return "Start the capture first"
    if not settings(access.scene()).show:
        return "Switch Camera Picture on first"
    if not live.overlay.is_drawing:
        return "The picture could not be drawn: see the console"
    return ""


class _OnPicture:
    """What a pointer on the picture does until a click, Enter or Esc."""

    pointer = "CROSSHAIR"
    help = ""

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = picture_refusal()
        if reason:
            cls.poll_message_set(reason)  # type: ignore[attr-defined]
        return not reason

    def begin(self, context: Context) -> OperatorReturn:
        """Take the pointer."""
        assert context.window is not None
        assert context.window_manager is not None
        assert context.workspace is not None
        context.window_manager.modal_handler_add(self)  # type: ignore[arg-type]
        context.window.cursor_modal_set(self.pointer)  # type: ignore[arg-type]
        context.workspace.status_text_set(self.help)
        return {"RUNNING_MODAL"}

    def end(self, context: Context) -> None:
        """Give the pointer back."""
        if context.window is not None:
            context.window.cursor_modal_restore()
        if context.workspace is not None:
            context.workspace.status_text_set(None)
        overlay_place.redraw_views(only_home=True)


def _place(context: Context, event: Event) -> tuple[float, float] | None:
    """Return where the pointer is in the region of the picture."""
    found = overlay_place.home(context.window)
    if found is None:
        return None
    return event.mouse_x - found[1].x, event.mouse_y - found[1].y


class VITPOSE_OT_pick_person(_OnPicture, Operator):
    bl_idname = "vitpose.pick_person"
    bl_label = "Pick in the Picture"
    bl_description = (
        "Click the person in the camera's picture whom the character shall follow; of "
        "several characters, the one that is active in the list. Everybody is shown "
        "meanwhile. Esc leaves it as it was"
    )
    # No UNDO: the character moves meanwhile, as while capturing.
    bl_options = {"REGISTER"}

    pointer = "EYEDROPPER"
    help = "Click a person in the picture    Esc: leave it as it was"

    if TYPE_CHECKING:
        person: int
    else:
        person: IntProperty(
            name="Person",
            description="Number of the person, as the picture shows it",
            min=0,
            options={"SKIP_SAVE"},
        )

    def invoke(self, context: Context, event: Event) -> OperatorReturn:
        live.show_all(True)
        return self.begin(context)

    def modal(self, context: Context, event: Event) -> OperatorReturn:
        if picture_refusal():  # It ended meanwhile.
            return self._leave(context)
        if event.type in ("ESC", "RIGHTMOUSE"):
            return self._leave(context)
        if event.type == "MOUSEMOVE":
            self._point(context, event)
        elif event.type == "LEFTMOUSE" and event.value == "PRESS":
            person = self._point(context, event)
            if person is not None:
                self.person = person
                self._leave(context)
                return self.execute(context)
        elif event.type.startswith(LOOKING):
            return {"PASS_THROUGH"}
        return {"RUNNING_MODAL"}

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        name = person_choice.assign(context, self.person)
        self.report({"INFO"}, f"{name!r} follows person {self.person}")
        return {"FINISHED"}

    def cancel(self, context: Context) -> None:
        self._leave(context)

    def _point(self, context: Context, event: Event) -> int | None:
        """Return who is under the pointer, and have them shown."""
        view, place = live.overlay.view(context), _place(context, event)
        xy_px = view.to_picture(*place) if view is not None and place else None
        person = live.overlay.person_at(xy_px) if xy_px is not None else None
        if person != live.overlay.pointed:
            live.overlay.pointed = person
            overlay_place.redraw_views(only_home=True)
        return person

    def _leave(self, context: Context) -> OperatorReturn:
        live.show_all(False)
        live.overlay.pointed = None
        self.end(context)
        return {"CANCELLED"}


class VITPOSE_OT_resize_picture(_OnPicture, Operator):
    bl_idname = "vitpose.resize_picture"
    bl_label = "Resize by Pointer"
    bl_description = (
        "The picture's inner corner follows the pointer until you click. Esc leaves "
        "its size as it was"
    )
    bl_options = {"REGISTER"}

    pointer = "SCROLL_XY"
    help = "Move the pointer, then click    Esc: leave the size as it was"

    def invoke(self, context: Context, event: Event) -> OperatorReturn:
        self._former = settings(access.scene()).size
        return self.begin(context)

    def modal(self, context: Context, event: Event) -> OperatorReturn:
        if picture_refusal() or event.type in ("ESC", "RIGHTMOUSE"):
            self.cancel(context)
            return {"CANCELLED"}
        if event.type == "MOUSEMOVE":
            view, place = live.overlay.view(context), _place(context, event)
            if view is not None and place is not None:
                settings(access.scene()).size = view.resized(*place).share
        elif event.type in ("LEFTMOUSE", "RET") and event.value == "PRESS":
            self.end(context)
            return {"FINISHED"}
        return {"RUNNING_MODAL"}

    def cancel(self, context: Context) -> None:
        settings(access.scene()).size = self._former
        self.end(context)


register, unregister = bpy.utils.register_classes_factory(
    (VITPOSE_OT_pick_person, VITPOSE_OT_resize_picture)
)
