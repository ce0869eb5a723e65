# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of a limb segment's twist each of its bones shows.

A segment twists between its two ends: an upper arm goes with the shoulder at one end
and with the elbow's hinge at the other. Share 0 is the end near the trunk, 1 the other.
"""

from collections.abc import Sequence

import numpy as np

from .layouts import SIDES
from .skeleton import Skeleton, ancestors

# Segment: the joint it leads to, and the share of its main bone if there are no twist
# bones inside the chain. Upper bones carry the hinge, lower ones begin at it.
TWISTING = {
    "upper_arm": ("forearm", 1.0),
    "thigh": ("shin", 1.0),
    "forearm": ("hand", 0.0),
    "shin": ("foot", 0.0),
}


def twist_shares(
    skeleton: Skeleton, rows: Sequence[int], roles: Sequence[str]
) -> tuple[float, ...]:
    """Return the share of each driven bone, 0 for bones that are in no limb.

    Twist bones inside the chain share evenly from the main bone to the last; those
    beside it count by where they begin along the segment.

    Args:
        skeleton: The whole armature.
        rows: The driven bones, shape `(D,)`.
        roles: Role of each driven bone.
    """
    shares = [0.0] * len(rows)
    for side in SIDES:
        for part, (following, main_share) in TWISTING.items():
            mains = _of(roles, f"{side}_{part}")
            twists = _of(roles, f"{side}_{part}_twist")
            if not mains:
                continue
            shares[mains[0]] = main_share
            ends = _of(roles, f"{side}_{following}")
            inside = _inside(skeleton.parents, rows, twists, ends)
            for place, index in enumerate([mains[0], *inside] if inside else []):
                shares[index] = place / len(inside)
            for index in set(twists) - set(inside):
                shares[index] = _fraction(skeleton, rows, mains[0], index, ends)
    return tuple(shares)


def _of(roles: Sequence[str], role: str) -> list[int]:
    return [index for index, have in enumerate(roles) if have == role]


def _inside(
    parents: Sequence[int], rows: Sequence[int], twists: list[int], ends: list[int]
) -> list[int]:
    """Return the twist bones that carry the next segment, root to tip."""
    if not ends:
        return []
    above = ancestors(parents, rows[ends[0]])
    return [index for index in twists if rows[index] in above]


def _fraction(
    skeleton: Skeleton, rows: Sequence[int], main: int, index: int, ends: list[int]
) -> float:
    """Return how far along its segment a bone begins, from 0 to 1."""
    start = skeleton.heads[rows[main]]
    end = skeleton.heads[rows[ends[0]]] if ends else skeleton.tails[rows[main]]
    along = end - start
    fraction = (skeleton.heads[rows[index]] - start) @ along / (along @ along)
    return float(np.clip(fraction, 0.0, 1.0))
