# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters: load one from a file, find its armature, read its rest pose."""

import contextlib
import io
import logging
from pathlib import Path

import bpy
import numpy as np
from bpy.types import Object

from ..core.errors import CharacterError
from ..core.rig import RigMap, choose_rig_map, load_rig_maps
from ..core.rig_rest import RigRest, build_rig_rest
from ..core.skeleton import Skeleton
from ..core.types import FloatArray
from ..data_files import data_folder
from . import access

log = logging.getLogger(__name__)

SUFFIXES = (".glb", ".gltf", ".vrm", ".fbx", ".blend")


def open_empty_scene() -> None:
    """Forget the open file; factory settings, nothing in the scene."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


def load_character(path: Path) -> Object:
    """Open a character's file and return its armature.

    A `.blend` replaces the open file; every other format is imported into it.

    Raises:
        CharacterError: There is no such file, it cannot be read, or no skeleton is
            in it.
    """
    if not path.is_file():
        raise CharacterError(f"There is no character file {path}")
    if path.suffix.lower() not in SUFFIXES:
        raise CharacterError(
            f"{path.name} is not a character file Blender reads here; "
            f"use one of {', '.join(SUFFIXES)}"
        )
    before = {armature.name for armature in armatures()}
    try:
        # The importers print their progress; RuntimeError is how operators fail.
        with contextlib.redirect_stdout(io.StringIO()):
            _import_file(path)
    except Exception as error:
        log.debug("importing %s failed", path, exc_info=True)
        raise CharacterError(
            f"Blender cannot read {path.name}: {_last_line(error)}; "
            "export the character again as .glb"
        ) from error
    found = armatures()
    if path.suffix.lower() != ".blend":
        found = [armature for armature in found if armature.name not in before]
    if not found:
        raise CharacterError(
            f"{path.name} has no skeleton: export the character with its armature"
        )
    return _choose_armature(found, path.name)


def armatures() -> list[Object]:
    """Return the armature objects of the open scene that have bones."""
    objects = access.scene().objects
    return [
        item
        for item in objects
        if item.type == "ARMATURE" and access.armature_data(item).bones
    ]


def _choose_armature(found: list[Object], file_name: str) -> Object:
    most = max(found, key=lambda item: len(access.armature_data(item).bones))
    if len(found) > 1:
        log.warning(
            "%s has %d armatures; taking %r, which has the most bones",
            file_name, len(found), most.name,
        )  # fmt: skip
    return most


def _import_file(path: Path) -> None:
    suffix = path.suffix.lower()
    if suffix == ".blend":
        bpy.ops.wm.open_mainfile(filepath=str(path))
    elif suffix == ".fbx":
        bpy.ops.import_scene.fbx(filepath=str(path), use_anim=False)
    else:
        bpy.ops.import_scene.gltf(filepath=str(path), loglevel=50)


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1].removeprefix("Error: ").rstrip(".") if lines else repr(error)


def skinned_meshes(armature: Object) -> list[Object]:
    """Return the scene's meshes that the armature deforms."""
    return [
        item
        for item in access.scene().objects
        if item.type == "MESH" and access.armature_modifiers(item, armature)
    ]


def read_skeleton(armature: Object) -> Skeleton:
    """Return the armature's bones at rest."""
    bones = access.armature_data(armature).bones
    world = np.array(armature.matrix_world)
    rows = {bone.name: row for row, bone in enumerate(bones)}
    tails = np.array([bone.tail_local for bone in bones])
    return Skeleton(
        names=tuple(bone.name for bone in bones),
        parents=tuple(rows[bone.parent.name] if bone.parent else -1 for bone in bones),
        heads=np.array([bone.head_local for bone in bones]),
        tails=tails,
        rotations=np.array([bone.matrix_local.to_3x3() for bone in bones]),
        floor=_floor(armature, tails @ world[:3, :3].T + world[:3, 3]),
        world_from_rig=world,
    )


def _floor(armature: Object, tails: FloatArray) -> float:
    """Return the height the character stands at: its meshes' lowest rest point."""
    lows = [
        _lowest_vertex(mesh)
        for mesh in skinned_meshes(armature)
        if access.mesh_data(mesh).vertices
    ]
    return float(min(lows)) if lows else float(tails[:, 2].min())


def _lowest_vertex(mesh: Object) -> float:
    vertices = access.mesh_data(mesh).vertices
    flat = np.empty(len(vertices) * 3, dtype=np.float32)
    vertices.foreach_get("co", flat)
    world = np.array(mesh.matrix_world)
    return float((flat.reshape(-1, 3) @ world[2, :3] + world[2, 3]).min())


def read_rig_rest(armature: Object, rig: str = "") -> RigRest:
    """Return the armature's driven bones, by the rig map that fits.

    Args:
        armature: The character's armature object.
        rig: Name of a map that comes with the extension, or the path of a TOML file;
            empty chooses the one that fits best.

    Raises:
        RigError: No map fits, or the named one does not.
    """
    rig_map = fitting_rig_map(armature, rig)
    names = access.armature_data(armature).bones.keys()
    return build_rig_rest(read_skeleton(armature), rig_map.resolve(names))


def fitting_rig_map(armature: Object, rig: str = "") -> RigMap:
    """Return the named rig map, or the one that fits the armature best.

    Raises:
        RigError: No map fits.
    """
    if rig:
        return find_rig_map(rig)
    names = access.armature_data(armature).bones.keys()
    return choose_rig_map(load_rig_maps(data_folder("rigs")), names)


def find_rig_map(rig: str) -> RigMap:
    """Return the rig map of that file or that name (`mixamo`, `unreal`, ...)."""
    path = Path(rig)
    if path.suffix.lower() == ".toml" or path.is_file():
        return RigMap.from_toml(path)
    known = {path.stem: path for path in data_folder("rigs").glob("*.toml")}
    if rig.lower() not in known:
        raise CharacterError(
            f"There is no rig map {rig!r}; there are {', '.join(sorted(known))}, "
            "or give the path of a .toml file"
        )
    return RigMap.from_toml(known[rig.lower()])
