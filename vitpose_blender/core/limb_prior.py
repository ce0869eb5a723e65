# SPDX-License-Identifier: GPL-3.0-or-later
"""How likely a limb points where it does, seen from the trunk.

A mixture of products of two von Mises-Fisher densities, distilled from motion
capture: knees bend forward, elbows do not, arms are mostly in front.
"""

from dataclasses import dataclass
from functools import cache
from typing import Self

import numpy as np

from . import limb_prior_table
from .types import FloatArray

LIMBS = ("left_arm", "right_arm", "left_leg", "right_leg")
BACKGROUND = -5.0  # Log density of a pose that the table does not know.


@dataclass(frozen=True, eq=False)
class LimbPrior:
    """Typical directions of the two bones of one limb.

    Attributes:
        log_weight: Of each of `K` components with its normalisation, shape `(K,)`.
        upper: Mean direction times concentration of the upper bone, shape `(K, 3)`.
        lower: The same of the lower bone, shape `(K, 3)`.
    """

    log_weight: FloatArray
    upper: FloatArray
    lower: FloatArray

    @classmethod
    def from_table(cls, text: str, mirror: float) -> Self:
        """Read a table of `limb_prior_table`; `mirror` is -1 for a right limb."""
        table = np.array([line.split() for line in text.split("\n") if line], float)
        side = np.array([mirror, 1.0, 1.0])
        kappa = table[:, [4, 8]]
        log_weight = np.log(table[:, 0]) + (np.log(kappa) - kappa).sum(axis=1)
        return cls(
            log_weight,
            table[:, 1:4] * side * kappa[:, :1],
            table[:, 5:8] * side * kappa[:, 1:],
        )

    def log_density(
        self, frames: FloatArray, upper: FloatArray, lower: FloatArray
    ) -> FloatArray:
        """Return how likely each pair of directions is, up to a constant.

        Args:
            frames: `trunk_from_view` rotations, shape `(..., Y, 3, 3)`.
            upper: Directions of the upper bone, shape `(..., S1, 3)`.
            lower: Of the lower bone for each upper one, shape `(..., S1, S2, 3)`.

        Returns:
            Log densities, shape `(..., Y, S1, S2)`. The best component stands for
            the sum over all.
        """
        turned_upper = self.upper @ frames  # (..., Y, K, 3)
        turned_lower = self.lower @ frames
        upper_part = np.einsum("...si,...yki->...ysk", upper, turned_upper)
        lead, (s1, s2) = lower.shape[:-3], lower.shape[-3:-1]
        flat = lower.reshape(*lead, 1, s1 * s2, 3)
        lower_part = flat @ np.swapaxes(turned_lower, -1, -2)  # (..., Y, S1 S2, K)
        lower_part = lower_part.reshape(*lower_part.shape[:-2], s1, s2, -1)
        score = lower_part + (upper_part + self.log_weight)[..., np.newaxis, :]
        density: FloatArray = np.maximum(score.max(axis=-1), BACKGROUND)
        return density


@cache
def limb_priors() -> tuple[LimbPrior, ...]:
    """Return the prior of each of `LIMBS`."""
    return tuple(
        LimbPrior.from_table(text, mirror)
        for text in (limb_prior_table.ARM, limb_prior_table.LEG)
        for mirror in (1.0, -1.0)
    )
