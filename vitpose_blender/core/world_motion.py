# SPDX-License-Identifier: GPL-3.0-or-later
"""From a person's joints in the camera's frame to motion in Blender's world."""

from collections.abc import Sequence

import numpy as np

from .camera_model import Camera
from .filters import resample
from .motion import WorldMotion
from .skeleton_fit import foot_clearance
from .types import FloatArray, Joints3D

MAX_GAP = 0.5  # Longest time without a person that is bridged in a straight line [s].
# Feet closer to the floor than the first are on it. Who gets no higher than the
# second has not jumped, who gets as high as the third has [m].
ON_FLOOR, NO_JUMP, JUMP = 0.02, 0.06, 0.12


def frame_times(start: float, end: float, fps: float) -> FloatArray:
    """Return the times of a scene's frames from `start` to at most `end` [s].

    Time stamps are rounded, so a last frame that is late by a hair still counts.
    """
    num_frames = int(np.floor((end - start) * fps + 0.01)) + 1
    return np.minimum(start + np.arange(num_frames) / fps, end)


def to_world(
    joints: Sequence[Joints3D], camera: Camera, times: FloatArray | None = None
) -> WorldMotion:
    """Return the person's motion in Blender's axes, at the wanted times.

    Args:
        joints: In order of time, at least one.
        camera: That saw the person; its tilt is undone.
        times: Wanted times, shape `(F,)` [s]; None keeps the joints' own.

    Returns:
        The motion; its path begins at the first place that is known.
    """
    own_times = np.array([frame.t for frame in joints])
    rotation = camera.world_from_camera
    xyz = np.stack([frame.xyz for frame in joints]) @ rotation.T
    root = np.stack([frame.root for frame in joints]) @ rotation.T
    places = xyz + np.nan_to_num(root)[:, np.newaxis]
    clearance = only_jumps(foot_clearance(places, own_times))
    path = root - root[np.argmax(np.isfinite(root).all(axis=1))]
    if times is None:
        return WorldMotion(own_times, xyz, path, clearance)
    return WorldMotion(
        times,
        resample(own_times, xyz, times, MAX_GAP),
        resample(own_times, path, times, MAX_GAP),
        resample(own_times, clearance, times, MAX_GAP),
    )


def only_jumps(clearance: FloatArray) -> FloatArray:
    """Keep feet on the floor that wobble above it, and let those fly that jump.

    Args:
        clearance: Of the lowest foot above the floor, shape `(F,)` [m]; NaN unknown.

    Returns:
        Shape `(F,)` [m]; each time in the air is kept or removed as a whole, judged
        by how high it gets.
    """
    height = np.maximum(np.nan_to_num(clearance) - ON_FLOOR, 0.0)
    is_up = np.concatenate([[False], height > 0, [False]])
    takeoffs = np.flatnonzero(~is_up[:-1] & is_up[1:])
    landings = np.flatnonzero(is_up[:-1] & ~is_up[1:])
    jumps = np.zeros_like(height)
    for takeoff, landing in zip(takeoffs, landings):
        flight = height[takeoff:landing]
        jumps[takeoff:landing] = flight * np.clip(
            (flight.max() + ON_FLOOR - NO_JUMP) / (JUMP - NO_JUMP), 0.0, 1.0
        )
    return jumps
