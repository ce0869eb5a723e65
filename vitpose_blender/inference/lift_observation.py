# SPDX-License-Identifier: GPL-3.0-or-later
"""What the picture says about a person: rays, seen from a camera that looks at them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..core.camera_model import Camera
from ..core.rotations import cross, unit
from ..core.types import FloatArray, Keypoints2D

SEEN = 0.15  # A keypoint with a lower score counts as not seen [1].
TRUNK_ROWS = [5, 6, 11, 12]


@dataclass(frozen=True, eq=False)
class Observation:
    """Rays of one person over `T` frames, in the view frame of each.

    The view frame is the camera turned so that its axis pierces the person's
    trunk: what a limb's foreshortening means does not change with the place of
    the person in the picture.

    Attributes:
        times: Of each frame, shape `(T,)` [s].
        rays: Unit vectors to the COCO-17 keypoints, shape `(T, 17, 3)`; NaN unseen.
        score: Of each keypoint, shape `(T, 17)`; 0 unseen.
        up: Against gravity, shape `(T, 3)`.
        view_from_camera: Rotations, shape `(T, 3, 3)`.
    """

    times: FloatArray
    rays: FloatArray
    score: FloatArray
    up: FloatArray
    view_from_camera: FloatArray

    @cached_property
    def is_known(self) -> FloatArray:
        """Whether any part of the trunk was seen, shape `(T,)`."""
        known: FloatArray = np.isfinite(self.rays[:, TRUNK_ROWS, 0]).any(axis=1)
        return known

    @cached_property
    def middles(self) -> FloatArray:
        """Rays to the middles of the shoulders and of the hips, `(T, 2, 3)`.

        To the one keypoint where the other is not seen.
        """
        sides = self.rays[:, TRUNK_ROWS].reshape(-1, 2, 3)
        return unit(nan_mean(sides)).reshape(-1, 2, 3)


def nan_mean(values: FloatArray) -> FloatArray:
    """Return the mean over the second axis of what is known, NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    mean: FloatArray = total / np.where(count > 0, count, np.nan)
    return mean


def observe(keypoints: Sequence[Keypoints2D], camera: Camera) -> Observation:
    """Return what `keypoints` (COCO-17, one person, in order of time) show."""
    xy = np.stack([frame.xy for frame in keypoints])
    score = np.stack([frame.score for frame in keypoints])
    unseen = score < SEEN
    rays = camera.rays(np.where(unseen[..., np.newaxis], np.nan, xy))
    axis = nan_mean(rays[:, TRUNK_ROWS])
    axis = np.where(np.isfinite(axis), axis, [0.0, 0.0, 1.0])
    view_from_camera = _looking_along(axis)
    up_camera = camera.world_from_camera[2]
    return Observation(
        np.array([frame.t for frame in keypoints]),
        unit(rays @ np.swapaxes(view_from_camera, 1, 2)),
        np.where(unseen, 0.0, score),
        view_from_camera @ up_camera,
        view_from_camera,
    )


def _looking_along(axis: FloatArray) -> FloatArray:
    """Return rotations whose z rows are `axis`, with x kept level in the picture."""
    forward = unit(axis)
    right = unit(np.stack([forward[:, 2], 0 * forward[:, 0], -forward[:, 0]], axis=1))
    return np.stack([right, cross(forward, right), forward], axis=1)
