# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies to render: meshes of one topology that blend, their joints and weights.

The six MakeHuman characters share their vertices, so any mixture of their shapes is a
body too, and a keypoint is the same vertices on all of them. Axes as in glTF: x to the
person's left, y up, z forward; metres.
"""

import json
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vitpose_blender.core.errors import SourceError

Array = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

HELD_OUT = "female_old_short__openpose"  # No picture of it is ever trained on.
REFERENCE = "male_adult__mixamo"  # Its bones are those of all.
FACE_REFERENCE = "male_heavy__mixamo_unity"  # Has bones for the eyes.
SIDES = ("left", "right")
BONES: tuple[str, ...] = (
    "hips", "spine", "chest", "neck", "head",
    *(f"{s}_{n}" for s in SIDES for n in (
        "clavicle", "upper_arm", "forearm", "hand", "thigh", "shin", "foot", "toe")),
)  # fmt: skip
PARENTS = {
    "spine": "hips", "chest": "spine", "neck": "chest", "head": "neck",
    **{f"{s}_{c}": p if p in BONES else f"{s}_{p}" for s in SIDES for c, p in (
        ("clavicle", "chest"), ("upper_arm", "clavicle"), ("forearm", "upper_arm"),
        ("hand", "forearm"), ("thigh", "hips"), ("shin", "thigh"), ("foot", "shin"),
        ("toe", "foot"))},
}  # fmt: skip
_MIXAMO = {
    "Hips": "hips", "Spine": "spine", "Spine1": "spine", "Spine2": "chest",
    "Neck": "neck", "Head": "head",
    "Shoulder": "clavicle", "Arm": "upper_arm", "ForeArm": "forearm", "Hand": "hand",
    "UpLeg": "thigh", "Leg": "shin", "Foot": "foot", "ToeBase": "toe",
}  # fmt: skip
CELL = 0.016  # Vertices nearer than this may become one [m].
FINE_CELL = 0.009  # In the face and the hands [m].


@dataclass(frozen=True, eq=False)
class Body:
    """A mesh in its rest pose, ready to pose.

    Attributes:
        vertices, normals: Shape `(V, 3)` [m].
        heads: Where each of `BONES` begins, `(21, 3)` [m].
        face: Nose, left eye, right eye, left ear, right ear, `(5, 3)` [m].
    """

    vertices: Array
    normals: Array
    heads: Array
    face: Array


@dataclass(frozen=True, eq=False)
class Family:
    """Bodies of one topology.

    Attributes:
        names: Of the bodies.
        bodies: In the same order.
        triangles: Corner rows, `(T, 3)`.
        weights: Of each vertex on each of `BONES`, `(V, 21)`.
        regions: Name of the material of each vertex; empty where it is skin that
            clothes are painted on.
    """

    names: tuple[str, ...]
    bodies: tuple[Body, ...]
    triangles: Rows
    weights: Array
    regions: tuple[str, ...] = ()

    def blend(self, shares: Array) -> Body:
        """Return the mixture of the bodies by `shares`, which sum to 1."""

        def mix(name: str) -> Array:
            stack = np.stack([getattr(body, name) for body in self.bodies])
            mixed: Array = np.tensordot(shares, stack, axes=1).astype(np.float32)
            return mixed

        normals = mix("normals")
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        return Body(mix("vertices"), normals, mix("heads"), mix("face"))

    @property
    def mean(self) -> Body:
        """The average body."""
        return self.blend(np.full(len(self.bodies), 1 / len(self.bodies)))


@dataclass(frozen=True, eq=False)
class _Glb:
    vertices: Array
    normals: Array
    triangles: Rows
    weights: Array
    joints: dict[str, Array]


def load_people(shared: Path) -> tuple[Family, Family]:
    """Return the characters to train on and the ones held out."""
    folder = shared / "data" / "rigs" / "mpfb2_glb"
    if not folder.is_dir():
        raise SourceError(f"There are no characters in {folder}: give --shared")
    read = {path.stem: _read_glb(path) for path in sorted(folder.glob("*.glb"))}
    reference = read[REFERENCE]
    weights = _common_weights(reference)
    rows, triangles = _simplified(reference, weights)
    face = _face_rows(read)
    bodies = {
        name: _body(glb, rows, weights, reference, face) for name, glb in read.items()
    }
    weights = np.round(weights[rows], 3)
    weights /= weights.sum(axis=1, keepdims=True)

    def family(names: list[str]) -> Family:
        chosen = tuple(bodies[name] for name in names)
        return Family(tuple(names), chosen, triangles, weights.astype(np.float32))

    return family([n for n in read if n != HELD_OUT]), family([HELD_OUT])


def load_mannequin() -> Family:
    """Return the project's own dressed person."""
    from mannequin_skeleton import rest_bones
    from sample_person import person_parts
    from sample_pose import JOINTS

    vertices, triangles, weights, regions = [], [], [], []
    count = 0
    for part in person_parts():
        vertices.append(part.vertices)
        for polygon in part.faces:
            for second, third in pairwise(polygon[1:]):
                triangles.append((polygon[0] + count, second + count, third + count))
        own = np.zeros((len(part.vertices), len(BONES)))
        for bone, weight in part.weights.items():
            own[:, BONES.index(_of_mannequin(bone))] += weight
        weights.append(own)
        regions += _materials_of_vertices(part)
        count += len(part.vertices)
    xyz = np.concatenate(vertices)
    corners = np.array(triangles)
    bones = rest_bones()
    heads = np.zeros((len(BONES), 3))
    for name, bone in bones.items():
        common = _of_mannequin(name)
        if name in ("hips", "spine", "upper_chest", "neck", "head") or (
            name.split(".")[0] in _LIMBS
        ):
            heads[BONES.index(common)] = bone.head
    nose, eye, ear = (np.array(JOINTS[n][1]) for n in ("nose", "left_eye", "left_ear"))
    mirror = np.array([-1.0, 1.0, 1.0])
    face = np.stack([nose, eye, eye * mirror, ear, ear * mirror])
    xyz, heads, face = (_y_up(points) for points in (xyz, heads, face))
    body = Body(xyz, _normals(xyz, corners), heads, face)
    shares = np.concatenate(weights).astype(np.float32)
    return Family(("mannequin",), (body,), corners, shares, tuple(regions))


_LIMBS = {
    "shoulder": "clavicle", "upper_arm": "upper_arm", "forearm": "forearm",
    "hand": "hand", "thigh": "thigh", "shin": "shin", "foot": "foot", "toe": "toe",
}  # fmt: skip


def _of_mannequin(bone: str) -> str:
    name, _, side = bone.partition(".")
    if not side:
        return {"upper_chest": "chest", "chest": "spine"}.get(name, name)
    return f"{'left' if side == 'L' else 'right'}_{_LIMBS.get(name, 'hand')}"


def _materials_of_vertices(part: object) -> list[str]:
    names = [""] * len(part.vertices)  # type: ignore[attr-defined]
    for material, polygon in zip(part.materials, part.faces):  # type: ignore[attr-defined]
        for corner in polygon:
            names[corner] = material
    return names


def _y_up(points: npt.NDArray[np.float64]) -> Array:
    turned = np.stack([points[:, 0], points[:, 2], -points[:, 1]], axis=1)
    return turned.astype(np.float32)


def _read_glb(path: Path) -> _Glb:
    content = path.read_bytes()
    length = struct.unpack("<I", content[12:16])[0]
    gltf, blob = json.loads(content[20 : 20 + length]), content[28 + length :]
    kinds = {5121: np.uint8, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
    widths = {"SCALAR": 1, "VEC3": 3, "VEC4": 4, "MAT4": 16}

    def values(number: int) -> npt.NDArray[np.generic]:
        accessor = gltf["accessors"][number]
        view = gltf["bufferViews"][accessor["bufferView"]]
        start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        width = widths[accessor["type"]]
        kind = kinds[accessor["componentType"]]
        flat = np.frombuffer(blob, kind, accessor["count"] * width, start)
        return flat.reshape(-1, width)

    primitive = gltf["meshes"][0]["primitives"][0]
    attributes, skin = primitive["attributes"], gltf["skins"][0]
    vertices = values(attributes["POSITION"]).astype(np.float32)
    names = [gltf["nodes"][node]["name"] for node in skin["joints"]]
    bound = values(skin["inverseBindMatrices"]).reshape(-1, 4, 4).astype(np.float64)
    places = np.linalg.inv(bound.transpose(0, 2, 1))[:, :3, 3]
    weights = np.zeros((len(vertices), len(names)), dtype=np.float32)
    joints, shares = values(attributes["JOINTS_0"]), values(attributes["WEIGHTS_0"])
    every = np.arange(len(vertices))
    for k in range(4):
        np.add.at(weights, (every, joints[:, k].astype(int)), shares[:, k])
    corners = values(primitive["indices"]).reshape(-1, 3).astype(np.int64)
    return _Glb(
        vertices,
        values(attributes["NORMAL"]).astype(np.float32),
        corners,
        weights,
        {n: p.astype(np.float32) for n, p in zip(names, places)},
    )


def _common_name(name: str) -> str:
    name = name.removeprefix("mixamorig:")
    for side in SIDES:
        rest = name.removeprefix(side.capitalize())
        if rest != name:
            return f"{side}_{_MIXAMO.get(rest, 'hand')}"
    return _MIXAMO[name]


def _common_weights(glb: _Glb) -> Array:
    weights = np.zeros((len(glb.vertices), len(BONES)), dtype=np.float32)
    for column, name in enumerate(glb.joints):
        weights[:, BONES.index(_common_name(name))] += glb.weights[:, column]
    total: Array = weights / weights.sum(axis=1, keepdims=True)
    return total


def _simplified(glb: _Glb, weights: Array) -> tuple[Rows, Rows]:
    """Return the vertices that stand for all, and the triangles between them."""
    bone = weights.argmax(axis=1)
    fine = np.isin(bone, [BONES.index(n) for n in ("head", "left_hand", "right_hand")])
    cell = np.where(fine, FINE_CELL, CELL)[:, np.newaxis]
    keys = np.column_stack([np.floor(glb.vertices / cell).astype(int), bone])
    _, rows, label = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    corners = label.reshape(-1)[glb.triangles]
    a, b, c = corners.T
    corners = corners[(a != b) & (b != c) & (c != a)]
    _, first = np.unique(np.sort(corners, axis=1), axis=0, return_index=True)
    return rows, corners[np.sort(first)]


def _body(
    glb: _Glb, rows: Rows, weights: Array, reference: _Glb, face: list[Rows]
) -> Body:
    heads = np.zeros((len(BONES), 3), dtype=np.float32)
    scale = np.ptp(glb.vertices[:, 1]) / np.ptp(reference.vertices[:, 1])
    for name, place in reference.joints.items():
        common = _common_name(name)
        if name.endswith("Spine1") or (common.endswith("hand") and name[-1].isdigit()):
            continue  # Bones that are part of another.
        ring = _ring(common, weights)
        offset = place - ring @ reference.vertices
        heads[BONES.index(common)] = ring @ glb.vertices + scale * offset
    return Body(
        glb.vertices[rows],
        glb.normals[rows],
        heads,
        np.stack([glb.vertices[near].mean(axis=0) for near in face]),
    )


def _ring(bone: str, weights: Array) -> Array:
    """Return the shares of the vertices about a bone's beginning."""
    own = weights[:, BONES.index(bone)]
    if bone == "hips":
        return own / own.sum()
    ring = own * weights[:, BONES.index(PARENTS[bone])]
    total: Array = ring / ring.sum()
    return total


def _face_rows(read: dict[str, _Glb]) -> list[Rows]:
    """Return the vertices of nose, left eye, right eye, left ear and right ear."""
    eyes = read[FACE_REFERENCE]
    xyz = eyes.vertices
    eye = (eyes.joints["mixamorig:LeftEye"] + eyes.joints["mixamorig:RightEye"]) / 2
    middle = (np.abs(xyz[:, 0]) < 0.01) & (np.abs(xyz[:, 1] - eye[1] + 0.04) < 0.04)
    nose = np.flatnonzero(middle)[np.argsort(-xyz[middle, 2])[:4]]
    rows = [nose]
    for side in ("Left", "Right"):
        away = np.linalg.norm(
            xyz[:, :2] - eyes.joints[f"mixamorig:{side}Eye"][:2], axis=1
        )
        front = xyz[:, 2] > eye[2] - 0.02
        rows.append(np.argsort(away + 9.0 * ~front)[:6])
    side_of_head = (np.abs(xyz[:, 1] - eye[1] + 0.02) < 0.03) & (xyz[:, 2] < eye[2])
    for sign in (1, -1):
        rows.append(np.argsort(sign * xyz[:, 0] * -1 + 9.0 * ~side_of_head)[:30])
    return rows


def _normals(xyz: Array, triangles: Rows) -> Array:
    a, b, c = (xyz[triangles[:, k]] for k in range(3))
    normals = np.zeros_like(xyz)
    for k in range(3):
        np.add.at(normals, triangles[:, k], np.cross(b - a, c - a))
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    unit: Array = normals / np.maximum(length, 1e-12)
    return unit
