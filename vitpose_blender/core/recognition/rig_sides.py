# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides which side of a body is left where its shape alone does not tell."""

import numpy as np

from ..layouts import SIDES
from .bone_names import read_bone_name
from .rig_agreement import LIMB_PARTS
from .rig_structure import Structure

CERTAIN = 0.98  # Of the sides: names that say otherwise are wrong.
SURE = 0.9  # Of the sides: nothing else is asked.
LIKELY = 0.6  # Of the sides: better than not knowing.
_CLEAR = 0.9  # Cosine of the angle to the usual way.


def named_sides(structure: Structure) -> float:
    """Return how much names confirm the sides: 1 to -1, 0 if they say nothing."""
    votes = []
    for side in SIDES:
        for part in LIMB_PARTS:
            for name in structure.bones.get(f"{side}_{part}", ()):
                said = read_bone_name(name).side
                votes += [1.0 if said == side else -1.0] if said else []
    return float(np.mean(votes)) if len(votes) > 3 else 0.0


def faces_as_usual(structure: Structure) -> bool:
    """Return whether a body clearly faces the way that characters do.

    Blender's characters stand along Z and face -Y, those of game engines and files
    stand along Y and face Z.
    """
    for up, forward in (((0, 0, 1), (0, -1, 0)), ((0, 1, 0), (0, 0, 1))):
        ahead = float(structure.forward @ np.array(forward))
        if structure.up @ np.array(up) > _CLEAR and ahead > _CLEAR:
            return True
    return False
