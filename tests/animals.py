# SPDX-License-Identifier: GPL-3.0-or-later
"""Random four-legged animals with known roles, for tests of detection."""

import numpy as np

from tests.puppets import Puppet, at


def random_animal(seed: int) -> Puppet:
    """Return an animal of length about 1 that faces -Y, its left at +X."""
    return _Animal(np.random.default_rng(seed)).build()


class _Animal:
    def __init__(self, rng: np.random.Generator) -> None:
        self.rng, self.puppet = rng, Puppet(body="quadruped")
        self.leg = rng.uniform(0.45, 0.9)  # Height of hips and shoulders.
        self.half = rng.uniform(0.06, 0.1)  # Of the width.
        self.length = rng.uniform(0.5, 0.8)  # From hips to shoulders.
        self.has_blades, self.has_paws = self.maybe(0.7), self.maybe(0.7)

    def maybe(self, share):
        return bool(self.rng.random() < share)

    def build(self) -> Puppet:
        puppet, back = self.puppet, self.leg + 0.05
        root = puppet.add("root", "", (0, 0, 0)) if self.maybe(0.5) else ""
        hips = puppet.add("hips", root, (0, self.length + 0.03, back), "hips")
        if number := int(self.rng.choice([0, 3, 6])):
            ways = [
                (0, self.length + 0.08 + 0.08 * k, back - 0.05 * k)
                for k in range(number)
            ]
            puppet.chain("tail", hips, ways, "tail")
        spines = int(self.rng.integers(2, 6))
        places = np.linspace(self.length * 0.8, self.length * 0.15, spines)
        chest = puppet.chain("spine", hips, [(0, y, back) for y in places], "spine")
        self._head(chest, back)
        for side, sign in (("left", 1.0), ("right", -1.0)):
            self._hind_leg(side, sign, hips)
            self._front_leg(side, sign, chest)
        return puppet

    def _head(self, chest, back):
        puppet, rng = self.puppet, self.rng
        necks = int(rng.integers(1, 5))
        start, way = (
            np.array([0, -0.05, back + 0.03]),
            np.array([0, -0.6, rng.uniform(0.2, 1)]),
        )
        way *= rng.uniform(0.15, 0.6) / np.linalg.norm(way)
        points = [start + way * k / necks for k in range(necks)]
        neck = puppet.chain("neck", chest, points, "neck")
        head = puppet.add("head", neck, start + way, "head")
        has_eyes = self.maybe(0.5)
        puppet.add("jaw", head, start + way + at(0, -0.02, -0.06))
        for side, sign in (("left", 1.0), ("right", -1.0)):
            ear = start + way + at(sign * 0.04, 0, 0.06)
            puppet.chain(f"{side}_ear", head, [ear, ear + at(0, 0, 0.05)])
            if has_eyes:
                puppet.add(
                    f"{side}_eye", head, start + way + at(sign * 0.03, -0.08, 0.02)
                )

    def _leg(self, side, sign, parent, bones, points):
        width = np.array([sign * self.half, 0.0, 0.0])
        for bone, point in zip(bones, points):
            head = width + at(0, *point)
            parent = self.puppet.add(f"{side}_{bone}", parent, head, f"{side}_{bone}")

    def _hind_leg(self, side, sign, hips):
        y, h = self.length, self.leg
        bones = ["thigh", "shin", "foot", "toe"]
        points = [
            (y, h),
            (y - 0.1 * h, 0.58 * h),
            (y + 0.1 * h, 0.3 * h),
            (y + 0.06 * h, 0.05 * h),
        ]
        self._leg(side, sign, hips, bones, points)

    def _front_leg(self, side, sign, chest):
        h = self.leg
        bones = ["upper_arm", "forearm", "hand"]
        points = [(-0.03, 0.8 * h), (0.04, 0.5 * h), (0.03, 0.2 * h)]
        if self.has_blades:
            bones.insert(0, "clavicle")
            points.insert(0, (0.05, 1.02 * h))
        self._leg(side, sign, chest, bones, points)
        if self.has_paws:
            place = at(sign * self.half, -0.01, 0.04 * h)
            self.puppet.add(f"{side}_paw", f"{side}_hand", place)
