# SPDX-License-Identifier: GPL-3.0-or-later
"""Says a glTF file's content so that Blender's importer makes an armature of it.

The importer makes bones only of a skin's joints, and refuses what a file requires even
where it would not have read it.
"""

from collections.abc import Iterable
from typing import Any

from .gltf_file import Gltf, Table, parents, path_to_root
from .vrm import Humanoid

NODE_MARK = "VITPOSE_node"  # A custom property of bones: the index of their node.

# Extensions that add to what is seen, or to a humanoid, and take nothing away.
_NEEDLESS = ("VRM", "KHR_materials_")
_THINGS = ("mesh", "camera", "skin")


def importable(gltf: Gltf, humanoid: Humanoid | None) -> Gltf:
    """Return the same content as the importer wants it; itself if nothing is amiss.

    With a humanoid, bones get their node's index as the property `NODE_MARK`, and nodes
    that no skin names become joints.
    """
    document = _with_one_scene(_without_needless(dict(gltf.document)))
    if humanoid is not None:
        document["nodes"] = [_marked(node, row) for row, node in enumerate(gltf.nodes)]
        if joints := _lacking_joints(gltf, humanoid):
            skin = {"name": "Armature", "joints": joints}
            document["skins"] = [*document.get("skins", []), skin]
    return gltf if document == gltf.document else Gltf(document, gltf.binary)


def _without_needless(document: dict[str, Any]) -> dict[str, Any]:
    required = document.get("extensionsRequired", [])
    kept = [name for name in required if not str(name).startswith(_NEEDLESS)]
    return document if kept == required else {**document, "extensionsRequired": kept}


def _with_one_scene(document: dict[str, Any]) -> dict[str, Any]:
    """The importer would open more scenes and leave them behind."""
    scenes = document.get("scenes", [])
    if len(scenes) < 2:
        return document
    nodes = dict.fromkeys(node for scene in scenes for node in scene.get("nodes", []))
    return {**document, "scenes": [{"nodes": list(nodes)}], "scene": 0}


def _marked(node: Table, row: int) -> Table:
    extras = node.get("extras")
    kept = extras if isinstance(extras, dict) else {}
    return {**node, "extras": {**kept, NODE_MARK: row}}


def _lacking_joints(gltf: Gltf, humanoid: Humanoid) -> list[int]:
    """Return the joints of a skin that the humanoid lacks, none if it lacks none.

    What hangs on the humanoid, such as hair, is a joint too unless it is a thing.
    """
    above = parents(gltf)
    skins = gltf.document.get("skins", [])
    body = {node for chain in humanoid.nodes.values() for node in chain}
    if humanoid.problem:
        body = set() if skins else _whole_trees(gltf, body, above)
    if body <= {joint for skin in skins for joint in skin["joints"]}:
        return []
    return [
        row
        for row, node in enumerate(gltf.nodes)
        if row in body or (not _is_thing(node) and _hangs_on(row, body, above))
    ]


def _whole_trees(gltf: Gltf, body: Iterable[int], above: list[int]) -> set[int]:
    """Return what might be bones where a table names some of them at best."""
    roots = {list(path_to_root(node, above))[-1] for node in body}
    return {
        row
        for row, node in enumerate(gltf.nodes)
        # Bones do not scale, but what holds them often does.
        if not (_is_thing(node) or (above[row] < 0 and {"scale", "matrix"} & set(node)))
        and (not roots or _hangs_on(row, roots, above))
    }


def _is_thing(node: Table) -> bool:
    return any(key in node for key in _THINGS)


def _hangs_on(node: int, body: set[int], above: list[int]) -> bool:
    return any(upper in body for upper in path_to_root(node, above))
