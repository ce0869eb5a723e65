# SPDX-License-Identifier: GPL-3.0-or-later
"""What a character looks like at rest, in the terms that retargeting needs.

Only joint heads and the rig map give meaning here. Axes, rolls and tails are what an
importer guessed; they are carried along to place targets and read for nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from .layouts import SIDES
from .limb_rest import SEGMENTS, Limb
from .rig import Value
from .rotations import body_frame, shortest_turn, unit
from .types import FloatArray

# A trunk that leans by more at rest belongs to a character that does not stand up.
_UPRIGHT = np.cos(np.radians(55))
_UP = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True, eq=False)
class RigRest:
    """The driven bones of a character at rest, in rig space: the armature object's own.

    Attributes:
        names: Bone names, carriers before what they carry, shape `(D,)`.
        roles: Role of each driven bone.
        anchors: Index of the driven bone that carries each one, -1 for the hips.
        detached: Whether each bone must be told its place, as the armature does not
            hang it on the bone that carries it.
        heads: Shape `(D, 3)`, in the armature's own units.
        tails: Shape `(D, 3)`.
        rotations: Bone axes as columns, shape `(D, 3, 3)`.
        twist_shares: How much of its segment's twist each bone shows; see
            `twist_shares`.
        floor: Height of the ground in the world [m].
        top: Height of the highest point in the world; NaN if not known [m].
        world_from_rig: The armature object's matrix, shape `(4, 4)`.
        posed: Bones that are not driven but hold a turn of their own while the
            character is, as a quaternion `(w, x, y, z)` against their rest.
        properties: Custom properties of bones that hold while it is driven.
        limbs: The four IK chains.
        body: `biped`, or `quadruped`, whose arms are its front legs.
    """

    names: tuple[str, ...]
    roles: tuple[str, ...]
    anchors: tuple[int, ...]
    detached: tuple[bool, ...]
    heads: FloatArray
    tails: FloatArray
    rotations: FloatArray
    twist_shares: tuple[float, ...]
    floor: float
    top: float
    world_from_rig: FloatArray
    posed: Mapping[str, FloatArray] = field(default_factory=dict)
    properties: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    limbs: tuple[Limb, ...] = field(default=())
    body: str = "biped"

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

    def to_world(self, points: FloatArray) -> FloatArray:
        """Take points `(..., 3)` from rig space to the world [m]."""
        moved: FloatArray = points @ self._linear.T + self.world_from_rig[:3, 3]
        return moved

    def to_rig(self, vectors: FloatArray) -> FloatArray:
        """Take vectors `(..., 3)`, not points, from the world to rig space."""
        turned: FloatArray = vectors @ self._rig_from_world.T
        return turned

    def way_to_world(self, direction: FloatArray) -> FloatArray:
        """Take a direction `(3,)` from rig space to the world, unit."""
        return unit(self._linear @ direction)

    def turn_to_rig(self, turns: FloatArray) -> FloatArray:
        """Take rotations `(..., 3, 3)` of the world to the ones they are in rig space.

        An armature that is stretched unevenly has none; the nearest one is taken.
        """
        turned: FloatArray = self._axes.T @ turns @ self._axes
        return turned

    def head(self, role: str) -> FloatArray:
        """Return where the first bone of a role begins, world [m]."""
        return self.to_world(self.heads[self.index[role]])

    @cached_property
    def _linear(self) -> FloatArray:
        linear: FloatArray = self.world_from_rig[:3, :3]
        return linear

    @cached_property
    def _rig_from_world(self) -> FloatArray:
        inverse: FloatArray = np.linalg.inv(self._linear)
        return inverse

    @cached_property
    def _axes(self) -> FloatArray:
        """The rotation, with mirroring, that is nearest to the armature's matrix."""
        u, _, vt = np.linalg.svd(self._linear)
        axes: FloatArray = u @ vt
        return axes

    @cached_property
    def trunk(self) -> FloatArray:
        """Frame of the trunk in the world: left, back, up; `(3, 3)`.

        Up is from hips to shoulders: forwards, on a quadruped.
        """
        left_thigh, right_thigh = (self.head(f"{side}_thigh") for side in SIDES)
        left_arm, right_arm = (self.head(f"{side}_upper_arm") for side in SIDES)
        up = left_arm + right_arm - left_thigh - right_thigh
        return body_frame(left_thigh - right_thigh, up)

    @cached_property
    def standing(self) -> FloatArray:
        """Frame of a level head on this trunk, in the world; `(3, 3)`.

        It is upright unless the character lies at rest, as after a wrong import.
        """
        up = self.trunk[:, 2]
        is_level = self.body == "quadruped" or up @ _UP > _UPRIGHT
        return body_frame(self.trunk[:, 0], _UP if is_level else up)

    @cached_property
    def upright(self) -> FloatArray:
        """Frame that the trunk counts as upright in, in the world; `(3, 3)`.

        A standing character's lean at rest is its posture: it keeps it while the person
        stands upright. A quadruped's trunk has no such way to stand.
        """
        return self.trunk if self.body == "quadruped" else self.standing

    @cached_property
    def facing(self) -> FloatArray:
        """Turn about the vertical from facing -Y to the way the character faces."""
        return shortest_turn(self.standing[:, 2], _UP) @ self.standing

    @cached_property
    def leg_length(self) -> float:
        """From hip to ankle along the leg, mean of both sides, world [m]."""
        legs = [limb for limb in self.limbs if limb.part == "leg"]
        joints = [self.to_world(self._joints(limb)) for limb in legs]
        bones = np.linalg.norm(np.diff(joints, axis=1), axis=-1)
        return float(bones.sum(axis=1).mean())

    def _joints(self, limb: Limb) -> FloatArray:
        """Return a limb's root, hinge and end, shape `(3, 3)`."""
        end = limb_end(self, limb.side, limb.part)
        return np.array([self.heads[limb.upper], self.heads[limb.lower], end])

    @cached_property
    def soles(self) -> tuple[FloatArray, FloatArray]:
        """Heel, ball and tip under the left and the right foot, each `(3, 3)`, world.

        Rigs have no heel bone; feet have heels about a third of the way from ankle
        to ball behind the ankle, and toes about half of it before the ball.
        """
        return self._sole("left"), self._sole("right")

    def _sole(self, side: str) -> FloatArray:
        ankle = self.to_world(limb_end(self, side, "leg"))
        up = self.standing[:, 2]
        if f"{side}_toe" in self.index:
            ball = self.head(f"{side}_toe")
        else:
            ball = ankle - self.standing[:, 1] * 0.3 * self.leg_length / 2
        along = (ball - ankle) - (ball - ankle) @ up * up
        points = np.array([ankle - along / 3, ball, ball + along / 2])
        low = self.floor if up @ _UP > _UPRIGHT else float(np.min(points @ up))
        flat: FloatArray = points - np.outer(points @ up - low, up)
        return flat

    @cached_property
    def ground_points(self) -> list[tuple[int, FloatArray]]:
        """Return what may touch the ground: a bone, and points that go with it.

        The points are in rig space, shape `(P, 3)`: both soles, or four paws.
        """
        if self.body == "quadruped":
            return [self._paw(limb) for limb in self.limbs]
        origin = self.world_from_rig[:3, 3]
        return [
            (
                self.index.get(f"{side}_foot", self.index[f"{side}_shin"]),
                self.to_rig(sole - origin),
            )
            for side, sole in zip(SIDES, self.soles)
        ]

    @cached_property
    def body_points(self) -> list[tuple[int, FloatArray]]:
        """Return what must not be under the ground: top of the head, hips, shoulders.

        Hands and knees are left out: what is seen of them is less sure than the floor.
        """
        rows = [self.index["hips"], *(self.index[f"{s}_upper_arm"] for s in SIDES)]
        points = [(row, self.heads[[row]]) for row in rows]
        if "head" in self.index and self.top > self.head("head")[2]:
            crown = np.array([*self.head("head")[:2], self.top])
            crown = self.to_rig(crown - self.world_from_rig[:3, 3])
            points.append((self.index["head"], crown[np.newaxis]))
        return points

    def _paw(self, limb: Limb) -> tuple[int, FloatArray]:
        place = self.to_world(limb_end(self, limb.side, limb.part))
        place = np.array([*place[:2], self.floor])
        return limb.lower, self.to_rig(place - self.world_from_rig[:3, 3])[np.newaxis]


def limb_end(rest: RigRest, side: str, part: str) -> FloatArray:
    """Return where a limb ends at rest, in rig space: wrist or ankle, or a paw.

    Where a bone for it is missing, the tail of the last one is the best there is.
    """
    _, lower, end = (f"{side}_{role}" for role in SEGMENTS[part])
    found: FloatArray
    if rest.body == "quadruped" and f"{side}_toe" in rest.index and part == "leg":
        found = rest.heads[rest.index[f"{side}_toe"]]
    elif rest.body == "quadruped" and end in rest.index:
        found = rest.tails[rest.index[end]]
    elif end in rest.index:
        found = rest.heads[rest.index[end]]
    else:
        found = rest.tails[rest.index[lower]]
    return found
