# SPDX-License-Identifier: GPL-3.0-or-later
"""Which driven bone carries which: by anatomy, whatever the armature's hierarchy says.

Armatures hang legs on the spine, clavicles on the neck, or everything on one root. A
bone that does not descend from the one that carries it in a body is *detached*: it is
told its place as well as its turn.
"""

from collections.abc import Mapping, Sequence

from .layouts import SIDES

# What carries a part, nearest first; `*` stands for the part's own side.
_CARRIERS = {
    "hips": (),
    "spine": ("spine", "hips"),
    "neck": ("neck", "spine", "hips"),
    "head": ("neck", "spine", "hips"),
    "tail": ("tail", "hips"),
    "*_clavicle": ("spine", "hips"),
    "*_upper_arm": ("*_clavicle", "spine", "hips"),
    "*_upper_arm_twist": ("*_upper_arm_twist", "*_upper_arm"),
    "*_forearm": ("*_upper_arm_twist", "*_upper_arm"),
    "*_forearm_twist": ("*_forearm_twist", "*_forearm"),
    "*_hand": ("*_forearm_twist", "*_forearm"),
    "*_thigh": ("hips",),
    "*_thigh_twist": ("*_thigh_twist", "*_thigh"),
    "*_shin": ("*_thigh_twist", "*_thigh"),
    "*_shin_twist": ("*_shin_twist", "*_shin"),
    "*_foot": ("*_shin_twist", "*_shin"),
    "*_toe": ("*_foot",),
}


def driven_roles() -> tuple[str, ...]:
    """Return the roles whose bones follow a person, carriers first."""
    centre = [role for role in _CARRIERS if not role.startswith("*")]
    sides = [
        role.replace("*", side)
        for side in SIDES
        for role in _CARRIERS
        if role.startswith("*")
    ]
    return (*centre, *sides)


def find_anchors(
    parents: Sequence[int], rows: Sequence[int], roles: Sequence[str]
) -> tuple[tuple[int, ...], tuple[bool, ...]]:
    """Return what carries each driven bone, and whether it must be told its place.

    Args:
        parents: Of all bones of the armature.
        rows: The driven bones, carriers first (see `driven_roles`), shape `(D,)`.
        roles: Role of each driven bone.

    Returns:
        The index among the driven bones of each one's carrier, -1 for the hips, and
        whether the armature leaves that carrier out.
    """
    place = {row: index for index, row in enumerate(rows)}
    anchors, detached = [], []
    for index, role in enumerate(roles):
        carriers = _carrier_roles(role)
        above = _driven_above(parents, rows[index], place)
        wanted = next(
            (
                other
                for carrier in carriers
                for other in reversed(range(index))
                if roles[other] == carrier and _carries(roles, carrier, other, above)
            ),
            -1,
        )
        anchors.append(wanted)
        detached.append(wanted < 0 or above != wanted)
    return tuple(anchors), tuple(detached)


def _carrier_roles(role: str) -> tuple[str, ...]:
    side = next((side for side in SIDES if role.startswith(f"{side}_")), "")
    pattern = role.replace(f"{side}_", "*_", 1) if side else role
    return tuple(carrier.replace("*", side) for carrier in _CARRIERS[pattern])


def _carries(roles: Sequence[str], carrier: str, other: int, above: int) -> bool:
    """Whether a bone is the one of its role that carries.

    A twist bone beside the limb carries nothing; one of several spine bones may carry
    the arms although it is not the last.
    """
    if carrier.endswith("_twist"):
        return above == other
    is_in_chain = above >= 0 and roles[above] == carrier
    return other == above if is_in_chain else True


def _driven_above(parents: Sequence[int], row: int, place: Mapping[int, int]) -> int:
    """Return the nearest driven ancestor's index, -1 for none."""
    row = parents[row]
    while row >= 0 and row not in place:
        row = parents[row]
    return place.get(row, -1)
