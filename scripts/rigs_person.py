# SPDX-License-Identifier: GPL-3.0-or-later
"""How a person's pelvis, chest and head are turned: the yardstick of evaluations.

Written for the evaluation alone, so that it does not share mistakes with the code that
it judges. Frames have the columns left, back and up, so that somebody who stands
upright and faces -Y has the identity.

- Pelvis: left is across the hips; up is about the way to the spine's lowest joint.
- Chest: up is the way from that joint to between the shoulders, as shoulders shrug;
  left is about across the shoulders.
- Head: as the motion capture itself gives it.

Skeletons of motion capture differ in where they put the joints of the spine, by twenty
degrees. So pelvis and chest are measured from how the same person stands when standing
most upright; of people who never do they are unknown.
"""

from dataclasses import dataclass

import numpy as np

from vitpose_blender.core.layouts import CANONICAL
from vitpose_blender.core.types import FloatArray, IntArray

ROW = CANONICAL.index
_STANDING_SHARE, _FEWEST = 0.02, 30  # Of a person's frames: the most upright ones.
_UPRIGHT = np.cos(np.radians(20))  # No part of legs and trunk leans more.


@dataclass(frozen=True, eq=False)
class PersonFrames:
    """Turns away from standing upright and facing -Y, each of shape `(F, 3, 3)`."""

    pelvis: FloatArray
    chest: FloatArray
    head: FloatArray


def person_frames(
    world: FloatArray, head: FloatArray, neutral: tuple[float, float]
) -> PersonFrames:
    """Return how a person is turned.

    Args:
        world: Joints, shape `(F, 28, 3)` [m].
        head: Frames of the head, shape `(F, 3, 3)`.
        neutral: How far pelvis and chest of this skeleton are tilted forward when
            the person stands upright [rad].
    """
    pelvis, chest = trunk_frames(world)
    return PersonFrames(pelvis @ tilt(-neutral[0]), chest @ tilt(-neutral[1]), head)


def trunk_frames(world: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return raw frames of pelvis and chest, `(F, 3, 3)` each."""
    spine, shoulders = world[:, ROW["spine"]], _middle(world, "shoulder")
    hips = _middle(world, "hip")
    left, up = _unit(_across(world, "hip")), _unit(shoulders - spine)
    back = _unit(np.cross(spine - hips, left))
    pelvis = np.stack([left, back, np.cross(left, back)], axis=-1)
    chest_back = _unit(np.cross(up, _across(world, "shoulder")))
    chest = np.stack([np.cross(chest_back, up), chest_back, up], axis=-1)
    return pelvis, chest


def upright_frames(world: FloatArray) -> IntArray:
    """Return the rows in which somebody stands most upright."""
    upness = np.min(
        [
            _unit(world[:, ROW[a]] - world[:, ROW[b]])[:, 2]
            for side in ("left", "right")
            for a, b in (
                (f"{side}_hip", f"{side}_knee"),
                (f"{side}_knee", f"{side}_ankle"),
                (f"{side}_shoulder", f"{side}_hip"),
            )
        ],
        axis=0,
    )
    best = np.argsort(-np.nan_to_num(upness, nan=-1.0))
    count = min(max(int(len(world) * _STANDING_SHARE), _FEWEST), len(world))
    return best[:count][upness[best[:count]] > _UPRIGHT]


def neutral_trunk(standing: FloatArray) -> tuple[float, float]:
    """Return how far pelvis and chest lean forward when standing; NaN if unknown [rad].

    Args:
        standing: Joints of somebody who stands upright, shape `(F, 28, 3)` [m].
    """
    if not len(standing):
        return np.nan, np.nan
    pelvis, chest = (forward_tilt(frames) for frames in trunk_frames(standing))
    return float(np.nanmedian(pelvis)), float(np.nanmedian(chest))


def forward_tilt(frames: FloatArray) -> FloatArray:
    """Return how far frames lean forward, about their own left [rad]."""
    level = _unit(frames[..., 0] * (1.0, 1.0, 0.0))
    ahead = np.cross(level, (0.0, 0.0, 1.0))
    up = frames[..., 2]
    return np.arctan2((up * ahead).sum(-1), up[..., 2])


def tilt(angle: float) -> FloatArray:
    """Return the turn that leans forward by an angle [rad]."""
    sine, cosine = np.sin(angle), np.cos(angle)
    return np.array([[1.0, 0.0, 0.0], [0.0, cosine, -sine], [0.0, sine, cosine]])


def _across(world: FloatArray, joint: str) -> FloatArray:
    return world[:, ROW[f"left_{joint}"]] - world[:, ROW[f"right_{joint}"]]


def _middle(world: FloatArray, joint: str) -> FloatArray:
    return (world[:, ROW[f"left_{joint}"]] + world[:, ROW[f"right_{joint}"]]) / 2


def _unit(vectors: FloatArray) -> FloatArray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
