# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps imports from changing what they need not: all of the file if they fail."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy
from bpy.types import ID, Key, Object

from . import access

_SETTINGS = ("fps", "fps_base")
_FRAMES = ("frame_start", "frame_end")


@contextmanager
def nothing_left_of_failures() -> Iterator[None]:
    """Take away what the block made if it fails; begins in object mode."""
    before = data_blocks()
    active, selected, mode = _selection()
    try:
        if mode != "OBJECT":
            bpy.ops.object.mode_set(mode="OBJECT")
        yield
    except BaseException:
        remove_data_blocks(data_blocks() - before)
        _restore_selection(active, selected, mode)
        raise


@contextmanager
def kept_scene_settings() -> Iterator[None]:
    """Give the scene its rate and its range of frames back."""
    scene = access.scene()
    kept = [
        (owner, name, getattr(owner, name))
        for owner, names in ((scene.render, _SETTINGS), (scene, _FRAMES))
        for name in names
    ]
    try:
        yield
    finally:
        for owner, name, value in kept:
            setattr(owner, name, value)


def data_blocks() -> set[int]:
    """Return the session identifiers of everything in the open file."""
    return set(_data_blocks())


def remove_data_blocks(identifiers: set[int]) -> None:
    """Remove data blocks, whoever uses them."""
    found = _data_blocks()
    # Shape keys go with their mesh.
    doomed = {found[i] for i in identifiers if not isinstance(found[i], Key)}
    bpy.data.batch_remove(doomed)


def _data_blocks() -> dict[int, ID]:
    return {block.session_uid: block for block in bpy.data.user_map()}


def _selection() -> tuple[str, list[str], Any]:
    """Return the active object's name, the selected ones' and the mode."""
    view_layer = access.view_layer()
    active = view_layer.objects.active
    selected = [item.name for item in view_layer.objects.selected]
    return (active.name, selected, active.mode) if active else ("", selected, "OBJECT")


def _restore_selection(active: str, selected: list[str], mode: Any) -> None:
    access.view_layer().update()  # Until then what was removed is listed as None.
    objects = access.view_layer().objects
    for item in objects:
        item.select_set(item.name in selected)
    found: Object | None = objects.get(active)
    objects.active = found
    if found is not None and found.mode != mode:
        bpy.ops.object.mode_set(mode=mode)
