# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the skeleton of a glTF file without Blender, for tests of real characters."""

import json
import struct
from pathlib import Path

import numpy as np

from vitpose_blender.core.skeleton import Skeleton

Z_UP = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]])


def gltf_skeleton(path: Path) -> Skeleton:
    """Return the joints of a file's skins, in Blender's axes; tails are guesses."""
    gltf = _read_json(path)
    nodes = gltf["nodes"]
    above = {child: row for row, node in enumerate(nodes)
             for child in node.get("children", ())}  # fmt: skip
    joints = sorted({joint for skin in gltf["skins"] for joint in skin["joints"]})
    places = {joint: place for place, joint in enumerate(joints)}
    parents = [places.get(above.get(joint, -1), -1) for joint in joints]
    heads = np.array([_world(nodes, above, joint)[:3, 3] for joint in joints]) @ Z_UP.T
    tails = heads + 0.5 * (heads - heads[parents]) + (0, 0, 1e-3)
    turns = np.tile(np.eye(3), (len(joints), 1, 1))
    names = [nodes[joint].get("name", str(joint)) for joint in joints]
    return Skeleton(names, parents, heads, tails, turns)


def _read_json(path: Path) -> dict:
    data = path.read_bytes()
    if data[:4] == b"glTF":
        (length,) = struct.unpack_from("<I", data, 12)
        data = data[20 : 20 + length]
    return json.loads(data)


def _world(nodes: list[dict], above: dict[int, int], row: int) -> np.ndarray:
    world = _local(nodes[row])
    while (row := above.get(row, -1)) >= 0:
        world = _local(nodes[row]) @ world
    return world


def _local(node: dict) -> np.ndarray:
    if "matrix" in node:
        return np.array(node["matrix"], dtype=float).reshape(4, 4).T
    x, y, z, w = node.get("rotation", (0, 0, 0, 1))
    turn = np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip
    local = np.eye(4)
    local[:3, :3] = turn * np.array(node.get("scale", (1, 1, 1)))
    local[:3, 3] = node.get("translation", (0, 0, 0))
    return local
