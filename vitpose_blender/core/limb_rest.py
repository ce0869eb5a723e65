# SPDX-License-Identifier: GPL-3.0-or-later
"""Arms and legs at rest: where they point, how they bend, where IK's pole lies."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .rotations import limb_frame, reject, unit
from .types import FloatArray

SEGMENTS = {"arm": ("upper_arm", "forearm", "hand"), "leg": ("thigh", "shin", "foot")}

# A rest elbow or knee bent by less says nothing about its hinge [rad].
_CLEAR_BEND = np.radians(12)


@dataclass(frozen=True, eq=False)
class Limb:
    """A two-bone chain that an IK constraint bends; vectors are in rig space.

    Attributes:
        name: `left_arm`, `right_arm`, `left_leg` or `right_leg`.
        upper: Index of the driven bone at its root.
        lower: Index of the driven bone below the hinge.
        directions: Of the upper and the lower bone at rest, shape `(2, 3)`, unit.
        hinge: Axis about which it bends, at rest, shape `(3,)`.
        pole_angle: Of the IK constraint [rad].
        pole_axis: Where the pole lies at rest, across the upper bone, shape `(3,)`.
        is_chain: Whether the lower bone descends from the upper one.
        rest_spin: How far the hinge at rest is turned about the upper bone from where
            people's limbs in that direction have it [rad].
    """

    name: str
    upper: int
    lower: int
    directions: FloatArray
    hinge: FloatArray
    pole_angle: float
    pole_axis: FloatArray
    is_chain: bool = True
    rest_spin: float = 0.0

    @property
    def side(self) -> str:
        return self.name.split("_")[0]

    @property
    def part(self) -> str:
        return self.name.split("_")[1]

    @cached_property
    def frames(self) -> FloatArray:
        """Of the upper and the lower bone at rest, shape `(2, 3, 3)`."""
        return limb_frame(self.directions, self.hinge)


def rest_hinge(directions: FloatArray, flexes_to: FloatArray) -> FloatArray:
    """Return the axis about which a limb bends, from its rest pose.

    Args:
        directions: Of the upper and lower bone, shape `(2, 3)`, unit length.
        flexes_to: Where the lower bone goes when the limb bends, shape `(3,)`.

    Returns:
        Unit axis across the upper bone, shape `(3,)`; turning the lower bone about it
        bends the limb. A clearly bent rest pose shows it; a straight one follows
        anatomy: elbows flex forwards, knees backwards.
    """
    bend = np.cross(directions[0], directions[1])
    if np.linalg.norm(bend) > np.sin(_CLEAR_BEND):
        return unit(bend)
    return unit(np.cross(directions[0], flexes_to))


def rest_pole(
    direction: FloatArray, hinge: FloatArray, axes: FloatArray
) -> tuple[float, FloatArray]:
    """Return an IK constraint's pole angle [rad] and where the pole lies at rest.

    Args:
        direction: Of the upper bone, shape `(3,)`, unit.
        hinge: Axis about which the limb bends, shape `(3,)`, unit.
        axes: The upper bone's own axes as columns, shape `(3, 3)`.
    """
    frame = limb_frame(direction, hinge)
    # Column 1 is the side where knees and elbows stick out.
    across = reject(frame[:, 1], axes[:, 1])
    if np.linalg.norm(across) < 0.3:  # The bone points that way itself.
        across = reject(frame[:, 0], axes[:, 1])
    axis = unit(across)
    return float(np.arctan2(axis @ axes[:, 2], axis @ axes[:, 0])), axis
