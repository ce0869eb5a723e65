# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports glTF and VRM, and keeps what a VRM says about its bones."""

import logging
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import bpy
import numpy as np
from bpy.types import Object

from ..core.files.gltf_file import read_gltf, with_absolute_uris, write_glb
from ..core.files.gltf_import import NODE_MARK, importable
from ..core.files.vrm import Humanoid, read_humanoid
from ..core.rig import RigMap
from . import access
from .declared_left import declare_front
from .rig_choice import TABLE_KEY, store_map

log = logging.getLogger(__name__)

# Not every Blender has all of them.
_OPTIONS = {
    "loglevel": 50,
    "disable_bone_shape": True,
    "import_scene_extras": False,
}
# Where characters face: VRM 0 along glTF's -Z, VRM 1 along its Z; in Blender's axes.
_FRONT = {"VRM 0": np.array([0.0, 1.0, 0.0]), "VRM 1": np.array([0.0, -1.0, 0.0])}


def import_gltf(path: Path) -> None:
    """Add the content of a .glb, .gltf or .vrm file to the scene.

    Raises:
        CharacterError: The file is damaged.
    """
    gltf = read_gltf(path)
    humanoid = read_humanoid(gltf)
    wanted = importable(gltf, humanoid)
    # A VRM's nodes are at rest; what its skins were bound in may be elsewhere.
    guess = humanoid is None
    if wanted is gltf:
        _run_importer(path, guess)
    else:
        with TemporaryDirectory() as folder:
            copy = Path(folder) / f"{path.stem}.glb"
            write_glb(copy, with_absolute_uris(wanted, path.parent))
            _run_importer(copy, guess)
    if humanoid is not None:
        _keep_table(humanoid, path.name)


def _run_importer(path: Path, guess_rest: bool) -> None:
    importer: Any = bpy.ops.import_scene.gltf
    known = importer.get_rna_type().properties.keys()
    options = {name: value for name, value in _OPTIONS.items() if name in known}
    importer(filepath=str(path), guess_original_bind_pose=guess_rest, **options)


def _keep_table(humanoid: Humanoid, file_name: str) -> None:
    """Store the table and the front on its armature; take the marks off everything."""
    access.view_layer().update()  # Places what is new.
    marked = [item for item in bpy.data.objects if _is_marked(item)]
    for item in marked:
        names = _take_marks(item)
        bones = {
            role: tuple(names[node] for node in nodes)
            for role, nodes in humanoid.nodes.items()
            if all(node in names for node in nodes)
        }
        if item.type == "ARMATURE":
            lefts = {
                n for role in bones if role.startswith("left") for n in bones[role]
            }
            declare_front(item, _FRONT[humanoid.name], lefts)
        if not humanoid.problem and "hips" in bones:
            store_map(item, RigMap(humanoid.name, bones), TABLE_KEY)
    if humanoid.problem:
        log.warning(
            "%s: its %s table of bones is not used, because %s",
            file_name, humanoid.name, humanoid.problem,
        )  # fmt: skip


def _is_marked(item: Object) -> bool:
    return item.get(NODE_MARK) is not None or (
        item.type == "ARMATURE"
        and any(bone.get(NODE_MARK) is not None for bone in access.pose_bones(item))
    )


def _take_marks(item: Object) -> dict[int, str]:
    """Return the name of each node's bone, and forget which nodes they were."""
    item.pop(NODE_MARK, None)
    if item.type != "ARMATURE":
        return {}
    names = {}
    for bone in access.pose_bones(item):
        if (node := bone.pop(NODE_MARK, None)) is not None:
            names[node] = bone.name
        bone.bone.pop(NODE_MARK, None)
    return names
