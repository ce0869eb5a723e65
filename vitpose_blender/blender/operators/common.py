# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operators share: whom they act on, when they refuse, how they report."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import bpy
from bpy.types import Context, Object, Operator

from ...core.errors import CharacterError, VitposeError
from ..bindable import check_can_bind
from ..props import chosen_armature
from ..session import live

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    OperatorReturn = set[OperatorReturnItems]
else:
    OperatorReturn = set

# What a user may do while something is going on: look at the character from all sides.
LOOKING = ("MOUSEMOVE", "MIDDLEMOUSE", "WHEEL", "TRACKPAD", "NUMPAD", "NDOF", "TIMER")

AnyOperator = TypeVar("AnyOperator", bound=Operator)


def refusal(context: Context) -> str:
    """Return why no character can be worked on now, in a sentence; empty if one can."""
    armature = chosen_armature(context)
    if armature is None:
        return "Select the armature of a character, or load one" + _what_is_active(
            context
        )
    try:
        check_can_bind(armature)
    except CharacterError as error:
        return str(error)
    return ""


def _what_is_active(context: Context) -> str:
    active = context.active_object
    if active is None:
        return ""
    kinds: Any = bpy.types.Object.bl_rna.properties["type"]
    return f": {active.name!r} is a {kinds.enum_items[active.type].name.lower()}"


def driven_refusal(context: Context) -> str:
    """Return that the character is being driven, in a sentence; empty if it is not."""
    armature = chosen_armature(context)
    if armature is None or not live.drives(armature):
        return ""
    return f"{armature.name!r} is being driven: stop the capture first"


class NeedsCharacter:
    """Lets an operator's poll refuse, with the reason, where there is no character.

    One that a capture drives is left alone as well.
    """

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = refusal(context) or driven_refusal(context)
        if reason:
            cls.poll_message_set(reason)  # type: ignore[attr-defined]
        return not reason


def armature_of(context: Context) -> Object:
    """Return the character's armature; `NeedsCharacter.poll` has seen it."""
    armature = chosen_armature(context)
    assert armature is not None
    return armature


def reports_errors(
    execute: Callable[[AnyOperator, Context], OperatorReturn],
) -> Callable[[AnyOperator, Context], OperatorReturn]:
    """Let an operator's `execute` end with a report where a user's error stops it."""

    @wraps(execute)
    def reporting(self: AnyOperator, context: Context) -> OperatorReturn:
        try:
            return execute(self, context)
        except VitposeError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}

    return reporting
