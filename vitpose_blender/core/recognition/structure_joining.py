# SPDX-License-Identifier: GPL-3.0-or-later
"""Joins joints by nearness where the hierarchy of an armature makes no body."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations

import numpy as np

from ..types import BoolArray, FloatArray
from .structure_tree import Tree, nearest_joint

_ASIDE = 0.03  # Of the extent: what is farther from the middle plane is not in it.
_DETACHED = 3.0  # How much farther the parent is than the nearest other joint.


def joined_tree(given: Tree, detached: Iterable[int]) -> Tree:
    """Return the tree with some joints hung on what is near instead of their parents.

    Args:
        given: The tree as it is.
        detached: Joints whose parents mean nothing.
    """
    loose = set(detached)
    kept = [(r, p) for r, p in enumerate(given.parents) if p >= 0 and r not in loose]
    normal, offset = mirror_plane(given.points)
    aside = given.points @ normal - offset
    weights = _weights(given, normal, aside)
    for row, parent in kept:
        weights[row, parent] = weights[parent, row] = -1.0
    root = _centre(given.points, aside)
    parents = _spanning_parents(weights, root)
    return replace(given, parents=tuple(parents), is_given=False)


def hub_children(tree: Tree) -> list[int]:
    """Return joints that hang on a root only because they must hang on something."""
    roots = [row for row, parent in enumerate(tree.parents) if parent < 0]
    found = []
    for root in roots:
        for row in tree.children[root]:
            others = np.ones(len(tree.parents), dtype=bool)
            others[[*tree.below(row), root]] = False
            _, distance = nearest_joint(tree.points, row, others)
            if tree.distance(row, root) > _DETACHED * distance:
                found.append(row)
    return found


def _weights(tree: Tree, normal: FloatArray, aside: FloatArray) -> FloatArray:
    """Return how unlikely two joints are to be joined: their distance, shape `(N, N)`.

    Where a bone ends exactly at another's head it was drawn to carry that one. Joints
    on different sides of the body are joined through the middle.
    """
    points = tree.points
    weights: FloatArray = np.linalg.norm(points[:, None] - points[None], axis=-1)
    ends = np.linalg.norm(tree.tips[:, None] - points[None], axis=-1) < 1e-4
    weights = np.where(ends | ends.T, 0.1 * weights, weights)
    sides = np.where(_is_paired(points, normal, aside), np.sign(aside), 0.0)
    weights[sides[:, None] * sides < 0] += 1.0
    return weights


def _is_paired(points: FloatArray, normal: FloatArray, aside: FloatArray) -> BoolArray:
    """Return whether a joint's mirror image is another joint rather than itself."""
    mirrored = points - 2 * np.outer(aside, normal)
    gaps = np.linalg.norm(mirrored[:, None] - points[None], axis=-1)
    paired: BoolArray = gaps.argmin(axis=1) != np.arange(len(points))
    return paired | (np.abs(aside) > _ASIDE)


def mirror_plane(points: FloatArray) -> tuple[FloatArray, float]:
    """Return normal and offset of the plane in which the joints mirror best.

    The plane of a symmetric body lies across one of its principal axes, or between two
    if it is as wide as it is high; from there joints are matched with their mirror
    images until that settles.
    """
    centred = points - points.mean(axis=0)
    axes = np.linalg.svd(centred, full_matrices=False)[2]
    between = [
        (one + sign * other) / np.sqrt(2)
        for one, other in combinations(axes, 2)
        for sign in (1, -1)
    ]
    planes = [_settled_plane(points, axis) for axis in (*axes, *between)]
    _, normal, offset = max(planes, key=lambda plane: plane[0])
    return normal, offset


def _settled_plane(
    points: FloatArray, normal: FloatArray
) -> tuple[float, FloatArray, float]:
    """Return how well joints mirror, and the plane near a normal.

    A plane that all joints lie in mirrors nothing, however well.
    """
    offset = float(np.median(points @ normal))
    share = 0.0
    for tolerance in (0.2, 0.1, 0.05, 0.03, 0.03):
        mirrored = points - 2 * np.outer(points @ normal - offset, normal)
        gaps = np.linalg.norm(mirrored[:, None] - points[None], axis=-1)
        nearest = gaps.argmin(axis=1)
        close = gaps.min(axis=1) < tolerance
        share = float(close.mean())
        links = points[close] - points[nearest[close]]
        if np.linalg.norm(links) < 1e-9:
            break
        # The direction that most of the links share, whatever their sign.
        normal = np.linalg.svd(links, full_matrices=False)[2][0]
        middles = (points[close] + points[nearest[close]]) / 2
        offset = float(np.median(middles @ normal))
    apart = float(np.abs(points @ normal - offset).mean())
    return share**2 * apart, normal, offset


def _centre(points: FloatArray, aside: FloatArray) -> int:
    """Return the joint in the middle of those in the middle plane."""
    middle = np.median(points, axis=0)
    distances = np.linalg.norm(points - middle, axis=1) + 10 * np.abs(aside)
    return int(np.argmin(distances))


def _spanning_parents(weights: FloatArray, root: int) -> list[int]:
    """Return parents in the spanning tree of least weight (Prim's method)."""
    parents = [-1] * len(weights)
    best, source = weights[root].copy(), np.full(len(weights), root)
    outside = np.ones(len(weights), dtype=bool)
    outside[root] = False
    for _ in range(len(weights) - 1):
        row = int(np.argmin(np.where(outside, best, np.inf)))
        parents[row], outside[row] = int(source[row]), False
        nearer = weights[row] < best
        best = np.where(nearer, weights[row], best)
        source = np.where(nearer, row, source)
    return parents
