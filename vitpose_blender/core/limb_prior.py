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
SIDES = np.array([1.0, -1.0]).reshape(2, 1, 1)  # Left and right.
_MIRROR = np.ones((4, 1, 3))
_MIRROR[[1, 3], :, 0] = -1.0
BACKGROUND = -5.0  # Log density of a pose that the table does not know.
# Joint limits, as sines: how far a knee bends forward, a thigh and an arm backward.
KNEE_STRETCH, THIGH_BACK, ARM_BACK = 0.1, 0.85, 0.8
STIFFNESS = 10.0  # Log density lost by a unit beyond a joint's limit.


@dataclass(frozen=True, eq=False)
class LimbPrior:
    """Typical directions of the two bones of each of `LIMBS`.

    Attributes:
        upper: Mean direction times concentration of the upper bone, of each of `K`
            components of each limb, shape `(4, K, 3)`.
        lower: The same of the lower bone, shape `(4, K, 3)`.
        log_weight: Of each component with its normalisation, shape `(4, K)`.
    """

    upper: Float32Array
    lower: Float32Array
    log_weight: Float32Array

    @classmethod
    def from_tables(cls, arm: str, leg: str) -> Self:
        """Read tables of `limb_prior_table`, which describe left limbs."""
        tables = np.array([_read(arm), _read(arm), _read(leg), _read(leg)])
        kappa = tables[..., [4, 8]]
        log_weight = np.log(tables[..., 0]) + (np.log(kappa) - kappa).sum(axis=-1)
        upper = tables[..., 1:4] * _MIRROR * kappa[..., :1]
        lower = tables[..., 5:8] * _MIRROR * kappa[..., 1:]
        return cls(*(array.astype(np.float32) for array in (upper, lower, log_weight)))

    def log_density(
        self, frames: FloatArray, upper: FloatArray, lower: FloatArray
    ) -> FloatArray:
        """Return how likely each pair of directions is, up to a constant.

        Args:
            frames: `trunk_from_view` rotations, shape `(T, 4 or 1, Y, 3, 3)`.
            upper: Directions of the upper bones, shape `(T, 4, S1, 3)`.
            lower: Of the lower bones for each upper one, shape `(T, 4, S1, S2, 3)`.

        Returns:
            Log densities, shape `(T, 4, Y, S1, S2)`. The best component stands for
            the sum over all.
        """
        num_frames, _, s1, s2 = lower.shape[:4]
        # Each component is linear in both directions: one product weighs all of
        # them. Single precision halves the time of what lifting spends most on.
        directions = np.ones((num_frames, 4, s1, s2, 7), dtype=np.float32)
        directions[..., :3] = upper[..., np.newaxis, :]
        directions[..., 3:6] = lower
        flat = directions.reshape(num_frames, 4, 1, s1 * s2, 7)
        # One product a component: a larger one would wake the threads of BLAS,
        # which wait for a CPU far longer than they work.
        score = self._components(frames) @ np.swapaxes(flat, -1, -2)
        score = score.reshape(*score.shape[:4], s1, s2)
        density: FloatArray = np.maximum(score.max(axis=2), BACKGROUND)
        density[:, :2] -= STIFFNESS * _arm_excess(frames[:, :2], upper[:, :2])
        density[:, 2:] -= STIFFNESS * _leg_excess(
            frames[:, -2:], upper[:, 2:], lower[:, 2:]
        )
        return density

    def _components(self, frames: FloatArray) -> Float32Array:
        """Return the components turned into the view, shape `(T, 4, K, Y, 7)`.

        For an upper direction, a lower one and a 1 in a row.
        """
        num_frames, num_limbs, num_turns = frames.shape[:3]
        turns = np.swapaxes(frames.astype(np.float32), 2, 3)
        turns = turns.reshape(num_frames, num_limbs, 3, num_turns * 3)
        shape = (num_frames, *self.log_weight.shape, num_turns)
        components = np.empty((*shape, 7), dtype=np.float32)
        components[..., :3] = (self.upper @ turns).reshape(*shape, 3)
        components[..., 3:6] = (self.lower @ turns).reshape(*shape, 3)
        components[..., 6] = self.log_weight[..., np.newaxis]
        return components


def _read(table: str) -> FloatArray:
    rows = [line.split() for line in table.split("\n") if line]
    return np.array(rows, dtype=np.float64)


def _arm_excess(frames: FloatArray, upper: FloatArray) -> FloatArray:
    """Return how far arms are beyond the joint limits, `(T, 2, Y, S1, 1)`.

    An arm crosses in front of the chest, not through it, and reaches back only so far.
    """
    upper = np.swapaxes(upper, -1, -2)
    inward = -SIDES * (frames[..., 0, :] @ upper)
    forward = frames[..., 2, :] @ upper
    crossing = np.maximum(0.7 * inward - forward - 0.05, 0.0) * (inward > 0)
    excess: FloatArray = crossing + np.maximum(-forward - ARM_BACK, 0.0)
    return excess[..., np.newaxis]


def _leg_excess(frames: FloatArray, upper: FloatArray, lower: FloatArray) -> FloatArray:
    """Return how far legs are beyond the joint limits, `(T, 2, Y, S1, S2)`.

    The shank bends backward about the axis from hip to hip.
    """
    forward = frames[..., 2, :] @ np.swapaxes(upper, -1, -2)
    behind = np.maximum(-forward - THIGH_BACK, 0.0)[..., np.newaxis]
    bend = cross(upper[..., np.newaxis, :], lower)
    bend = bend.reshape(*bend.shape[:2], -1, 3)
    forward_bend = -(frames[..., 0, :] @ np.swapaxes(bend, -1, -2))
    forward_bend = forward_bend.reshape(*forward.shape, -1)
    excess: FloatArray = np.maximum(forward_bend - KNEE_STRETCH, 0.0) + behind
    return excess


@cache
def limb_prior() -> LimbPrior:
    """Return the prior of `LIMBS`."""
    return LimbPrior.from_tables(limb_prior_table.ARM, limb_prior_table.LEG)
