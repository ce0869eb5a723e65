# SPDX-License-Identifier: GPL-3.0-or-later
"""What a character looks like at rest, in the terms that retargeting needs.

Only joint heads and the rig map give meaning here. Axes, rolls and tails are what an
importer guessed; they are carried along to place targets and read for nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from .errors import RigError
from .layouts import SIDES
from .rig import FINGER_ROLES
from .rotations import body_frame, limb_frame, reject, unit
from .types import FloatArray

# A rest elbow or knee bent by less says nothing about its hinge [rad].
_CLEAR_BEND = np.radians(12)


@dataclass(frozen=True, eq=False)
class Skeleton:
    """The bones of an armature at rest, in world space.

    Attributes:
        names: Bone names, parents before children.
        parents: Index of each bone's parent, -1 for roots.
        heads: Shape `(B, 3)` [m].
        tails: Shape `(B, 3)` [m].
        rotations: Bone axes as columns, shape `(B, 3, 3)`, orthonormal.
        floor: Height of the ground that the character stands on [m].
    """

    names: Sequence[str]
    parents: Sequence[int]
    heads: FloatArray
    tails: FloatArray
    rotations: FloatArray
    floor: float = 0.0


@dataclass(frozen=True, eq=False)
class Limb:
    """A two-bone chain that an IK constraint bends.

    Attributes:
        name: `left_arm`, `right_arm`, `left_leg` or `right_leg`.
        upper: Index of the driven bone at its root.
        lower: Index of the driven bone below the hinge.
        directions: Of the upper and the lower bone at rest, shape `(2, 3)`, unit.
        hinge: Axis about which it bends, at rest, shape `(3,)`.
        pole_angle: Of the IK constraint [rad].
        pole_axis: Where the pole lies at rest, across the upper bone, shape `(3,)`.
    """

    name: str
    upper: int
    lower: int
    directions: FloatArray
    hinge: FloatArray
    pole_angle: float
    pole_axis: FloatArray


@dataclass(frozen=True, eq=False)
class RigRest:
    """The driven bones of a character at rest, in world space.

    Attributes:
        names: Bone names, parents before children, shape `(D,)`.
        roles: Role of each driven bone.
        anchors: Index of the nearest driven ancestor, -1 for the hips.
        heads: Shape `(D, 3)` [m].
        tails: Shape `(D, 3)` [m].
        rotations: Bone axes as columns, shape `(D, 3, 3)`.
        floor: Height of the ground [m].
        limbs: The four IK chains.
    """

    names: tuple[str, ...]
    roles: tuple[str, ...]
    anchors: tuple[int, ...]
    heads: FloatArray
    tails: FloatArray
    rotations: FloatArray
    floor: float
    limbs: tuple[Limb, ...] = field(default=())

    @cached_property
    def index(self) -> dict[str, int]:
        """The first driven bone of each role."""
        first: dict[str, int] = {}
        for row, role in enumerate(self.roles):
            first.setdefault(role, row)
        return first

    def chain(self, role: str) -> list[int]:
        """Return the driven bones of a role from root to tip."""
        return [row for row, have in enumerate(self.roles) if have == role]

    def head(self, role: str) -> FloatArray:
        head: FloatArray = self.heads[self.index[role]]
        return head

    @cached_property
    def trunk(self) -> FloatArray:
        """Frame of the trunk from hips and shoulders: left, back, up; `(3, 3)`."""
        left_thigh, right_thigh = (self.head(f"{side}_thigh") for side in SIDES)
        left_arm, right_arm = (self.head(f"{side}_upper_arm") for side in SIDES)
        up = left_arm + right_arm - left_thigh - right_thigh
        return body_frame(left_thigh - right_thigh, up)

    @cached_property
    def facing(self) -> FloatArray:
        """Turn about the vertical from facing -Y to the way the character faces."""
        return body_frame(self.trunk[:, 0], np.array([0.0, 0.0, 1.0]))

    @cached_property
    def leg_length(self) -> float:
        """From hip to ankle along the leg, mean of both sides [m]."""
        lengths = [
            np.linalg.norm(np.diff([self.head(f"{side}_{part}") for part in
                                    ("thigh", "shin", "foot")], axis=0), axis=1).sum()
            for side in SIDES
        ]  # fmt: skip
        return float(np.mean(lengths))

    @cached_property
    def soles(self) -> tuple[FloatArray, FloatArray]:
        """Heel, ball and tip under the left and the right foot, each `(3, 3)` [m].

        Rigs have no heel bone; feet have heels about a third of the way from ankle
        to ball behind the ankle, and toes about half of it before the ball.
        """
        return self._sole("left"), self._sole("right")

    def _sole(self, side: str) -> FloatArray:
        ankle = self.head(f"{side}_foot")
        if f"{side}_toe" in self.index:
            ball = self.head(f"{side}_toe")
        else:
            ball = ankle - self.facing[:, 1] * 0.3 * self.leg_length / 2
        along = (ball - ankle) * (1.0, 1.0, 0.0)
        points = np.array([ankle - along / 3, ball, ball + along / 2])
        points[:, 2] = self.floor
        return points


def build_rig_rest(
    skeleton: Skeleton, role_bones: Mapping[str, Sequence[str]]
) -> RigRest:
    """Pick the driven bones out of a skeleton and work out its limbs.

    Args:
        skeleton: The whole armature.
        role_bones: Bone names of each role, as `RigMap.resolve` returns them.

    Raises:
        RigError: A named bone does not exist in the skeleton.
    """
    rows = {name: row for row, name in enumerate(skeleton.names)}
    role_of = {
        name: role
        for role, names in role_bones.items()
        if not role.endswith(FINGER_ROLES)
        for name in names
    }
    if missing := set(role_of) - set(rows):
        raise RigError(missing, skeleton.names)
    driven = sorted(rows[name] for name in role_of)
    rest = RigRest(
        names=tuple(skeleton.names[row] for row in driven),
        roles=tuple(role_of[skeleton.names[row]] for row in driven),
        anchors=_anchors(skeleton.parents, driven),
        heads=skeleton.heads[driven],
        tails=skeleton.tails[driven],
        rotations=skeleton.rotations[driven],
        floor=skeleton.floor,
    )
    limbs = tuple(_limb(rest, side, part) for part in ("arm", "leg") for side in SIDES)
    return replace(rest, limbs=limbs)


def _anchors(parents: Sequence[int], driven: Sequence[int]) -> tuple[int, ...]:
    """Return for each driven bone which driven bone carries it, -1 for none."""
    place = {row: index for index, row in enumerate(driven)}

    def anchor(row: int) -> int:
        row = parents[row]
        while row >= 0 and row not in place:
            row = parents[row]
        return place.get(row, -1)

    return tuple(anchor(row) for row in driven)


_SEGMENTS = {"arm": ("upper_arm", "forearm", "hand"), "leg": ("thigh", "shin", "foot")}


def _limb(rest: RigRest, side: str, part: str) -> Limb:
    upper_role, lower_role, end_role = (f"{side}_{role}" for role in _SEGMENTS[part])
    upper, lower = rest.index[upper_role], rest.index[lower_role]
    # A rig without hands: the forearm's tail is the best there is.
    end = rest.head(end_role) if end_role in rest.index else rest.tails[lower]
    directions = unit(np.diff([rest.heads[upper], rest.heads[lower], end], axis=0))
    back = rest.trunk[:, 1] * (1.0 if part == "leg" else -1.0)
    hinge = rest_hinge(directions, back)
    frame = limb_frame(directions[0], hinge)
    axes = rest.rotations[upper]
    wanted = frame[:, 1]  # The side where knees and elbows stick out.
    across = reject(wanted, axes[:, 1])
    if np.linalg.norm(across) < 0.3:  # The bone points that way itself.
        across = reject(frame[:, 0], axes[:, 1])
    pole_axis = unit(across)
    angle = float(np.arctan2(pole_axis @ axes[:, 2], pole_axis @ axes[:, 0]))
    return Limb(
        f"{side}_{part}", upper, lower, directions, frame[:, 0], angle, pole_axis
    )


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
