# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters in a .blend: whether there is one, and how it joins the open file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy
from bpy.types import Object

from ..core.errors import CharacterError
from . import access, import_guard


def is_open(path: Path) -> bool:
    """Return whether a .blend is the open file, from which nothing can be added."""
    return (
        bool(bpy.data.filepath) and path.resolve() == Path(bpy.data.filepath).resolve()
    )


def has_armature(path: Path) -> bool:
    """Return whether an armature is in a .blend, without opening it."""
    with _library(path, link=True) as (source, _):
        has_own = bool(source.armatures)
    if has_own:
        return True
    with _objects_of(path) as objects:
        return any(item.type == "ARMATURE" for item in objects)


def append_characters(path: Path) -> None:
    """Add a .blend's armatures to the scene, and what belongs to them.

    Raises:
        CharacterError: They are in it already, or linked from yet another file.
    """
    if is_open(path):
        raise CharacterError(f"{path.name} is the open file: pick its armature in it")
    with _objects_of(path) as objects:
        names = _characters(objects, path)
    with _library(path, link=False) as (_, wanted):
        wanted.objects = names
    collection = bpy.context.collection or access.scene().collection
    for item in wanted.objects:
        assert isinstance(item, Object)
        collection.objects.link(item)


def _library(path: Path, link: bool) -> Any:
    """Open a .blend for what can be had from it; the stubs know nothing of that."""
    load: Any = bpy.data.libraries.load
    return load(str(path), link=link)


@contextmanager
def _objects_of(path: Path) -> Iterator[list[Object]]:
    """Let the block look at the objects in a .blend's scenes; gone after it."""
    before = import_guard.data_blocks()
    try:
        with _library(path, link=True) as (source, wanted):
            wanted.scenes = list(source.scenes)
        yield [item for scene in wanted.scenes for item in scene.objects]
    finally:
        import_guard.remove_data_blocks(import_guard.data_blocks() - before)


def _characters(objects: list[Object], path: Path) -> list[str]:
    """Return the names of armatures, their parents, children and skins."""
    rigs = {item for item in objects if item.type == "ARMATURE"}
    kept = [item for item in objects if _belongs(item, rigs)]
    for item in kept:
        library = item.library
        if library is not None and Path(library.filepath).name != path.name:
            raise CharacterError(
                f"{path.name} links {item.name!r} from {library.name}: load that file"
            )
    return list(dict.fromkeys(item.name for item in kept))


def _belongs(item: Object, rigs: set[Object]) -> bool:
    return (
        not rigs.isdisjoint(_with_parents(item))
        or any(rig in rigs for rig in _deformers(item))
        or any(item in _with_parents(rig) for rig in rigs)
    )


def _with_parents(item: Object | None) -> Iterator[Object]:
    while item is not None:
        yield item
        item = item.parent


def _deformers(item: Object) -> Iterator[Object | None]:
    return (
        modifier.object
        for modifier in item.modifiers
        if isinstance(modifier, bpy.types.ArmatureModifier)
    )
