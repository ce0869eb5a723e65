# SPDX-License-Identifier: GPL-3.0-or-later
"""How likely a limb points where it does, seen from the trunk.

A mixture of products of two von Mises-Fisher densities, distilled from motion
capture, within joint limits written down by hand.
"""

from dataclasses import dataclass
from functools import cache
from typing import Self

import numpy as np
import numpy.typing as npt

from . import limb_prior_table
from .rotations import cross
from .types import FloatArray

Float32Array = npt.NDArray[np.float32]

LIMBS = ("left_arm", "right_arm", "left_leg", "right_leg")
BACKGROUND = -5.0  # Log density of a pose that the table does not know.
# Joint limits, as sines: how far a knee bends forward, a thigh and an arm backward.
KNEE_STRETCH, THIGH_BACK, ARM_BACK = 0.1, 0.85, 0.8
STIFFNESS = 10.0  # Log density lost by a unit beyond a joint's limit.


@dataclass(frozen=True, eq=False)
class LimbPrior:
    """Typical directions of the two bones of one limb.

    Attributes:
        is_leg: Whether knees or elbows bend in the middle.
        side: 1 for a left limb, -1 for a right one.
        log_weight: Of each of `K` components with its normalisation, shape `(K,)`.
        upper: Mean direction times concentration of the upper bone, shape `(K, 3)`.
        lower: The same of the lower bone, shape `(K, 3)`.
    """

    is_leg: bool
    side: float
    log_weight: Float32Array
    upper: Float32Array
    lower: Float32Array

    @classmethod
    def from_table(cls, text: str, is_leg: bool, side: float) -> Self:
        """Read a table of `limb_prior_table`, which describes left limbs."""
        table = np.array([line.split() for line in text.split("\n") if line], float)
        mirror = np.array([side, 1.0, 1.0])
        kappa = table[:, [4, 8]]
        log_weight = np.log(table[:, 0]) + (np.log(kappa) - kappa).sum(axis=1)
        upper = table[:, 1:4] * mirror * kappa[:, :1]
        lower = table[:, 5:8] * mirror * kappa[:, 1:]
        arrays = (log_weight, upper, lower)
        return cls(is_leg, side, *(array.astype(np.float32) for array in arrays))

    def log_density(
        self, frames: FloatArray, upper: FloatArray, lower: FloatArray
    ) -> FloatArray:
        """Return how likely each pair of directions is, up to a constant.

        Args:
            frames: `trunk_from_view` rotations, shape `(T, Y, 3, 3)`.
            upper: Directions of the upper bone, shape `(T, S1, 3)`.
            lower: Of the lower bone for each upper one, shape `(T, S1, S2, 3)`.

        Returns:
            Log densities, shape `(T, Y, S1, S2)`. The best component stands for the
            sum over all.
        """
        num_frames, s1, s2 = lower.shape[:3]
        # Single precision halves the time of what live lifting spends most on.
        trunk = frames.astype(np.float32)
        upper_part = _dot(upper.astype(np.float32), self.upper @ trunk)
        flat = lower.reshape(num_frames, s1 * s2, 3).astype(np.float32)
        score = _dot(flat, self.lower @ trunk)
        score = score.reshape(*score.shape[:2], s1, s2, -1)
        score += (upper_part + self.log_weight)[..., np.newaxis, :]
        density = np.maximum(score.max(axis=-1), BACKGROUND)
        limited: FloatArray = density - STIFFNESS * self._excess(frames, upper, lower)
        return limited

    def _excess(
        self, frames: FloatArray, upper: FloatArray, lower: FloatArray
    ) -> FloatArray:
        """Return how far poses are beyond the joint limits, `(T, Y, S1, S2 or 1)`."""
        turned = upper[:, np.newaxis] @ np.swapaxes(frames, -1, -2)
        inward, forward = -self.side * turned[..., 0], turned[..., 2]
        if not self.is_leg:
            # An arm crosses in front of the chest, not through it, and reaches back
            # only so far.
            crossing = np.maximum(0.7 * inward - forward - 0.05, 0.0) * (inward > 0)
            behind = np.maximum(-forward - ARM_BACK, 0.0)
            stretched: FloatArray = crossing + behind
            return stretched[..., np.newaxis]
        # The shank bends backward about the axis from hip to hip.
        left = np.broadcast_to(frames[:, :, np.newaxis, 0], turned.shape)
        bending = cross(left, upper[:, np.newaxis])
        forward_bend = -np.einsum("tysi,tsri->tysr", bending, lower)
        behind = np.maximum(-forward - THIGH_BACK, 0.0)[..., np.newaxis]
        excess: FloatArray = np.maximum(forward_bend - KNEE_STRETCH, 0.0) + behind
        return excess


def _dot(directions: Float32Array, means: Float32Array) -> Float32Array:
    """Return products of directions `(T, S, 3)` and means `(T, Y, K, 3)`."""
    products: Float32Array = directions[:, np.newaxis] @ np.swapaxes(means, -1, -2)
    return products


@cache
def limb_priors() -> tuple[LimbPrior, ...]:
    """Return the prior of each of `LIMBS`."""
    tables = ((limb_prior_table.ARM, False), (limb_prior_table.LEG, True))
    return tuple(
        LimbPrior.from_table(text, is_leg, side)
        for text, is_leg in tables
        for side in (1.0, -1.0)
    )
