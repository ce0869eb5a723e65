# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way the elbow or the knee of a person bends, as an axis across the upper bone.

Angles about the bone begin where its hinge is when it is swung straight from rest.
"""

from dataclasses import dataclass

import numpy as np

from .axis_steps import carried, turn, turned
from .bend_reading import Bends, LastBend, read_bends
from .hinge_path import follow, follow_both_ways
from .limb_rest import Limb
from .motion import Hinge, Memory
from .rotations import (
    about_axis,
    angle_about,
    apply,
    cross,
    dot,
    shortest_turn,
    without_nan,
)
from .types import FloatArray

# Thighs and upper arms are twisted no farther from a straight swing [rad].
_MOST_TWIST = {"arm": np.radians(140), "leg": np.radians(75)}


@dataclass(frozen=True, eq=False)
class _Swing:
    """A limb's upper bone over time, in rig space.

    Attributes:
        times: Shape `(F,)` [s].
        upper: Where it points, shape `(F, 3)`, unit.
        straight: Its hinge if it were swung straight from rest, shape `(F, 3)`.
        drift: How far an axis that goes along with the bone and never turns about it
            moves against that since the frame before, shape `(F,)` [rad]; the first
            is 0.
    """

    times: FloatArray
    upper: FloatArray
    straight: FloatArray
    drift: FloatArray

    def angle(self, axes: FloatArray) -> FloatArray:
        """Return where axes are about the bone, shape `(F,)` [rad]."""
        return angle_about(self.upper, self.straight, axes)

    def axes(self, angles: FloatArray) -> FloatArray:
        """Return the axes at angles about the bone, shape `(F, 3)`."""
        return apply(about_axis(self.upper, angles), self.straight)

    def carried(self, last: Hinge) -> float:
        """Return where an earlier hinge is in the first frame about the bone [rad]."""
        axis, before, _ = (np.asarray(part).tolist() for part in last)
        upper, straight = self.upper[0].tolist(), self.straight[0].tolist()
        return turned(upper, straight, carried(axis, before, upper))

    def last(self, angle: float, t: float) -> Hinge:
        """Return a hinge in the last frame, for the memory."""
        upper = self.upper[-1]
        axis = turn(self.straight[-1].tolist(), upper.tolist(), angle)
        return np.array(axis), upper, t


def hinge_axes(
    times: FloatArray,
    bones: tuple[FloatArray, FloatArray],
    hint: FloatArray,
    straight: FloatArray,
    limb: Limb,
    memory: Memory,
) -> FloatArray:
    """Return the hinge axis of a limb in every frame, shape `(F, 3)`; NaN if unknown.

    A bent limb shows its hinge: it is across both bones. A straight one does not, so
    the hinge then goes along with the upper bone and drifts to where people have it.
    In between both count, and near-straight limbs do not flip.

    Args:
        times: Shape `(F,)` [s].
        bones: Where the upper and the lower bone point, shape `(F, 3)` each, unit.
        hint: Where an unbent limb has its hinge, shape `(F, 3)`.
        straight: Where a limb swung straight from rest has it, shape `(F, 3)`.
        limb: Which limb.
        memory: Of the frame before; brought up to date.
    """
    axes = np.full_like(hint, np.nan)
    seen = np.isfinite(bones[0]).all(axis=-1) & np.isfinite(hint).all(axis=-1)
    if not seen.any():
        return axes
    swing = _swing(times[seen], bones[0][seen], straight[seen])
    habit = swing.angle(hint[seen])
    bends = _bends(swing, bones[1][seen], habit, limb, memory)
    before = memory.hinges.get(limb.name)
    elapsed = np.diff(swing.times, prepend=-np.inf if before is None else before[2])
    elapsed, most = np.maximum(elapsed, 0.0), _MOST_TWIST[limb.part]
    if memory.looks_ahead:
        path = follow_both_ways(elapsed, swing.drift, habit, bends, most)
    else:
        start = float(habit[0]) if before is None else swing.carried(before)
        path = follow(elapsed, swing.drift, habit, bends, start, most)
    axes[seen] = swing.axes(path)
    memory.hinges[limb.name] = swing.last(float(path[-1]), float(swing.times[-1]))
    return axes


def _swing(times: FloatArray, upper: FloatArray, straight: FloatArray) -> _Swing:
    if len(times) == 1:  # Live, where every array costs.
        return _Swing(times, upper, straight, np.zeros(1))
    along = apply(shortest_turn(upper[:-1], upper[1:]), straight[:-1])
    drift = angle_about(upper[1:], straight[1:], along)
    return _Swing(times, upper, straight, np.concatenate([[0.0], drift]))


def _bends(
    swing: _Swing, lower: FloatArray, habit: FloatArray, limb: Limb, memory: Memory
) -> Bends:
    """Return what the limb's bends show; unknown lower bones show nothing."""
    axis = without_nan(cross(swing.upper, lower))
    cosine = without_nan(dot(swing.upper, lower), 1.0)
    bend = np.arctan2(np.linalg.norm(axis, axis=-1), cosine)
    name = f"{limb.name} bend"
    last = LastBend(0.0, -np.inf)
    if (before := memory.hinges.get(name)) is not None:
        last = LastBend(swing.carried(before), before[2])
    shown = (bend, swing.angle(axis))
    bends = read_bends(swing.times, shown, habit, swing.drift, limb.part, last)
    memory.hinges[name] = swing.last(last.angle, last.t)
    return bends
