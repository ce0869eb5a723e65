# SPDX-License-Identifier: GPL-3.0-or-later
"""What a driven character does wrong: angles to the person, joints, sides, twists.

Everything compares joints and turns in the world; `Build.body` turns the person, who
faces -Y, to the way the character faces.
"""

from dataclasses import dataclass, field

import numpy as np

from rigs_clips import Clip
from rigs_person import trunk_frames
from rigs_posed import SIDES, Build, Posed, angle, rotation_angle, shortest, unit
from vitpose_blender.core.layouts import CANONICAL
from vitpose_blender.core.types import BoolArray, FloatArray

ROW = CANONICAL.index
# Role, the person's joints at both ends of it.
LIMBS = {
    f"{side}_{role}": (f"{side}_{start}", f"{side}_{end}")
    for side in SIDES
    for role, start, end in (
        ("upper_arm", "shoulder", "elbow"),
        ("forearm", "elbow", "wrist"),
        ("thigh", "hip", "knee"),
        ("shin", "knee", "ankle"),
    )
}
# A joint: its upper and lower bone; elbows flex forwards (-1), knees backwards.
HINGES = {
    f"{side}_{joint}": (f"{side}_{upper}", f"{side}_{lower}", flexes_back)
    for side in SIDES
    for joint, upper, lower, flexes_back in (
        ("elbow", "upper_arm", "forearm", -1.0),
        ("knee", "thigh", "shin", 1.0),
    )
}
BEND, BEND_ENDS = 15.0, 10.0  # A joint bent by more shows its side; by less no more.
WRONG, RIGHT = 100.0, 90.0  # Off the anatomical hinge: begins to be wrong; ends.
REST_BEND = 12.0  # A joint that is bent so far at rest shows its own hinge [deg].
JUMP = 60.0  # Between two frames [deg].
STEADY = 30.0  # The person turned by less meanwhile [deg].
# How far a bone may be twisted against the one that carries it; farther, no joint of a
# person turns and the mesh between them looks wrung [deg].
TWISTED = {
    f"{side}_{part}": (carrier.replace("*", side), limit)
    for side in SIDES
    for part, carrier, limit in (
        ("upper_arm", "chest", 150.0),
        ("forearm", "*_upper_arm", 120.0),
        ("hand", "*_forearm", 120.0),
        ("thigh", "hips", 80.0),
        ("shin", "*_thigh", 60.0),
        ("foot", "*_shin", 80.0),
    )
}
EXCHANGED = 30.0  # A limb that is off by more may be the other side's [deg].


@dataclass
class Figures:
    """What was measured over clips; lists have an array a clip.

    Attributes:
        limbs: Angle of each limb bone to the person's, `(F, 8)` [deg].
        trunk: Of hips, chest and head, `(F, 3)` [deg]; NaN where a bone lacks.
        wrong: Whether each elbow and knee bends the wrong way, `(F, 4)`.
        hinge: How far each bend is off the bone's own hinge, `(F, 4)` [deg]; NaN
            where it is straight.
        exchanged: Whether left and right are exchanged, `(F, 2)`: arms, legs.
        wrung: Whether each bone of `TWISTED` is twisted farther than joints turn,
            `(F, 12)`.
        feet: Angle of each foot to the person's, `(F, 2)` [deg].
        twists: Twist of each role's bone since the frame before, `(F, R)` [deg].
        roles: What the columns of `twists` and `jumps` are.
        joints: What the columns of `wrong` and `hinge` are.
        jumps: Whether a bone twisted or turned all at once and the person did not,
            `(F, R)`.
    """

    limbs: list[FloatArray] = field(default_factory=list)
    trunk: list[FloatArray] = field(default_factory=list)
    wrong: list[BoolArray] = field(default_factory=list)
    hinge: list[FloatArray] = field(default_factory=list)
    exchanged: list[BoolArray] = field(default_factory=list)
    wrung: list[BoolArray] = field(default_factory=list)
    feet: list[FloatArray] = field(default_factory=list)
    twists: list[FloatArray] = field(default_factory=list)
    jumps: list[BoolArray] = field(default_factory=list)
    roles: tuple[str, ...] = ()
    joints: tuple[str, ...] = tuple(HINGES)

    def add(self, build: Build, posed: Posed, clip: Clip) -> None:
        """Measure one clip more."""
        self.roles = posed.roles
        self.limbs.append(limb_angles(build, posed, clip))
        self.trunk.append(trunk_angles(build, posed, clip))
        hinge, wrong = hinge_angles(build, posed)
        self.hinge.append(hinge)
        self.wrong.append(wrong)
        self.exchanged.append(exchanged_sides(build, posed, clip))
        self.wrung.append(wrung_joints(build, posed))
        self.feet.append(foot_angles(build, posed, clip))
        self.twists.append(twist_steps(posed))
        self.jumps.append(turn_jumps(posed, clip, self.twists[-1]))


def person_line(build: Build, clip: Clip, start: str, end: str) -> FloatArray:
    """Return a limb of the person as the character should have it, shape `(F, 3)`."""
    line = clip.world[:, ROW[end]] - clip.world[:, ROW[start]]
    return unit(line @ build.body.T)


def limb_angles(build: Build, posed: Posed, clip: Clip) -> FloatArray:
    """Return the angle between each limb bone and the person's, `(F, 8)` [deg]."""
    return np.stack(
        [
            angle(posed.line(role), person_line(build, clip, *joints))
            for role, joints in LIMBS.items()
        ],
        axis=-1,
    )


def trunk_angles(build: Build, posed: Posed, clip: Clip) -> FloatArray:
    """Return how far hips, chest and head are off the person's turn, `(F, 3)` [deg]."""
    frames = clip.frames
    wanted = {"hips": frames.pelvis, "chest": frames.chest, "head": frames.head}
    body = build.body
    return np.stack(
        [
            rotation_angle(posed.turns[role], body @ turn @ body.T)
            if role in posed.turns
            else np.full(len(posed), np.nan)
            for role, turn in wanted.items()
        ],
        axis=-1,
    )


def foot_angles(build: Build, posed: Posed, clip: Clip) -> FloatArray:
    """Return how far each foot points away from the person's, `(F, 2)` [deg].

    Feet at rest stand flat: what is level of the way from ankle to toes is their
    direction, whatever the height of the ankle; without toes they point ahead.
    """
    angles = []
    for side in SIDES:
        along = -build.body[:, 1]
        if f"{side}_toe" in posed.roles:
            along = build.rest.line(f"{side}_foot")[0]
        level = unit(along - (along @ build.body[:, 2]) * build.body[:, 2])
        wanted = person_line(build, clip, f"{side}_heel", f"{side}_toe")
        angles.append(angle(posed.turns[f"{side}_foot"] @ level, wanted))
    return np.stack(angles, axis=-1)


def wrung_joints(build: Build, posed: Posed) -> BoolArray:
    """Return which bones are twisted too far against their carriers, `(F, 12)`."""
    found = np.zeros((len(posed), len(TWISTED)), dtype=bool)
    for column, (role, (carrier, limit)) in enumerate(TWISTED.items()):
        if role in posed.turns and carrier in posed.turns:
            relative = np.swapaxes(posed.turns[carrier], -1, -2) @ posed.turns[role]
            axis = build.rest.line(role if not role.endswith("hand") else carrier)[0]
            found[:, column] = np.abs(twist(relative, axis)) > limit
    return found


def twist(turns: FloatArray, axis: FloatArray) -> FloatArray:
    """Return how far turns go about an axis after their swing, `(F,)` [deg].

    Args:
        turns: Rotations, shape `(F, 3, 3)`.
        axis: Before the turn, shape `(3,)`, unit length.
    """
    swing = shortest(np.broadcast_to(axis, (len(turns), 3)), turns @ axis)
    return rotation_angle(np.swapaxes(swing, -1, -2) @ turns, np.eye(3))


def hinge_angles(build: Build, posed: Posed) -> tuple[FloatArray, BoolArray]:
    """Return how far bends are off their hinge [deg], and which go the wrong way.

    The hinge goes along with the upper bone: a joint that bends beside it looks
    broken in the mesh even if both bones point where the person's do.
    """
    angles, wrong = [], []
    for upper, lower, flexes_back in HINGES.values():
        hinge = rest_hinge(build, upper, lower, flexes_back)
        carried = posed.turns[upper] @ hinge
        axis = np.cross(posed.line(upper), posed.line(lower))
        bend = angle(posed.line(upper), posed.line(lower))
        off = np.where(bend > BEND_ENDS, angle(unit(axis), carried), np.nan)
        wrong.append(latched((bend > BEND) & (off > WRONG), ~(off > RIGHT)))
        angles.append(np.where(bend > BEND, off, np.nan))
    return np.stack(angles, axis=-1), np.stack(wrong, axis=-1)


def rest_hinge(build: Build, upper: str, lower: str, flexes_back: float) -> FloatArray:
    """Return the axis about which a joint flexes, at rest, shape `(3,)`."""
    first, second = (build.rest.line(role)[0] for role in (upper, lower))
    if angle(first, second) > REST_BEND:
        return unit(np.cross(first, second))
    return unit(np.cross(first, flexes_back * build.body[:, 1]))


def latched(begins: BoolArray, ends: BoolArray) -> BoolArray:
    """Return when something holds that begins and ends at different limits."""
    holds = np.zeros(len(begins), dtype=bool)
    for frame in range(len(begins)):
        before = frame > 0 and holds[frame - 1]
        holds[frame] = begins[frame] or (before and not ends[frame])
    return holds


def exchanged_sides(build: Build, posed: Posed, clip: Clip) -> BoolArray:
    """Return when arms or legs follow the person's other side, `(F, 2)`."""
    found = []
    for upper, lower in (("upper_arm", "forearm"), ("thigh", "shin")):
        own, other = (
            np.sum(
                [
                    angle(
                        posed.line(f"{side}_{role}"),
                        person_line(build, clip, *LIMBS[f"{like}_{role}"]),
                    )
                    for side, like in zip(SIDES, likes)
                    for role in (upper, lower)
                ],
                axis=0,
            )
            for likes in (SIDES, SIDES[::-1])
        )
        found.append((own > 4 * EXCHANGED) & (other < own / 2))
    return np.stack(found, axis=-1)


def twist_steps(posed: Posed) -> FloatArray:
    """Return how far each bone turned about itself since the frame before [deg]."""
    steps = np.zeros((len(posed), len(posed.roles)))
    for column, role in enumerate(posed.roles):
        turns, lines = posed.turns[role], posed.line(role)
        change = turns[1:] @ turns[:-1].swapaxes(-1, -2)
        swing = shortest(lines[:-1], np.einsum("fij,fj->fi", change, lines[:-1]))
        steps[1:, column] = rotation_angle(change, swing)
    return steps


def turn_jumps(posed: Posed, clip: Clip, twists: FloatArray) -> BoolArray:
    """Return which bones turned all at once though the person did not, `(F, R)`.

    Args:
        posed: The character.
        clip: The person, who may spin as a whole.
        twists: Of each bone about itself since the frame before, `(F, R)` [deg].
    """
    found = np.zeros((len(posed), len(posed.turns)), dtype=bool)
    spin = np.maximum(person_steps("hips", clip), person_steps("chest", clip))
    for column, role in enumerate(posed.turns):
        turns = posed.turns[role]
        swings = rotation_angle(turns[1:], turns[:-1]) > JUMP
        swings &= person_steps(role, clip) < STEADY
        found[1:, column] = swings | (twists[1:, column] > JUMP)
    found[1:] &= ~(spin >= STEADY)[:, np.newaxis]
    return found


def person_steps(role: str, clip: Clip) -> FloatArray:
    """Return how far the part of the person turned between frames, `(F - 1,)` [deg]."""
    pelvis, chest = trunk_frames(clip.world)  # Of people never seen standing, too.
    frames = {
        "hips": pelvis,
        "chest": chest,
        "neck": clip.frames.head,
        "head": clip.frames.head,
    }
    if role in frames:
        return rotation_angle(frames[role][1:], frames[role][:-1])
    side, part = role.split("_", 1)
    start, end = {
        "clavicle": ("shoulder", "elbow"),
        "hand": ("elbow", "wrist"),
        "foot": ("ankle", "toe"),
        "toe": ("ankle", "toe"),
    }.get(part) or [joint.split("_", 1)[1] for joint in LIMBS[role]]
    line = clip.world[:, ROW[f"{side}_{end}"]] - clip.world[:, ROW[f"{side}_{start}"]]
    return angle(line[1:], line[:-1])
