# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters in the open scene: their armatures, meshes and rest poses."""

import bpy
import numpy as np
from bpy.types import Object

from ..core.build_rest import build_rig_rest
from ..core.rig_rest import RigRest
from ..core.skeleton import Skeleton
from ..core.types import FloatArray
from . import access
from .declared_left import declared_lefts
from .own_constraints import PREFIX


def armatures() -> list[Object]:
    """Return the armature objects of the open scene that have bones."""
    objects = access.scene().objects
    return [
        item
        for item in objects
        if item.type == "ARMATURE" and access.armature_data(item).bones
    ]


def find_armature(uid: int) -> Object | None:
    """Return the armature, however it is called by now; None once it was deleted."""
    objects = (item for item in bpy.data.objects if item.session_uid == uid)
    return next((item for item in objects if item.users_scene), None)


def skinned_meshes(armature: Object) -> list[Object]:
    """Return the scene's meshes that the armature deforms."""
    return [
        item
        for item in access.scene().objects
        if item.type == "MESH" and access.armature_modifiers(item, armature)
    ]


def hung_meshes(armature: Object) -> list[Object]:
    """Return the scene's meshes that one of the armature's bones carries, stiff."""
    return [
        item
        for item in access.scene().objects
        if item.type == "MESH"
        and item.parent == armature
        and item.parent_type == "BONE"
    ]


def read_skeleton(armature: Object) -> Skeleton:
    """Return the armature's bones at rest."""
    bones = access.armature_data(armature).bones
    world = np.array(armature.matrix_world)
    rows = {bone.name: row for row, bone in enumerate(bones)}
    heads = np.array([bone.head_local for bone in bones])
    skin = _skin(armature)
    # Without any mesh the bones have to do.
    heights = skin[:, 2] if len(skin) else heads @ world[2, :3] + world[2, 3]
    return Skeleton(
        names=tuple(bone.name for bone in bones),
        parents=tuple(rows[bone.parent.name] if bone.parent else -1 for bone in bones),
        heads=heads,
        tails=np.array([bone.tail_local for bone in bones]),
        rotations=np.array([bone.matrix_local.to_3x3() for bone in bones]),
        floor=float(heights.min()),
        top=float(heights.max()) if len(skin) else np.nan,
        world_from_rig=world,
        held=_held_bones(armature),
        lefts=declared_lefts(armature),
        skin=skin,
    )


def _held_bones(armature: Object) -> frozenset[str]:
    """Return the bones that constraints of the user's hold, or that move no mesh."""
    moved = {
        group.name for mesh in skinned_meshes(armature) for group in mesh.vertex_groups
    } | {mesh.parent_bone for mesh in hung_meshes(armature)}
    return frozenset(
        bone.name
        for bone in access.pose_bones(armature)
        if bone.name not in moved
        or any(not item.name.startswith(PREFIX) for item in bone.constraints)
    )


def _skin(armature: Object) -> FloatArray:
    """Return the vertices of the character's meshes in the world, `(V, 3)` [m].

    The character stands on the lowest. What hangs on bones may be a thing that it
    holds, and counts only without a skin.
    """
    meshes = skinned_meshes(armature) or hung_meshes(armature)
    return np.concatenate([np.empty((0, 3)), *map(_vertices, meshes)])


def _vertices(mesh: Object) -> FloatArray:
    """Return where a mesh's vertices are in the world, shape `(V, 3)` [m]."""
    vertices = access.mesh_data(mesh).vertices
    flat = np.empty(len(vertices) * 3, dtype=np.float32)
    vertices.foreach_get("co", flat)
    world = np.array(mesh.matrix_world)
    placed: FloatArray = flat.reshape(-1, 3) @ world[:3, :3].T + world[:3, 3]
    return placed


def read_rig_rest(armature: Object, rig: str = "") -> RigRest:
    """Return the armature's driven bones.

    Args:
        armature: The character's armature object.
        rig: Name of a map, or the path of a TOML file; empty takes the map that the
            armature carries, or else recognises the rig.

    Raises:
        RigError: The map's bones are not there, or no body is in the armature.
        CharacterError: There is no map of that name.
    """
    from . import rig_choice  # It reads the skeleton here.

    found = rig_choice.choose_rig(armature, rig)
    return build_rig_rest(
        read_skeleton(armature), found.bones, found.properties, found.body
    )
