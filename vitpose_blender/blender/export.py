# SPDX-License-Identifier: GPL-3.0-or-later
"""Write an animated character to a file that other programs read."""

import contextlib
import io
import re
from collections.abc import Callable
from pathlib import Path

import bpy
from bpy.types import Object

from ..core.errors import OutputError
from . import access, character


def export_character(armature: Object, path: Path) -> None:
    """Write the armature, its meshes and the action that it plays.

    Args:
        armature: The character's armature object.
        path: Its suffix says the format: `.glb`, `.blend`, `.fbx` or `.bvh`.

    Raises:
        OutputError: The format is unknown or the file cannot be written.
    """
    write = writer_for(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _select(armature)
        with contextlib.redirect_stdout(io.StringIO()):  # The exporters chatter.
            write(path)
    except (OSError, RuntimeError) as error:
        raise OutputError(
            f"Cannot write {path} ({_reason(error)}): choose a folder that can be "
            "written to and has space left"
        ) from error


def _reason(error: OSError | RuntimeError) -> str:
    """Return in a few words why writing failed.

    What an exporter raised arrives as the text of a whole traceback, which ends in
    the innermost error and the place in Blender's code.
    """
    if isinstance(error, OSError):
        return error.strerror or str(error)
    lines = [line.strip() for line in str(error).splitlines()]
    named = [line for line in lines if re.match(r"\w*Error: ", line)]
    last = (named or lines)[-1].rpartition("Error: ")[2]
    return re.sub(r"^\[Errno \d+\] ", "", last)


def writer_for(path: Path) -> Callable[[Path], None]:
    """Return what writes a file of that suffix.

    Raises:
        OutputError: No format has that suffix; the message lists those that exist.
    """
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise OutputError(
            f"Cannot write {path.name}: its name must end in {', '.join(_WRITERS)}"
        )
    return writer


def _select(armature: Object) -> None:
    chosen = [armature, *character.skinned_meshes(armature)]
    for item in access.view_layer().objects:
        item.select_set(item in chosen)
    access.view_layer().objects.active = armature


def _write_glb(path: Path) -> None:
    bpy.ops.export_scene.gltf(
        filepath=str(path),
        export_format="GLB",
        use_selection=True,
        export_animation_mode="ACTIVE_ACTIONS",
        export_rest_position_armature=True,
        export_anim_slide_to_zero=True,
        export_optimize_animation_size=False,
        export_def_bones=False,
    )


def _write_blend(path: Path) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True)


def _write_fbx(path: Path) -> None:
    bpy.ops.export_scene.fbx(
        filepath=str(path),
        use_selection=True,
        object_types={"ARMATURE", "MESH"},
        add_leaf_bones=False,
        bake_anim=True,
        bake_anim_use_all_actions=False,
        bake_anim_use_nla_strips=False,
        bake_anim_simplify_factor=0.0,
    )


def _write_bvh(path: Path) -> None:
    scene = access.scene()
    bpy.ops.export_anim.bvh(
        filepath=str(path),
        frame_start=scene.frame_start,
        frame_end=scene.frame_end,
    )


_WRITERS: dict[str, Callable[[Path], None]] = {
    ".glb": _write_glb,
    ".blend": _write_blend,
    ".fbx": _write_fbx,
    ".bvh": _write_bvh,
}
