# SPDX-License-Identifier: GPL-3.0-or-later
"""Which person a character follows, in the settings and in a running capture."""

from bpy.types import Context

from ..core.errors import CharacterError
from . import access, props
from .capture_settings import listed_actors, settings
from .session import live


def assign(context: Context, person: int) -> str:
    """Let the active character follow a person; returns the character's name.

    That is the one that is active in the list of several characters, or the panel's
    own where none is listed.

    Args:
        context: Whose scene it is.
        person: Number of the person; 0 is the largest in the picture.

    Raises:
        CharacterError: There is no character.
        VitposeError: A take is being recorded.
    """
    capture, listed = settings(access.scene()), listed_actors(access.scene())
    if not listed:
        armature = props.chosen_armature(context)
        if armature is None:
            raise CharacterError("There is no character: load one, or the mannequin")
        live.follow(armature, person)
        capture.person = person
        return armature.name
    actor = capture.actors[min(capture.active_actor, len(capture.actors) - 1)]
    if actor not in listed:
        raise CharacterError("The active row of the list has no character: choose one")
    live.follow(actor.armature, person)
    actor.person = person
    return str(actor.armature.name)
