# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a character's bones are recognised, with their names and without."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from rigs_posed import SIDES
from vitpose_blender.core.errors import RigError
from vitpose_blender.core.recognition.rig_detect import Detection, detect_rig
from vitpose_blender.core.rig import RigMap
from vitpose_blender.core.skeleton import Skeleton
from vitpose_blender.core.types import IntArray

SCRAMBLES = 5  # Of each character.
SURE = 0.5  # At or below this confidence the detector says that it guesses.


@dataclass(frozen=True)
class MapScore:
    """How right the recognised roles of one character are.

    Attributes:
        rig: What it was recognised as; empty if it was refused.
        confidence: That the detector itself states.
        right: Number of main roles with the right bone.
        total: Number of main roles that the character has.
        wrong_sides: Roles that got a bone of the other side.
        wrong_roles: All that are not right, for whoever mends them.
    """

    rig: str
    confidence: float
    right: int
    total: int
    wrong_sides: int
    wrong_roles: tuple[str, ...]

    @property
    def is_sure(self) -> bool:
        """Whether the detector itself believes in its roles, sides included."""
        return self.confidence > SURE


def score_map(
    skeleton: Skeleton, maps: list[RigMap], truth: Mapping[str, str]
) -> MapScore:
    """Compare what is recognised with the table written by hand."""
    present = set(skeleton.names)
    truth = {r: t for r, t in truth.items() if present & set(t.split("|"))}
    try:
        found = detect_rig(skeleton, maps)
    except RigError:
        return MapScore("", 0.0, 0, len(truth), 0, tuple(truth))
    given = {role: given_bone(found, role) for role in truth}
    wrong = [r for r, names in truth.items() if given[r] not in names.split("|")]
    exchanged = [r for r in wrong if is_other_side(r, given[r], truth)]
    return MapScore(
        found.rig,
        found.confidence,
        len(truth) - len(wrong),
        len(truth),
        len(exchanged),
        tuple(f"{role}: {given[role] or 'nothing'}" for role in wrong),
    )


def given_bone(found: Detection, role: str) -> str:
    """Return the bone that was found for a main role; the chest ends the spine."""
    bones = found.bones.get("spine" if role == "chest" else role, ())
    return bones[-1 if role == "chest" else 0] if bones else ""


def is_other_side(role: str, bone: str, truth: Mapping[str, str]) -> bool:
    """Say whether a bone belongs to the side that a role is not of."""
    side = role.partition("_")[0]
    if side not in SIDES:
        return False
    other = SIDES[1 - SIDES.index(side)]
    return any(bone in t.split("|") for r, t in truth.items() if r.startswith(other))


def scramble(
    skeleton: Skeleton, truth: Mapping[str, str], seed: int
) -> tuple[Skeleton, dict[str, str]]:
    """Return the skeleton with meaningless names in another order, and its truth."""
    rng = np.random.default_rng(seed)
    order = random_order(skeleton, rng)
    numbers = rng.permutation(len(order))
    new_names = {
        skeleton.names[row]: f"Bone.{number:03d}" for row, number in zip(order, numbers)
    }
    place = np.argsort(order)
    parents = [skeleton.parents[row] for row in order]
    shuffled = replace(
        skeleton,
        names=tuple(new_names[skeleton.names[row]] for row in order),
        parents=tuple(int(place[row]) if row >= 0 else -1 for row in parents),
        heads=skeleton.heads[order],
        tails=skeleton.tails[order],
        rotations=skeleton.rotations[order],
    )
    renamed = {
        role: "|".join(
            new_names[name] for name in names.split("|") if name in new_names
        )
        for role, names in truth.items()
    }
    return shuffled, {role: names for role, names in renamed.items() if names}


def random_order(skeleton: Skeleton, rng: np.random.Generator) -> IntArray:
    """Return the bones' rows in a random order that keeps parents first."""
    children: dict[int, list[int]] = {}
    for row, parent in enumerate(skeleton.parents):
        children.setdefault(parent, []).append(row)
    waiting, order = children.get(-1, []).copy(), []
    while waiting:
        row = waiting.pop(rng.integers(len(waiting)))
        order.append(row)
        waiting += children.get(row, [])
    return np.array(order)
