# SPDX-License-Identifier: GPL-3.0-or-later
"""Random humanoids with known roles, for tests of detection."""

from dataclasses import dataclass

import numpy as np

from tests.puppets import BACK, LEFT, UP, Puppet, at
from vitpose_blender.core.rotations import about_axis, apply


@dataclass(frozen=True)
class Shape:
    """How a humanoid of height 1 is built; lengths are factors against a person's."""

    legs: float = 1.0
    arms: float = 1.0
    trunk: float = 1.0
    head: float = 1.0
    width: float = 1.0
    knee: float = 0.5  # Where along the leg.
    elbow: float = 0.53
    arm_drop: float = 45.0  # Of the upper arm below the horizontal [deg].
    arm_swing: float = 5.0  # Forwards [deg].
    elbow_bend: float = 15.0
    knee_bend: float = 5.0
    thigh_lift: float = 0.0  # Forwards: a crouch bends hip and knee [deg].
    leg_spread: float = 5.0
    unlike: float = 0.0  # How much the sides' angles differ at random [deg].
    spines: int = 3
    necks: int = 1
    has_head: bool = True
    head_nub: bool = False
    clavicle: bool = True
    hand: bool = True
    fingers: int = 5
    metacarpals: bool = False
    finger_nubs: bool = False
    toe: bool = True
    toe_nub: bool = False
    small_toes: bool = False
    heel: bool = False
    chain_twists: bool = False
    side_twists: bool = False
    hip_offsets: bool = False  # Bones from the hips to the thighs, as CMU has them.
    root: str = "floor"  # none, floor, or double.
    split: str = ""  # "" or mmd, daz, biped: how hips, legs and spine hang together.
    eyes: bool = False
    jaw: bool = False
    face: int = 0
    hair: int = 0
    skirt: int = 0
    breasts: bool = False
    wings: bool = False
    tail: int = 0
    weapon: bool = False
    cape: int = 0
    ik: bool = False
    doubles: bool = False


def random_shape(rng: np.random.Generator) -> Shape:
    """Return anything that people rig."""

    def maybe(share):
        return bool(rng.random() < share)

    def factor(spread):
        return float(np.exp(rng.normal(0, spread)))

    clavicle = maybe(0.8)
    hand = maybe(0.95)
    return Shape(
        legs=factor(0.2), arms=factor(0.12), trunk=factor(0.12), head=factor(0.35),
        width=factor(0.15),
        knee=float(rng.uniform(0.45, 0.55)), elbow=float(rng.uniform(0.47, 0.57)),
        arm_drop=float(rng.choice([0, 0, 20, 45, 60, 80])),
        arm_swing=float(rng.uniform(-5, 20)),
        elbow_bend=float(rng.choice([0, 5, 25])),
        knee_bend=float(rng.choice([0, 4, 10])),
        leg_spread=float(rng.uniform(0, 15)),
        spines=int(rng.integers(1, 7)), necks=int(rng.choice([0, 1, 1, 1, 2])),
        head_nub=maybe(0.3), clavicle=clavicle, hand=hand,
        fingers=int(rng.choice([0, 2, 3, 4, 5, 5, 5])) if hand else 0,
        metacarpals=maybe(0.2), finger_nubs=maybe(0.2),
        toe=maybe(0.85), toe_nub=maybe(0.3), small_toes=maybe(0.1), heel=maybe(0.1),
        chain_twists=maybe(0.15), side_twists=maybe(0.2), hip_offsets=maybe(0.1),
        root=str(rng.choice(["none", "floor", "double"])),
        split=str(rng.choice(["", "", "", "mmd", "daz", "biped"])),
        eyes=maybe(0.4), jaw=maybe(0.3), face=int(rng.choice([0, 0, 0, 20, 90])),
        hair=int(rng.choice([0, 0, 4, 12])), skirt=int(rng.choice([0, 0, 0, 4, 8, 12])),
        breasts=maybe(0.2), wings=maybe(0.05), tail=int(rng.choice([0] * 9 + [6])),
        weapon=maybe(0.15), cape=int(rng.choice([0] * 8 + [5])), ik=maybe(0.2),
    )  # fmt: skip


def _turned(vector, *turns):
    for axis, degrees in turns:
        vector = apply(about_axis(axis, np.radians(degrees)), vector)
    return vector


class _Humanoid:
    """Builds one humanoid that faces -Y and stands on the ground."""

    def __init__(self, shape: Shape, rng: np.random.Generator) -> None:
        self.shape, self.rng, self.puppet = shape, rng, Puppet()
        leg = 0.47 * shape.legs
        self.leg = np.array([shape.knee, 1 - shape.knee]) * leg
        self.arm = np.array([shape.elbow, 1 - shape.elbow]) * 0.31 * shape.arms
        self.hip = leg + 0.045
        self.chest = self.hip + 0.3 * shape.trunk  # Height of the shoulders.

    def build(self) -> Puppet:
        hips, pelvis, spine_root = self._pelvis()
        chest = self._spine(spine_root)
        neck, head = self._neck(chest)
        arms_from = neck if self.shape.split == "biped" and neck != chest else chest
        for side, sign in (("left", 1.0), ("right", -1.0)):
            self._leg(side, sign, pelvis)
            self._arm(side, sign, arms_from)
        self._extras(hips, chest, head)
        if self.shape.ik:
            self._ik()
        return self.puppet

    def _pelvis(self):
        """Return the bones that are the hips, carry the legs, and carry the spine."""
        puppet, shape = self.puppet, self.shape
        parent = ""
        if shape.root in ("floor", "double"):
            parent = puppet.add("root", "", (0, 0, 0))
        if shape.root == "double":
            parent = puppet.add("centre", parent, (0, 0, self.hip * 0.9))
        hips = puppet.add("hips", parent, (0, 0.01, self.hip + 0.01), "hips")
        if shape.split in ("mmd", "daz"):
            up = 0.05 if shape.split == "mmd" else 0.01
            pelvis = puppet.add("pelvis", hips, (0, 0.01, self.hip + up))
            return hips, pelvis, hips
        return hips, hips, hips

    def _spine(self, parent):
        shape, bottom = self.shape, self.hip + 0.045
        top = self.chest - 0.06 * shape.trunk
        heights = np.linspace(bottom, max(top, bottom), shape.spines)
        bend = (
            0.02 * np.sin(np.linspace(0, np.pi, shape.spines))
            if shape.spines > 1
            else [0]
        )
        for number, (z, y) in enumerate(zip(heights, bend)):
            parent = self.puppet.add(
                f"spine{number}", parent, (0, y + 0.005, z), "spine"
            )
        return parent

    def _neck(self, parent):
        """Return the first neck bone, or the chest, and the head."""
        shape, puppet = self.shape, self.puppet
        base = self.chest + 0.035
        length = 0.05
        first = parent
        for number in range(shape.necks):
            z = base + length * number / shape.necks
            parent = puppet.add(f"neck{number}", parent, (0, 0, z), "neck")
            first = parent if number == 0 else first
        if not shape.has_head:
            return first, parent
        head = puppet.add("head", parent, (0, -0.012, base + length), "head")
        if shape.head_nub:
            puppet.add("head_nub", head, (0, -0.015, base + length + 0.11 * shape.head))
        return first, head

    def _angle(self, degrees):
        return degrees + self.shape.unlike * self.rng.uniform(-1, 1)

    def _leg(self, side, sign, pelvis):
        shape, puppet = self.shape, self.puppet
        if shape.split == "biped":
            pelvis = "spine0"
        if shape.hip_offsets:
            pelvis = puppet.add(f"{side}_hip_joint", pelvis, puppet.heads[pelvis])
        hip = np.array([sign * 0.055 * shape.width, 0.0, self.hip])
        spread = (BACK, -sign * self._angle(shape.leg_spread))
        lift, bend = self._angle(shape.thigh_lift), self._angle(shape.knee_bend)
        thigh = _turned(-UP * self.leg[0], (LEFT, -lift - bend / 2), spread)
        knee = hip + thigh
        down = 2 * lift if shape.thigh_lift else 0.0
        shin = _turned(-UP * self.leg[1], (LEFT, -lift + bend / 2 + down), spread)
        ankle = knee + shin
        name = puppet.add(f"{side}_thigh", pelvis, hip, f"{side}_thigh")
        name = self._twist(name, f"{side}_thigh", hip, knee)
        name = puppet.add(f"{side}_shin", name, knee, f"{side}_shin")
        name = self._twist(name, f"{side}_shin", knee, ankle)
        foot = puppet.add(f"{side}_foot", name, ankle, f"{side}_foot")
        self._foot(side, foot, ankle, sign)

    def _foot(self, side, foot, ankle, sign):
        shape, puppet = self.shape, self.puppet
        out = np.array([sign * 0.01, 0, 0])
        if shape.heel:
            puppet.add(f"{side}_heel", foot, ankle + at(0, 0.03, -0.04))
        if not shape.toe:
            return
        ball = ankle + out + (0, -0.075, -0.035)
        toe = puppet.add(f"{side}_toe", foot, ball, f"{side}_toe")
        if shape.toe_nub:
            puppet.add(f"{side}_toe_nub", toe, ball + at(0, -0.04, 0))
        for number in range(5 if shape.small_toes else 0):
            side_step = (sign * 0.01 * (number - 2), -0.01, 0)
            tips = [ball + side_step, ball + side_step + (0, -0.015, 0)]
            puppet.chain(f"{side}_toe{number}", toe, tips)

    def _twist(self, name, stem, head, tail):
        """Add twist bones to a segment and return the bone that the next hangs on."""
        shape, puppet = self.shape, self.puppet
        middle = (head + tail) / 2
        if shape.side_twists:
            puppet.add(f"{stem}_side_twist", name, middle)
        if shape.chain_twists:
            return puppet.add(f"{stem}_twist", name, middle)
        return name

    def _arm(self, side, sign, chest):
        shape, puppet = self.shape, self.puppet
        shoulder = np.array([sign * 0.1 * shape.width, 0.005, self.chest])
        if shape.clavicle:
            start = (sign * 0.015, -0.01, self.chest + 0.01)
            chest = puppet.add(f"{side}_clavicle", chest, start, f"{side}_clavicle")
        drop = (BACK, sign * self._angle(shape.arm_drop))
        swing = (UP, -sign * self._angle(shape.arm_swing))
        bend = (UP, -sign * self._angle(shape.elbow_bend))
        out = sign * LEFT
        elbow = shoulder + self.arm[0] * _turned(out, swing, drop)
        fore = _turned(out, swing, bend, drop)
        wrist = elbow + self.arm[1] * fore
        name = puppet.add(f"{side}_upper_arm", chest, shoulder, f"{side}_upper_arm")
        name = self._twist(name, f"{side}_upper_arm", shoulder, elbow)
        name = puppet.add(f"{side}_forearm", name, elbow, f"{side}_forearm")
        puppet.tips[name] = wrist
        if not shape.hand:
            return
        name = self._twist(name, f"{side}_forearm", elbow, wrist)
        hand = puppet.add(f"{side}_hand", name, wrist, f"{side}_hand")
        ahead = np.cross(np.cross(fore, -BACK), fore)
        self._fingers(side, hand, wrist, fore, ahead / np.linalg.norm(ahead))

    def _fingers(self, side, hand, wrist, along, ahead):
        """Add fingers: the thumb points ahead, the others lie side by side."""
        shape, puppet = self.shape, self.puppet
        used = {0: (), 2: (0, 2), 3: (0, 1, 2), 4: (0, 1, 2, 3), 5: range(5)}
        for finger in used[shape.fingers]:
            name = ("thumb", "index", "middle", "ring", "pinky")[finger]
            parent, is_thumb = hand, finger == 0
            across = ahead * 0.012 * (2.5 - finger)
            base = wrist + along * 0.052 + across
            if is_thumb:
                base = wrist + along * 0.015 + ahead * 0.018
            elif shape.metacarpals:
                start = wrist + along * 0.012 + across * 0.5
                parent = puppet.add(f"{side}_{name}_palm", hand, start)
            step = (along + ahead if is_thumb else along) * (
                0.014 if is_thumb else 0.017
            )
            points = [base + step * joint for joint in range(3)]
            last = puppet.chain(f"{side}_{name}", parent, points, f"{side}_{name}")
            if shape.finger_nubs:
                puppet.add(f"{side}_{name}_nub", last, base + step * 3)

    def _extras(self, hips, chest, head):
        shape = self.shape
        if shape.has_head:
            self._on_head(head)
        size, waist = 0.11 * shape.head, self.puppet.heads[hips] + at(0, 0, 0.02)
        crown = self.puppet.heads[head] + at(0, 0, 0.6 * size)
        self._ring("hair", head, crown, shape.hair, 0.6 * size)
        self._ring("skirt", hips, waist, shape.skirt, 0.09)
        self._behind(hips, chest, waist)
        for sign, side in ((1, "left"), (-1, "right")):
            self._on_chest(side, sign, chest)
        if shape.weapon and shape.hand:
            wrist = self.puppet.heads["right_hand"]
            points = [wrist + at(0, -0.03, 0), wrist + at(0, -0.4, 0.1)]
            self.puppet.chain("sword", "right_hand", points)

    def _behind(self, hips, chest, waist):
        shape, puppet = self.shape, self.puppet
        tail = [waist + at(0, 0.06, -0.03) * (k + 1) for k in range(shape.tail)]
        puppet.chain("tail", hips, tail, "tail")
        cape = [(0, 0.08 + 0.01 * k, self.chest - 0.12 * k) for k in range(shape.cape)]
        puppet.chain("cape", chest, cape)
        bag = self.rng.uniform(-0.05, 0.05, 3) + at(0, 0.1, self.chest - 0.1)
        puppet.add("bag", chest, bag)

    def _on_chest(self, side, sign, chest):
        shape, puppet = self.shape, self.puppet
        if shape.breasts:
            place = at(sign * 0.045, -0.06, self.chest - 0.06)
            puppet.add(f"{side}_breast", chest, place)
        root, step = at(sign * 0.03, 0.08, self.chest), at(sign * 0.2, 0.05, 0.04)
        wing = [root + step * k for k in range(4 if shape.wings else 0)]
        puppet.chain(f"{side}_wing", chest, wing)

    def _on_head(self, head):
        shape, puppet = self.shape, self.puppet
        top, size = puppet.heads[head], 0.11 * shape.head
        for sign, side in ((1, "left"), (-1, "right")):
            self._head_side(side, sign, head, top, size)
        if shape.jaw:
            place = top + size * at(0, -0.1, 0.02)
            puppet.add("jaw", head, place, "jaw")

    def _head_side(self, side, sign, head, top, size):
        puppet, shape, rng = self.puppet, self.shape, self.rng
        if shape.eyes:
            eye = top + size * at(sign * 0.25, -0.6, 0.35)
            puppet.add(f"{side}_eye", head, eye, f"{side}_eye")
        for number in range(shape.face // 2):
            angle, height = rng.uniform(0, 1.2), rng.uniform(-0.1, 0.7)
            place = at(sign * 0.6 * np.sin(angle), -0.75 * np.cos(angle), height)
            puppet.add(f"{side}_face{number}", head, top + size * place)

    def _ring(self, name, parent, centre, count, radius):
        """Hang chains of three bones around a bone."""
        for number in range(count):
            angle = 2 * np.pi * (number + 0.5) / count
            out = at(np.sin(angle), np.cos(angle), 0)
            start, step = centre + out * radius, out * 0.02 - UP * 0.1
            points = [start + step * k for k in range(3)]
            self.puppet.chain(f"{name}{number}", parent, points)

    def _ik(self):
        puppet = self.puppet
        root = next(iter(puppet.heads))
        for side in ("left", "right"):
            for part in ("foot", "hand"):
                if f"{side}_{part}" in puppet.heads:
                    place = puppet.heads[f"{side}_{part}"]
                    puppet.add(f"{side}_{part}_ik", root, place)
            place = puppet.heads[f"{side}_shin"] + at(0, -0.3, 0)
            puppet.add(f"{side}_pole", root, place)


def humanoid(shape: Shape | None = None, seed: int = 0) -> Puppet:
    """Return a humanoid of height about 1 that faces -Y, its left at +X."""
    return _Humanoid(shape or Shape(), np.random.default_rng(seed)).build()


def stick_figure() -> Puppet:
    """A body in one plane: nothing tells its front."""
    puppet = Puppet()
    puppet.add("hips", "", at(0, 0, 1))
    puppet.chain("spine", "hips", [at(0, 0, 1.2), at(0, 0, 1.5), at(0, 0, 1.6)])
    for side, sign in (("left", 1), ("right", -1)):
        leg = [at(0.1 * sign, 0, 1 - 0.45 * k) for k in range(3)]
        arm = [at((0.2 + 0.25 * k) * sign, 0, 1.5) for k in range(3)]
        puppet.chain(f"{side}_leg", "hips", leg)
        puppet.chain(f"{side}_arm", "spine_0", arm)
    return puppet
