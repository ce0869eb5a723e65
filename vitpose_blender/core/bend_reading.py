# SPDX-License-Identifier: GPL-3.0-or-later
"""What the bend of an elbow or a knee says of its hinge: joints hardly bend back.

Angles are about the upper bone, as `limb_hinges` has them.
"""

import math
from dataclasses import dataclass

import numpy as np

from .types import FloatArray

# A limb bent by less than the first angle says nothing of its hinge, beyond the
# second it says all [rad].
_NONE, _CLEAR = math.radians(6), math.radians(20)
# A joint that bends against its habit is overstretched up to the first angle, and bends
# that way indeed from the second on; knees hardly ever do [rad].
_OVERSTRETCHED = {
    "arm": (math.radians(9), math.radians(13)),
    "leg": (math.radians(35), math.radians(50)),
}
# A bend is against the habit if it is that far off, little bent and well bent [rad];
# the second begins and ends where limbs are bent by so much [rad].
_AGAINST = (math.radians(90), math.radians(135))
_LITTLE, _WELL = math.radians(10), math.radians(25)
# A knee that is bent by no more than the first angle has its hinge no farther from the
# habit than the second; from a bend by the third on it may have it anywhere [rad].
_FREE_FROM, _UNFREE, _FREE = (math.radians(d) for d in (20, 45, 50))
# A bend goes on, whatever the habit, if it was clear so short a time ago [s].
_GOES_ON = 0.15


@dataclass(frozen=True, eq=False)
class Bends:
    """How a limb is bent in each frame.

    Attributes:
        angles: Where the bend has the hinge, shape `(F,)` [rad].
        trust: How much that counts, shape `(F,)`, in [0, 1].
    """

    angles: FloatArray
    trust: FloatArray


@dataclass
class LastBend:
    """Where a limb's hinge was shown last, and when a bend last was clear.

    Attributes:
        angle: About the upper bone [rad].
        t: When the bend was clear [s].
    """

    angle: float
    t: float


def read_bends(
    times: FloatArray,
    bends: tuple[FloatArray, FloatArray],
    habit: FloatArray,
    drift: FloatArray,
    part: str,
    last: LastBend,
) -> Bends:
    """Return what the bends say of the hinge.

    Args:
        times: Shape `(F,)` [s].
        bends: By how much the limb is bent, and where the axis of that is, shape
            `(F,)` each [rad].
        habit: Where people have the hinge, shape `(F,)` [rad].
        drift: How far an axis that goes along moves between frames, `(F,)` [rad].
        part: `arm` or `leg`.
        last: Of the frame before; brought up to date.
    """
    angles, trusts = [], []
    rows = np.stack([times, *bends, habit, drift], axis=1).tolist()
    for t, bend, axis, usual, moved in rows:
        last.angle += moved
        expected = last.angle if t - last.t < _GOES_ON else usual
        shown, trust = _believed(bend, axis, expected, part)
        if part == "leg":
            shown = _near_habit(bend, shown, usual)
        if trust > 0.0:
            last.angle = shown
        if trust == 1.0:
            last.t = t
        angles.append(shown)
        trusts.append(trust)
    return Bends(np.array(angles), np.array(trusts))


def _believed(
    bend: float, axis: float, expected: float, part: str
) -> tuple[float, float]:
    """Return where a bend has the hinge [rad] and how much that counts, 0 to 1."""
    trust = min(max((bend - _NONE) / (_CLEAR - _NONE), 0.0), 1.0)
    share = min(max((bend - _LITTLE) / (_WELL - _LITTLE), 0.0), 1.0)
    limit = _AGAINST[0] + share * (_AGAINST[1] - _AGAINST[0])
    over, indeed = _OVERSTRETCHED[part]
    if abs(math.remainder(axis - expected, math.tau)) <= limit or bend >= indeed:
        return axis, trust
    return axis + math.pi, trust if bend < over else 0.0


def _near_habit(bend: float, axis: float, usual: float) -> float:
    """Return where a knee that is bent by so much can have its hinge [rad]."""
    share = min(max((bend - _FREE_FROM) / (_FREE - _FREE_FROM), 0.0), 1.0)
    most = _UNFREE + share * (math.pi - _UNFREE)
    return usual + min(max(math.remainder(axis - usual, math.tau), -most), most)
