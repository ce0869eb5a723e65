# SPDX-License-Identifier: GPL-3.0-or-later
"""The humanoid table of a VRM file: which node plays which role.

VRM 0 and VRM 1 name the same bones but for the thumb, whose three joints are called
proximal, intermediate, distal in the one and metacarpal, proximal, distal in the other.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ..layouts import SIDES
from ..rig import REQUIRED_ROLES
from .gltf_file import Gltf, parents, path_to_root

_CENTRE = {
    "hips": "hips",
    "spine": "spine",
    "chest": "spine",
    "upperChest": "spine",
    "neck": "neck",
    "head": "head",
    "jaw": "jaw",
}
_PARTS = {
    "Shoulder": "clavicle",
    "UpperArm": "upper_arm",
    "LowerArm": "forearm",
    "Hand": "hand",
    "UpperLeg": "thigh",
    "LowerLeg": "shin",
    "Foot": "foot",
    "Toes": "toe",
    "Eye": "eye",
}
_FINGERS = {
    "Thumb": "thumb",
    "Index": "index",
    "Middle": "middle",
    "Ring": "ring",
    "Little": "pinky",
}
_JOINTS = ("Metacarpal", "Proximal", "Intermediate", "Distal")
# Role of each bone name, those of a chain from root to tip.
_ROLES = (
    _CENTRE
    | {f"{s}{name}": f"{s}_{part}" for s in SIDES for name, part in _PARTS.items()}
    | {
        f"{side}{name}{joint}": f"{side}_{part}"
        for side in SIDES
        for name, part in _FINGERS.items()
        for joint in _JOINTS
    }
)
# What a part hangs on, the nearest first.
_ABOVE = {
    "spine": ("hips",),
    "neck": ("spine", "hips"),
    "head": ("neck", "spine", "hips"),
    "jaw": ("head",),
    "eye": ("head",),
    "clavicle": ("spine", "hips"),
    "upper_arm": ("clavicle", "spine", "hips"),
    "forearm": ("upper_arm",),
    "hand": ("forearm",),
    "thigh": ("hips",),
    "shin": ("thigh",),
    "foot": ("shin",),
    "toe": ("foot",),
    **dict.fromkeys(_FINGERS.values(), ("hand",)),
}


@dataclass(frozen=True)
class Humanoid:
    """What a VRM file says about its character's bones.

    Attributes:
        name: `VRM 0` or `VRM 1`.
        nodes: Indexes of the nodes of each role, from root to tip.
        problem: Why the table is not to be trusted; empty if it is.
    """

    name: str
    nodes: Mapping[str, tuple[int, ...]]
    problem: str = ""


def read_humanoid(gltf: Gltf) -> Humanoid | None:
    """Return the humanoid table of a VRM file, None of any other glTF file."""
    tables = list(_tables(gltf.document.get("extensions")))
    found = [_humanoid(name, entries, gltf) for name, entries in tables]
    trusted = [humanoid for humanoid in found if not humanoid.problem]
    return next(iter(trusted + found), None)


def _tables(extensions: object) -> Iterator[tuple[str, list[tuple[Any, Any]]]]:
    """Yield bone names and nodes as the file has them, the newer format first."""
    if "VRMC_vrm" in _dict(extensions):
        bones = _dict(_dict(_dict(extensions)["VRMC_vrm"]).get("humanoid"))
        entries = _dict(bones.get("humanBones")).items()
        yield "VRM 1", [(name, _dict(bone).get("node")) for name, bone in entries]
    if "VRM" in _dict(extensions):
        bones = _dict(_dict(_dict(extensions)["VRM"]).get("humanoid"))
        listed = bones.get("humanBones")
        rows = [_dict(row) for row in listed] if isinstance(listed, list) else []
        yield "VRM 0", [(row.get("bone"), row.get("node")) for row in rows]


def _dict(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _humanoid(name: str, entries: list[tuple[Any, Any]], gltf: Gltf) -> Humanoid:
    # Exporters write -1 for a bone that the character does not have.
    known = [
        (bone, node)
        for bone, node in entries
        if isinstance(bone, str) and bone in _ROLES and node not in (None, -1)
    ]
    valid = {
        bone: node
        for bone, node in known
        if type(node) is int and 0 <= node < len(gltf.nodes)
    }
    nodes: dict[str, tuple[int, ...]] = {}
    for bone, role in _ROLES.items():
        if bone in valid:
            nodes[role] = (*nodes.get(role, ()), valid[bone])
    return Humanoid(name, nodes, _problem(known, valid, nodes, gltf))


def _problem(
    known: Sequence[tuple[str, Any]],
    valid: Mapping[str, int],
    nodes: Mapping[str, tuple[int, ...]],
    gltf: Gltf,
) -> str:
    """Return what is wrong with a table, or nothing."""
    for bone, node in known:
        if bone not in valid:
            return f"its {bone} is a node {node!r} that is not there"
    if twice := _repeated(bone for bone, _ in known):
        return f"it gives {twice} several nodes"
    if (node := _repeated(valid.values())) is not None:
        return f"it gives node {node} to several bones"
    missing = [role for role in REQUIRED_ROLES if role not in nodes]
    if missing:
        names = [bone for bone, role in _ROLES.items() if role in missing]
        return f"it has no {', '.join(names)}"
    return _misplaced(nodes, parents(gltf))


def _repeated(values: Iterator[Any] | Any) -> Any:
    """Return a value that occurs more than once, or None."""
    return next((value for value, n in Counter(values).items() if n > 1), None)


def _misplaced(nodes: Mapping[str, tuple[int, ...]], above: Sequence[int]) -> str:
    """Return which bone does not hang where it must, or nothing."""
    for role, chain in nodes.items():
        holder = _holder(role, nodes)
        holders = nodes[holder][-1:] if holder else ()
        upward = [*reversed(chain), *holders]
        for lower, upper in pairwise(upward):
            if lower == upper or upper not in path_to_root(lower, above):
                return f"its {role} does not hang on its {holder or role}"
    return ""


def _holder(role: str, nodes: Mapping[str, tuple[int, ...]]) -> str | None:
    """Return the nearest role that the table has above a role."""
    side, _, part = role.partition("_")
    is_sided = side in SIDES
    for candidate in _ABOVE.get(part if is_sided else role, ()):
        for name in (f"{side}_{candidate}", candidate):
            if name in nodes:
                return name
    return None
