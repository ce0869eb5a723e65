# SPDX-License-Identifier: GPL-3.0-or-later
"""What tells a body's front besides its joints: the soles of its mesh, its file.

The joints of a flat figure say nothing of its front, and its mesh or the format of its
file may.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from ..skeleton import Skeleton
from ..types import FloatArray
from .structure_body import Body
from .structure_facing import Clue, Facing

FILE = "its file"
# A format that says where characters face is broken now and then.
_FILE_WEIGHT = 2.5
# Of a body that says as much itself, the file is not asked: 90 % of the sides.
_ASK_FILE = float(np.log(0.9 / 0.1))
# Where soles are about the ankle, in legs: how far down, up and aside.
_DOWN, _UP, _ASIDE = 0.35, 0.06, 0.45
_FEWEST = 8  # Points of a sole.
_SOLE, _SOLE_WEIGHT = 0.06, 3.0  # Reach forwards beyond that back [legs].


def with_evidence(facing: Facing, body: Body, skeleton: Skeleton) -> Facing:
    """Return a facing with what the mesh shows and, in doubt, what the file says."""
    if not body.is_upright:
        return facing
    shown = _with(facing, _soles(facing, body, skeleton))
    if abs(shown.weight) >= _ASK_FILE:
        return shown
    return _with(shown, _file(body, skeleton))


def _with(facing: Facing, more: Iterable[Clue]) -> Facing:
    return replace(facing, clues=(*facing.clues, *more))


def _soles(facing: Facing, body: Body, skeleton: Skeleton) -> Iterator[Clue]:
    """Weigh how far the mesh about both ankles reaches forwards more than back."""
    points = _in_tree(skeleton.skin, skeleton, body)
    ankles = np.array([limb.points[2] for limb in body.legs.limbs])
    offsets = []
    for own, other in (ankles, ankles[::-1]):
        near = _nearer(points, own, other)
        sole = _about_ankle(near - own, facing.up, body.legs.length)
        if len(sole) < _FEWEST:
            return
        ahead = sole @ facing.forward / body.legs.length
        offsets.append(float(ahead.max() + ahead.min()))
    # A train or a shield may hide one foot; both say the same.
    if offsets[0] * offsets[1] > 0:
        share = float(np.tanh(np.mean(offsets) / _SOLE))
        yield Clue("the soles", _SOLE_WEIGHT * share)


def _nearer(points: FloatArray, own: FloatArray, other: FloatArray) -> FloatArray:
    """Return the points that are nearer to one place than to another."""
    is_near = (points - (own + other) / 2) @ (own - other) > 0
    near: FloatArray = points[is_near]
    return near


def _about_ankle(offsets: FloatArray, up: FloatArray, leg: float) -> FloatArray:
    """Return the offsets from an ankle that may be of a foot, shape `(P, 3)`."""
    height = offsets @ up
    aside = np.linalg.norm(offsets - np.outer(height, up), axis=1)
    is_foot = (height > -_DOWN * leg) & (height < _UP * leg) & (aside < _ASIDE * leg)
    foot: FloatArray = offsets[is_foot]
    return foot


def _file(body: Body, skeleton: Skeleton) -> Iterator[Clue]:
    """Weigh what the file says is on the left.

    An object that mirrors leaves open whether its front or its left is meant.
    """
    if not len(skeleton.lefts) or np.linalg.det(skeleton.world_from_rig[:3, :3]) < 0:
        return
    world = skeleton.in_world(skeleton.lefts)
    across = body.legs.across + body.arms.across
    sides = np.sign((_in_tree(world, skeleton, body) - body.middle()) @ across)
    if (sides == sides[0]).all():
        yield Clue(FILE, _FILE_WEIGHT * float(sides[0]))


def _in_tree(world: FloatArray, skeleton: Skeleton, body: Body) -> FloatArray:
    """Return places of the world in the space of a body's joints, shape `(N, 3)`."""
    tree = body.tree
    first: FloatArray = skeleton.world_heads[0]
    placed: FloatArray = (world - first) / tree.scale + tree.points[0]
    return placed
