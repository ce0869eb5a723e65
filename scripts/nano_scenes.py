# SPDX-License-Identifier: GPL-3.0-or-later
"""Random pictures of people as a ViTPose sees them, with their keypoints.

A picture is the padded crop of one person's box: other people, things before and
behind, light, lens and camera are drawn anew every time.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from nano_backgrounds import Picture, vary
from nano_bodies import Array, Body, Family
from nano_dress import Look, dress, measure, random_shares
from nano_effects import occlude, spoil
from nano_extras import long_hair, skirt
from nano_pose import Posed, pose, rotation, turns_of, unit
from nano_render import FAR, NEAR, Light, Renderer, Surface
from nano_sample import (
    BEHIND_ITSELF,
    BEHIND_OTHERS,
    HEIGHT,
    OUT_OF_FRAME,
    VISIBLE,
    WIDTH,
    Sample,
)
from vitpose_blender.inference.crop import padded_regions

# How far a keypoint lies inside the body at most where it is seen [m].
THICKNESS = np.array([0.03, *[0.04] * 4, *[0.13] * 2, *[0.09] * 4, *[0.2] * 2,
                      *[0.13] * 2, *[0.1] * 2])  # fmt: skip
MANNEQUIN_SHARE = 0.1  # Of the people [1].
WARDROBE = 96  # Dressed bodies at hand; each is worn a few times.


class Poses(Protocol):
    """Where poses come from."""

    def draw(self, size: int) -> Array:
        """Return joints in the order of `CANONICAL`, `(size, 28, 3)` [m]."""


@dataclass(frozen=True, eq=False)
class _Dressed:
    body: Body
    family: Family
    look: Look
    rows: Array  # Of `Surface.vertices`: all but place and normal are filled in.


class SceneSource:
    """Draws pictures.

    Args:
        people: Families to draw people from, and how often each.
        poses: See `Poses`.
        bank: Backgrounds.
        rng: Of all randomness but the poses'.
        exact: Whether boxes fit, as for a test, or are a little off, as a detector's.
    """

    def __init__(
        self,
        people: list[tuple[Family, float]],
        poses: Poses,
        bank: list[Picture],
        rng: np.random.Generator,
        exact: bool = False,
    ) -> None:
        self._people = [(family, measure(family)) for family, _ in people]
        self._shares = np.array([share for _, share in people])
        self._poses, self._bank = poses, bank
        self._rng, self._exact = rng, exact
        self._renderer = Renderer(WIDTH, HEIGHT)
        self._wardrobe: list[_Dressed] = []
        self._ready: list[Array] = []

    @property
    def renderer_name(self) -> str:
        """What draws the pictures."""
        return self._renderer.name

    def draw(self) -> Sample:
        """Return a random picture."""
        while True:
            sample = self._try()
            if sample is not None:
                return sample

    def _try(self) -> Sample | None:
        rng = self._rng
        count = 1 + int(rng.choice(3, p=[0.62, 0.25, 0.13]))
        crowd = [self._person() for _ in range(count)]
        main = crowd[0][0]
        floor = float(main.vertices[:, 1].min())
        camera = _Camera.random(main.vertices, rng)
        box, frame = self._frame(camera.project(main.vertices)[0])
        if box is None:
            return None
        region = padded_regions(box[None], (WIDTH, HEIGHT))[0]
        view = camera.clip(region)
        surfaces = [crowd[0][1]]
        for posed, parts in crowd[1:]:
            surfaces.append(self._aside(posed, parts, main, floor))
        background = vary(
            self._bank[rng.integers(len(self._bank))], (WIDTH, HEIGHT), rng
        )
        picture, owner, depth = self._renderer.draw(
            background, surfaces, view, camera.place, _random_light(rng), floor
        )
        if (owner == 1).sum() < 400:
            return None
        xy, distance = camera.project(main.keypoints)
        keypoints = _to_crop(xy, region)
        heights = _heights(keypoints, distance, owner, depth)
        scale = _to_crop(frame.reshape(2, 2), region)
        if rng.random() < 0.28:
            hidden = occlude(picture, self._bank, rng)
            heights = np.where(
                _at(hidden, keypoints), np.minimum(heights, BEHIND_OTHERS), heights
            )
        picture = spoil(picture, rng)
        _black_out(picture, scale)
        inside = ((keypoints >= scale[0]) & (keypoints <= scale[1])).all(axis=1)
        heights = np.where(inside, heights, OUT_OF_FRAME)
        return Sample(
            picture,
            keypoints.astype(np.float32),
            heights.astype(np.float32),
            _to_crop(box.reshape(2, 2), region).reshape(4).astype(np.float32),
        )

    def _person(self) -> tuple[Posed, list[Surface]]:
        rng = self._rng
        if len(self._wardrobe) < WARDROBE or rng.random() < 0.15:
            dressed = self._dress()
            self._wardrobe = [*self._wardrobe[-WARDROBE:], dressed]
        else:
            dressed = self._wardrobe[rng.integers(len(self._wardrobe))]
        if not self._ready:
            self._ready = list(self._poses.draw(256))
        turns = turns_of(self._ready.pop(), dressed.body, rng)
        posed = pose(dressed.body, dressed.family.weights, turns)
        rows = dressed.rows.copy()
        rows[:, :3], rows[:, 3:6] = posed.vertices, posed.normals
        patterns = dressed.look.patterns
        surfaces = [Surface(rows, dressed.family.triangles, patterns)]
        if not dressed.family.regions:
            surfaces += self._extras(posed, dressed, patterns)
        return posed, surfaces

    def _extras(
        self, posed: Posed, dressed: _Dressed, patterns: Array
    ) -> list[Surface]:
        extras = []
        if self._rng.random() < 0.1:
            extras.append(skirt(posed, self._rng))
        if self._rng.random() < 0.15:
            extras.append(long_hair(posed, self._rng.random(3) ** 2 * 0.6))
        surfaces = []
        for extra in extras:
            rows = np.zeros((len(extra.vertices), 16), dtype=np.float32)
            rows[:, :3] = rows[:, 6:9] = extra.vertices
            rows[:, 3:6] = extra.normals
            rows[:, 9:12], rows[:, 12:15] = extra.color, extra.color[::-1]
            rows[:, 15] = extra.garment
            surfaces.append(Surface(rows, extra.triangles, patterns))
        return surfaces

    def _dress(self) -> _Dressed:
        rng = self._rng
        family, places = self._people[rng.choice(len(self._people), p=self._shares)]
        shares = random_shares(len(family.bodies), rng)
        body, look = dress(family.blend(shares), family, places, rng)
        rows = np.zeros((len(places.rest), 16), dtype=np.float32)
        rows[:, 6:9], rows[:, 9:12] = places.rest, look.color
        rows[:, 12:15], rows[:, 15] = look.other, look.garment
        return _Dressed(body, family, look, rows)

    def _aside(
        self, posed: Posed, parts: list[Surface], main: Posed, floor: float
    ) -> list[Surface]:
        """Move another person next to the main one."""
        angle, away = self._rng.uniform(0, 2 * np.pi), self._rng.uniform(0.45, 2.5)
        move = np.array([np.cos(angle), 0.0, np.sin(angle)]) * away
        move += main.heads[0] * [1, 0, 1] - posed.heads[0] * [1, 0, 1]
        move[1] = floor - posed.vertices[:, 1].min()
        for part in parts:
            part.vertices[:, :3] += move.astype(np.float32)
        return parts

    def _frame(self, xy: Array) -> tuple[Array | None, Array]:
        """Return the box of a person, and the frame of the video that may cut it."""
        rng = self._rng
        low, high = xy.min(axis=0), xy.max(axis=0)
        size = high - low
        frame = np.concatenate([low - 9 * size.max(), high + 9 * size.max()])
        if rng.random() < 0.3:
            cut = np.zeros(4)  # Left, top, right, bottom.
            sides = rng.choice(4, size=rng.integers(1, 3), p=[0.22, 0.1, 0.22, 0.46])
            for side in sides:
                most = (0.45, 0.12, 0.45, 0.62)[side]
                cut[side] = rng.uniform(-0.15, most)
            edge = np.concatenate([low + cut[:2] * size, high - cut[2:] * size])
            frame = np.where(cut != 0, edge, frame)
        box = np.concatenate(
            [np.maximum(low, frame[:2]), np.minimum(high, frame[2:])]
        ).astype(np.float64)
        if not self._exact:
            wh = box[2:] - box[:2]
            middle = (box[2:] + box[:2]) / 2 + rng.normal(0, 0.035, 2) * wh
            wh = wh * np.exp(rng.normal(0.03, 0.08, 2))
            box = np.concatenate([middle - wh / 2, middle + wh / 2])
        good = (box[2:] > box[:2]).all()
        return (box if good else None), frame


@dataclass(frozen=True, eq=False)
class _Camera:
    """A pinhole camera of focal length 1: x to the right, y down, z ahead.

    Attributes:
        place: Where it is [m].
        turn: From the world to the camera, `(3, 3)`.
    """

    place: Array
    turn: Array

    @classmethod
    def random(cls, vertices: Array, rng: np.random.Generator) -> "_Camera":
        """Return a camera that sees the vertices."""
        middle = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
        reach = np.linalg.norm(vertices - middle, axis=1).max()
        elevation = np.radians(np.clip(rng.normal(7, 12), -25, 65))
        away = reach * np.exp(rng.uniform(np.log(1.9), np.log(11)))
        back = np.array([0.0, np.sin(elevation), np.cos(elevation)])
        place = middle + back * away
        ahead = unit(-back + rng.normal(0, 0.18, 3) * [1, 0.6, 0])
        right = unit(np.cross(ahead, [0.0, 1.0, 0.0]))
        down = np.cross(ahead, right)
        roll = rotation(np.array([0, 0, np.radians(rng.normal(0, 4))]))
        return cls(place, roll @ np.stack([right, down, ahead]))

    def project(self, points: Array) -> tuple[Array, Array]:
        """Return image places `(N, 2)` and distances along the axis `(N,)`."""
        seen = (points - self.place) @ self.turn.T
        depth = np.maximum(seen[:, 2], 0.05)
        return seen[:, :2] / depth[:, None], depth

    def clip(self, region: Array) -> Array:
        """Return the matrix from the world to a crop's clip space, first row on top."""
        x0, y0, x1, y1 = region
        sx, sy = (WIDTH - 1) / (x1 - x0), (HEIGHT - 1) / (y1 - y0)
        lens = np.zeros((4, 4))
        lens[0, 0], lens[0, 2] = 2 * sx / WIDTH, 2 * (0.5 - x0 * sx) / WIDTH - 1
        lens[1, 1], lens[1, 2] = 2 * sy / HEIGHT, 2 * (0.5 - y0 * sy) / HEIGHT - 1
        lens[2, 2] = (FAR + NEAR) / (FAR - NEAR)
        lens[2, 3] = -2 * FAR * NEAR / (FAR - NEAR)
        lens[3, 2] = 1
        world = np.eye(4)
        world[:3, :3], world[:3, 3] = self.turn, -self.turn @ self.place
        matrix: Array = (lens @ world).astype(np.float32)
        return matrix


def _to_crop(xy: Array, region: Array) -> Array:
    size = np.array([WIDTH - 1, HEIGHT - 1])
    scaled: Array = (xy - region[:2]) / (region[2:] - region[:2]) * size
    return scaled


def _pixels(keypoints: Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    column, row = np.round(np.clip(keypoints, -9, 999)).astype(int).T
    return np.clip(row, 0, HEIGHT - 1), np.clip(column, 0, WIDTH - 1)


def _at(mask: npt.NDArray[np.generic], keypoints: Array) -> npt.NDArray[np.generic]:
    return mask[_pixels(keypoints)]


def _heights(keypoints: Array, distance: Array, owner: Picture, depth: Array) -> Array:
    """Return how high heatmaps shall peak, by what stands before each keypoint."""
    hidden = _at(depth, keypoints) < distance - THICKNESS
    by_itself = _at(owner, keypoints) == 1
    heights: Array = np.where(
        hidden, np.where(by_itself, BEHIND_ITSELF, BEHIND_OTHERS), VISIBLE
    )
    return heights


def _random_light(rng: np.random.Generator) -> Light:
    direction = unit(rng.normal(size=3) * [1, 0.5, 1] + [0, 0.6, 0.25])
    direction[1] = abs(direction[1])
    warm = 1 + rng.normal(0, 0.1) * np.array([1.0, 0.0, -1.0])
    ambient = rng.uniform(0.25, 0.75)
    sky = ambient * (1 - rng.normal(0, 0.06) * np.array([1.0, 0.0, -1.0]))
    shadow = rng.uniform(0.3, 0.9) if rng.random() < 0.45 else 1.0
    return Light(
        direction,
        rng.uniform(0.1, 0.9) * warm,
        sky,
        sky * rng.uniform(0.4, 0.95),
        shadow,
    )


def _black_out(picture: Picture, frame: Array) -> None:
    (left, top), (right, bottom) = frame
    if left > 0:
        picture[:, : int(np.ceil(left))] = 0
    if top > 0:
        picture[: int(np.ceil(top))] = 0
    if right < WIDTH - 1:
        picture[:, max(0, int(np.floor(right)) + 1) :] = 0
    if bottom < HEIGHT - 1:
        picture[max(0, int(np.floor(bottom)) + 1) :] = 0
