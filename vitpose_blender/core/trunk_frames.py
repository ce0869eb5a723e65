# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames that move with the body: left, up and forward of the trunk."""

import numpy as np

from .rotations import cross, reject, unit
from .types import FloatArray


def trunk_frames(lateral: FloatArray, up: FloatArray) -> FloatArray:
    """Return rotations whose rows are the trunk's left, up and forward.

    Args:
        lateral: From the right to the left hip or shoulder, shape `(..., 3)`.
        up: From the hips to the shoulders, shape `(..., 3)`; kept exactly.

    Returns:
        `trunk_from_outside`, shape `(..., 3, 3)`; NaN where the two are parallel.
    """
    up = unit(up)
    left = unit(reject(lateral, up))
    return np.stack([left, up, cross(left, up)], axis=-2)
