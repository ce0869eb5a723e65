# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody who stands before a tilted camera, as a detector sees them."""

from functools import cache

import numpy as np

from tests.humanoid import (
    ROW,
    humanoid_roles,
    humanoid_skeleton,
    person_like,
)
from vitpose_blender.core.build_rest import build_rig_rest
from vitpose_blender.core.camera_model import WORLD_FROM_CAMERA, Camera
from vitpose_blender.core.types import Keypoints2D

FPS = 30.0  # [Hz]
HEIGHT = 1.7  # Of the person [m].


@cache
def standing() -> np.ndarray:
    """Return a 1.7 m person, arms hanging, facing -Y, the floor at z = 0, `(28, 3)`."""
    xyz = person_like(build_rig_rest(humanoid_skeleton(), humanoid_roles()))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        shoulder = xyz[ROW[f"{side}_shoulder"]]
        for joint, drop in (("elbow", 0.28), ("wrist", 0.53), ("hand", 0.61)):
            xyz[ROW[f"{side}_{joint}"]] = shoulder + np.array(
                (sign * 0.2 * drop, 0.0, -drop)
            )
    feet = [
        ROW[f"{side}_{part}"] for side in ("left", "right") for part in ("heel", "toe")
    ]
    xyz = xyz - (0.0, 0.0, xyz[feet, 2].min())
    return xyz * HEIGHT / xyz[ROW["head_top"], 2]


def camera_joints(
    camera: Camera, above: float = 1.2, distance: float = 3.0, scale: float = 1.0
) -> np.ndarray:
    """Return the standing person in the camera's frame, shape `(28, 3)` [m].

    Args:
        camera: With its tilt.
        above: The camera, above the floor [m].
        distance: Along the floor [m].
        scale: Of person and room together [1].
    """
    level = standing() @ WORLD_FROM_CAMERA + (0.0, above, distance)
    c, s = np.cos(np.radians(camera.tilt)), np.sin(np.radians(camera.tilt))
    return scale * level @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]]).T


def seen_standing(
    camera: Camera, seconds: float = 3.0, noise: float = 2.0, seed: int = 0, **place
) -> list[Keypoints2D]:
    """Return what a detector sees of them, with white noise [px]."""
    xy = camera.project(camera_joints(camera, **place)[:17])
    rng = np.random.default_rng(seed)
    return [
        Keypoints2D(xy + rng.normal(0, noise, xy.shape), np.full(17, 0.9), i / FPS)
        for i in range(round(seconds * FPS))
    ]
