# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters from files: glTF, VRM, FBX and .blend, or one sentence why not."""

import contextlib
import io
import logging
from collections.abc import Iterator
from pathlib import Path

import bpy
from bpy.types import Object

from ..core.errors import CharacterError, VitposeError
from ..core.files import character_file
from ..core.files.character_file import check_character_file
from . import access, blend_file
from .character import armatures
from .import_fbx import import_fbx
from .import_gltf import import_gltf
from .import_guard import kept_scene_settings, nothing_left_of_failures
from .rig_choice import choose_rig

log = logging.getLogger(__name__)

SUFFIXES = character_file.SUFFIXES


def open_empty_scene() -> None:
    """Forget the open file; factory settings, nothing in the scene."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


def load_character(path: Path, armature: str = "") -> Object:
    """Open a character's file and return its armature.

    A `.blend` replaces the open file; every other format is imported into it.

    Args:
        path: The file.
        armature: Name of one of the file's armatures; empty chooses the one that is
            most like a body, of alike ones the one with most bones.

    Raises:
        CharacterError: There is no such file, it cannot be read, or it has no such
            skeleton.
    """
    if path.suffix.lower() != ".blend":
        return load_into_scene(path, armature)
    check_character_file(path)
    with _readable(path):
        if not (blend_file.is_open(path) or blend_file.has_armature(path)):
            raise _no_skeleton(path)
        bpy.ops.wm.open_mainfile(filepath=str(path))
    try:
        return _choose(armatures(), path, armature)
    except CharacterError:
        open_empty_scene()
        raise


def load_into_scene(path: Path, armature: str = "") -> Object:
    """Add a character to the open scene, make it active and return its armature.

    Of a `.blend`, only armatures and what belongs to them come along. Nothing is left
    behind by a file that is refused.

    Args:
        path: The file.
        armature: As of `load_character`.

    Raises:
        CharacterError: As of `load_character`.
    """
    check_character_file(path)
    before = {item.name for item in armatures()}
    with nothing_left_of_failures(), kept_scene_settings():
        with _readable(path):
            _add(path)
        access.view_layer().update()  # Places what is new.
        found = [item for item in armatures() if item.name not in before]
        chosen = _choose(found, path, armature)
    _activate(chosen)
    return chosen


def _add(path: Path) -> None:
    suffix = path.suffix.lower()
    if suffix == ".blend":
        blend_file.append_characters(path)
    elif suffix == ".fbx":
        import_fbx(path)
    else:
        import_gltf(path)


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Make a sentence of whatever Blender raises while it reads a file."""
    try:
        # The importers print their progress.
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    except VitposeError:
        raise
    except Exception as error:
        log.debug("reading %s failed", path, exc_info=True)
        raise CharacterError(
            f"Blender cannot read {path.name}: {_reason(error, path)}"
        ) from error


def _reason(error: Exception, path: Path) -> str:
    head = character_file.read_head(path)
    version = character_file.blend_version(head)
    if version is not None and version > bpy.app.version[:2]:
        return (
            f"Blender {version[0]}.{version[1]} saved it, which is newer than this "
            "one; export the character there as .glb"
        )
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # An importer's own mistakes come with a traceback, and where it was called.
    lines = [line for line in lines if not line.startswith("Location: ")]
    reason = lines[-1].removeprefix("Error: ").rstrip(".") if lines else repr(error)
    if "Traceback" in str(error):
        reason = f"its importer stumbles over it ({reason})"
    return f"{reason}; export the character again as .glb"


def _choose(found: list[Object], path: Path, wanted: str) -> Object:
    """Return the armature of that name, or the most promising one."""
    if not found:
        raise _no_skeleton(path)
    named = {item.name: item for item in found}
    if wanted:
        if wanted not in named:
            raise CharacterError(
                f"{path.name} has no armature {wanted!r}; it has {', '.join(named)}"
            )
        return named[wanted]
    best = max(found, key=_likeness) if len(found) > 1 else found[0]
    if len(found) > 1:
        others = ", ".join(repr(name) for name in named if name != best.name)
        log.warning(
            "%s has %d armatures; taking %r, the most like a body, not %s",
            path.name, len(found), best.name, others,
        )  # fmt: skip
    return best


def _likeness(armature: Object) -> tuple[float, int]:
    """Return how surely an armature is a person, then how many bones it has."""
    num_bones = len(access.armature_data(armature).bones)
    try:
        found = choose_rig(armature)
    except VitposeError:
        return 0.0, num_bones
    likeness = found.confidence if found.body == "biped" else found.confidence / 2
    return round(likeness, 1), num_bones


def _no_skeleton(path: Path) -> CharacterError:
    # Bones of a glTF are what its skins name.
    needs_mesh = path.suffix.lower() not in (".fbx", ".blend")
    return CharacterError(
        f"{path.name} has no skeleton: export the character with its armature"
        + " and a mesh that it deforms" * needs_mesh
    )


def _activate(armature: Object) -> None:
    objects = access.view_layer().objects
    if armature.name in objects:
        objects.active = armature
        armature.select_set(True)
