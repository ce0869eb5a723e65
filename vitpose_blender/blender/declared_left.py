# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps what a file's format says of its character's front, for when nothing else does.

A bone on the left carries a mark. Unlike a direction that stays true whatever becomes
of the armature: turned, scaled, its transforms applied, bones renamed or rolled.
"""

import logging
from collections.abc import Collection

import numpy as np
from bpy.types import Object

from ..core.types import FloatArray
from . import access

log = logging.getLogger(__name__)

LEFT_MARK = "VITPOSE_left"
_CLEAR = 0.1  # Of the extent: what is nearer to the middle is on no side.


def declare_front(armature: Object, front: FloatArray, lefts: Collection[str]) -> None:
    """Mark the bone that is farthest on the left of an upright character.

    A file that contradicts itself marks none.

    Args:
        armature: As it was read from its file.
        front: Which way its format says that characters face, in the world, level,
            shape `(3,)`.
        lefts: Names of the bones that the file itself calls left.
    """
    bones = access.armature_data(armature).bones
    world = np.array(armature.matrix_world)
    heads = np.array([bone.head_local for bone in bones]) @ world[:3, :3].T
    leftness = heads @ np.cross((0.0, 0.0, 1.0), front)
    leftness -= (leftness.max() + leftness.min()) / 2
    own = [leftness[row] for row, bone in enumerate(bones) if bone.name in lefts]
    if own and np.mean(own) < 0:
        log.info("%s faces otherwise than its format says", armature.name)
    elif leftness.max() > _CLEAR * np.ptp(heads, axis=0).max():
        bones[int(np.argmax(leftness))][LEFT_MARK] = True


def declared_lefts(armature: Object) -> FloatArray:
    """Return where the marked bones are in rig space, shape `(L, 3)`."""
    bones = access.armature_data(armature).bones
    places = [bone.head_local for bone in bones if bone.get(LEFT_MARK)]
    return np.array(places, dtype=np.float64).reshape(-1, 3)
