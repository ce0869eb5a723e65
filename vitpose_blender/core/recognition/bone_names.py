# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bone plays which role, by nothing but words in names and the hierarchy."""

from collections.abc import Sequence

from ..layouts import SIDES
from .bone_reading import BoneName, read_bone_name
from .named_bones import NamedBones
from .named_limbs import Rows, find_arm, find_leg

__all__ = ["BoneName", "read_bone_name", "roles_from_names"]


def roles_from_names(
    names: Sequence[str], parents: Sequence[int]
) -> dict[str, tuple[str, ...]]:
    """Return the bones of each role that words and hierarchy alone support.

    Args:
        names: All bones.
        parents: The row of each bone's parent, -1 for none.

    Returns:
        Bone names of each role, root to tip; nothing unless one trunk carries two arms
        and two legs. What is not sure is left out.
    """
    bones = NamedBones(names, parents)
    arms = {side: find_arm(bones, side) for side in SIDES}
    legs = {side: find_leg(bones, side) for side in SIDES}
    if not all((*arms.values(), *legs.values())):
        return {}
    rows = _trunk(
        bones,
        arm_roots=[(arm["clavicle"] or arm["upper_arm"])[0] for arm in arms.values()],
        leg_roots=[leg["thigh"][0] for leg in legs.values()],
    )
    if not rows:
        return {}
    for side in SIDES:
        limbs = arms[side] | legs[side]
        rows |= {f"{side}_{role}": found for role, found in limbs.items()}
        rows[f"{side}_eye"] = _on_head(bones, side, "eye", rows)
    return _without_doubles(rows, names)


def _trunk(bones: NamedBones, arm_roots: list[int], leg_roots: list[int]) -> Rows:
    """Return the roles of the middle; nothing where no bone carries all limbs."""
    tree = bones.tree
    chest, seat = tree.common_carrier(arm_roots), tree.common_carrier(leg_roots)
    trunk = tree.common_carrier([chest, seat]) if min(chest, seat) >= 0 else -1
    if trunk < 0:
        return {}
    named = set(bones.rows("", ("hips", "hip")))
    hips = next((row for row in (trunk, *tree.above(trunk)) if row in named), trunk)
    rows = {"hips": [hips], "spine": _spine(bones, hips, chest)}
    rows |= _neck_and_head(bones, hips, chest)
    rows["jaw"] = _on_head(bones, "", "jaw", rows)
    rows["tail"] = bones.chain(bones.below(bones.rows("", ("tail",)), hips))
    return rows


def _spine(bones: NamedBones, hips: int, chest: int) -> list[int]:
    """Return the bones between hips and what carries the arms, whatever their names."""
    path = [*bones.tree.between(chest, hips), chest] if chest != hips else []
    return [
        row
        for row in path
        if bones.words[row].part in ("spine", "") and not bones.words[row].is_helper
    ]


def _neck_and_head(bones: NamedBones, hips: int, chest: int) -> Rows:
    tree = bones.tree
    head = bones.first(bones.below(bones.rows("", ("head",)), hips))
    necks = bones.below(bones.rows("", ("neck",)), hips)
    if head >= 0:
        necks = [row for row in necks if tree.is_below(head, row)]
        return {"head": [head], "neck": bones.chain(necks)}
    if len(necks) == 1:
        return {"neck": necks}
    # A neck that goes on, or a back above the arms, ends in the head.
    above = bones.chain(necks or bones.below(bones.rows("", ("spine",)), chest))
    return {"neck": above[:-1], "head": above[-1:]}


def _on_head(bones: NamedBones, side: str, part: str, rows: Rows) -> list[int]:
    carrier = (rows.get("head") or rows.get("neck") or rows["hips"])[-1]
    found = bones.first(bones.below(bones.rows(side, (part,)), carrier), by_size=False)
    return [found] if found >= 0 else []


def _without_doubles(rows: Rows, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the names of the rows; the first role keeps a bone that has several."""
    taken: set[int] = set()
    roles = {}
    for role, found in rows.items():
        free = [row for row in found if row not in taken]
        taken |= set(free)
        if free:
            roles[role] = tuple(names[row] for row in free)
    return roles
