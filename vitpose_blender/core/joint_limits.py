# SPDX-License-Identifier: GPL-3.0-or-later
"""What no body does: knees that bend forward, heads that spin.

An elbow cannot be told to bend backwards by its joints alone: which way it bends says
how the upper arm is twisted. The character's hinges see to that.
"""

import numpy as np

from .layouts import CANONICAL, SIDES
from .rotations import cross, reject, unit
from .types import FloatArray

MAX_KNEE_STRETCH = np.radians(5)  # A knee bends no further forward [rad].
# A head turns no further to one side: about the range of an adult's neck [rad].
MAX_HEAD_TURN = np.radians(85)
_CLEAR = 0.5  # Sine of a thigh's angle to the hips' line, at least [1].
_ROW = CANONICAL.index
_HEAD = CANONICAL.rows_of(["nose", "left_eye", "right_eye", "left_ear", "right_ear"])
_EARS = CANONICAL.rows_of(["left_ear", "right_ear"])


def limit_joints(xyz: FloatArray) -> FloatArray:
    """Return the pose with joints within their limits; bones keep their lengths.

    Args:
        xyz: Joints, shape `(F, 28, 3)` [m]; NaN passes through.
    """
    return _limit_head(_limit_knees(xyz))


def _limit_knees(xyz: FloatArray) -> FloatArray:
    """Return the pose with over-stretched knees laid straight, feet along with them."""
    result = xyz.copy()
    across = unit(xyz[:, _ROW["left_hip"]] - xyz[:, _ROW["right_hip"]])
    for side in SIDES:
        hip, knee, ankle, heel, toe = (
            _ROW[f"{side}_{name}"] for name in ("hip", "knee", "ankle", "heel", "toe")
        )
        thigh = unit(xyz[:, knee] - xyz[:, hip])
        shank = xyz[:, ankle] - xyz[:, knee]
        length = np.linalg.norm(shank, axis=-1, keepdims=True)
        # A knee is a hinge about the hips' line, wherever the thigh points.
        ahead = cross(thigh, across)
        clear = np.linalg.norm(ahead, axis=-1, keepdims=True)
        ahead = unit(ahead)
        stretch = (shank * ahead).sum(-1, keepdims=True)
        limit = np.sin(MAX_KNEE_STRETCH) * length
        # Thighs far out to the side leave "ahead" without a meaning.
        is_wrong = (stretch > limit) & (clear > _CLEAR)
        is_wrong &= (shank * thigh).sum(-1, keepdims=True) > 0
        straight = unit(shank - (stretch - limit) * ahead) * length
        move = np.where(is_wrong, straight - shank, 0.0)
        for joint in (ankle, heel, toe):
            result[:, joint] = xyz[:, joint] + move
    return result


def _limit_head(xyz: FloatArray) -> FloatArray:
    """Return the pose with a head that is turned too far turned back to the limit."""
    neck = xyz[:, _ROW["neck"]]
    up = unit(neck - xyz[:, _ROW["pelvis"]])
    across = xyz[:, _ROW["left_shoulder"]] - xyz[:, _ROW["right_shoulder"]]
    left = unit(reject(across, up))
    ahead = cross(left, up)
    face = xyz[:, _ROW["nose"]] - xyz[:, _EARS].mean(axis=1)
    turn = np.arctan2((face * left).sum(axis=-1), (face * ahead).sum(axis=-1))
    excess = turn - np.clip(turn, -MAX_HEAD_TURN, MAX_HEAD_TURN)
    result = xyz.copy()
    rows = np.abs(excess) > 0.0  # NaN is not.
    if rows.any():
        points = xyz[rows][:, _HEAD] - neck[rows, np.newaxis]
        turned = _about(up[rows, np.newaxis], -excess[rows, np.newaxis], points)
        result[np.ix_(rows, _HEAD)] = turned + neck[rows, np.newaxis]
    return result


def _about(axis: FloatArray, angle: FloatArray, points: FloatArray) -> FloatArray:
    """Return points turned about unit axes by angles [rad] (Rodrigues' formula)."""
    c, s = np.cos(angle)[..., np.newaxis], np.sin(angle)[..., np.newaxis]
    along = (points * axis).sum(axis=-1, keepdims=True) * axis
    turned: FloatArray = along + (points - along) * c + cross(axis, points) * s
    return turned
