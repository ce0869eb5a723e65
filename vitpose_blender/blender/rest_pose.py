# SPDX-License-Identifier: GPL-3.0-or-later
"""The channels by which a pose bone is moved, and what they hold at rest."""

from collections.abc import Sequence

from bpy.types import PoseBone
from mathutils import Quaternion

Channels = dict[str, tuple[float, ...]]

_ROTATION_AT_REST = {
    "rotation_quaternion": (1.0, 0.0, 0.0, 0.0),
    "rotation_axis_angle": (0.0, 0.0, 1.0, 0.0),
    "rotation_euler": (0.0, 0.0, 0.0),
}
CHANNELS = ("location", *_ROTATION_AT_REST, "scale")


def rotation_channel(bone: PoseBone) -> str:
    """Return the property that turns the bone in its rotation mode."""
    if bone.rotation_mode == "QUATERNION":
        return "rotation_quaternion"
    if bone.rotation_mode == "AXIS_ANGLE":
        return "rotation_axis_angle"
    return "rotation_euler"


def at_rest(bone: PoseBone, *, keeps_scale: bool = False) -> Channels:
    """Return the values that put the bone at rest.

    Args:
        bone: Whose rotation mode counts.
        keeps_scale: Leave its scale as it is.
    """
    channel = rotation_channel(bone)
    values: Channels = {
        "location": (0.0, 0.0, 0.0),
        channel: _ROTATION_AT_REST[channel],
    }
    return values if keeps_scale else values | {"scale": (1.0, 1.0, 1.0)}


def turned(bone: PoseBone, quaternion: Sequence[float]) -> Channels:
    """Return the value that turns the bone against its rest.

    Args:
        bone: Whose rotation mode counts.
        quaternion: `(w, x, y, z)`.
    """
    turn = Quaternion(quaternion)
    channel = rotation_channel(bone)
    if channel == "rotation_quaternion":
        return {channel: (turn.w, turn.x, turn.y, turn.z)}
    if channel == "rotation_axis_angle":
        axis, angle = turn.to_axis_angle()
        return {channel: (angle, axis.x, axis.y, axis.z)}
    euler = turn.to_euler(bone.rotation_mode)  # type: ignore[arg-type]
    return {channel: (euler.x, euler.y, euler.z)}
