# SPDX-License-Identifier: GPL-3.0-or-later
"""From the packets of one moment to a character's pose, knowing only the past.

The same steps serve while capturing and when a take is replayed, so both agree.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Self

import numpy as np

from .camera_model import Camera
from .layouts import CANONICAL, SIDES
from .memory_json import memory_from_dict, memory_to_dict
from .motion import CharacterPose, Memory, WorldMotion
from .packet import Packet
from .retarget import retarget
from .rig_rest import RigRest
from .rotations import cross, unit
from .skeleton_fit import FEET
from .types import FloatArray, Joints3D
from .world_motion import JUMP, NO_JUMP, ON_FLOOR

FLOOR_WINDOW = 1.0  # The floor is where the lowest foot was within that time [s].
THIGH, SHIN, FOOT = 0.42, 0.40, 0.19  # Of an adult who sits [m].

Body = Literal["full", "upper", "seated"]

_LEGS = CANONICAL.rows_of(
    [f"{side}_{j}" for side in SIDES for j in ("knee", "ankle", "heel", "toe")]
)
_FLIPPED = np.arange(len(CANONICAL))
for _left, _right in CANONICAL.flip_pairs:
    _FLIPPED[[_left, _right]] = _right, _left


@dataclass(frozen=True)
class Manner:
    """How a person's motion becomes a character's.

    Attributes:
        person: Number of the person; 0 is whoever comes first, and stays with them
            while they are seen.
        mirror: Whether the character moves like a mirror image.
        body: `upper` leaves the legs as they are at rest and the character in its
            place, `seated` has it sit.
        hands_meet: See `retarget.retarget`.
    """

    person: int = 0
    mirror: bool = False
    body: Body = "full"
    hands_meet: bool = False

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Self:
        """Read what is there and keep the defaults for the rest."""
        bodies: tuple[Body, ...] = ("full", "upper", "seated")
        body = next((each for each in bodies if each == value.get("body")), cls.body)
        person, mirror = int(value.get("person") or 0), bool(value.get("mirror"))
        return cls(person, mirror, body, bool(value.get("hands_meet")))


class LiveDrive:
    """Drives one character, a moment at a time; holds all that must be remembered.

    Args:
        rest: The character.
        camera: That sees the person.
        manner: Whom it follows and how.
        state: Of an earlier drive that is continued; see `state`.

    Attributes:
        followed: Number of the person who was followed last; 0 before the first.
        motion: How that person moved then, as the character follows it.
    """

    def __init__(
        self,
        rest: RigRest,
        camera: Camera,
        manner: Manner,
        state: dict[str, Any] | None = None,
    ) -> None:
        self._rest = rest
        self._manner = manner
        self._rotation = camera.world_from_camera
        state = state or {}
        self._memory: Memory = memory_from_dict(state.get("memory"), len(rest.names))
        self._origin = _place(state.get("origin"))
        self._lowest: deque[tuple[float, float]] = deque(_heights(state.get("lowest")))
        self.followed = int(state.get("followed") or 0)
        self.motion: WorldMotion | None = None

    def state(self) -> dict[str, Any]:
        """Return what another drive needs to go on from here, as JSON values."""
        return {
            "manner": asdict(self._manner),
            "memory": memory_to_dict(self._memory),
            "origin": None if self._origin is None else self._origin.tolist(),
            "lowest": [list(pair) for pair in self._lowest],
            "followed": self.followed,
        }

    def follow(self, person: int) -> bool:
        """Follow somebody else from now on, as if the drive began with them.

        Args:
            person: Number of the person; of who is followed already, nothing is lost.

        Returns:
            Whether it may be somebody else.
        """
        self._manner = replace(self._manner, person=person)
        if person == self.followed and person:
            return False
        self._memory = memory_from_dict(None, len(self._rest.names))
        self._origin, self.motion = None, None
        self._lowest.clear()
        self.followed = 0
        return True

    def calibrate(self, camera: Camera, neutral: Memory | None) -> None:
        """Go on with what a calibration found, without a jump.

        Args:
            camera: With its measured tilt.
            neutral: Of the person; see `calibration.neutral`. None leaves it as it is.
        """
        rotation = camera.world_from_camera
        if self._origin is not None:
            self._origin = rotation @ self._rotation.T @ self._origin
        self._rotation = rotation
        self._lowest.clear()
        self._memory.upright.clear()  # Seen with another tilt.
        if neutral is not None:
            self._memory.lean = neutral.lean
            self._memory.leg_length = neutral.leg_length
            self._memory.spine_offset = neutral.spine_offset

    def step(self, packets: Sequence[Packet]) -> CharacterPose | None:
        """Return the pose after one more moment; None where the person is not seen."""
        packet = self._chosen([each for each in packets if each.joints is not None])
        if packet is None or packet.joints is None:
            return None
        self.followed = packet.person
        self.motion = in_manner(self._to_world(packet.joints), self._manner)
        meet = self._manner.hands_meet
        return retarget(self.motion, self._rest, self._memory, hands_meet=meet).pose(0)

    def _chosen(self, packets: Sequence[Packet]) -> Packet | None:
        """Return the wanted person; where any will do, who was followed before."""
        wanted = self._manner.person or self.followed
        same = next((each for each in packets if each.person == wanted), None)
        if same is None and not self._manner.person:
            return next(iter(packets), None)
        return same

    def _to_world(self, joints: Joints3D) -> WorldMotion:
        """Return the person in Blender's axes; see `world_motion.to_world`."""
        xyz, root = joints.xyz @ self._rotation.T, joints.root @ self._rotation.T
        if self._origin is None and np.isfinite(root).all():
            self._origin = root
        path = np.full(3, np.nan) if self._origin is None else root - self._origin
        clearance = self._clearance(joints.t, xyz[FEET, 2] + root[2])
        return WorldMotion(
            np.array([joints.t]), xyz[np.newaxis], path[np.newaxis], clearance
        )

    def _clearance(self, t: float, heights: FloatArray) -> FloatArray:
        """Return how high the feet are above the floor when jumping, `(1,)` [m]."""
        known = heights[np.isfinite(heights)]
        if not known.size:
            return np.zeros(1)
        lowest = float(known.min())
        while self._lowest and not t - FLOOR_WINDOW <= self._lowest[0][0] <= t:
            self._lowest.popleft()
        # Only what is lower than all later ones can ever be the lowest.
        while self._lowest and self._lowest[-1][1] >= lowest:
            self._lowest.pop()
        self._lowest.append((t, lowest))
        height = lowest - self._lowest[0][1]
        is_jump = np.clip((height - NO_JUMP) / (JUMP - NO_JUMP), 0.0, 1.0)
        return np.array([max(height - ON_FLOOR, 0.0) * is_jump])


def in_manner(motion: WorldMotion, manner: Manner) -> WorldMotion:
    """Return a person's motion as a character follows it: mirrored, or seated."""
    if manner.mirror:
        flip = np.array([-1.0, 1.0, 1.0])
        xyz, path = motion.xyz[:, _FLIPPED] * flip, motion.path * flip
        motion = replace(motion, xyz=xyz, path=path)
    if manner.body == "full":
        return motion
    xyz = motion.xyz.copy()
    xyz[:, _LEGS] = np.nan
    if manner.body == "seated":
        for frame in xyz:
            _sit(frame)
    still, on_floor = np.zeros_like(motion.path), np.zeros_like(motion.clearance)
    return replace(motion, xyz=xyz, path=still, clearance=on_floor)


def _sit(xyz: FloatArray) -> None:
    """Give a person legs that sit on a chair, shape `(28, 3)`, changed in place."""
    rows = CANONICAL.index
    across = xyz[rows["left_hip"]] - xyz[rows["right_hip"]]
    ahead = unit(cross(across, (0.0, 0.0, 1.0)))
    down = np.array([0.0, 0.0, -1.0])
    for side in SIDES:
        knee = xyz[rows[f"{side}_hip"]] + THIGH * ahead
        ankle = knee + SHIN * down
        heel = ankle + 0.06 * down - 0.05 * ahead
        xyz[rows[f"{side}_knee"]], xyz[rows[f"{side}_ankle"]] = knee, ankle
        xyz[rows[f"{side}_heel"]] = heel
        xyz[rows[f"{side}_toe"]] = heel + FOOT * ahead


def _place(value: Any) -> FloatArray | None:
    try:
        place = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return place if place.shape == (3,) and np.isfinite(place).all() else None


def _heights(value: Any) -> list[tuple[float, float]]:
    try:
        return [(float(t), float(height)) for t, height in value or ()]
    except (TypeError, ValueError):
        return []
