# SPDX-License-Identifier: GPL-3.0-or-later
"""The size of a person: bone lengths, the shape of the head and of the feet."""

from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np

from .types import FloatArray

DEFAULT_HEIGHT = 1.7  # [m]

# The head's parts from the middle of the ears: left, up, forward [m].
HEAD_POINTS = np.array(
    [
        [0.0, -0.01, 0.115],  # nose
        [0.032, 0.03, 0.08],  # left_eye
        [-0.032, 0.03, 0.08],  # right_eye
        [0.072, 0.0, 0.0],  # left_ear
        [-0.072, 0.0, 0.0],  # right_ear
    ]
)
HEAD_TOP = np.array([0.0, 0.125, -0.015])  # From the middle of the ears [m].
# From the middle of the shoulders: left, up, forward of the chest [m].
EARS_FROM_SHOULDERS = np.array([0.0, 0.16, 0.04])
NECK_FROM_SHOULDERS = np.array([0.0, 0.03, 0.01])
# From the ankle: left, up along the shank, forward [m].
HEEL = np.array([0.0, -0.06, -0.05])
TOE = np.array([0.0, -0.05, 0.17])
HAND = 0.085  # From the wrist to the middle of the hand [m].
SPINE, CHEST = 0.4, 0.72  # Where they are between pelvis and shoulders [1].


@dataclass(frozen=True)
class BodyLengths:
    """Lengths of a person's bones [m]; the defaults are a 1.7 m adult's.

    `shoulders` and `hips` are widths between left and right; `torso` goes from the
    middle of the hips to the middle of the shoulders.
    """

    shoulders: float = 0.35
    hips: float = 0.20
    torso: float = 0.50
    upper_arm: float = 0.28
    forearm: float = 0.25
    thigh: float = 0.42
    shank: float = 0.41
    scale: float = 1.0

    @classmethod
    def of_height(cls, height: float) -> Self:
        """Return a person of that height [m] with average proportions."""
        return cls().scaled(height / DEFAULT_HEIGHT)

    def scaled(self, factor: float) -> Self:
        """Return the same proportions, `factor` times as large."""
        return replace(
            self, **{f.name: getattr(self, f.name) * factor for f in fields(self)}
        )

    @property
    def limbs(self) -> FloatArray:
        """Upper and lower bone of left arm, right arm, left leg, right leg [m]."""
        arm, leg = (self.upper_arm, self.forearm), (self.thigh, self.shank)
        return np.array([arm, arm, leg, leg])
