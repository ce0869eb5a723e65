# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotations in bulk: frames from directions, shortest turns, blends, quaternions.

Everything works on leading axes of any shape; matrices act on column vectors.
NaN in, NaN out. Live work is made of small arrays, so what is written differently than
one would expect takes half the time or less on them.
"""

import numpy as np
import numpy.typing as npt

from .types import FloatArray

_TINY = 1e-9
_NEXT = np.array([1, 2, 0])
_IDENTITY, _IDENTITY_4 = np.eye(3), np.eye(4)


def _skew_map() -> FloatArray:
    """Return what takes a vector to the matrix of its cross product, `(3, 9)`."""
    skew = np.zeros((3, 3, 3))
    for x, y, z in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        skew[x, y, z], skew[x, z, y] = -1.0, 1.0
    return skew.reshape(3, 9)


def _shepperd_map() -> FloatArray:
    """Return what takes a rotation matrix to Shepperd's four quaternions, `(9, 16)`.

    Row and column 0 stand for w; the diagonal lacks the 1 that is added afterwards.
    """
    table = np.zeros((3, 3, 4, 4))
    for axis in range(3):
        signs = np.where(np.arange(3) == axis, 1.0, -1.0)
        table[axis, axis, 0, 0] = 1.0
        table[axis, axis, range(1, 4), range(1, 4)] = signs
    for x, y, z in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        for row, column in ((0, x + 1), (x + 1, 0)):
            table[z, y, row, column], table[y, z, row, column] = 1.0, -1.0
        for row, column in ((x + 1, y + 1), (y + 1, x + 1)):
            table[x, y, row, column] = table[y, x, row, column] = 1.0
    return table.reshape(9, 16)


_SKEW, _SHEPPERD = _skew_map(), _shepperd_map()


def unit(vectors: FloatArray) -> FloatArray:
    """Return the vectors with length 1, shape `(..., 3)`; NaN where there is none."""
    norms = np.sqrt(np.add.reduce(vectors * vectors, axis=-1, keepdims=True))
    norms[norms <= _TINY] = np.nan
    unit_vectors: FloatArray = vectors / norms
    return unit_vectors


def cross(first: npt.ArrayLike, second: npt.ArrayLike) -> FloatArray:
    """Return the cross product over the last axis."""
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    shifted = a * b.take(_NEXT, axis=-1) - a.take(_NEXT, axis=-1) * b
    product: FloatArray = shifted.take(_NEXT, axis=-1)
    return product


def dot(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the dot product over the last axis, shape `(...)`."""
    product: FloatArray = np.add.reduce(first * second, axis=-1)
    return product


def without_nan(values: FloatArray, instead: float = 0.0) -> FloatArray:
    """Return the values with a number where there is none."""
    return np.where(np.isnan(values), instead, values)


def reject(vectors: FloatArray, axis: FloatArray) -> FloatArray:
    """Return what is left of the vectors across the unit `axis`."""
    along = np.add.reduce(vectors * axis, axis=-1, keepdims=True)
    across: FloatArray = vectors - along * axis
    return across


def body_frame(left: FloatArray, up: FloatArray) -> FloatArray:
    """Return the frame of a body part, columns left, back and up.

    A part that faces -Y and stands along Z has the identity. `up` is kept; `left`
    only says which way the part is turned about it.

    Args:
        left: Towards the person's own left, shape `(..., 3)`, any length.
        up: Along the part, shape `(..., 3)`, any length.

    Returns:
        Rotation matrices, shape `(..., 3, 3)`.
    """
    z = unit(up)
    x = unit(reject(left, z))
    frame = np.empty((*x.shape, 3))
    frame[..., 0], frame[..., 1], frame[..., 2] = x, cross(z, x), z
    return frame


def limb_frame(direction: FloatArray, hinge: FloatArray) -> FloatArray:
    """Return the frame of a limb bone, columns hinge, side and direction."""
    return body_frame(hinge, direction)


def transpose(rotation: FloatArray) -> FloatArray:
    return np.swapaxes(rotation, -1, -2)


def apply(rotation: FloatArray, vectors: FloatArray) -> FloatArray:
    """Rotate vectors `(..., 3)` by matrices `(..., 3, 3)`."""
    turned: FloatArray = np.einsum("...ij,...j->...i", rotation, vectors)
    return turned


def about_axis(axis: FloatArray, angle: FloatArray) -> FloatArray:
    """Return the rotation by `angle` [rad] about a unit axis (Rodrigues' formula)."""
    axis = np.asarray(axis, dtype=np.float64)
    angle = np.asarray(angle, dtype=np.float64)[..., np.newaxis, np.newaxis]
    cosine = np.cos(angle)
    skew = (axis @ _SKEW).reshape(*axis.shape, 3)
    along = axis[..., :, np.newaxis] * axis[..., np.newaxis, :]
    turn: FloatArray = cosine * _IDENTITY + np.sin(angle) * skew + (1 - cosine) * along
    return turn


def shortest_turn(start: FloatArray, end: FloatArray) -> FloatArray:
    """Return the smallest rotation that takes unit vector `start` to `end`.

    Opposite vectors have no smallest one; a half turn about any axis across them
    is returned.

    Returns:
        Rotation matrices, shape `(..., 3, 3)`.
    """
    start, end = np.broadcast_arrays(start, end)
    normal = cross(start, end)
    sine = np.linalg.norm(normal, axis=-1)
    cosine = dot(start, end)
    least = _IDENTITY[np.argmin(np.abs(without_nan(start)), axis=-1)]
    across = np.where(sine[..., np.newaxis] > _TINY, normal, cross(start, least))
    return about_axis(unit(across), np.arctan2(sine, cosine))


def angle_about(axis: FloatArray, start: FloatArray, end: FloatArray) -> FloatArray:
    """Return how far `end` is turned from `start` about a unit axis, `(...)` [rad].

    `start` lies across the axis; of `end` only the part across it counts.
    """
    sine, cosine = dot(axis, cross(start, end)), dot(start, reject(end, axis))
    angle: FloatArray = np.arctan2(sine, cosine)
    return angle


def to_quaternion(rotation: FloatArray) -> FloatArray:
    """Return unit quaternions `(w, x, y, z)`, shape `(..., 4)`, of any sign.

    Of the four ways to read a quaternion off a matrix the one with the largest
    divisor is used (Shepperd 1978).
    """
    flat = np.reshape(rotation, (*np.shape(rotation)[:-2], 9))
    candidates = (flat @ _SHEPPERD).reshape(*flat.shape[:-1], 4, 4) + _IDENTITY_4
    diagonal = np.diagonal(candidates, axis1=-2, axis2=-1)
    best = np.argmax(without_nan(diagonal), axis=-1)
    chosen: FloatArray = np.take_along_axis(
        candidates, best[..., np.newaxis, np.newaxis], axis=-2
    )[..., 0, :]
    norms: FloatArray = np.linalg.norm(chosen, axis=-1, keepdims=True)
    return chosen / norms


def same_hemisphere(quaternions: FloatArray) -> FloatArray:
    """Choose signs so that neighbours in time are near each other.

    Args:
        quaternions: Shape `(F, ..., 4)`, time first, no NaN.

    Returns:
        The same rotations, shape `(F, ..., 4)`.
    """
    dots = np.sum(quaternions[1:] * quaternions[:-1], axis=-1, keepdims=True)
    signs = np.ones_like(quaternions[..., :1])
    signs[1:] = np.cumprod(np.where(dots < 0, -1.0, 1.0), axis=0)
    near: FloatArray = quaternions * signs
    return near


def rotation_vector(rotation: FloatArray) -> FloatArray:
    """Return axis times angle, shape `(..., 3)` [rad]."""
    quaternion = to_quaternion(rotation)
    quaternion = np.where(quaternion[..., :1] < 0, -quaternion, quaternion)
    sine = np.linalg.norm(quaternion[..., 1:], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(sine, quaternion[..., :1])
    vector: FloatArray = quaternion[..., 1:] * np.where(
        sine > _TINY, angle / np.maximum(sine, _TINY), 2.0
    )
    return vector


def scale_turn(rotation: FloatArray, share: npt.ArrayLike) -> FloatArray:
    """Return the given share of each rotation, from none (0) to all (1)."""
    vector = rotation_vector(rotation) * np.asarray(share)[..., np.newaxis]
    angle = np.linalg.norm(vector, axis=-1)
    safe = np.maximum(angle, _TINY)[..., np.newaxis]
    return about_axis(vector / safe, angle)


def blend(start: FloatArray, end: FloatArray, share: npt.ArrayLike) -> FloatArray:
    """Return the rotation a share of the way from `start` to `end` (slerp)."""
    partial: FloatArray = scale_turn(end @ transpose(start), share) @ start
    return partial
