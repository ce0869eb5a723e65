# SPDX-License-Identifier: GPL-3.0-or-later
"""How a person's trunk is when standing upright, as far as one knows untold.

Where skeletons have their joints differs, and so does how people stand. A calibration
measures it. Without one, what a clip shows of the person in upright moments counts
beside what is usual, the more the longer it was seen.
"""

import numpy as np

from .body_frames import between, mean_joint, trunk_line
from .layouts import CANONICAL, SIDES
from .motion import Memory, WorldMotion
from .rotations import cross, unit
from .trunk_frames import trunk_frames
from .types import BoolArray, FloatArray

_UPRIGHT = np.cos(np.radians(25))  # Of a trunk whose back is at ease.
_STANDING = np.cos(np.radians(25))  # Of legs of somebody who seems to stand.
_SPINE = CANONICAL.index["spine"]
# How people stand in freely licensed motion capture, between the median over people and
# that over clips: the lean of the trunk (-1.9 and -3.3 degrees) [rad], and how far the
# spine joint is before its line (-0.006 and -0.016) [lengths of it].
_USUAL_LEAN, _USUAL_OFFSET = np.radians(-2.5), -0.008
# What is usual counts as much as so many frames. Who seems to stand may stoop, so a
# lean never counts more than what is usual, however long it was seen.
_USUAL = 5


def trunk_lean(xyz: FloatArray) -> FloatArray:
    """Return how far the trunk leans forward, shape `(F,)` [rad].

    Args:
        xyz: Joints, z up, shape `(F, 28, 3)` [m].
    """
    line = trunk_line(xyz)
    across = unit(between(xyz, "right_hip", "left_hip") * (1.0, 1.0, 0.0))
    ahead = cross(across, np.array([0.0, 0.0, 1.0]))
    lean: FloatArray = np.arctan2(np.sum(line * ahead, axis=-1), line[:, 2])
    return lean


def legs_upright(xyz: FloatArray, least: float) -> BoolArray:
    """Return when all bones of both legs are steep, shape `(F,)`.

    Args:
        xyz: Joints, z up, shape `(F, 28, 3)` [m].
        least: Cosine of their angle to the vertical.
    """
    steep = np.ones(len(xyz), dtype=bool)
    for side in SIDES:
        for start, end in (("knee", "hip"), ("ankle", "knee")):
            bone = unit(between(xyz, f"{side}_{start}", f"{side}_{end}"))
            steep &= bone[:, 2] > least
    return steep


def is_upright(xyz: FloatArray) -> BoolArray:
    """Return when the trunk is upright enough for a back at ease, shape `(F,)`."""
    upright: BoolArray = trunk_line(xyz)[:, 2] > _UPRIGHT
    return upright


def spine_ahead(xyz: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return how far the spine joint is before the line from hips to shoulders.

    Args:
        xyz: Joints, shape `(F, 28, 3)` [m].

    Returns:
        In lengths of that line, shape `(F,)`; and a length forwards of the trunk,
        shape `(F, 3)` [m].
    """
    hips = mean_joint(xyz, "left_hip", "right_hip")
    line = mean_joint(xyz, "left_shoulder", "right_shoulder") - hips
    frames = trunk_frames(between(xyz, "right_hip", "left_hip"), line)
    forward = frames[:, 2] * np.linalg.norm(line, axis=-1, keepdims=True)
    squared = np.sum(forward * forward, axis=-1)
    ahead = np.sum((xyz[:, _SPINE] - hips) * forward, axis=-1) / squared
    return ahead, forward


def upright_lean(person: WorldMotion, memory: Memory) -> FloatArray:
    """Return how far the trunk leans forward when standing, in each frame `(F,)` [rad].

    Args:
        person: The person, z up.
        memory: Keeps what was seen; a calibrated lean there is the answer.
    """
    xyz = person.xyz
    if memory.lean is not None:
        return np.full(len(xyz), memory.lean)
    lean = trunk_lean(xyz)
    seen = np.isfinite(lean) & is_upright(xyz) & legs_upright(xyz, _STANDING)
    mean, count = _mean_so_far(lean, seen, "lean", memory)
    return _beside_usual(mean, np.minimum(count, _USUAL), _USUAL_LEAN)


def spine_offset(ahead: FloatArray, seen: BoolArray, memory: Memory) -> FloatArray:
    """Return how far ahead a spine joint is at ease, in each frame, `(F,)` [lengths].

    Args:
        ahead: How far it is, shape `(F,)`; see `spine_ahead`.
        seen: When the trunk is upright, shape `(F,)`.
        memory: Keeps what was seen; a calibrated offset there is the answer.
    """
    if memory.spine_offset is not None:
        return np.full(len(ahead), memory.spine_offset)
    mean, count = _mean_so_far(ahead, seen & np.isfinite(ahead), "spine", memory)
    return _beside_usual(mean, count, _USUAL_OFFSET)


def _beside_usual(mean: FloatArray, count: FloatArray, usual: float) -> FloatArray:
    weighed: FloatArray = (mean * count + usual * _USUAL) / (count + _USUAL)
    return weighed


def _mean_so_far(
    values: FloatArray, seen: BoolArray, name: str, memory: Memory
) -> tuple[FloatArray, FloatArray]:
    """Return the mean of what was seen until each frame, and in how many, `(F,)` each.

    Over a clip later frames count for earlier ones, and the middle one is taken.
    """
    total, number = memory.upright.get(name, (0.0, 0))
    shown = values[seen]
    if memory.looks_ahead:
        shown = np.full(len(shown), np.median(shown) if len(shown) else 0.0)
    totals = total + np.concatenate([[0.0], np.cumsum(shown)])
    counts = number + np.arange(len(shown) + 1)
    memory.upright[name] = (float(totals[-1]), int(counts[-1]))
    until = np.cumsum(seen)
    if memory.looks_ahead:
        until = np.full(len(seen), len(shown))
    count = counts[until].astype(np.float64)
    return totals[until] / np.maximum(count, 1.0), count
