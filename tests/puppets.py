# SPDX-License-Identifier: GPL-3.0-or-later
"""Bones with known roles, ways to disguise them, and how well they are recognised."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from vitpose_blender.core.layouts import SIDES
from vitpose_blender.core.recognition.rig_agreement import exchange_sides
from vitpose_blender.core.skeleton import Skeleton

LEFT, BACK, UP = np.eye(3)


def at(x, y, z) -> np.ndarray:
    return np.array([x, y, z], dtype=float)


@dataclass
class Puppet:
    """Bones by name, parents first, and which bone plays which role."""

    parents: dict[str, str] = field(default_factory=dict)
    heads: dict[str, np.ndarray] = field(default_factory=dict)
    roles: dict[str, list[str]] = field(default_factory=dict)
    tips: dict[str, np.ndarray] = field(default_factory=dict)
    body: str = "biped"

    def add(self, name, parent, head, role=""):
        """Add a bone; a role that has bones already gets one more at its tip."""
        assert name not in self.heads
        assert not parent or parent in self.heads
        self.parents[name], self.heads[name] = parent, np.array(head, dtype=float)
        if role:
            self.roles.setdefault(role, []).append(name)
        return name

    def chain(self, name, parent, points, role=""):
        """Add bones one after another and return the last one."""
        for number, point in enumerate(points):
            parent = self.add(f"{name}_{number}", parent, point, role)
        return parent

    def skeleton(self) -> Skeleton:
        """Return the bones as plain arrays; bones end at their first child's head."""
        names = list(self.heads)
        rows = {name: row for row, name in enumerate(names)}
        parents = [rows.get(self.parents[name], -1) for name in names]
        heads = np.array([self.heads[name] for name in names])
        tails = heads + 0.5 * (heads - heads[parents])  # What an importer would guess.
        tails[np.all(tails == heads, axis=1)] += 0.02 * UP
        for row in reversed(range(len(names))):
            if parents[row] >= 0 and np.any(heads[row] != heads[parents[row]]):
                tails[parents[row]] = heads[row]
        for name, tip in self.tips.items():
            tails[rows[name]] = tip
        turns = np.tile(np.eye(3), (len(names), 1, 1))
        return Skeleton(names, parents, heads, tails, turns)


PAIRED = (
    "clavicle", "upper_arm", "forearm", "hand", "thigh", "shin", "foot", "toe",
)  # fmt: skip
MAIN = ("hips", "spine", "neck", "head", *(f"{s}_{p}" for s in SIDES for p in PAIRED))


@dataclass(frozen=True, eq=False)
class Disguised:
    """A skeleton whose names say nothing, and which bone plays which role."""

    skeleton: Skeleton
    roles: Mapping[str, tuple[str, ...]]

    def wrong(self, bones: Mapping[str, tuple[str, ...]]) -> list[str]:
        """Return the main roles that have another bone than they should."""
        return [role for role in MAIN if not self._is_right(role, bones)]

    def wrong_but_for_sides(self, bones: Mapping[str, tuple[str, ...]]) -> list[str]:
        """Return the same, with left and right as they fit better."""
        return min(self.wrong(bones), self.wrong(exchange_sides(bones)), key=len)

    def _is_right(self, role, bones):
        wanted, given = self.roles.get(role, ()), bones.get(role, ())
        if not (wanted and given):
            return not wanted and not given
        # A spine ends in the chest, a neck begins above it; other bones may be doubled.
        if role in ("spine", "neck"):
            end = -1 if role == "spine" else 0
            return wanted[end] == given[end]
        return given[0] in wanted

    def is_exchanged(self, bones: Mapping[str, tuple[str, ...]]) -> bool:
        """Return whether any limb got a bone of the other side."""
        crossed = exchange_sides(self.roles)
        return any(
            set(bones.get(f"{side}_{part}", ()))
            & set(crossed.get(f"{side}_{other}", ()))
            for side in SIDES
            for part in PAIRED
            for other in PAIRED
        )


def disguise(
    puppet: Puppet,
    rng: np.random.Generator,
    jitter: float = 0.0,
    mirror: bool = False,
    flat: bool = False,
) -> Disguised:
    """Return a puppet's bones with meaningless names, in any order, place and size.

    Args:
        puppet: The bones; its height is about 1.
        rng: For all that is random.
        jitter: How far every joint is moved in a random direction.
        mirror: Show it in a mirror, where its left bones are on its right.
        flat: Let all bones hang on nothing.
    """
    known = puppet.skeleton()
    moves = rng.normal(size=known.heads.shape)
    moves *= jitter / np.linalg.norm(moves, axis=1, keepdims=True)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    turn *= np.linalg.det(turn) * (-1 if mirror else 1)
    scale, shift = np.exp(rng.uniform(-5, 5)), rng.normal(size=3)
    heads = (known.heads + moves) @ turn.T * scale + shift
    tails = (known.tails + moves) @ turn.T * scale + shift
    order = rng.permutation(len(heads))
    places = np.argsort(order)
    parents = [-1 if flat else known.parents[row] for row in order]
    new_names = [f"bone{place}" for place in places]
    renamed = dict(zip(known.names, new_names))
    roles = {r: tuple(renamed[n] for n in names) for r, names in puppet.roles.items()}
    skeleton = replace(
        known,
        names=[new_names[row] for row in order],
        parents=[int(places[row]) if row >= 0 else -1 for row in parents],
        heads=heads[order],
        tails=tails[order],
    )
    return Disguised(skeleton, exchange_sides(roles) if mirror else roles)
