# SPDX-License-Identifier: GPL-3.0-or-later
"""A humanoid as a VRM file, made by code: nodes, rigid meshes, a table, no skin."""

import struct
from typing import Any

from tests.humanoid import humanoid_bones, humanoid_roles
from vitpose_blender.core.files.gltf_file import Gltf

TRIANGLE = struct.pack("<9f", 0, 0, 0, 0.1, 0, 0, 0, 0.1, 0)
_PARTS = {
    "clavicle": "Shoulder", "upper_arm": "UpperArm", "forearm": "LowerArm",
    "hand": "Hand", "thigh": "UpperLeg", "shin": "LowerLeg", "foot": "Foot",
    "toe": "Toes",
}  # fmt: skip


def vrm_names() -> dict[str, str]:
    """Return what VRM calls each bone of `humanoid_bones`."""
    names = {
        "Hips": "hips", "Spine": "spine", "Spine1": "chest", "Spine2": "upperChest",
        "Neck": "neck", "Head": "head",
    }  # fmt: skip
    for role, (bone, *_) in humanoid_roles().items():
        side, _, part = role.partition("_")
        if part in _PARTS:
            names[bone] = side + _PARTS[part]
    return names


def humanoid_document(version: int | None = 1) -> dict[str, Any]:
    """Return the JSON of a humanoid's file.

    A node `root` holds the hips, and every bone a triangle called `box of <bone>`.

    Args:
        version: Of VRM, 0 or 1, with its table; None writes none.
    """
    facing = -1 if version == 0 else 1  # VRM 0 looks along -Z, VRM 1 along +Z.
    nodes: list[dict[str, Any]] = [{"name": "root", "children": []}]
    rows = {"": 0}
    bones = humanoid_bones()
    for name, (parent, head, _) in bones.items():
        x, y, z = head - (bones[parent][1] if parent else 0)
        rows[name] = len(nodes)
        nodes[rows[parent]]["children"].append(len(nodes))
        place = [facing * float(x), float(z), -facing * float(y)]
        nodes.append({"name": name, "translation": place, "children": []})
    for name in bones:
        nodes[rows[name]]["children"].append(len(nodes))
        nodes.append({"name": f"box of {name}", "mesh": 0})
    for node in nodes:
        if not node.get("children", True):
            del node["children"]
    document: dict[str, Any] = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": nodes,
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3",
             "min": [0, 0, 0], "max": [0.1, 0.1, 0]}
        ],
        "bufferViews": [{"buffer": 0, "byteLength": len(TRIANGLE)}],
        "buffers": [{"byteLength": len(TRIANGLE)}],
    }  # fmt: skip
    if version is not None:
        table = {vrm: rows[bone] for bone, vrm in vrm_names().items()}
        document |= with_table(version, table)
    return document


def with_table(version: int, table: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a document that names the nodes of bones."""
    if version == 1:
        bones = {name: {"node": node} for name, node in table.items()}
        key, humanoid = "VRMC_vrm", {"humanBones": bones}
    else:
        rows = [{"bone": name, "node": node} for name, node in table.items()]
        key, humanoid = "VRM", {"humanBones": rows}
    return {"extensionsUsed": [key], "extensions": {key: {"humanoid": humanoid}}}


def humanoid_vrm(version: int | None = 1, **changes: Any) -> Gltf:
    """Return a humanoid's file, with some of its JSON replaced."""
    return Gltf({**humanoid_document(version), **changes}, TRIANGLE)
