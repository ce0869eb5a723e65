# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the answers about trunk and limbs together into a whole skeleton."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from ..core import body_model
from ..core.body_model import BodyLengths
from ..core.layouts import CANONICAL
from ..core.rotations import cross, unit
from ..core.skeleton_fit import root_on_rays
from ..core.trunk_frames import trunk_frames
from ..core.types import FloatArray, Joints3D
from .lift_head import ears_offset
from .lift_limbs import LIMB_ROWS
from .lift_observation import TRUNK_ROWS, Observation

ROW = CANONICAL.index
UNSEEN_SCORE = 0.1  # Of a joint that is only held or inferred [1].
# Joints that COCO-17 lacks, the keypoints that vouch for them.
_VOUCHED_BY = {
    "pelvis": (11, 12), "spine": (5, 6, 11, 12), "chest": (5, 6), "neck": (5, 6),
    "head_top": (0, 1, 2, 3, 4), "left_heel": (15,), "right_heel": (16,),
    "left_toe": (15,), "right_toe": (16,), "left_hand": (9,), "right_hand": (10,),
}  # fmt: skip
_VOUCHERS = np.zeros((17, len(CANONICAL) - 17))  # Shares of the keypoints' scores.
for _name, _rows in _VOUCHED_BY.items():
    _VOUCHERS[list(_rows), ROW[_name] - 17] = 1 / len(_rows)
# Unseen arms hang beside the trunk, unseen legs stand: left, up, forward.
_REST_ARM = [[0.15, -0.98, 0.0], [0.05, -0.95, 0.3]]
_REST_LEG = [[0.06, -1.0, 0.03], [0.0, -1.0, -0.04]]
_REST = np.array([_REST_ARM, _REST_ARM, _REST_LEG, _REST_LEG])
_REST[[1, 3], :, 0] *= -1  # Right limbs.
_REST = unit(_REST)
_FRAME_OF_LIMB = [0, 0, 1, 1]  # Arms move with the chest, legs with the hips.
_HALF = np.array([[0.5], [-0.5]])  # To the left and to the right.
_STARTS, _MIDDLES, _ENDS = LIMB_ROWS.T


def _rows_of(part: str) -> list[int]:
    return [ROW[f"left_{part}"], ROW[f"right_{part}"]]


_HEELS, _TOES, _HANDS = _rows_of("heel"), _rows_of("toe"), _rows_of("hand")
_ANKLES, _WRISTS = _rows_of("ankle"), _rows_of("wrist")


@dataclass(frozen=True, eq=False)
class Trunk:
    """The trunk of `T` frames, each in its view frame.

    Attributes:
        distance: Of the pelvis along the view axis, shape `(T,)` [m].
        torso: Direction from the hips to the shoulders, shape `(T, 3)`.
        left: Direction to the left of chest and hips, shape `(T, 2, 3)`.
    """

    distance: FloatArray
    torso: FloatArray
    left: FloatArray

    @classmethod
    def seen_as(
        cls,
        seen: Observation,
        body: BodyLengths,
        distance: FloatArray,
        torso: FloatArray,
        left: FloatArray,
    ) -> Self:
        """Return the trunk with shoulders and hips tilted as their keypoints lie.

        The tilt is one within the picture: depth is what facing decided.

        Args:
            seen: What the picture shows.
            body: Widths of shoulders and hips.
            distance: As the attribute.
            torso: As the attribute.
            left: Directions that chest and hips face, turned to their left.
        """
        rays = seen.rays[:, TRUNK_ROWS, :2]
        scale = distance[:, np.newaxis] / [body.shoulders, body.hips]
        across = (rays[:, ::2] - rays[:, 1::2]) * scale[..., np.newaxis]
        across = np.where(np.isfinite(across), across, 0.0)
        plane, depth = unit(across + 0.5 * left[..., :2]), left[..., 2:]
        plane = np.where(np.isfinite(plane), plane, 0.0)
        plane *= np.sqrt(np.maximum(1 - depth * depth, 0.0))
        return cls(distance, torso, unit(np.concatenate([plane, depth], axis=-1)))

    @cached_property
    def frames(self) -> FloatArray:
        """Left, up and forward of chest and hips as rows, shape `(T, 2, 3, 3)`."""
        up = np.broadcast_to(self.torso[:, np.newaxis], self.left.shape)
        return trunk_frames(self.left, up)

    def sides(self, body: BodyLengths) -> FloatArray:
        """Return shoulders and hips relative to the pelvis, shape `(T, 4, 3)` [m]."""
        widths = np.array([body.shoulders, body.hips]).reshape(2, 1, 1)
        sides: FloatArray = self.left[:, :, np.newaxis] * (widths * _HALF)
        sides[:, 0] += body.torso * self.torso[:, np.newaxis]
        return sides.reshape(-1, 4, 3)

    def limb_starts(self, seen: Observation, body: BodyLengths) -> FloatArray:
        """Return shoulders and hips, `(T, 4, 3)` [m], on their rays where seen."""
        shoulders, hips = seen.middles[:, 0], seen.middles[:, 1]
        torso = body.torso * self.torso
        pelvis = hips * (self.distance / hips[:, 2])[:, np.newaxis]
        shoulder_z = self.distance + torso[:, 2]
        from_shoulders = shoulders * (shoulder_z / shoulders[:, 2])[:, np.newaxis]
        pelvis = np.where(np.isfinite(pelvis), pelvis, from_shoulders - torso)
        starts = pelvis[:, np.newaxis] + self.sides(body)
        rays = seen.rays[:, TRUNK_ROWS]
        on_rays = rays * (starts[..., 2] / rays[..., 2])[..., np.newaxis]
        return np.where(np.isfinite(on_rays), on_rays, starts)

    def limb_frames(self) -> FloatArray:
        """Return the frame that each limb moves in, shape `(T, 4, 3, 3)`."""
        return self.frames[:, _FRAME_OF_LIMB]

    def rest_directions(self, up: FloatArray) -> FloatArray:
        """Return where unseen limbs point, shape `(T, 4, 2, 3)`."""
        chest = self.frames[:, 0]
        stand = trunk_frames(self.left[:, 1], up)
        stand = np.where(np.isfinite(stand), stand, chest)
        rest: FloatArray = _REST @ np.stack([chest, chest, stand, stand], axis=1)
        return rest


@dataclass(frozen=True, eq=False)
class Pose:
    """Everything decided about `T` frames, each in its view frame.

    Attributes:
        trunk: The trunk.
        head: The head's left, up and forward as rows, shape `(T, 3, 3)`.
        limbs: Directions of both bones of the four limbs, shape `(T, 4, 2, 3)`.
    """

    trunk: Trunk
    head: FloatArray
    limbs: FloatArray


def assemble(
    seen: Observation, body: BodyLengths, pose: Pose, belief: FloatArray
) -> list[Joints3D]:
    """Return the joints of every frame, in the camera's frame.

    Args:
        seen: What the picture showed.
        body: Lengths of the bones.
        pose: Of every frame.
        belief: In each bone of the limbs, 1 where it was seen, shape `(T, 4, 2)`.
    """
    xyz = np.full((len(seen.times), len(CANONICAL), 3), np.nan)
    _place_trunk(xyz, body, pose.trunk)
    bones = body.limbs[..., np.newaxis] * pose.limbs
    xyz[:, _MIDDLES] = xyz[:, _STARTS] + bones[:, :, 0]
    xyz[:, _ENDS] = xyz[:, _MIDDLES] + bones[:, :, 1]
    _place_head(xyz, seen, body, pose)
    _place_feet_and_hands(xyz, body, pose)
    xyz[~seen.is_known] = np.nan
    root = root_on_rays(xyz[:, :17], seen.rays, seen.score, pose.trunk.distance)
    score = _scores(seen, belief)
    xyz = xyz @ seen.view_from_camera
    root = (root[:, np.newaxis] @ seen.view_from_camera)[:, 0]
    return [Joints3D(xyz[i], root[i], score[i], t) for i, t in enumerate(seen.times)]


def _scores(seen: Observation, belief: FloatArray) -> FloatArray:
    held = np.full(seen.score.shape, UNSEEN_SCORE)
    held[:, _MIDDLES] *= belief[:, :, 0]
    held[:, _ENDS] *= belief[:, :, 1]
    seen_or_held = np.maximum(seen.score, held)
    vouched = seen_or_held @ _VOUCHERS
    score: FloatArray = np.concatenate([seen_or_held, vouched], axis=1)
    score[~seen.is_known] = 0.0
    return score


def _place_trunk(xyz: FloatArray, body: BodyLengths, trunk: Trunk) -> None:
    shoulders = body.torso * trunk.torso
    xyz[:, ROW["pelvis"]] = 0.0
    xyz[:, ROW["spine"]] = body_model.SPINE * shoulders
    xyz[:, ROW["chest"]] = body_model.CHEST * shoulders
    xyz[:, TRUNK_ROWS] = trunk.sides(body)


def _place_head(
    xyz: FloatArray, seen: Observation, body: BodyLengths, pose: Pose
) -> None:
    trunk = pose.trunk
    chest = trunk.frames[:, 0] * body.scale
    head = pose.head * body.scale
    shoulders = body.torso * trunk.torso
    ears = shoulders + ears_offset(seen, trunk.distance, chest, head)
    xyz[:, ROW["neck"]] = shoulders + body_model.NECK_FROM_SHOULDERS @ chest
    xyz[:, ROW["head_top"]] = ears + body_model.HEAD_TOP @ head
    xyz[:, :5] = ears[:, np.newaxis] + body_model.HEAD_POINTS @ head


def _place_feet_and_hands(xyz: FloatArray, body: BodyLengths, pose: Pose) -> None:
    trunk = pose.trunk
    forward = cross(trunk.left[:, 1], trunk.torso)[:, np.newaxis]
    shank = -pose.limbs[:, 2:, 1]
    frame = trunk_frames(cross(shank, forward), shank) * body.scale
    xyz[:, _HEELS] = xyz[:, _ANKLES] + body_model.HEEL @ frame
    xyz[:, _TOES] = xyz[:, _ANKLES] + body_model.TOE @ frame
    hands = body_model.HAND * body.scale * pose.limbs[:, :2, 1]
    xyz[:, _HANDS] = xyz[:, _WRISTS] + hands
