# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an elbow or a knee would bend to, from the direction of the upper bone alone.

A straight limb does not show its hinge, but arms and legs have habits: an arm that
hangs bends forwards, one that is raised bends towards the head. The table is fitted to
motion capture; a limb that is bent speaks for itself.
"""

from functools import cache

import numpy as np

from . import flexion_table
from .rotations import reject, unit
from .types import FloatArray


def features(directions: FloatArray) -> FloatArray:
    """Return what the table's rows stand for: all monomials up to the second degree.

    One of the squares is left out, as the three add up to one.

    Args:
        directions: Unit vectors, shape `(..., 3)`.

    Returns:
        Shape `(..., 9)`.
    """
    x, y, z = np.moveaxis(np.asarray(directions, dtype=np.float64), -1, 0)
    terms = [np.ones_like(x), x, y, z, x * x, y * y, x * y, x * z, y * z]
    return np.stack(terms, axis=-1)


def natural_flexion(directions: FloatArray, side: str, part: str) -> FloatArray:
    """Return where the lower bone goes when the limb bends, across the upper one.

    Args:
        directions: Of the upper bone in the trunk's frame (left, up, forward), unit,
            shape `(..., 3)`.
        side: `left` or `right`.
        part: `arm` or `leg`.

    Returns:
        Unit vectors in the same frame, shape `(..., 3)`.
    """
    mirror = np.array([1.0 if side == "left" else -1.0, 1.0, 1.0])
    bends_to = features(directions * mirror) @ _table(part) * mirror
    return unit(reject(bends_to, directions))


@cache
def _table(part: str) -> FloatArray:
    text = {"arm": flexion_table.ARM, "leg": flexion_table.LEG}[part]
    rows = [line.split() for line in text.strip().splitlines()]
    return np.array(rows, dtype=np.float64)
