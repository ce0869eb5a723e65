# SPDX-License-Identifier: GPL-3.0-or-later
"""Recognises a body in an armature from where its joints are, without any names."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from .errors import BodyError
from .layouts import SIDES
from .skeleton import Skeleton
from .structure_body import Body, find_bodies
from .structure_facing import Facing, find_facing
from .structure_details import (
    find_clavicle,
    find_eyes,
    find_fingers,
    find_tail,
    find_toe,
    find_twists,
)
from .structure_limbs import Limb
from .structure_tree import Tree, given_tree, hub_children, joined_tree
from .structure_trunk import Trunk, find_trunk
from .types import FloatArray

_GOOD = 0.0  # A body of that score needs no other reading of the hierarchy.
_JOINING = 2.0  # How much better a body must be to believe nearness more.


@dataclass(frozen=True, eq=False)
class Structure:
    """The body that was found in an armature.

    Attributes:
        body: `biped` or `quadruped`.
        bones: Bone names of each role, root to tip.
        confidence: That the roles are right, sides apart, 0 to 1.
        sides: That left and right are right and not exchanged, 0 to 1; 0.5 where
            nothing tells which way the body faces.
        reasons: What was found and what is missing, one sentence each.
        up: Away from the ground, in rig space, length 1.
        forward: The way it faces, in rig space, length 1.
    """

    body: str
    bones: dict[str, tuple[str, ...]]
    confidence: float
    sides: float
    reasons: tuple[str, ...]
    up: FloatArray
    forward: FloatArray


def find_structure(skeleton: Skeleton) -> Structure:
    """Return the body that the joints of an armature make.

    Raises:
        BodyError: There is none; the message says what is missing.
    """
    body = _best_body(skeleton)
    trunk = find_trunk(body)
    facing = find_facing(body, trunk)
    if facing.weight < 0:
        body, facing = body.swapped(), facing.turned()
    roles = _roles(body, trunk, facing)
    names = skeleton.names
    bones = {
        role: tuple(names[row] for row in rows) for role, rows in roles.items() if rows
    }
    return Structure(
        body.kind,
        bones,
        float(1 / (1 + np.exp(-(body.score + 4)))),
        float(1 / (1 + np.exp(-abs(facing.weight)))),
        (),
        facing.up,
        facing.forward,
    )


def _best_body(skeleton: Skeleton) -> Body:
    best = None
    for number, tree in enumerate(_trees(skeleton)):
        bodies = find_bodies(tree)
        if bodies and (best is None or bodies[0].score > best.score + _JOINING):
            best = bodies[0]
        if best is not None and best.score > _GOOD:
            return best
    if best is None:
        raise BodyError("No body")
    return best


def _trees(skeleton: Skeleton) -> Iterator[Tree]:
    """Yield readings of the hierarchy, the likeliest first."""
    tree = given_tree(skeleton)
    yield tree
    if loose := hub_children(tree):
        yield joined_tree(tree, loose)
    yield joined_tree(tree, range(len(tree.parents)))


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
        for part, rows in (_arm(body.tree, arm) | _leg(body.tree, leg, facing)).items():
            roles[f"{side}_{part}"] = rows
    if eyes := find_eyes(body.tree, trunk, facing):
        roles |= {f"{side}_eye": (eye,) for side, eye in zip(SIDES, eyes)}
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
    return roles | find_fingers(tree, arm)


def _leg(tree: Tree, leg: Limb, facing: Facing) -> dict[str, tuple[int, ...]]:
    upper, lower, end = leg.joints
    roles = {
        "thigh": (upper,),
        "shin": (lower,),
        "foot": (end,),
        "toe": (find_toe(tree, leg, facing.forward),),
        "thigh_twist": find_twists(tree, upper, lower),
    }
    if end >= 0:
        roles["shin_twist"] = find_twists(tree, lower, end)
    return roles
