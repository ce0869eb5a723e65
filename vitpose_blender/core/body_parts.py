# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a body that can be keyed apart from the others."""

from collections.abc import Iterable

from .layouts import SIDES
from .rig import ROLES

HIPS, TRUNK, HEAD = "hips", "trunk", "head"
_LEG_ROLES = ("thigh", "shin", "foot", "toe")
_CENTRE = {
    "hips": HIPS,
    "spine": TRUNK,
    "tail": TRUNK,
    "neck": HEAD,
    "head": HEAD,
    "jaw": HEAD,
}
PARTS = (
    HIPS,
    TRUNK,
    HEAD,
    *(f"{side}_{limb}" for limb in ("arm", "leg") for side in SIDES),
)


def part_of_body(role: str) -> str:
    """Return the part of the body that a role belongs to, one of `PARTS`."""
    side, _, rest = role.partition("_")
    if side not in SIDES:
        return _CENTRE[role]
    if rest == "eye":
        return HEAD
    is_leg = rest.startswith(_LEG_ROLES)
    return f"{side}_{'leg' if is_leg else 'arm'}"


def roles_of(parts: Iterable[str]) -> frozenset[str]:
    """Return the roles that belong to some parts of the body."""
    wanted = set(parts)
    return frozenset(role for role in ROLES if part_of_body(role) in wanted)
