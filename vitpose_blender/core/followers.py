# SPDX-License-Identifier: GPL-3.0-or-later
"""Bones without a role that would be left behind: what carries them in a body.

Most bones without a role hang on one that has one and go along. In an armature of
several roots, or one whose bones all hang on a single root, some do not: fingers beside
the hand, a hip joint that no bone carries. They follow the nearest part of the body.
"""

from collections.abc import Sequence

import numpy as np

from .skeleton import Skeleton, ancestors
from .types import FloatArray


def find_followers(
    skeleton: Skeleton, rows: Sequence[int], anchors: Sequence[int]
) -> list[tuple[int, int]]:
    """Return the bones that have to be told to follow, and which driven bone.

    Args:
        skeleton: The whole armature.
        rows: The driven bones, shape `(D,)`.
        anchors: Of each driven bone, the index of the one that carries it.

    Returns:
        Pairs of a row of the skeleton and an index among the driven bones. What hangs
        on a follower goes along with it.
    """
    driven = {row: index for index, row in enumerate(rows)}
    carried = _first_carried(skeleton.parents, driven)
    hips_carriers = set(ancestors(skeleton.parents, rows[0]))
    followers: dict[int, int] = {}
    for row in range(len(skeleton.names)):
        above = ancestors(skeleton.parents, row)
        goes_along = any(each in driven or each in followers for each in above)
        if row in driven or row in hips_carriers or goes_along:
            continue
        if not skeleton.is_free(row):
            continue
        if row in carried:
            followers[row] = max(anchors[carried[row]], 0)
        else:
            followers[row] = _nearest(skeleton, rows, anchors, skeleton.heads[row])
    return list(followers.items())


def _first_carried(parents: Sequence[int], driven: dict[int, int]) -> dict[int, int]:
    """Return, for each bone above driven ones, the index of the first it carries."""
    carried: dict[int, int] = {}
    for row, index in driven.items():
        for above in ancestors(parents, row):
            carried.setdefault(above, index)
    return carried


def _nearest(
    skeleton: Skeleton, rows: Sequence[int], anchors: Sequence[int], point: FloatArray
) -> int:
    """Return the driven bone whose way to what it carries passes nearest to a point."""
    starts = skeleton.heads[list(rows)]
    distances = np.linalg.norm(starts - point, axis=1)
    for index, anchor in enumerate(anchors):
        if anchor >= 0:
            # Beyond the joint both are as near: there it is the outer one's.
            gap = 1.001 * _to_segment(point, starts[anchor], starts[index])
            distances[anchor] = min(distances[anchor], gap)
    return int(np.argmin(distances))


def _to_segment(point: FloatArray, start: FloatArray, end: FloatArray) -> float:
    along = end - start
    length = along @ along
    share = np.clip((point - start) @ along / length, 0.0, 1.0) if length > 0 else 0.0
    return float(np.linalg.norm(start + share * along - point))
