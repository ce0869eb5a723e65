# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds feet that do not hang on their shins, as of rigs whose feet are IK targets."""

from dataclasses import replace

import numpy as np

from .structure_body import Body
from .structure_limbs import Limb, LimbPair

_NEAR = 0.12  # Of the leg: a foot starts where the shin ends.


def with_loose_feet(body: Body) -> Body:
    """Return the body with feet from elsewhere where its own legs end in nothing."""
    feet = [_loose_foot(body, leg) for leg in body.legs.limbs]
    if min(feet) < 0 or feet[0] == feet[1]:
        return body
    one, other = (
        Limb(leg.top, (*leg.joints[:2], foot), leg.points)
        for leg, foot in zip(body.legs.limbs, feet)
    )
    legs = LimbPair((one, other), body.legs.attach, body.legs.score)
    return replace(body, legs=legs)


def _loose_foot(body: Body, leg: Limb) -> int:
    """Return the joint that starts where a leg ends in nothing, -1 if there is none."""
    tree, end = body.tree, leg.joints[2]
    if end >= 0 and tree.children[end]:
        return -1
    distances = np.linalg.norm(tree.points - leg.points[2], axis=1)
    taken = [row for top in body.tops() for row in tree.below(top)]
    distances[taken] = np.inf
    distances[tree.ancestors(leg.top)] = np.inf
    near = np.flatnonzero(distances < _NEAR * leg.length)
    feet = [int(row) for row in near if tree.children[int(row)] or end < 0]
    return max(feet, key=lambda row: (tree.sizes[row], -distances[row]), default=-1)
