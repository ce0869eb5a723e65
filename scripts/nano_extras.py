# SPDX-License-Identifier: GPL-3.0-or-later
"""What hangs about a posed person and is no part of the mesh: skirts, long hair."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from nano_bodies import Array, Rows
from nano_dress import NO_PATTERN, TROUSERS_PATTERN
from nano_pose import BONE, Posed, unit

RING, RINGS = 28, 7  # Corners and rings.


@dataclass(frozen=True, eq=False)
class Extra:
    """Geometry of its own on a posed person: a skirt, long hair.

    Attributes:
        vertices, normals: Shape `(V, 3)` [m].
        triangles: Corner rows, `(T, 3)`.
        color: Of all of it.
        garment: Which pattern it shows.
    """

    vertices: Array
    normals: Array
    triangles: Rows
    color: Array
    garment: int


def skirt(posed: Posed, rng: np.random.Generator) -> Extra:
    """Return a skirt that hangs from the hips about both thighs."""
    length = rng.uniform(0.5, 1.5)
    flare = rng.uniform(0.0, 0.12)
    hips, turn = posed.heads[BONE["hips"]], posed.turns[BONE["hips"]]
    lines = [
        posed.heads[[BONE[f"{s}_{n}"] for n in ("thigh", "shin", "foot")]]
        for s in ("left", "right")
    ]
    angle = np.linspace(0, 2 * np.pi, RING, endpoint=False)
    rows = []
    for share in np.linspace(0, 1, RINGS):
        place = share * length
        left, right = (_point(line, place) for line in lines)
        middle = (left + right) / 2 * min(1.0, share * 2) + hips * (
            1 - min(1.0, share * 2)
        )
        across = (left - right) / 2
        half = np.linalg.norm(across) * 0.9 + 0.11 + flare * share
        side = unit(across)
        front = unit(np.cross(side, middle - hips - turn[:, 1] * 0.3))
        fold = 1 + 0.06 * share * np.sin(7 * angle + rng.uniform(0, 1))
        ring = (
            middle
            + np.outer(np.cos(angle) * half * fold, side)
            + np.outer(np.sin(angle) * (0.15 + flare * share) * fold, front)
        )
        rows.append(ring)
    return _tube(np.array(rows), rng.random(3) ** 1.3, TROUSERS_PATTERN)


def _point(line: Array, place: float) -> Array:
    part = min(int(place), 1)
    point: Array = line[part] + (line[part + 1] - line[part]) * (place - part)
    return point


def long_hair(posed: Posed, color: Array) -> Extra:
    """Return hair that falls from the back of the head over the neck."""
    head = posed.turns[BONE["head"]]
    ears = posed.keypoints[3:5].mean(axis=0)
    half = np.linalg.norm(posed.keypoints[3] - posed.keypoints[4]) / 2
    angle = np.linspace(0, 2 * np.pi, RING, endpoint=False)
    rows = []
    for share in np.linspace(0, 1, RINGS):
        middle = ears + head @ np.array([0, 0.5 - share * 3.2, -0.62]) * half
        radius = half * np.interp(share, [0, 0.3, 1], [0.7, 1.05, 0.75])
        ring = np.outer(np.cos(angle), head[:, 0]) * radius
        rows.append(middle + ring + np.outer(np.sin(angle), head[:, 2]) * radius * 0.6)
    return _tube(np.array(rows), color, NO_PATTERN)


def _tube(rings: Array, color: Array, garment: int) -> Extra:
    normals = unit(rings - rings.mean(axis=1, keepdims=True))
    return Extra(
        rings.reshape(-1, 3).astype(np.float32),
        normals.reshape(-1, 3).astype(np.float32),
        _tube_triangles(),
        np.asarray(color, dtype=np.float32),
        garment,
    )


@cache
def _tube_triangles() -> Rows:
    index = np.arange(RINGS * RING).reshape(RINGS, RING)
    a, b = index[:-1], index[1:]
    c, d = np.roll(a, -1, axis=1), np.roll(b, -1, axis=1)
    return np.concatenate(
        [np.stack([a, b, c], -1).reshape(-1, 3), np.stack([c, b, d], -1).reshape(-1, 3)]
    )
