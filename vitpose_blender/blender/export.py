# SPDX-License-Identifier: GPL-3.0-or-later
"""Write an animated character to a file that other programs read."""

import contextlib
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import bpy
import numpy as np
from bpy.types import Object
from mathutils import Matrix

from ..core.errors import OutputError
from . import access, character

_Y_UP = Matrix.Rotation(-np.pi / 2, 4, "X")


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
            write(armature, path)
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


def writer_for(path: Path) -> Callable[[Object, Path], None]:
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
    """Select the armature and whatever hangs on it, and nothing else."""
    access.view_layer().update()  # Forgets objects that were just removed.
    chosen = {
        item.name
        for item in (
            armature,
            *armature.children_recursive,
            *character.skinned_meshes(armature),
        )
    }
    for item in access.view_layer().objects:
        item.select_set(item.name in chosen)
    access.view_layer().objects.active = armature


def _write_glb(armature: Object, path: Path) -> None:
    animation = armature.animation_data
    action = animation.action if animation else None
    bpy.ops.export_scene.gltf(
        filepath=str(path),
        export_format="GLB",
        use_selection=True,
        export_animation_mode="ACTIVE_ACTIONS" if action else "SCENE",
        export_nla_strips_merged_animation_name=action.name if action else "",
        export_rest_position_armature=True,
        export_anim_slide_to_zero=True,
        export_optimize_animation_size=False,
        export_def_bones=False,
    )


def _write_blend(_armature: Object, path: Path) -> None:
    files = access.preferences().filepaths
    num_backups = files.save_version
    files.save_version = 0  # A result needs no `.blend1` beside it.
    try:
        bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True)
    finally:
        files.save_version = num_backups


def _write_fbx(_armature: Object, path: Path) -> None:
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


def _write_bvh(armature: Object, path: Path) -> None:
    scene = access.scene()
    with _standing_along_y(armature) as scale:
        bpy.ops.export_anim.bvh(
            filepath=str(path),
            frame_start=scene.frame_start,
            frame_end=scene.frame_end,
            global_scale=scale,
        )


@contextlib.contextmanager
def _standing_along_y(armature: Object) -> Iterator[float]:
    """Put a copy of the armature in its place whose bones are as BVH has them.

    BVH has y up and no object around the bones, and Blender's exporter writes them as
    they are: their object's place and turn are laid into them here.

    Yields:
        The object's scale, for the exporter to apply: keys that move a bone need it
        as much as the bones do.
    """
    size = armature.matrix_world.median_scale
    laid_in = armature.matrix_world.normalized()
    laid_in.translation /= size
    copy = armature.copy()
    assert copy is not None
    copy.data = access.armature_data(armature).copy()
    access.scene().collection.objects.link(copy)
    try:
        access.armature_data(copy).transform(_Y_UP @ laid_in)
        access.view_layer().objects.active = copy
        yield size
    finally:
        bpy.data.armatures.remove(access.armature_data(copy))  # And the object.
        access.view_layer().objects.active = armature


_WRITERS: dict[str, Callable[[Object, Path], None]] = {
    ".glb": _write_glb,
    ".blend": _write_blend,
    ".fbx": _write_fbx,
    ".bvh": _write_bvh,
}
SUFFIXES = tuple(_WRITERS)
