# SPDX-License-Identifier: GPL-3.0-or-later
"""How the trunk leans out of the picture plane."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..core.body_model import BodyLengths
from ..core.rotations import cross, unit
from ..core.types import FloatArray
from .lift_observation import Observation

ANGLES = np.radians(np.linspace(-75, 75, 13))  # Out of the picture plane [rad].
_COSINE, _SINE = np.cos(ANGLES), np.sin(ANGLES)
LENGTH_SIGMA = 0.05  # How wrong the trunk's length in the picture may be [m].
# Most people stand or sit upright; some bend, lie or turn cartwheels.
UPRIGHT_SHARE, UPRIGHT_CONCENTRATION = 0.95, 20.0


@dataclass(frozen=True, eq=False)
class Torso:
    """What yaw turns about, and where it starts from.

    Yaw 0 faces the camera; at 90 degrees the person looks along `level`.

    Attributes:
        up: Direction from the hips to the shoulders, shape `(T, 3)`.
    """

    up: FloatArray

    @cached_property
    def level(self) -> FloatArray:
        """Across the trunk in the picture, shape `(T, 3)`."""
        x, y = self.up[:, 0], self.up[:, 1]
        level = unit(np.stack([-y, x, 0 * x], axis=1))
        # A trunk that points straight at the camera leaves the choice open.
        return np.where(np.isfinite(level), level, [1.0, 0.0, 0.0])

    @cached_property
    def away(self) -> FloatArray:
        """Across both, out of the picture, shape `(T, 3)`."""
        return cross(self.up, self.level)

    @cached_property
    def picture_axes(self) -> FloatArray:
        """Across and along the trunk in the picture, shape `(T, 2, 3)`."""
        x, y = self.level[:, 0], self.level[:, 1]
        return np.stack([self.level, np.stack([y, -x, 0 * x], axis=1)], axis=1)


def torso_directions(
    seen: Observation, distance: FloatArray, body: BodyLengths
) -> FloatArray:
    """Return the direction from the hips to the shoulders, shape `(T, 3)`.

    The trunk's foreshortening is a weak hint, because it hardly changes near
    upright: most of the answer is that people stand against gravity.

    Args:
        seen: What the picture shows.
        distance: To the person, shape `(T,)` [m].
        body: Length of the trunk.
    """
    ray = seen.middles[:, 0]
    hips = seen.middles[:, 1] * distance[:, np.newaxis]
    across = (hips * ray).sum(-1, keepdims=True) * ray - hips
    seen_length = np.sqrt((across * across).sum(-1, keepdims=True))
    plane = across / np.maximum(seen_length, 1e-6)
    directions = plane[:, np.newaxis] * _COSINE[:, np.newaxis]
    directions += ray[:, np.newaxis] * _SINE[:, np.newaxis]
    residual = (seen_length - body.torso * _COSINE) / LENGTH_SIGMA
    upright = (directions @ seen.up[..., np.newaxis])[..., 0]
    kappa = UPRIGHT_CONCENTRATION
    prior = np.log(
        UPRIGHT_SHARE * kappa * np.exp(kappa * (upright - 1)) + (1 - UPRIGHT_SHARE)
    )
    score = -0.5 * residual**2 + prior + np.log(_COSINE)
    weight = np.exp(score - score.max(axis=1, keepdims=True))
    mean = unit((weight[:, np.newaxis] @ directions)[:, 0])
    return np.where(np.isfinite(mean), mean, seen.up)
