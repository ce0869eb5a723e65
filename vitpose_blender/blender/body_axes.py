# SPDX-License-Identifier: GPL-3.0-or-later
"""Directions and hinges of a mapped body at rest, also where the map has holes.

Everything is in rig space. What cannot be told from the mapped bones falls back on the
world's axes: a wrong guess shows as a wrong movement, which is what the test is for.
"""

import numpy as np

from ..core.layouts import SIDES
from ..core.limb_rest import SEGMENTS, rest_hinge
from ..core.rig import FINGER_ROLES, RigMap
from ..core.rotations import body_frame, reject, unit
from ..core.skeleton import Skeleton
from ..core.types import FloatArray
from .role_texts import part_of, side_of

_TOP = ("head", "neck", "left_upper_arm", "right_upper_arm")
_BOTTOM = ("hips", "left_thigh", "right_thigh")
_PAIRS = ("upper_arm", "thigh", "forearm", "shin", "hand", "foot")
_OPPOSITE = {"right": "left", "down": "up", "back": "front"}
_X, _Z = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])


class BodyAxes:
    """A mapped skeleton, asked for axes that its roles turn about.

    Args:
        skeleton: The whole armature at rest.
        rig_map: Its map, which may be incomplete.
    """

    def __init__(self, skeleton: Skeleton, rig_map: RigMap) -> None:
        places = {name: row for row, name in enumerate(skeleton.names)}
        self.skeleton = skeleton
        self.rows = {
            role: [places[name] for name in names if name in places]
            for role, names in rig_map.bones.items()
        }
        self._directions = self._find_directions(rig_map.body == "quadruped")

    def turn(self, role: str, start: str, end: str) -> FloatArray:
        """Return the axis that takes one direction of the body to another.

        Args:
            role: Whose side `out` is.
            start: `left`, `right`, `front`, `back`, `up`, `down` or `out`.
            end: Another one of them.
        """
        first, second = self._direction(start, role), self._direction(end, role)
        return unit(np.cross(first, second))

    def along(self, role: str, place: int) -> FloatArray:
        """Return where a bone of a role points: to the next bone, else to its tail."""
        row = self.rows[role][place]
        following = self.rows[role][place + 1 : place + 2]
        heads, tails = self.skeleton.heads, self.skeleton.tails
        end = heads[following[0]] if following else tails[row]
        return _or(unit(end - heads[row]), _Z)

    def hinge(self, role: str) -> FloatArray:
        """Return the axis about which the role's limb bends."""
        part = "arm" if part_of(role) in SEGMENTS["arm"] else "leg"
        flexes_to = self._direction("front" if part == "arm" else "back", role)
        joints = [self._joint(f"{side_of(role)}_{name}") for name in SEGMENTS[part]]
        directions = unit(np.diff(joints, axis=0))
        directions[1] = _or(directions[1], self.along(role, 0))
        directions[0] = _or(directions[0], directions[1])
        across = self.turn(role, "down", "front" if part == "arm" else "back")
        return _or(rest_hinge(directions, flexes_to), across)

    def curl(self, role: str, place: int) -> FloatArray:
        """Return the axis about which a finger's bone bends into the palm."""
        side, finger = side_of(role), part_of(role)
        pointing = self.along(role, place)
        knuckles = self._knuckles(side)
        if finger == "thumb" and len(knuckles):
            thumb = self.skeleton.heads[self.rows[role][0]]
            towards = np.mean(knuckles, axis=0) - thumb
        else:
            towards = self._palm(side, knuckles)
        return _or(unit(np.cross(pointing, towards)), self.turn(role, "down", "front"))

    def _palm(self, side: str, knuckles: FloatArray) -> FloatArray:
        """Return where a palm faces; NaN where fewer than two fingers show it.

        Seen from the back of a left hand with its fingers up, the index lies right of
        the pinky, so that fingers x (pinky to index) leaves the palm.
        """
        if len(knuckles) < 2:
            return np.full(3, np.nan)
        along = np.mean(knuckles, axis=0) - self._joint(f"{side}_hand")
        is_mirrored = np.linalg.det(self.skeleton.world_from_rig[:3, :3]) < 0
        sign = 1.0 if (side == "left") != is_mirrored else -1.0
        palm: FloatArray = sign * np.cross(along, knuckles[0] - knuckles[-1])
        return palm

    def _knuckles(self, side: str) -> FloatArray:
        """Return where the fingers but the thumb begin, index first, `(N, 3)`."""
        roles = (f"{side}_{finger}" for finger in FINGER_ROLES[1:])
        found = [self._joint(role) for role in roles if self.rows.get(role)]
        return np.array(found).reshape(-1, 3)

    def _joint(self, role: str) -> FloatArray:
        """Return where a role's first bone begins; NaN without one."""
        rows = self.rows.get(role)
        return self.skeleton.heads[rows[0]] if rows else np.full(3, np.nan)

    def _direction(self, name: str, role: str) -> FloatArray:
        name = side_of(role) if name == "out" else name
        if name in _OPPOSITE:
            return -self._directions[_OPPOSITE[name]]
        return self._directions[name]

    def _find_directions(self, is_quadruped: bool) -> dict[str, FloatArray]:
        """Return where left, front and up are at rest, unit vectors in rig space."""
        linear = self.skeleton.world_from_rig[:3, :3]
        upwards = linear @ (self._middle(_TOP) - self._middle(_BOTTOM))
        up = _Z if is_quadruped else _or(unit(upwards), _Z)
        left = _or(unit(reject(linear @ self._leftwards(), up)), _X)
        in_rig = unit((np.linalg.inv(linear) @ body_frame(left, up)).T)
        return {"left": in_rig[0], "front": -in_rig[1], "up": in_rig[2]}

    def _leftwards(self) -> FloatArray:
        """Return the way from the right side's bones to the left side's."""
        left, right = ([f"{side}_{part}" for part in _PAIRS] for side in SIDES)
        pairs = [
            self._joint(mine) - self._joint(other) for mine, other in zip(left, right)
        ]
        known = [pair for pair in pairs if np.isfinite(pair).all()]
        return np.sum(known, axis=0) if known else np.full(3, np.nan)

    def _middle(self, roles: tuple[str, ...]) -> FloatArray:
        joints = [self._joint(role) for role in roles if self.rows.get(role)]
        return np.mean(joints, axis=0) if joints else np.full(3, np.nan)


def _or(vector: FloatArray, otherwise: FloatArray) -> FloatArray:
    """Return the vector where it is known."""
    return vector if np.isfinite(vector).all() else otherwise
