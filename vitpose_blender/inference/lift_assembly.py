# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the answers about trunk and limbs together into a whole skeleton."""

from dataclasses import dataclass
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
from .lift_observation import Observation

ROW = CANONICAL.index
UNSEEN_SCORE = 0.1  # Of a joint that is only held or inferred [1].
# Joints that COCO-17 lacks, the keypoints that vouch for them.
_VOUCHED_BY = {
    "pelvis": (11, 12), "spine": (5, 6, 11, 12), "chest": (5, 6), "neck": (5, 6),
    "head_top": (0, 1, 2, 3, 4), "left_heel": (15,), "right_heel": (16,),
    "left_toe": (15,), "right_toe": (16,), "left_hand": (9,), "right_hand": (10,),
}  # fmt: skip
# Unseen arms hang beside the trunk, unseen legs stand: left, up, forward.
REST_ARM = np.array([[0.15, -0.98, 0.0], [0.05, -0.95, 0.3]])
REST_LEG = np.array([[0.06, -1.0, 0.03], [0.0, -1.0, -0.04]])


@dataclass(frozen=True, eq=False)
class Trunk:
    """The trunk of `T` frames, each in its view frame.

    Attributes:
        distance: Of the pelvis along the view axis, shape `(T,)` [m].
        torso: Direction from the hips to the shoulders, shape `(T, 3)`.
        left_hips: Direction from the right to the left hip, shape `(T, 3)`.
        left_chest: From the right to the left shoulder, shape `(T, 3)`.
    """

    distance: FloatArray
    torso: FloatArray
    left_hips: FloatArray
    left_chest: FloatArray

    @classmethod
    def seen_as(
        cls,
        seen: Observation,
        body: BodyLengths,
        trunk: tuple[FloatArray, FloatArray],
        left: tuple[FloatArray, FloatArray],
    ) -> Self:
        """Return the trunk with hips and shoulders tilted as their keypoints lie.

        Args:
            seen: What the picture shows.
            body: Widths of hips and shoulders.
            trunk: Distance and direction of the torso.
            left: Directions that hips and chest face, turned to their left.
        """
        distance, torso = trunk
        hips = _seen_direction(seen, (11, 12), distance / body.hips, left[0])
        chest = _seen_direction(seen, (5, 6), distance / body.shoulders, left[1])
        return cls(distance, torso, hips, chest)

    def limb_starts(self, seen: Observation, body: BodyLengths) -> FloatArray:
        """Return shoulders and hips, `(T, 4, 3)` [m], on their rays where seen."""
        hips, shoulders = seen.middle(11, 12), seen.middle(5, 6)
        torso = body.torso * self.torso
        pelvis = hips * (self.distance / hips[:, 2])[:, np.newaxis]
        shoulder_z = self.distance + torso[:, 2]
        from_shoulders = shoulders * (shoulder_z / shoulders[:, 2])[:, np.newaxis]
        pelvis = np.where(np.isfinite(pelvis), pelvis, from_shoulders - torso)
        half_chest = self.left_chest * body.shoulders / 2
        half_hips = self.left_hips * body.hips / 2
        starts = np.stack(
            [
                pelvis + torso + half_chest,
                pelvis + torso - half_chest,
                pelvis + half_hips,
                pelvis - half_hips,
            ],
            axis=1,
        )
        rays = seen.rays[:, [5, 6, 11, 12]]
        on_rays = rays * (starts[..., 2] / rays[..., 2])[..., np.newaxis]
        return np.where(np.isfinite(on_rays), on_rays, starts)

    def limb_frames(self) -> FloatArray:
        """Return the frame that each limb moves in, shape `(T, 4, 3, 3)`."""
        chest = trunk_frames(self.left_chest, self.torso)
        hips = trunk_frames(self.left_hips, self.torso)
        return np.stack([chest, chest, hips, hips], axis=1)

    def rest_directions(self, up: FloatArray) -> FloatArray:
        """Return where unseen limbs point, shape `(T, 4, 2, 3)`."""
        chest = trunk_frames(self.left_chest, self.torso)
        stand = trunk_frames(self.left_hips, up)
        stand = np.where(np.isfinite(stand), stand, chest)
        rest = []
        for frame, directions in ((chest, REST_ARM), (stand, REST_LEG)):
            for side in (1.0, -1.0):
                rest.append(unit(directions * [side, 1.0, 1.0]) @ frame)
        return np.stack(rest, axis=1)


def _seen_direction(
    seen: Observation, rows: tuple[int, int], scale: FloatArray, left: FloatArray
) -> FloatArray:
    """Tilt a leftward direction within the picture as two keypoints lie.

    Its depth stays: that is what facing decided.
    """
    across = (seen.rays[:, rows[0]] - seen.rays[:, rows[1]])[:, :2]
    across = np.nan_to_num(across * scale[:, np.newaxis])
    plane = unit(across + 0.5 * left[:, :2])
    size = np.sqrt(np.maximum(1 - left[:, 2:] ** 2, 0.0))
    return unit(np.concatenate([np.nan_to_num(plane) * size, left[:, 2:]], axis=1))


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
    trunk = pose.trunk
    _place_trunk(xyz, body, trunk)
    for i, (start, middle, end) in enumerate(LIMB_ROWS):
        upper, lower = body.limbs[i]
        xyz[:, middle] = xyz[:, start] + upper * pose.limbs[:, i, 0]
        xyz[:, end] = xyz[:, middle] + lower * pose.limbs[:, i, 1]
    _place_head(xyz, seen, body, pose)
    _place_feet_and_hands(xyz, body, trunk)
    xyz[~seen.is_known] = np.nan
    root = root_on_rays(xyz[:, :17], seen.rays, seen.score, trunk.distance)
    score = _scores(seen, belief)
    camera_from_view = np.swapaxes(seen.view_from_camera, 1, 2)
    xyz = np.einsum("tij,tkj->tki", camera_from_view, xyz)
    root = np.einsum("tij,tj->ti", camera_from_view, root)
    return [Joints3D(xyz[i], root[i], score[i], t) for i, t in enumerate(seen.times)]


def _scores(seen: Observation, belief: FloatArray) -> FloatArray:
    score = np.zeros((len(seen.times), len(CANONICAL)))
    held = np.full(seen.score.shape, UNSEEN_SCORE)
    for i, (_, middle, end) in enumerate(LIMB_ROWS):
        held[:, [middle, end]] *= belief[:, i]
    score[:, :17] = np.maximum(seen.score, held)
    for name, rows in _VOUCHED_BY.items():
        score[:, ROW[name]] = score[:, rows].mean(axis=1)
    score[~seen.is_known] = 0.0
    return score


def _place_trunk(xyz: FloatArray, body: BodyLengths, trunk: Trunk) -> None:
    shoulders = body.torso * trunk.torso
    xyz[:, ROW["pelvis"]] = 0.0
    xyz[:, ROW["spine"]] = body_model.SPINE * shoulders
    xyz[:, ROW["chest"]] = body_model.CHEST * shoulders
    for sign, side in ((0.5, "left"), (-0.5, "right")):
        xyz[:, ROW[f"{side}_hip"]] = sign * body.hips * trunk.left_hips
        xyz[:, ROW[f"{side}_shoulder"]] = (
            shoulders + sign * body.shoulders * trunk.left_chest
        )


def _place_head(
    xyz: FloatArray, seen: Observation, body: BodyLengths, pose: Pose
) -> None:
    trunk = pose.trunk
    chest = trunk_frames(trunk.left_chest, trunk.torso) * body.scale
    head = pose.head * body.scale
    shoulders = body.torso * trunk.torso
    ears = shoulders + ears_offset(seen, trunk.distance, chest, head)
    xyz[:, ROW["neck"]] = shoulders + body_model.NECK_FROM_SHOULDERS @ chest
    xyz[:, ROW["head_top"]] = ears + body_model.HEAD_TOP @ head
    for row, offset in enumerate(body_model.HEAD_POINTS):
        xyz[:, row] = ears + offset @ head


def _place_feet_and_hands(xyz: FloatArray, body: BodyLengths, trunk: Trunk) -> None:
    forward = cross(trunk.left_hips, trunk.torso)
    for side in ("left", "right"):
        ankle, knee = xyz[:, ROW[f"{side}_ankle"]], xyz[:, ROW[f"{side}_knee"]]
        shank = unit(knee - ankle)
        frame = trunk_frames(cross(shank, forward), shank) * body.scale
        xyz[:, ROW[f"{side}_heel"]] = ankle + body_model.HEEL @ frame
        xyz[:, ROW[f"{side}_toe"]] = ankle + body_model.TOE @ frame
        wrist, elbow = xyz[:, ROW[f"{side}_wrist"]], xyz[:, ROW[f"{side}_elbow"]]
        hand = body_model.HAND * body.scale * unit(wrist - elbow)
        xyz[:, ROW[f"{side}_hand"]] = wrist + hand
