# SPDX-License-Identifier: GPL-3.0-or-later
"""The mannequin's bones: where each joint lies in the rest pose.

Blender's axes: x to the person's left, -y forward, z up; metres; soles at z = 0.
Only the middle and the left side are written down; the right side is a mirror image.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]

FORWARD = np.array([0.0, -1.0, 0.0])
BACKWARD = -FORWARD
UP = np.array([0.0, 0.0, 1.0])
MIRROR = np.array([-1.0, 1.0, 1.0])

ARM_DROP = 45.0  # Of the A-pose, below the horizontal [deg].
ELBOW_BEND = 3.0  # So that inverse kinematics knows the way [deg].

SHOULDER = np.array([0.178, 0.022, 1.418])
HIP = np.array([0.091, 0.010, 0.918])
KNEE = np.array([0.097, 0.005, 0.495])
ANKLE = np.array([0.102, 0.025, 0.085])
BALL_OF_FOOT = np.array([0.112, -0.108, 0.020])
TOE_TIP = np.array([0.118, -0.182, 0.014])

UPPER_ARM_LENGTH = 0.285
FOREARM_LENGTH = 0.252

# Knuckle in the hand's frame (along, toward the thumb, toward the palm), the lengths
# of the three links, and how far each link curls beyond the one before [m, deg].
FINGERS = {
    "index": ((0.090, 0.027, 0.000), (0.041, 0.025, 0.022), (6.0, 8.0, 6.0)),
    "middle": ((0.093, 0.005, -0.002), (0.045, 0.029, 0.023), (8.0, 9.0, 6.0)),
    "ring": ((0.088, -0.016, -0.001), (0.041, 0.027, 0.022), (10.0, 10.0, 7.0)),
    "pinky": ((0.079, -0.035, 0.002), (0.032, 0.020, 0.019), (12.0, 11.0, 8.0)),
}
# How far each finger points to the side of the hand, toward the thumb [deg].
FINGER_SPREAD = {"index": 4.0, "middle": 0.5, "ring": -3.5, "pinky": -8.0}
THUMB_ROOT = (0.026, 0.026, 0.010)
THUMB_LENGTHS = (0.044, 0.035, 0.028)


@dataclass(frozen=True, eq=False)
class BoneRest:
    """One bone in the rest pose.

    Attributes:
        name: Name in the armature; sides end in `.L` or `.R`.
        head: Joint the bone turns about, shape `(3,)` [m].
        tail: Usually the next joint, shape `(3,)` [m].
        parent: Name of the parent; empty for the root.
        z_axis: Where the local Z axis points as nearly as possible, shape `(3,)`.
            A turn about local X by a positive angle swings the tail that way, so
            elbows, knees and fingers all bend by positive angles about X.
    """

    name: str
    head: Vector
    tail: Vector
    parent: str
    z_axis: Vector

    def mirrored(self) -> "BoneRest":
        return BoneRest(
            mirrored_name(self.name),
            self.head * MIRROR,
            self.tail * MIRROR,
            mirrored_name(self.parent),
            self.z_axis * MIRROR,
        )


def mirrored_name(name: str) -> str:
    """Return the name of the right-hand twin; middle bones keep their name."""
    return name[:-2] + ".R" if name.endswith(".L") else name


@dataclass(frozen=True, eq=False)
class HandFrame:
    """The left hand's axes in the rest pose, unit vectors of shape `(3,)`.

    Attributes:
        wrist: Origin [m].
        along: From the wrist to the fingers.
        thumbward: Across the palm, to the thumb's side.
        palmward: Out of the palm.
    """

    wrist: Vector
    along: Vector
    thumbward: Vector
    palmward: Vector

    def point(self, offset: tuple[float, float, float] | Vector) -> Vector:
        """Return the world point at `offset` (along, thumbward, palmward) [m]."""
        x, y, z = offset
        return self.wrist + x * self.along + y * self.thumbward + z * self.palmward


def arm_direction(bend: float = 0.0) -> Vector:
    """Return the left arm's direction; `bend` turns it forward [deg]."""
    drop, bend = np.radians(ARM_DROP), np.radians(bend)
    straight = np.array([np.cos(drop), 0.0, -np.sin(drop)])
    return np.cos(bend) * straight + np.sin(bend) * FORWARD


ELBOW = SHOULDER + UPPER_ARM_LENGTH * arm_direction(-ELBOW_BEND / 2)
WRIST = ELBOW + FOREARM_LENGTH * arm_direction(ELBOW_BEND / 2)


def hand_frame() -> HandFrame:
    along = arm_direction(ELBOW_BEND / 2)
    thumbward = FORWARD - (FORWARD @ along) * along
    thumbward /= np.linalg.norm(thumbward)
    # The left palm of an A-pose faces the thigh.
    palmward = np.cross(along, thumbward)
    return HandFrame(WRIST, along, thumbward, palmward)


def finger_joints(finger: str) -> Vector:
    """Return the four joints of a left finger, from knuckle to tip, `(4, 3)` [m]."""
    hand = hand_frame()
    root, lengths, curls = FINGERS[finger]
    spread = np.radians(FINGER_SPREAD[finger])
    along = np.cos(spread) * hand.along + np.sin(spread) * hand.thumbward
    joints = [hand.point(root)]
    for length, angle in zip(lengths, np.radians(np.cumsum(curls))):
        direction = np.cos(angle) * along + np.sin(angle) * hand.palmward
        joints.append(joints[-1] + length * direction)
    return np.array(joints)


def thumb_joints() -> Vector:
    """Return the four joints of the left thumb, from root to tip, `(4, 3)` [m]."""
    hand = hand_frame()
    joints = [hand.point(THUMB_ROOT)]
    for length, angle in zip(THUMB_LENGTHS, np.radians([48.0, 36.0, 26.0])):
        direction = (
            np.cos(angle) * hand.along
            + np.sin(angle) * hand.thumbward
            + 0.30 * hand.palmward
        )
        joints.append(joints[-1] + length * direction / np.linalg.norm(direction))
    return np.array(joints)


def _trunk() -> list[BoneRest]:
    joints = np.array(
        [
            [0.0, 0.012, 0.950],
            [0.0, 0.010, 1.050],
            [0.0, 0.012, 1.165],
            [0.0, 0.018, 1.290],
            [0.0, 0.030, 1.462],
            [0.0, 0.012, 1.556],
            [0.0, 0.004, 1.752],
        ]
    )
    names = ("hips", "spine", "chest", "upper_chest", "neck", "head")
    return [
        BoneRest(name, head, tail, parent, FORWARD)
        for name, head, tail, parent in zip(names, joints, joints[1:], ("", *names))
    ]


def _arm() -> list[BoneRest]:
    knuckle = finger_joints("middle")[0]
    clavicle = np.array([0.022, -0.012, 1.425])
    return [
        BoneRest("shoulder.L", clavicle, SHOULDER, "upper_chest", FORWARD),
        BoneRest("upper_arm.L", SHOULDER, ELBOW, "shoulder.L", FORWARD),
        BoneRest("forearm.L", ELBOW, WRIST, "upper_arm.L", FORWARD),
        BoneRest("hand.L", WRIST, knuckle, "forearm.L", hand_frame().palmward),
    ]


def _finger(finger: str) -> list[BoneRest]:
    hand = hand_frame()
    joints = thumb_joints() if finger == "thumb" else finger_joints(finger)
    # The thumb closes across the palm, the others toward it.
    z_axis = hand.palmward - hand.thumbward if finger == "thumb" else hand.palmward
    names = [f"{finger}_{link:02d}.L" for link in (1, 2, 3)]
    return [
        BoneRest(name, head, tail, parent, z_axis)
        for name, head, tail, parent in zip(
            names, joints, joints[1:], ("hand.L", *names)
        )
    ]


def _leg() -> list[BoneRest]:
    return [
        BoneRest("thigh.L", HIP, KNEE, "hips", BACKWARD),
        BoneRest("shin.L", KNEE, ANKLE, "thigh.L", BACKWARD),
        BoneRest("foot.L", ANKLE, BALL_OF_FOOT, "shin.L", UP),
        BoneRest("toe.L", BALL_OF_FOOT, TOE_TIP, "foot.L", UP),
    ]


def rest_bones() -> dict[str, BoneRest]:
    """Return every bone by name, parents before children."""
    left = _leg() + _arm()
    for finger in ("thumb", *FINGERS):
        left += _finger(finger)
    bones = _trunk() + left + [bone.mirrored() for bone in left]
    return {bone.name: bone for bone in bones}
