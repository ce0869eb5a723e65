# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the bones that names say with what the hierarchy and the joints say."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..layouts import SIDES
from ..skeleton import Skeleton
from ..types import FloatArray
from .rig_structure import Structure

Bones = Mapping[str, tuple[str, ...]]

LIMB_PARTS = ("upper_arm", "forearm", "hand", "thigh", "shin", "foot")
_LIMBS = (
    ("clavicle", "upper_arm", "forearm", "hand"),
    ("thigh", "shin", "foot", "toe"),
)
_SAME = 0.06  # Of the body's size: joints nearer than this are in one place.
_FAR = 0.15  # Of the body's size: farther than this, a name is not just another view.


@dataclass(frozen=True)
class Agreement:
    """How well the bones of some roles go with the joints.

    Attributes:
        share: Of the limb roles that are where the joints say, 0 to 1.
        exchanged: The same with left and right exchanged.
        far: Roles whose bones are far from where they should be, as they are.
        far_exchanged: The same with left and right exchanged.
    """

    share: float
    exchanged: float
    far: tuple[str, ...]
    far_exchanged: tuple[str, ...]

    @property
    def is_exchanged(self) -> bool:
        return self.exchanged > self.share


def compare(skeleton: Skeleton, bones: Bones, structure: Structure) -> Agreement:
    """Return how well bones of roles go with the body that the joints make."""
    straight = _gaps(skeleton, bones, structure)
    crossed = _gaps(skeleton, exchange_sides(bones), structure)
    return Agreement(
        _share(straight),
        _share(crossed),
        tuple(role for role, gap in straight.items() if gap > _FAR),
        tuple(role for role, gap in crossed.items() if gap > _FAR),
    )


def _gaps(skeleton: Skeleton, bones: Bones, structure: Structure) -> dict[str, float]:
    """Return how far limb roles are from where the joints say, in body sizes."""
    places = Places(skeleton)
    roles = [f"{side}_{part}" for side in SIDES for part in LIMB_PARTS]
    return {
        role: places.distance(bones[role][0], structure.bones[role][0]) / structure.size
        for role in roles
        if role in bones and role in structure.bones
    }


def _share(gaps: Mapping[str, float]) -> float:
    return float(np.mean([gap < _SAME for gap in gaps.values()])) if gaps else 0.0


class Places:
    """Where bones start in the world."""

    def __init__(self, skeleton: Skeleton) -> None:
        self.rows = {name: row for row, name in enumerate(skeleton.names)}
        self.heads = skeleton.world_heads

    def head(self, name: str) -> FloatArray:
        head: FloatArray = self.heads[self.rows[name]]
        return head

    def distance(self, one: str, other: str) -> float:
        return float(np.linalg.norm(self.head(one) - self.head(other)))


def exchange_sides(bones: Bones) -> dict[str, tuple[str, ...]]:
    """Return the roles with left and right exchanged."""
    return {other_side(role): names for role, names in bones.items()}


def other_side(role: str) -> str:
    """Return the same role on the other side; one in the middle is its own."""
    for side, other in (SIDES, SIDES[::-1]):
        if role.startswith(f"{side}_"):
            return role.replace(side, other, 1)
    return role


def contradictions(skeleton: Skeleton, bones: Bones) -> Iterator[str]:
    """Yield what the hierarchy says against bones of roles, naming the bones."""
    carriers = _carriers(skeleton)
    for side in SIDES:
        for limb in _LIMBS:
            chain = [
                bones[f"{side}_{part}"][0] for part in limb if f"{side}_{part}" in bones
            ]
            for upper, lower in pairwise(chain):
                if lower in carriers[upper]:
                    yield f"{lower!r} carries {upper!r}, and should hang on it"
    hips = bones.get("hips", ("",))[0]
    for role in ("left_thigh", "right_thigh", "left_upper_arm", "right_upper_arm"):
        if role in bones and bones[role][0] in carriers.get(hips, ()):
            yield f"{bones[role][0]!r} carries the hips {hips!r}"


def _carriers(skeleton: Skeleton) -> dict[str, set[str]]:
    """Return the names of all bones that carry each one."""
    names, parents = skeleton.names, skeleton.parents
    carriers = {}
    for row, name in enumerate(names):
        above: set[str] = set()
        carrier = parents[row]
        while carrier >= 0 and names[carrier] not in above:
            above.add(names[carrier])
            carrier = parents[carrier]
        carriers[name] = above
    return carriers
