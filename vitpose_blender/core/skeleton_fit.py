# SPDX-License-Identifier: GPL-3.0-or-later
"""What is true of every body: constant bones, rays, a floor."""

from collections.abc import Callable, Sequence

import numpy as np

from .filters import zero_phase
from .layouts import CANONICAL, SIDES
from .rotations import unit
from .types import FloatArray

ROW = CANONICAL.index
_PARENT_NAMES = {
    "spine": "pelvis", "chest": "spine", "neck": "chest",
    "head_top": "neck", "nose": "neck",
    **{
        f"{side}_{child}": parent if parent in CANONICAL.index else f"{side}_{parent}"
        for side in SIDES
        for child, parent in (
            ("eye", "neck"), ("ear", "neck"), ("shoulder", "neck"),
            ("elbow", "shoulder"), ("wrist", "elbow"), ("hand", "wrist"),
            ("hip", "pelvis"), ("knee", "hip"), ("ankle", "knee"),
            ("heel", "ankle"), ("toe", "ankle"),
        )
    },
}  # fmt: skip


def _depth(joint: int, parents: dict[int, int]) -> int:
    return 0 if joint not in parents else 1 + _depth(parents[joint], parents)


_PARENTS = {ROW[child]: ROW[parent] for child, parent in _PARENT_NAMES.items()}
# (joint, its parent), parents before children; the pelvis has none.
BONES: tuple[tuple[int, int], ...] = tuple(
    (child, _PARENTS[child])
    for child in sorted(_PARENTS, key=lambda joint: _depth(joint, _PARENTS))
)
_CHILDREN, _PARENT_ROWS = ([bone[side] for bone in BONES] for side in (0, 1))
FLOOR_WINDOW = 1.0  # A foot is off the floor for less than this at a time [s].
FLOOR_CUTOFF = 0.4  # How quickly the apparent floor may drift [Hz].
FEET = tuple(ROW[f"{side}_{part}"] for side in SIDES for part in ("heel", "toe"))


def bone_lengths(xyz: FloatArray) -> FloatArray:
    """Return the median length of every bone of `BONES`, shape `(27,)` [m].

    Args:
        xyz: Joints, shape `(F, 28, 3)` [m]; NaN frames do not count.
    """
    lengths = np.linalg.norm(xyz[:, _CHILDREN] - xyz[:, _PARENT_ROWS], axis=-1)
    known = np.isfinite(lengths).any(axis=0)
    median = np.full(len(BONES), np.nan)
    median[known] = np.nanmedian(lengths[:, known], axis=0)
    return median


def with_bone_lengths(xyz: FloatArray, lengths: FloatArray) -> FloatArray:
    """Return the same pose with bones of exactly `lengths`; directions are kept.

    Args:
        xyz: Joints, shape `(F, 28, 3)` [m].
        lengths: Of the bones of `BONES`, shape `(27,)` [m]; NaN keeps a bone as is.
    """
    bones = xyz[:, _CHILDREN] - xyz[:, _PARENT_ROWS]
    bones = np.where(np.isfinite(lengths)[:, np.newaxis], unit(bones), bones)
    bones *= np.where(np.isfinite(lengths), lengths, 1.0)[:, np.newaxis]
    result = xyz.copy()
    for i, (child, parent) in enumerate(BONES):
        result[:, child] = result[:, parent] + bones[:, i]
    return result


def root_on_rays(
    xyz: FloatArray, rays: FloatArray, weight: FloatArray, distance: FloatArray
) -> FloatArray:
    """Return where the pelvis must be for the joints to lie on their rays.

    Least squares of the distances between joints and rays, with the distance to
    the pelvis as one more measurement.

    Args:
        xyz: Joints relative to the pelvis, shape `(F, K, 3)` [m].
        rays: Unit vectors to them, shape `(F, K, 3)`; NaN where unseen.
        weight: Of each joint, shape `(F, K)`.
        distance: To the pelvis along z, shape `(F,)` [m].

    Returns:
        Positions, shape `(F, 3)` [m]; NaN where fewer than two joints are seen.
    """
    known = np.isfinite(xyz).all(-1) & np.isfinite(rays).all(-1)
    seen = known[..., np.newaxis]
    rays, points = np.where(seen, rays, 0.0), np.where(seen, xyz, 0.0)
    across = np.eye(3) - rays[..., :, np.newaxis] * rays[..., np.newaxis, :]
    across = across * np.where(known, weight, 0.0)[..., np.newaxis, np.newaxis]
    matrix, target = across.sum(axis=1), -np.einsum("tkij,tkj->ti", across, points)
    solvable = (known.sum(axis=1) >= 2) & np.isfinite(distance)
    matrix[:, 2, 2] += 1.0
    target[:, 2] += np.where(solvable, distance, 0.0)
    matrix[~solvable] = np.eye(3)
    root = np.linalg.solve(matrix, target[..., np.newaxis])[..., 0]
    return np.where(solvable[:, np.newaxis], root, np.nan)


def foot_clearance(
    xyz_world: FloatArray, times: Sequence[float] | FloatArray
) -> FloatArray:
    """Return how high the lowest foot is above the floor, shape `(F,)` [m].

    A single camera's depth drifts, and the feet with it, so the floor is where the
    lowest foot keeps returning to within about a second. A jump is shorter.

    Args:
        xyz_world: Joints with z up, shape `(F, 28, 3)` [m].
        times: Rising, shape `(F,)` [s].

    Returns:
        Never negative; NaN where no foot is known.
    """
    t = np.asarray(times, dtype=np.float64)
    heights = xyz_world[:, FEET, 2]
    lowest = np.where(np.isfinite(heights), heights, np.inf).min(axis=1)
    known = np.isfinite(lowest)
    clearance = np.full(len(t), np.nan)
    if known.any():
        t, lowest = t[known], lowest[known]
        floor = _windowed(t, _windowed(t, lowest, np.min), np.max)
        floor = np.minimum(zero_phase(t, floor, FLOOR_CUTOFF), lowest)
        clearance[known] = lowest - floor
    return clearance


def _windowed(
    t: FloatArray, values: FloatArray, pick: Callable[[FloatArray], float]
) -> FloatArray:
    """Return the smallest or largest value within half of `FLOOR_WINDOW`."""
    start = np.searchsorted(t, t - FLOOR_WINDOW / 2)
    end = np.searchsorted(t, t + FLOOR_WINDOW / 2, side="right")
    return np.array([pick(values[a:b]) for a, b in zip(start, end)])
