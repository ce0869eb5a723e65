# SPDX-License-Identifier: GPL-3.0-or-later
"""From a skeleton and its role map to what retargeting needs of a character at rest."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from .errors import RigError
from .flexion import natural_flexion
from .followers import find_followers
from .layouts import SIDES
from .limb_rest import SEGMENTS, Limb, rest_hinge, rest_pole
from .relaxed_fingers import relaxed_fingers
from .rig import Value
from .rig_anchors import driven_roles, find_anchors
from .rig_rest import RigRest, limb_end
from .rotations import angle_about, unit
from .skeleton import Skeleton, ancestors
from .trunk_frames import trunk_frames
from .twist_shares import twist_shares
from .types import FloatArray

FOLLOWER = "follower"  # Role of a bone that only goes along.


def build_rig_rest(
    skeleton: Skeleton,
    role_bones: Mapping[str, Sequence[str]],
    properties: Mapping[str, Mapping[str, Value]] | None = None,
    body: str = "biped",
) -> RigRest:
    """Pick the driven bones out of a skeleton and work out its limbs.

    Args:
        skeleton: The whole armature.
        role_bones: Bone names of each role, as `RigMap.resolve` returns them.
        properties: Custom properties of bones that hold while it is driven.
        body: One of `rig.BODIES`.

    Raises:
        RigError: A named bone does not exist in the skeleton.
    """
    driven = _driven_bones(skeleton, role_bones)
    roles = [role for role, _ in driven]
    rows = [row for _, row in driven]
    anchors, detached = find_anchors(skeleton.parents, rows, roles)
    for row, anchor in find_followers(skeleton, rows, anchors):
        roles, rows = [*roles, FOLLOWER], [*rows, row]
        anchors, detached = (*anchors, anchor), (*detached, True)
    rest = RigRest(
        names=tuple(skeleton.names[row] for row in rows),
        roles=tuple(roles),
        anchors=anchors,
        detached=detached,
        heads=skeleton.heads[rows],
        tails=skeleton.tails[rows],
        rotations=skeleton.rotations[rows],
        twist_shares=twist_shares(skeleton, rows, roles),
        floor=skeleton.floor,
        top=skeleton.top,
        world_from_rig=skeleton.world_from_rig,
        posed=relaxed_fingers(skeleton, role_bones),
        properties=properties or {},
        body=body,
    )
    limbs = tuple(
        _limb(rest, side, part, skeleton.parents, rows)
        for part in SEGMENTS
        for side in SIDES
    )
    return replace(rest, limbs=limbs)


def _driven_bones(
    skeleton: Skeleton, role_bones: Mapping[str, Sequence[str]]
) -> list[tuple[str, int]]:
    """Return role and row of each bone that follows the person, carriers first."""
    rows = {name: row for row, name in enumerate(skeleton.names)}
    found = []
    for role in driven_roles():
        names = role_bones.get(role, ())
        if missing := set(names) - set(rows):
            raise RigError(missing, skeleton.names)
        chain = [rows[name] for name in names]
        if role.endswith("_twist"):  # Names do not tell which is nearer the trunk.
            chain.sort(key=lambda row: len(ancestors(skeleton.parents, row)))
        found += [(role, row) for row in chain]
    return found


def _limb(
    rest: RigRest, side: str, part: str, parents: Sequence[int], rows: Sequence[int]
) -> Limb:
    upper, lower = (rest.index[f"{side}_{role}"] for role in SEGMENTS[part][:2])
    joints = np.array(
        [rest.heads[upper], rest.heads[lower], limb_end(rest, side, part)]
    )
    directions = unit(np.diff(joints, axis=0))
    hinge = rest_hinge(directions, rest.to_rig(_flexes_to(rest, part)))
    pole_angle, pole_axis = rest_pole(directions[0], hinge, rest.rotations[upper])
    is_chain = rows[upper] in ancestors(parents, rows[lower])
    return Limb(
        f"{side}_{part}", upper, lower, directions, hinge, pole_angle, pole_axis,
        is_chain, _rest_spin(rest, side, part, directions[0], hinge),
    )  # fmt: skip


def _rest_spin(
    rest: RigRest, side: str, part: str, direction: FloatArray, hinge: FloatArray
) -> float:
    """Return how far a hinge at rest is from people's, about the upper bone [rad]."""
    frame = trunk_frames(rest.trunk[:, 0], rest.trunk[:, 2])
    flexion = natural_flexion(frame @ rest.way_to_world(direction), side, part)
    habit = unit(np.cross(direction, rest.to_rig(frame.T @ flexion)))
    return float(angle_about(direction, habit, hinge))


def _flexes_to(rest: RigRest, part: str) -> FloatArray:
    """Return where forearms or shins go when they bend, in the world."""
    back = -rest.trunk[:, 2] if rest.body == "quadruped" else rest.trunk[:, 1]
    return back if part == "leg" else -back
