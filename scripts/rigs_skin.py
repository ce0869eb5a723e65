# SPDX-License-Identifier: GPL-3.0-or-later
"""Points of a character's skin that follow its bones as they do in Blender."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rigs_posed import SIDES
from rigs_subject import Subject
from vitpose_blender.blender import access, character
from vitpose_blender.core.types import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from bpy.types import Mesh, Object

_NUM_EDGES = 2000  # Of a character's meshes, spread over them.
_MAX_BONES = 4  # That move a point.
_SOLE_SHARE = 0.03  # Skin of a foot this near to the ground is its sole, of a leg.
_FOOT = 0.6  # No sole is farther from its ankle, of a leg.
_TORN_EDGES = 0.003  # Fewer torn edges are how the mesh is weighted, of all.
_TORN, _TORN_SHARE = 5.0, 0.12  # So many times its length and longer, of a leg.


@dataclass(frozen=True, eq=False)
class Skin:
    """Points that go along with bones.

    Attributes:
        points: At rest, in the world, shape `(P, 3)` [m].
        rows: Bones that move each, shape `(P, 4)`.
        weights: Of these bones, shape `(P, 4)`, sum 1.
        soles: Which points are under the left and under the right foot, `(2, P)`.
        edges: Pairs of points that a mesh joins, shape `(E, 2)`.
    """

    points: FloatArray
    rows: IntArray
    weights: FloatArray
    soles: BoolArray
    edges: IntArray

    def posed(self, matrices: FloatArray) -> FloatArray:
        """Return the points moved by `world_from_rest` of all bones, `(F, P, 3)`."""
        points = np.concatenate([self.points, np.ones((len(self.points), 1))], axis=1)
        result = np.zeros((len(matrices), len(points), 3))
        for bone in np.unique(self.rows[self.weights > 0]):
            weight = np.sum(self.weights * (self.rows == bone), axis=1)
            moved = np.flatnonzero(weight)
            turned = points[moved] @ matrices[:, bone, :3].swapaxes(-1, -2)
            result[:, moved] += turned * weight[moved, np.newaxis]
        return result

    def is_torn(self, posed: FloatArray, leg_length: float) -> BoolArray:
        """Return in which frames a part of the mesh was left behind, shape `(F,)`.

        A few edges may be weighted so that every bend tears them.
        """
        if not len(self.edges):
            return np.zeros(len(posed), dtype=bool)
        start, end = self.edges.T
        rest = np.linalg.norm(self.points[start] - self.points[end], axis=-1)
        now = np.linalg.norm(posed[:, start] - posed[:, end], axis=-1)
        torn: BoolArray = (now > _TORN * rest) & (now > _TORN_SHARE * leg_length)
        several: BoolArray = torn.mean(axis=1) > _TORN_EDGES
        return several


def read_skin(subject: Subject) -> Skin | None:
    """Return points of the character's meshes; None if its feet have no skin."""
    parts = [_mesh_skin(m, subject) for m in character.skinned_meshes(subject.armature)]
    if not any(len(part[3]) for part in parts):
        return None
    counts = np.cumsum([0] + [len(part[0]) for part in parts[:-1]])
    points, rows, weights = (
        np.concatenate([part[column] for part in parts]) for column in range(3)
    )
    edges = np.concatenate([part[3] + count for part, count in zip(parts, counts)])
    edges = edges[:: max(len(edges) // _NUM_EDGES, 1)]
    soles = _soles(subject, points, rows[np.arange(len(rows)), weights.argmax(axis=1)])
    if not soles.any(axis=1).all():
        return None
    kept = soles.any(axis=0)
    kept[edges] = True
    place = np.cumsum(kept) - 1
    return Skin(points[kept], rows[kept], weights[kept], soles[:, kept], place[edges])


def _soles(subject: Subject, points: FloatArray, heaviest: IntArray) -> BoolArray:
    """Return which points lie under each foot, shape `(2, P)`.

    Args:
        subject: The character.
        points: At rest, shape `(P, 3)` [m].
        heaviest: The bone that moves each most, shape `(P,)`.
    """
    build = subject.build
    heights = points @ build.body[:, 2]
    limit = heights.min() + _SOLE_SHARE * build.leg_length
    soles = []
    for side in SIDES:
        ankle = build.rest.ends[f"{side}_shin"][0]
        away = np.linalg.norm(points - ankle, axis=-1)
        own = np.isin(heaviest, subject.descendants(f"{side}_shin"))
        soles.append(own & (heights < limit) & (away < _FOOT * build.leg_length))
    return np.stack(soles)


_Part = tuple[FloatArray, IntArray, FloatArray, IntArray]


def _mesh_skin(mesh: "Object", subject: Subject) -> _Part:
    """Return a mesh's points in the world, their heaviest bones, and its edges."""
    data = access.mesh_data(mesh)
    chosen, weights = _mesh_weights(mesh, data, subject)
    world = np.array(mesh.matrix_world)
    points = np.empty(len(data.vertices) * 3, dtype=np.float32)
    data.vertices.foreach_get("co", points)
    edges = np.empty(len(data.edges) * 2, dtype=np.int32)
    data.edges.foreach_get("vertices", edges)
    total = weights.sum(axis=1)
    bound = total > 0
    place = np.cumsum(bound) - 1
    pairs = edges.reshape(-1, 2)
    pairs = place[pairs[bound[pairs].all(axis=1)]]
    xyz = points.reshape(-1, 3) @ world[:3, :3].T + world[:3, 3]
    return xyz[bound], chosen[bound], weights[bound] / total[bound, np.newaxis], pairs


def _mesh_weights(
    mesh: "Object", data: "Mesh", subject: Subject
) -> tuple[IntArray, FloatArray]:
    rows = {name: row for row, name in enumerate(subject.names)}
    bone_of = {group.index: rows.get(group.name, -1) for group in mesh.vertex_groups}
    chosen = np.zeros((len(data.vertices), _MAX_BONES), dtype=np.int64)
    weights = np.zeros((len(data.vertices), _MAX_BONES))
    for number, vertex in enumerate(data.vertices):
        groups = [(g.weight, bone_of[g.group]) for g in vertex.groups]
        heaviest = sorted(((w, b) for w, b in groups if b >= 0), reverse=True)
        for place, (weight, bone) in enumerate(heaviest[:_MAX_BONES]):
            chosen[number, place], weights[number, place] = bone, weight
    return chosen, weights
