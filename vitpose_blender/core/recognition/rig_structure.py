# SPDX-License-Identifier: GPL-3.0-or-later
"""Recognises a body in an armature from where its joints are, without any names."""

from dataclasses import dataclass

import numpy as np

from ..layouts import SIDES
from ..skeleton import Skeleton
from ..types import FloatArray
from .structure_body import Body
from .structure_details import (
    find_clavicle,
    find_eyes,
    find_fingers,
    find_jaw,
    find_paw,
    find_tail,
    find_toe,
    find_twists,
)
from .structure_evidence import FILE, with_evidence
from .structure_facing import Facing, find_facing
from .structure_feet import with_loose_feet
from .structure_limbs import Limb
from .structure_reasons import structure_reasons
from .structure_search import find_body
from .structure_tree import Tree
from .structure_trunk import Trunk, find_trunk


@dataclass(frozen=True, eq=False)
class Structure:
    """The body that was found in an armature.

    Attributes:
        body: `biped` or `quadruped`.
        bones: Bone names of each role, root to tip.
        confidence: That the roles are right, sides apart, 0 to 1.
        sides: That left and right are right and not exchanged, 0.5 to 1; 0.5 where
            nothing tells which way the body faces.
        asked_file: Whether what the file declares of its front counts in that.
        reasons: What was found and what is missing, without full stops.
        up: Along the trunk of a biped, away from the ground for a quadruped; in rig
            space, length 1.
        forward: The way it faces, in rig space, length 1.
        size: Length of its trunk and legs in the world [m].
    """

    body: str
    bones: dict[str, tuple[str, ...]]
    confidence: float
    sides: float
    asked_file: bool
    reasons: tuple[str, ...]
    up: FloatArray
    forward: FloatArray
    size: float


def find_structure(skeleton: Skeleton) -> Structure:
    """Return the body that the joints of an armature make.

    Raises:
        BodyError: There is none, or there are two; the message says what is missing.
    """
    found = find_body(skeleton)
    body = with_loose_feet(found.body)
    trunk = find_trunk(body)
    facing = with_evidence(find_facing(body, trunk), body, skeleton)
    if facing.weight < 0:
        body, facing = body.swapped(), facing.turned()
    names = skeleton.names
    roles = _roles(body, trunk, facing)
    bones = {role: tuple(names[row] for row in rows) for role, rows in roles.items()}
    bones = {role: found for role, found in bones.items() if found}
    sides = float(1 / (1 + np.exp(-facing.weight)))
    return Structure(
        body=body.kind,
        bones=bones,
        confidence=found.confidence,
        # Of limbs that are in doubt nobody can tell which is left.
        sides=0.5 + (sides - 0.5) * min(1.0, 2 * found.confidence),
        asked_file=any(clue.name == FILE for clue in facing.clues),
        reasons=tuple(structure_reasons(body, trunk, facing, bones, names)),
        up=_in_rig(skeleton, facing.up),
        forward=_in_rig(skeleton, facing.forward),
        size=body.size * body.tree.scale,
    )


def _in_rig(skeleton: Skeleton, way: FloatArray) -> FloatArray:
    """Return a direction of the world in rig space."""
    turned: FloatArray = np.linalg.pinv(skeleton.world_from_rig[:3, :3]) @ way
    return turned / max(float(np.linalg.norm(turned)), 1e-12)


def _roles(body: Body, trunk: Trunk, facing: Facing) -> dict[str, tuple[int, ...]]:
    """Return the joints of each role; the first limbs of the pairs are left."""
    roles: dict[str, tuple[int, ...]] = {
        "hips": (trunk.hips,),
        "spine": trunk.spine,
        "neck": trunk.neck,
        "head": (trunk.head,),
        "tail": find_tail(body, trunk, facing),
    }
    for number, side in enumerate(SIDES):
        arm, leg = body.arms.limbs[number], body.legs.limbs[number]
        parts = _arm(body.tree, arm) | _leg(body.tree, leg)
        if body.is_upright:
            parts |= find_fingers(body.tree, arm)
            parts["toe"] = (find_toe(body.tree, leg, facing.forward),)
        roles |= {f"{side}_{part}": rows for part, rows in parts.items()}
    # An animal's ears are as far ahead as its eyes.
    eyes = find_eyes(body.tree, trunk, facing) if body.is_upright else None
    if eyes is not None:
        roles |= {f"{side}_eye": (eye,) for side, eye in zip(SIDES, eyes)}
    roles["jaw"] = (find_jaw(body.tree, trunk, facing, eyes),)
    return {role: tuple(r for r in rows if r >= 0) for role, rows in roles.items()}


def _arm(tree: Tree, arm: Limb) -> dict[str, tuple[int, ...]]:
    upper, lower, end = arm.joints
    roles = {
        "clavicle": (find_clavicle(tree, arm),),
        "upper_arm": (upper,),
        "forearm": (lower,),
        "hand": (end,),
        "upper_arm_twist": find_twists(tree, upper, lower),
    }
    if end >= 0:
        roles["forearm_twist"] = find_twists(tree, lower, end)
    return roles


def _leg(tree: Tree, leg: Limb) -> dict[str, tuple[int, ...]]:
    upper, lower, end = leg.joints
    roles = {
        "thigh": (upper,),
        "shin": (lower,),
        "foot": (end,),
        "toe": (find_paw(tree, leg),),
        "thigh_twist": find_twists(tree, upper, lower),
    }
    if end >= 0 and tree.carries(lower, end):
        roles["shin_twist"] = find_twists(tree, lower, end)
    return roles
