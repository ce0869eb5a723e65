# SPDX-License-Identifier: GPL-3.0-or-later
"""The camera of the sample clip and where it stands."""

from dataclasses import dataclass

import numpy as np

from mannequin_tube import Array
from vitpose_blender.core.camera_model import Camera


@dataclass(frozen=True, eq=False)
class View:
    """Where the camera stands.

    Attributes:
        camera: The ideal camera.
        place: Its position in the world, shape `(3,)` [m].
    """

    camera: Camera
    place: Array

    @property
    def world_from_camera(self) -> Array:
        """Affine transform, shape `(4, 4)`."""
        transform = np.eye(4)
        transform[:3, :3] = self.camera.world_from_camera
        transform[:3, 3] = self.place
        return transform

    def to_camera(self, xyz_world: Array) -> Array:
        """Return world points in the camera's frame, shape kept [m]."""
        return (xyz_world - self.place) @ self.camera.world_from_camera

    def project(self, xyz_world: Array) -> Array:
        """Return the pixels at which world points appear, shape `(..., 2)`."""
        return self.camera.project(self.to_camera(xyz_world))
