# SPDX-License-Identifier: GPL-3.0-or-later
"""What is a person's own and stays: how long the legs are, how the back is curved.

Each is measured once, from the first clip or frame that shows it: a scale that changed
would move a person who stands still.
"""

from dataclasses import replace

import numpy as np

from .body_frames import between
from .layouts import CANONICAL, SIDES
from .motion import Memory, WorldMotion
from .types import FloatArray
from .upright import (
    is_upright,
    legs_upright,
    spine_ahead,
    spine_offset,
    trunk_lean,
)

ADULT_LEG = 0.82  # Hip to ankle of a 1.67 m adult (0.491 of stature, Winter 2009) [m].
_STRAIGHT = np.cos(np.radians(15))  # Of legs that stand.
_SPINE = CANONICAL.index["spine"]


def leg_length(xyz: FloatArray, memory: Memory) -> float:
    """Return hip to ankle along the leg, the median over the clip that showed it [m].

    Args:
        xyz: The person's joints, shape `(F, 28, 3)` [m].
        memory: Keeps what was measured.
    """
    if memory.leg_length is None:
        lengths = [
            np.linalg.norm(between(xyz, f"{side}_hip", f"{side}_knee"), axis=-1)
            + np.linalg.norm(between(xyz, f"{side}_knee", f"{side}_ankle"), axis=-1)
            for side in SIDES
        ]
        seen = np.array(lengths)[np.isfinite(lengths)]
        if not seen.size:
            return ADULT_LEG
        memory.leg_length = float(np.median(seen))
    return memory.leg_length


def with_plain_back(person: WorldMotion, memory: Memory) -> WorldMotion:
    """Return the person with a spine joint that is in line when the back is at ease.

    Where skeletons have that joint differs by centimetres, which says nothing about
    the person: what the character does with its back is how far it leaves that place.

    Args:
        person: The person, shape `(F, 28, 3)`, z up.
        memory: Keeps what was measured.
    """
    ahead, forward = spine_ahead(person.xyz)
    offset = spine_offset(ahead, is_upright(person.xyz), memory)
    xyz = person.xyz.copy()
    xyz[:, _SPINE] -= offset[:, np.newaxis] * forward
    return replace(person, xyz=xyz)


def calibrated(person: WorldMotion) -> Memory:
    """Return what to begin with for a person who was seen standing upright.

    Args:
        person: Some moments; those count in which trunk and legs are upright.

    Returns:
        A memory with leg length, curve of the back and lean of the trunk. What was not
        seen is left to be measured later.
    """
    memory = Memory()
    xyz = person.xyz
    leg_length(xyz, memory)
    ahead, _ = spine_ahead(xyz)
    at_ease = is_upright(xyz) & np.isfinite(ahead)
    if at_ease.any():
        memory.spine_offset = float(np.median(ahead[at_ease]))
    lean = trunk_lean(xyz)
    standing = np.isfinite(lean) & is_upright(xyz) & legs_upright(xyz, _STRAIGHT)
    if standing.any():
        memory.lean = float(np.median(lean[standing]))
    return memory
