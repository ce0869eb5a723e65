# SPDX-License-Identifier: GPL-3.0-or-later
"""The constraints that a character came with, and which bones they bend."""

from bpy.types import Constraint, PoseBone

PREFIX = "VITPOSE_"  # How everything is called that is ours.


def own_constraints(bone: PoseBone) -> list[Constraint]:
    """Return the constraints of a bone that the character came with."""
    return [each for each in bone.constraints if not each.name.startswith(PREFIX)]


def place_of(bone: PoseBone, constraint: Constraint) -> int:
    """Return a constraint's place in its bone's stack."""
    return list(bone.constraints).index(constraint)


def find_constraint(bone: PoseBone, name: str, place: int) -> Constraint | None:
    """Return a constraint by its name, or by its place if it was renamed."""
    if name in bone.constraints:
        return bone.constraints[name]
    return bone.constraints[place] if place < len(bone.constraints) else None


def ik_chain(bone: PoseBone, constraint: Constraint) -> list[PoseBone]:
    """Return the bones that an IK or spline IK constraint bends; else none."""
    if constraint.type not in ("IK", "SPLINE_IK"):
        return []
    above = [bone, *bone.parent_recursive]
    if constraint.type == "IK" and not constraint.use_tail:  # type: ignore[attr-defined]
        above = above[1:]
    count: int = constraint.chain_count  # type: ignore[attr-defined]
    return above[:count] if count else above
