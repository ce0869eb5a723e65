# SPDX-License-Identifier: GPL-3.0-or-later
"""Export what a character plays, out of a scene that stays as it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bpy
import numpy as np
from bpy.types import Object

from ..core.errors import CharacterError
from . import access, binding, own_action
from .export import export_character

_NOTHING = "plays nothing yet: bake a take first"


def refusal(armature: Object) -> str:
    """Return why a character cannot be exported, in a sentence; empty if it can."""
    if binding.is_bound(armature):
        return (
            f"{armature.name!r} is bound: stop the capture or press Remove, or its "
            "targets would be exported as well"
        )
    if played_frames(armature) is None:
        return f"{armature.name!r} {_NOTHING}"
    return ""


def played_frames(armature: Object) -> tuple[float, float] | None:
    """Return first and last frame of what an armature plays; None without any."""
    animation = armature.animation_data
    if animation is None:
        return None
    if animation.action is not None:
        return animation.action.frame_range[0], animation.action.frame_range[1]
    tracks = [each for each in animation.nla_tracks if not each.mute]
    strips = [strip for track in tracks for strip in track.strips]
    if not strips or not animation.use_nla:
        return None
    starts, ends = zip(*((strip.frame_start, strip.frame_end) for strip in strips))
    return min(starts), max(ends)


def export_played(armature: Object, path: Path) -> str:
    """Write a character with what it plays, and say in a sentence what was written.

    Selection, mode, frame and range of the scene are as before when it is done.

    Args:
        armature: The character's armature object.
        path: Its suffix says the format, see `export_character`.

    Raises:
        CharacterError: It plays nothing.
        OutputError: The format is unknown, or the file cannot be written.
    """
    frames = played_frames(armature)
    if frames is None:
        raise CharacterError(f"{armature.name!r} {_NOTHING}")
    first, last = int(np.floor(frames[0])), int(np.ceil(frames[1]))
    with _own_scene(first, last):
        export_character(armature, path)
    action = own_action.played_action(armature)
    what = action.name if action is not None else "the NLA tracks"
    size = path.stat().st_size / 2**20
    return f"{path.name}: {what}, frames {first} to {last}, {size:.1f} MB"


@contextmanager
def _own_scene(first: int, last: int) -> Iterator[None]:
    """Let the scene's range be that of the motion, in Object Mode, for a while."""
    scene, objects = access.scene(), access.view_layer().objects
    former = scene.frame_start, scene.frame_end, scene.frame_current_final
    selected = [item.name for item in objects if item.select_get()]
    active, mode = objects.active, bpy.context.mode
    name = active.name if active is not None else ""
    if mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    scene.frame_start, scene.frame_end = first, last
    try:
        yield
    finally:
        scene.frame_start, scene.frame_end = former[:2]
        scene.frame_set(int(former[2] // 1), subframe=former[2] % 1)
        for item in objects:
            item.select_set(item.name in selected)
        objects.active = access.find_object(name) if name else None
        if mode == "POSE":
            bpy.ops.object.mode_set(mode="POSE")
