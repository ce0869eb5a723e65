# SPDX-License-Identifier: GPL-3.0-or-later
"""Fills in roles that a source leaves out, and suggests bones for the others."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..layouts import SIDES
from ..rig import CHAIN_ROLES, FINGER_ROLES, ROLES, TWIST_ROLES
from ..skeleton import Skeleton
from .rig_agreement import Bones, Places, other_side

if TYPE_CHECKING:
    from ..types import FloatArray

_MOST = 8  # Candidates of one role.
# What a role's bone hangs on or carries: both sources must agree on that bone.
_NEIGHBOUR = {
    "clavicle": "upper_arm", "hand": "forearm", "foot": "shin", "toe": "foot",
    **dict.fromkeys(FINGER_ROLES, "hand"),
}  # fmt: skip
_MIDDLE = {"neck": "head", "head": "hips", "jaw": "head", "tail": "hips"}


def complete(
    bones: Bones, others: Bones
) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """Return roles with those added that another source knows, and which they are.

    A role is taken over only where both mean the same bone beside it.

    Args:
        bones: What is known; it stays.
        others: What another source says.
    """
    full, added = dict(bones), []
    taken = {name for names in bones.values() for name in names}
    for role in ROLES:
        names = others.get(role, ())
        if role in full or not names or taken & set(names):
            continue
        neighbour = _neighbour(role)
        if neighbour and full.get(neighbour) == others.get(neighbour, ("",)):
            full[role] = names
            taken |= set(names)
            added.append(role)
    return full, added


def _neighbour(role: str) -> str:
    side, _, part = role.partition("_")
    if side not in SIDES:
        return _MIDDLE.get(role, "")
    if part == "eye":
        return "head"
    beside = _NEIGHBOUR.get(part, "")
    return f"{side}_{beside}" if beside else ""


def candidates(
    skeleton: Skeleton, bones: Bones, sources: Sequence[Bones]
) -> dict[str, tuple[str, ...]]:
    """Return bones that may play the roles that have none, best first.

    Args:
        skeleton: The armature.
        bones: The roles that have bones.
        sources: What names and joints say.
    """
    taken = {name for names in bones.values() for name in names}
    places, found = Places(skeleton), {}
    below = _children(skeleton)
    for role in ROLES:
        if role in bones:
            continue
        wanted = [name for source in sources for name in source.get(role, ())]
        wanted += _mirrored(role, bones, places)
        wanted += _around(role, bones, below)
        free = [name for name in dict.fromkeys(wanted) if name not in taken]
        if free:
            found[role] = tuple(free[:_MOST])
    return found


def _children(skeleton: Skeleton) -> dict[str, list[str]]:
    below: dict[str, list[str]] = {name: [] for name in skeleton.names}
    for name, parent in zip(skeleton.names, skeleton.parents):
        if parent >= 0:
            below[skeleton.names[parent]].append(name)
    return below


def _mirrored(role: str, bones: Bones, places: Places) -> list[str]:
    """Return the bones nearest to where the other side has its own."""
    twin = bones.get(other_side(role), ())
    roots = [bones.get(f"{side}_thigh") for side in SIDES]
    if role not in (*CHAIN_ROLES, other_side(role)) and twin and all(roots):
        left, right = (places.head(root[0]) for root in roots if root)
        image = _mirror(places.head(twin[0]), left, right)
        gaps = np.linalg.norm(places.heads - image, axis=1)
        names = list(places.rows)
        near = np.argsort(gaps, kind="stable")[:3]
        limit = 0.3 * float(np.linalg.norm(left - right)) + 1e-9
        return [names[row] for row in near if gaps[row] < limit]
    return []


def _mirror(
    point: "FloatArray", left: "FloatArray", right: "FloatArray"
) -> "FloatArray":
    normal = (left - right) / max(float(np.linalg.norm(left - right)), 1e-12)
    offset = (point - (left + right) / 2) @ normal
    image: FloatArray = point - 2 * offset * normal
    return image


def _around(role: str, bones: Bones, below: Mapping[str, list[str]]) -> Iterator[str]:
    """Yield the bones next to where a role belongs, nearest in the hierarchy first."""
    side, _, part = role.partition("_")
    if part in TWIST_ROLES:
        carriers = bones.get(f"{side}_{part.removesuffix('_twist')}", ())
    elif part == "clavicle":
        carriers = bones.get("spine", bones.get("hips", ()))
    else:
        carriers = bones.get(_neighbour(role), ()) or bones.get("hips", ())
    waiting = [child for name in carriers[-1:] for child in below[name]]
    for _ in range(4 * _MOST):
        if not waiting:
            return
        name = waiting.pop(0)
        yield name
        waiting += below[name]
