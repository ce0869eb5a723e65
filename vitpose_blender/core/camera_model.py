# SPDX-License-Identifier: GPL-3.0-or-later
"""A pinhole camera: pixels to rays and back, and where it stands in the world."""

from dataclasses import dataclass

import numpy as np

from .types import FloatArray

DEFAULT_FOV = 60.0  # Across the longer side, typical of webcams and phones [deg].

# Blender's world has z up and a person who faces the camera looks along -Y.
WORLD_FROM_CAMERA = np.array(
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]]
)  # (x, z, -y)
WORLD_FROM_CAMERA.flags.writeable = False


@dataclass(frozen=True)
class Camera:
    """An ideal camera whose optical axis pierces the middle of the picture.

    Attributes:
        image_wh: Width and height [px].
        fov: Field of view across the longer side of the picture [deg].
        tilt: How far the optical axis points down from the horizon [deg].
    """

    image_wh: tuple[int, int]
    fov: float = DEFAULT_FOV
    tilt: float = 0.0

    @property
    def focal(self) -> float:
        """Focal length [px]."""
        return float(max(self.image_wh) / 2 / np.tan(np.radians(self.fov) / 2))

    @property
    def center(self) -> FloatArray:
        """Principal point, shape `(2,)` [px]."""
        return (np.array(self.image_wh, dtype=np.float64) - 1) / 2

    def rays(self, xy_px: FloatArray) -> FloatArray:
        """Return points on the plane z = 1 that the pixels show.

        Args:
            xy_px: Pixels, shape `(..., 2)`; NaN passes through.

        Returns:
            Camera-frame points `(x, y, 1)`, shape `(..., 3)`.
        """
        xy = (xy_px - self.center) / self.focal
        return np.concatenate([xy, np.ones_like(xy[..., :1])], axis=-1)

    def project(self, xyz_cam: FloatArray) -> FloatArray:
        """Return the pixels at which camera-frame points appear.

        Args:
            xyz_cam: Points, shape `(..., 3)` [m].

        Returns:
            Pixels, shape `(..., 2)`; NaN for points behind the camera.
        """
        z = xyz_cam[..., 2:]
        safe = np.where(z > 1e-6, z, np.nan)
        xy_px: FloatArray = xyz_cam[..., :2] / safe * self.focal + self.center
        return xy_px

    @property
    def world_from_camera(self) -> FloatArray:
        """Rotation into Blender's axes, the tilt undone, shape `(3, 3)`."""
        c, s = np.cos(np.radians(self.tilt)), np.sin(np.radians(self.tilt))
        level_from_camera = np.array([[1.0, 0.0, 0.0], [0.0, c, s], [0.0, -s, c]])
        rotation: FloatArray = WORLD_FROM_CAMERA @ level_from_camera
        return rotation
