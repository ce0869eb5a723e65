# SPDX-License-Identifier: GPL-3.0-or-later
"""Closed, skinned surfaces swept along a path: what the mannequin is built from."""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from mannequin_skeleton import MIRROR, Vector, mirrored_name

Array = npt.NDArray[np.float64]

LIP = 0.0015  # Half the run over which a band steps inward [m].


@dataclass(frozen=True, eq=False)
class Part:
    """One closed piece of the body.

    Attributes:
        name: What it is, with its side: `arm.L`.
        vertices: Shape `(V, 3)` [m].
        faces: Corner rows of each face, seen counter-clockwise from outside.
        materials: Name of the material of each face.
        weights: Weight of each vertex on each bone, shape `(V,)` a bone; the
            weights of a vertex sum to 1.
    """

    name: str
    vertices: Array
    faces: list[tuple[int, ...]]
    materials: list[str]
    weights: dict[str, Array]

    def mirrored(self) -> "Part":
        return Part(
            mirrored_name(self.name),
            self.vertices * MIRROR,
            [face[::-1] for face in self.faces],
            self.materials,
            {mirrored_name(bone): w for bone, w in self.weights.items()},
        )

    def moved(self, vertices: Array) -> "Part":
        return replace(self, vertices=vertices)

    def repainted(self, material: str, other: str) -> "Part":
        """Return the part with `other` in place of `material`."""
        names = [other if name == material else name for name in self.materials]
        return replace(self, materials=names)


@dataclass(frozen=True)
class Band:
    """A stretch of a tube in another material, set a little into the surface.

    Attributes:
        start, end: Where it lies along the path [m].
        material: Name of its material.
        inset: How far it lies below the surface [m].
    """

    start: float
    end: float
    material: str = "joint"
    inset: float = 0.003


@dataclass(frozen=True, eq=False)
class Tube:
    """What to sweep.

    Attributes:
        path: Points of the middle line by distance, rows `(s, x, y, z)` [m].
        keys: Cross-sections, rows `(s, side, front, back)`: half-axes [m].
        front: The direction that the front half-axis is nearest to.
        num_segments: Corners of a ring; even.
        num_rings: Rings between the ends, before those that bands add.
        caps: How far the two ends bulge beyond the first and last key [m].
        exponent: Of the superellipse; 2 is an ellipse, more is squarer.
        material: Name of the material outside the bands.
        bands: Stretches in other materials.
    """

    path: Array
    keys: Array
    front: Vector
    num_segments: int = 20
    num_rings: int = 20
    caps: tuple[float, float] = (0.0, 0.0)
    exponent: float = 2.0
    material: str = "body"
    bands: tuple[Band, ...] = field(default_factory=tuple)


@dataclass(frozen=True, eq=False)
class Chain:
    """Bones that a tube follows, and where one hands over to the next.

    Attributes:
        bones: From the path's start to its end.
        joints: Distance at which each bone but the first begins [m].
        blends: Half the length over which the weights cross there [m].
    """

    bones: tuple[str, ...]
    joints: tuple[float, ...] = ()
    blends: tuple[float, ...] = ()

    def weights(self, s: Array) -> dict[str, Array]:
        """Return each bone's weight at the distances `s`, each of shape `(V,)`."""
        left = np.ones_like(s)
        weights = {}
        for bone, joint, blend in zip(self.bones, self.joints, self.blends):
            passed = smoothstep(joint - blend, joint + blend, s)
            weights[bone] = left * (1.0 - passed)
            left = left * passed
        weights[self.bones[-1]] = left
        return weights


def smoothstep(start: float, end: float, x: Array) -> Array:
    """Return 0 before `start`, 1 after `end` and a cubic between."""
    t = np.clip((x - start) / (end - start), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def interpolate(x: Array, keys: Array) -> Array:
    """Return a smooth curve through rows `(x, value, ...)`, shape `(len(x), C)`.

    A cubic Hermite spline whose slopes are limited as Fritsch and Carlson (1980)
    propose, so that it never overshoots a key: a limb has no bulge nobody asked for.
    """
    knots, values = keys[:, 0], keys[:, 1:]
    steps = np.diff(knots)[:, np.newaxis]
    secants = np.diff(values, axis=0) / steps
    slopes = np.zeros_like(values)
    slopes[0], slopes[-1] = secants[0], secants[-1]
    same_way = secants[1:] * secants[:-1] > 0.0
    total = np.where(same_way, secants[1:] + secants[:-1], 1.0)
    slopes[1:-1] = np.where(same_way, 2.0 * secants[1:] * secants[:-1] / total, 0.0)
    i = np.clip(np.searchsorted(knots, x, side="right") - 1, 0, len(knots) - 2)
    h = steps[i]
    t = np.clip((x - knots[i])[:, np.newaxis] / h, 0.0, 1.0)
    rise = values[i + 1] - values[i]
    curve = values[i] + t * h * slopes[i]
    curve += t**2 * (3.0 * rise - h * (2.0 * slopes[i] + slopes[i + 1]))
    curve += t**3 * (h * (slopes[i] + slopes[i + 1]) - 2.0 * rise)
    return curve


def path_through(*points: Vector) -> Array:
    """Return path rows `(s, x, y, z)` with `s` the distance from the first point."""
    xyz = np.array(points)
    s = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(xyz, axis=0), axis=1))])
    return np.column_stack([s, xyz])


def sweep(name: str, tube: Tube, chain: Chain) -> Part:
    """Return the closed surface of `tube`, skinned to `chain`."""
    stations, scales = _stations(tube)
    centers = _path_points(tube, stations)
    sides, fronts = _frames(tube, stations)
    radii = interpolate(stations, tube.keys) - _insets(tube, stations)[:, np.newaxis]
    radii = radii * scales[:, np.newaxis]
    x, y = superellipse(tube.num_segments, tube.exponent)
    x = radii[:, :1] * x
    y = np.where(y >= 0.0, radii[:, 1:2], radii[:, 2:3]) * y
    vertices = (
        centers[:, np.newaxis]
        + x[..., np.newaxis] * sides[:, np.newaxis]
        + y[..., np.newaxis] * fronts[:, np.newaxis]
    )
    poles = _path_points(tube, stations[[0, -1]])
    middles = np.repeat((stations[1:] + stations[:-1]) / 2, tube.num_segments)
    materials = [_material(tube, s) for s in middles]
    ends = [_material(tube, s) for s in stations[[0, -1]]]
    return Part(
        name,
        np.concatenate([vertices[1:-1].reshape(-1, 3), poles]),
        closed_faces(len(stations) - 2, tube.num_segments),
        _face_materials(materials, ends, tube.num_segments),
        chain.weights(
            np.concatenate(
                [np.repeat(stations[1:-1], tube.num_segments), stations[[0, -1]]]
            )
        ),
    )


def closed_faces(num_rings: int, num_segments: int) -> list[tuple[int, ...]]:
    """Return the faces of stacked rings closed by two poles.

    Vertices are ring after ring, then the first pole and the last.
    """
    n = num_segments
    first, last = num_rings * n, num_rings * n + 1
    following = [(k + 1) % n for k in range(n)]
    faces: list[tuple[int, ...]] = [(first, following[k], k) for k in range(n)]
    for ring in range(num_rings - 1):
        a, b = ring * n, (ring + 1) * n
        faces += [(a + k, a + following[k], b + following[k], b + k) for k in range(n)]
    top = (num_rings - 1) * n
    faces += [(last, top + k, top + following[k]) for k in range(n)]
    return faces


@dataclass(frozen=True, eq=False)
class Ball:
    """An ellipsoid whose axes are the world's, its poles ahead and behind.

    Attributes:
        center: Its middle, shape `(3,)` [m].
        radii: Half-axes, shape `(3,)` [m].
        num_rings, num_segments: How finely it is divided.
    """

    center: Vector
    radii: Vector
    num_rings: int = 9
    num_segments: int = 16


def ellipsoid(name: str, ball: Ball, bone: str, material: str = "joint") -> Part:
    """Return an ellipsoid that follows one bone; its first rings face ahead."""
    polar = np.pi * (np.arange(ball.num_rings) + 1) / (ball.num_rings + 1)
    x, z = superellipse(ball.num_segments, 2.0)
    unit = np.stack(
        [
            np.outer(np.sin(polar), x),
            np.outer(-np.cos(polar), np.ones_like(x)),
            np.outer(np.sin(polar), z),
        ],
        axis=-1,
    ).reshape(-1, 3)
    unit = np.concatenate([unit, [[0.0, -1.0, 0.0], [0.0, 1.0, 0.0]]])
    faces = closed_faces(ball.num_rings, ball.num_segments)
    return Part(
        name,
        ball.center + unit * ball.radii,
        [face[::-1] for face in faces],
        [material] * len(faces),
        {bone: np.ones(len(unit))},
    )


def superellipse(num_segments: int, exponent: float) -> tuple[Array, Array]:
    """Return the corners of a ring of radius 1, from +x toward +y."""
    ring = 2.0 * np.pi * np.arange(num_segments) / num_segments
    # Rounding makes the two halves exact mirror images of each other.
    c, s = np.round(np.cos(ring), 12), np.round(np.sin(ring), 12)
    power = 2.0 / exponent
    return np.sign(c) * np.abs(c) ** power, np.sign(s) * np.abs(s) ** power


def _stations(tube: Tube) -> tuple[Array, Array]:
    """Return the distance of each ring, and by how much its radius shrinks.

    The first and the last are the poles.
    """
    start, end = tube.keys[0, 0], tube.keys[-1, 0]
    stations = list(np.linspace(start, end, tube.num_rings))
    for band in tube.bands:
        # A deep step needs rings beside it, or the shading of its lip smears out.
        offsets = (-3, -1, 1, 3) if band.inset > 2 * LIP / 3 else (-1, 1)
        for edge in (band.start, band.end):
            if start < edge < end:
                stations = [s for s in stations if abs(s - edge) > 3.5 * LIP]
                stations += [edge + LIP * offset for offset in offsets]
    inner = np.array(sorted(s for s in stations if start <= s <= end))
    bulge = np.radians([90.0, 62.0, 34.0])
    low, high = tube.caps
    return (
        np.concatenate(
            [start - low * np.sin(bulge), inner, end + high * np.sin(bulge[::-1])]
        ),
        np.concatenate(
            [np.cos(bulge) ** 0.8, np.ones(len(inner)), np.cos(bulge[::-1]) ** 0.8]
        ),
    )


def _path_points(tube: Tube, s: Array) -> Array:
    inside = np.clip(s, tube.path[0, 0], tube.path[-1, 0])
    beyond = (s - inside)[:, np.newaxis]
    return interpolate(inside, tube.path) + beyond * _tangents(tube, inside)


def _tangents(tube: Tube, s: Array) -> Array:
    step = 0.004
    first, last = tube.path[0, 0], tube.path[-1, 0]
    ahead = interpolate(np.clip(s + step, first, last), tube.path)
    behind = interpolate(np.clip(s - step, first, last), tube.path)
    tangents = ahead - behind
    unit: Array = tangents / np.linalg.norm(tangents, axis=1, keepdims=True)
    return unit


def _frames(tube: Tube, s: Array) -> tuple[Array, Array]:
    """Return the side and front axes of each ring, shapes `(R, 3)`."""
    tangents = _tangents(tube, np.clip(s, tube.path[0, 0], tube.path[-1, 0]))
    fronts = tube.front - (tangents @ tube.front)[:, np.newaxis] * tangents
    fronts /= np.linalg.norm(fronts, axis=1, keepdims=True)
    return np.cross(fronts, tangents), fronts


def _insets(tube: Tube, s: Array) -> Array:
    inset = np.zeros_like(s)
    for band in tube.bands:
        inset[(s > band.start) & (s < band.end)] = band.inset
    return inset


def _material(tube: Tube, s: float) -> str:
    for band in tube.bands:
        if band.start - LIP / 2 <= s <= band.end + LIP / 2:
            return band.material
    return tube.material


def _face_materials(
    materials: list[str], ends: list[str], num_segments: int
) -> list[str]:
    """Return the materials in the order of `closed_faces`."""
    n = num_segments
    return [ends[0]] * n + materials[n:-n] + [ends[1]] * n
