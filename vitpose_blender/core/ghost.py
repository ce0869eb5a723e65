# SPDX-License-Identifier: GPL-3.0-or-later
"""The measured joints as a stick figure where the character is, or beside it."""

import numpy as np

from .layouts import CANONICAL
from .motion import Memory, WorldMotion
from .person_measures import leg_length
from .rig_rest import RigRest
from .stick_figures import Sticks, sticks
from .types import FloatArray

BESIDE = 1.6  # How far to the person's left it stands, in lengths of a leg.


def ghost_points(
    motion: WorldMotion, rest: RigRest, *, is_beside: bool = False
) -> FloatArray:
    """Return the joints in the world, of the character's size, shape `(28, 3)` [m].

    They go the character's way and touch its floor with what is lowest, unless the
    person jumps.

    Args:
        motion: The person at one moment, as the character follows it.
        rest: The character.
        is_beside: Whether they stand beside the character, not in its place.
    """
    scale = rest.leg_length / leg_length(motion.xyz, Memory())
    turned = scale * motion.xyz[0] @ rest.facing.T
    way = scale * np.nan_to_num(motion.path[0]) @ rest.facing.T
    thighs = [rest.index[f"{side}_thigh"] for side in ("left", "right")]
    place = rest.to_world(rest.heads[thighs].mean(axis=0)) + way
    heights = turned[:, 2][np.isfinite(turned[:, 2])]
    lowest = heights.min() if heights.size else 0.0
    clearance = scale * np.nan_to_num(motion.clearance[0])
    place[2] = rest.floor + clearance - lowest
    if is_beside:
        place += BESIDE * rest.leg_length * rest.facing[:, 0]
    points: FloatArray = turned + place
    return points


def ghost_sticks(points: FloatArray) -> Sticks:
    """Return the lines of such joints, coloured by the person's side."""
    return sticks(CANONICAL, points, np.ones(len(points)))
