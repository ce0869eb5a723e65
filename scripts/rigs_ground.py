# SPDX-License-Identifier: GPL-3.0-or-later
"""Feet on the ground: how deep soles sink, how high they float, how far they slide.

Points of the character's own skin follow its bones here as in Blender. Lengths are
those of an adult: divided by the character's legs and multiplied by an adult's.
"""

from dataclasses import dataclass, field

import numpy as np

from rigs_clips import STILL, Clip
from rigs_posed import SIDES, Build, Posed
from rigs_skin import Skin
from vitpose_blender.core.layouts import CANONICAL
from vitpose_blender.core.types import BoolArray, FloatArray

ADULT_LEG = 0.82  # Hip to ankle [m].
ROW = CANONICAL.index
_NEAR = 0.05  # A person's foot that stands is not higher [m].


@dataclass
class Ground:
    """What was measured over clips, an array a clip; an adult's lengths.

    Attributes:
        standing: Height of a sole's lowest point above the floor while the person's
            foot stands, `(N,)` [m]; below the floor is negative.
        lowest: Height of the lowest point of both soles in every frame, `(F,)` [m].
        body: Height of the lowest point of all skin in every frame, `(F,)` [m].
        person: The same of the person's joints, `(F,)` [m].
        slides: Way of a sole between two frames of standing, `(N,)` [m].
        person_slides: The same of the person's foot, `(N,)` [m].
        torn: Whether a part of the mesh was left behind, `(F,)`.
        leg_length: The character's own [m].
    """

    standing: list[FloatArray] = field(default_factory=list)
    lowest: list[FloatArray] = field(default_factory=list)
    body: list[FloatArray] = field(default_factory=list)
    person: list[FloatArray] = field(default_factory=list)
    slides: list[FloatArray] = field(default_factory=list)
    person_slides: list[FloatArray] = field(default_factory=list)
    torn: list[BoolArray] = field(default_factory=list)
    leg_length: float = 0.0

    def add(self, build: Build, skin: Skin, posed: Posed, clip: Clip) -> None:
        """Measure one clip more."""
        self.leg_length = build.leg_length
        points = skin.posed(posed.matrices)
        self.torn.append(skin.is_torn(points, build.leg_length))
        points = points @ build.body
        floor = (skin.points @ build.body)[:, 2].min()
        size = ADULT_LEG / build.leg_length
        points = (points - (0.0, 0.0, floor)) * size
        self.body.append(points[..., 2].min(axis=1))
        self.person.append(np.nanmin(clip.world[..., 2], axis=1))
        heights = [points[:, sole, 2].min(axis=1) for sole in skin.soles]
        self.lowest.append(np.min(heights, axis=0))
        person_size = ADULT_LEG / person_leg(clip)
        for side, sole, height in zip(SIDES, skin.soles, heights):
            stands = standing(clip, side)
            self.standing.append(height[stands])
            both = stands[1:] & stands[:-1]
            own = horizontal_steps(points[:, sole])
            theirs = horizontal_steps(foot(clip, side) * person_size)
            self.slides.append(own[both])
            self.person_slides.append(theirs[both])


def horizontal_steps(points: FloatArray) -> FloatArray:
    """Return how far points went sideways between frames, the least of them [m].

    A foot that rolls from heel to toe stands on one of its points at any time.
    """
    steps = np.linalg.norm(np.diff(points[..., :2], axis=0), axis=-1)
    return steps.min(axis=1)


def foot(clip: Clip, side: str) -> FloatArray:
    """Return ankle, heel and toe of the person, shape `(F, 3, 3)` [m]."""
    joints = ("ankle", "heel", "toe")
    return clip.world[:, [ROW[f"{side}_{joint}"] for joint in joints]]


def person_leg(clip: Clip) -> float:
    """Return the length of the person's leg [m]."""
    hip, knee, ankle = (
        clip.world[:, ROW[f"left_{joint}"]] for joint in ("hip", "knee", "ankle")
    )
    upper, lower = np.linalg.norm([hip - knee, knee - ankle], axis=-1)
    return float(np.median(upper + lower))


def standing(clip: Clip, side: str) -> BoolArray:
    """Return when a foot of the person stands: still, heel or toe at the floor."""
    points = foot(clip, side)[:, 1:]
    if not np.isfinite(points).all() or len(points) < 3:
        return np.zeros(len(points), dtype=bool)
    speed = np.linalg.norm(np.gradient(points, axis=0), axis=-1) * clip.fps
    near: BoolArray = (speed < STILL) & (points[..., 2] < _NEAR)
    return near.any(axis=1)
