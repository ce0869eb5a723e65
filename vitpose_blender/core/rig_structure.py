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
    """Return the likeliest body; nearness is asked where the hierarchy makes none."""
    given = given_tree(skeleton)
    found = find_bodies(given)[:1]
    for loose in (hub_children(given), range(len(given.parents))):
        if found and found[0].score > _GOOD:
            break
        if loose:
            found += [*_joined_bodies(joined_tree(given, loose))]
            found.sort(key=lambda body: -body.score + _JOINING * (body.tree is not given))
    if not found:
        raise BodyError("No body")
    return found[0]


def _joined_bodies(tree: Tree) -> Iterator[Body]:
    """Yield the best body of joints that were hung on what is near."""
    for body in find_bodies(tree)[:1]:
        hips = body.legs.attach
        yield from find_bodies(tree.rooted_at(hips))[:1] if hips >= 0 else [body]


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
