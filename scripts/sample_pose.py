# SPDX-License-Identifier: GPL-3.0-or-later
"""From the performance to the turn of each bone and the place of each joint.

A bone's turn is a rotation of the world axes from the rest pose: identity at rest.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mannequin_skeleton import (
    ANKLE,
    BALL_OF_FOOT,
    FINGERS,
    HIP,
    KNEE,
    MIRROR,
    BoneRest,
    Vector,
    hand_frame,
)
from mannequin_tube import Array, smoothstep
from sample_motion import FootTrack, Motion, soften

SIDES = {"L": 1, "R": -1}
# The leg never quite straightens, or the knee would snap.
FULL_REACH = 0.994
HEEL = ANKLE + np.array([0.0, 0.052, 0.0])

# Points that ride on bones, in the rest pose, by canonical name; `left_` stands for
# both sides. The face's are where `mannequin_shape` puts its nose, eyes and ears.
JOINTS: dict[str, tuple[str, tuple[float, float, float] | None]] = {
    "nose": ("head", (0.0, -0.118, 1.616)),
    "left_eye": ("head", (0.032, -0.090, 1.648)),
    "left_ear": ("head", (0.080, 0.012, 1.640)),
    "left_shoulder": ("upper_arm.L", None),
    "left_elbow": ("forearm.L", None),
    "left_wrist": ("hand.L", None),
    "left_hip": ("thigh.L", None),
    "left_knee": ("shin.L", None),
    "left_ankle": ("foot.L", None),
    "spine": ("spine", (0.0, 0.011, 1.118)),
    "chest": ("upper_chest", None),
    "neck": ("neck", None),
    "head_top": ("head", (0.0, 0.008, 1.751)),
    "left_heel": ("foot.L", (0.099, 0.083, 0.025)),
    "left_toe": ("toe.L", (0.100, -0.186, 0.014)),
    "left_hand": ("middle_01.L", None),
}


@dataclass(frozen=True, eq=False)
class Posed:
    """The skeleton over time.

    Attributes:
        turns: World rotation of each bone from the rest pose, `(F, 3, 3)` a bone.
        heads: Where each bone begins, `(F, 3)` a bone [m].
    """

    turns: dict[str, Array]
    heads: dict[str, Array]


def axis_turn(axis: Vector | str, degrees: Array) -> Array:
    """Return rotations about an axis, shape `(F, 3, 3)` (Rodrigues' formula)."""
    if isinstance(axis, str):
        axis = np.eye(3)["xyz".index(axis)]
    x, y, z = axis / np.linalg.norm(axis)
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    angle = np.radians(np.atleast_1d(degrees))[:, np.newaxis, np.newaxis]
    turn: Array = np.eye(3) + np.sin(angle) * cross
    return turn + (1.0 - np.cos(angle)) * (cross @ cross)


def pose(motion: Motion, bones: dict[str, BoneRest]) -> Posed:
    """Return the skeleton in every frame of the performance."""
    turns = _trunk_turns(motion.curves)
    for side in SIDES:
        turns |= _arm_turns(motion.curves, turns["upper_chest"], side, bones)
    hips, root = _place_hips(motion, turns["hips"], bones), bones["hips"].head
    for side in SIDES:
        joints = hips + turns["hips"] @ (bones[f"thigh.{side}"].head - root)
        turns |= _leg_turns(motion, turns["hips"], joints, side)
    heads: dict[str, Array] = {}
    for name, bone in bones.items():
        heads[name] = (
            hips
            if not bone.parent
            else heads[bone.parent]
            + turns[bone.parent] @ (bone.head - bones[bone.parent].head)
        )
    return Posed(turns, heads)


def canonical_joints(
    posed: Posed, bones: dict[str, BoneRest], names: tuple[str, ...]
) -> Array:
    """Return the joints called `names` in the world, shape `(F, J, 3)` [m]."""
    places = {}
    for name, (bone, point) in JOINTS.items():
        places[name] = _ride(posed, bones, bone, point)
        if name.startswith("left_"):
            twin = None if point is None else tuple(np.array(point) * MIRROR)
            right = bone.replace(".L", ".R")
            places[name.replace("left", "right")] = _ride(posed, bones, right, twin)
    places["pelvis"] = 0.5 * (places["left_hip"] + places["right_hip"])
    return np.stack([places[name] for name in names], axis=1)


def _ride(
    posed: Posed,
    bones: dict[str, BoneRest],
    bone: str,
    point: tuple[float, ...] | None,
) -> Array:
    if point is None:
        return posed.heads[bone]
    offset = np.array(point) - bones[bone].head
    return posed.heads[bone] + posed.turns[bone] @ offset


def _trunk_turns(c: dict[str, Array]) -> dict[str, Array]:
    hips = (
        axis_turn("z", c["heading"] + c["pelvis_yaw"])
        @ axis_turn("x", c["pelvis_pitch"])
        @ axis_turn("y", c["pelvis_roll"])
    )
    third = (
        axis_turn("z", c["twist"] / 3)
        @ axis_turn("x", c["lean"] / 3)
        @ axis_turn("y", (c["side"] - c["pelvis_roll"]) / 3)
    )
    half = (
        axis_turn("z", c["head_yaw"] / 2 - c["twist"] / 3)
        @ axis_turn("x", c["head_pitch"] / 2)
        @ axis_turn("y", c["head_roll"] / 2)
    )
    turns = {"hips": hips}
    chain = ("hips", "spine", "chest", "upper_chest", "neck", "head")
    for parent, child in pairwise(chain):
        turns[child] = turns[parent] @ (half if child in ("neck", "head") else third)
    return turns


def _arm_turns(
    c: dict[str, Array], chest: Array, side: str, bones: dict[str, BoneRest]
) -> dict[str, Array]:
    sign, name = SIDES[side], {"L": "left", "R": "right"}[side]
    flex, abduct, twist = (c[f"{name}_{key}"] for key in ("flex", "abduct", "twist"))
    raised = np.clip(np.maximum(abduct, 0.6 * flex) - 30.0, 0.0, None)
    clavicle = chest @ axis_turn("y", -sign * 0.25 * raised)
    upper_arm = (
        clavicle
        @ axis_turn("x", -flex)
        @ axis_turn("y", -sign * (abduct - 0.25 * raised))
        @ axis_turn("z", sign * twist)
        @ axis_turn("y", np.full_like(flex, sign * 45.0))
    )
    along = bones[f"hand.{side}"].head - bones[f"forearm.{side}"].head
    hinge = np.cross(along, [0.0, -1.0, 0.0])
    forearm = (
        upper_arm
        @ axis_turn(hinge, c[f"{name}_elbow"])
        @ axis_turn(along, sign * c[f"{name}_pronate"])
    )
    hand = forearm @ axis_turn(hinge, c[f"{name}_wrist"])
    turns = {"shoulder": clavicle, "upper_arm": upper_arm}
    turns |= {"forearm": forearm, "hand": hand}
    turns = {f"{bone}.{side}": turn for bone, turn in turns.items()}
    return turns | _finger_turns(hand, c[f"{name}_curl"], side, bones)


def _finger_turns(
    hand: Array, curl: Array, side: str, bones: dict[str, BoneRest]
) -> dict[str, Array]:
    mirror = MIRROR if side == "R" else np.ones(3)
    palmward = hand_frame().palmward * mirror
    turns = {}
    for number, finger in enumerate(FINGERS):
        turn = hand
        for link, share in ((1, 0.9), (2, 1.2), (3, 0.8)):
            name = f"{finger}_{link:02d}.{side}"
            hinge = np.cross(bones[name].tail - bones[name].head, palmward)
            turn = turn @ axis_turn(hinge, curl * share * (1.0 + 0.12 * number))
            turns[name] = turn
    turn = hand
    for link in (1, 2, 3):
        name = f"thumb_{link:02d}.{side}"
        hinge = np.cross(bones[name].tail - bones[name].head, bones[name].z_axis)
        turn = turn @ axis_turn(hinge, 0.35 * curl)
        turns[name] = turn
    return turns


def _place_hips(motion: Motion, hips: Array, bones: dict[str, BoneRest]) -> Array:
    """Return where the hip bone begins: as high as both legs reach, `(F, 3)` [m]."""
    c, root = motion.curves, bones["hips"].head
    place = np.stack([c["x"], c["y"], root[2] - c["drop"]], axis=1)
    limits = []
    for side, track in (("L", motion.left_foot), ("R", motion.right_foot)):
        thigh, shin, foot = (
            bones[f"{b}.{side}"].head for b in ("thigh", "shin", "foot")
        )
        reach = FULL_REACH * (
            np.linalg.norm(shin - thigh) + np.linalg.norm(foot - shin)
        )
        offset = hips @ (thigh - root)
        ankle = ankle_of(track, side)
        flat = np.linalg.norm((ankle - place - offset)[:, :2], axis=1)
        height = np.sqrt(np.clip(reach**2 - flat**2, 0.0, None))
        limits.append(ankle[:, 2] + height - offset[:, 2])
    highest = np.minimum(np.minimum(*limits), place[:, 2])
    place[:, 2] = np.minimum(soften(highest, 0.05), highest + 0.004)
    return place


def foot_turn(track: FootTrack, side: str) -> Array:
    """Return the foot's turn from the rest pose, where it points outward already."""
    outward = np.degrees(np.arctan2(*(BALL_OF_FOOT - ANKLE)[:2] * [1, -1]))
    yaw = track.yaw - SIDES[side] * outward
    # The foot pitches about its own side axis, not the world's.
    own = axis_turn("z", np.array([SIDES[side] * outward]))
    return (
        axis_turn("z", yaw) @ own @ axis_turn("x", track.pitch) @ np.swapaxes(own, 1, 2)
    )


def ankle_of(track: FootTrack, side: str) -> Array:
    """Return the ankle: the foot turns about its ball or its heel, `(F, 3)` [m]."""
    mirror = MIRROR if side == "R" else np.ones(3)
    flat = np.stack([track.x, track.y, track.lift + ANKLE[2]], axis=1)
    turn, level = foot_turn(track, side), _flat(track, side)
    ankle = np.empty_like(flat)
    for rows, pivot in (
        (track.pitch >= 0.0, BALL_OF_FOOT * [1, 1, 0]),
        (track.pitch < 0.0, HEEL * [1, 1, 0]),
    ):
        offset = (ANKLE - pivot) * mirror
        ankle[rows] = (flat - level @ offset + turn @ offset)[rows]
    return ankle


def _flat(track: FootTrack, side: str) -> Array:
    level = FootTrack(
        track.x, track.y, track.yaw, track.lift, 0.0 * track.pitch, track.planted
    )
    return foot_turn(level, side)


def _leg_turns(motion: Motion, hips: Array, hip: Array, side: str) -> dict[str, Array]:
    track = motion.left_foot if side == "L" else motion.right_foot
    mirror = MIRROR if side == "R" else np.ones(3)
    hip_rest, knee_rest = HIP * mirror, KNEE * mirror
    ankle_rest = ANKLE * mirror
    foot = foot_turn(track, side)
    ankle = ankle_of(track, side)
    ahead = 0.5 * (foot @ [0.0, -1.0, 0.0]) + 0.5 * (hips @ [0.0, -1.0, 0.0])
    knee = _knee(
        hip,
        ankle,
        ahead,
        (
            float(np.linalg.norm(knee_rest - hip_rest)),
            float(np.linalg.norm(ankle_rest - knee_rest)),
        ),
    )
    hinge = np.cross(ahead, ankle - hip)
    rest_hinge = np.cross([0.0, -1.0, 0.0], ankle_rest - hip_rest)
    thigh = _frame(knee - hip, hinge) @ _frame(knee_rest - hip_rest, rest_hinge).T
    shin = _frame(ankle - knee, hinge) @ _frame(ankle_rest - knee_rest, rest_hinge).T
    near_floor = 1.0 - smoothstep(0.01, 0.08, track.lift)
    toe = foot @ axis_turn("x", -np.clip(track.pitch, 0.0, None) * near_floor)
    turns = {"thigh": thigh, "shin": shin, "foot": foot, "toe": toe}
    return {f"{bone}.{side}": turn for bone, turn in turns.items()}


def _knee(
    hip: Array, ankle: Array, ahead: Array, lengths: tuple[float, float]
) -> Array:
    """Return the knee of a leg from hip to ankle by the law of cosines, `(F, 3)`."""
    upper, lower = lengths
    down = ankle - hip
    distance = np.linalg.norm(down, axis=1, keepdims=True)
    down = down / distance
    distance = np.clip(distance, None, 0.9999 * (upper + lower))
    along = (upper**2 - lower**2 + distance**2) / (2.0 * distance)
    aside = np.sqrt(np.clip(upper**2 - along**2, 0.0, None))
    across = ahead - (ahead * down).sum(axis=1, keepdims=True) * down
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    knee: Array = hip + along * down + aside * across
    return knee


def _frame(along: Array, hinge: Array) -> Array:
    """Return rotations whose columns are hinge, along and their cross product."""
    along = along / np.linalg.norm(along, axis=-1, keepdims=True)
    hinge = hinge - (hinge * along).sum(axis=-1, keepdims=True) * along
    hinge = hinge / np.linalg.norm(hinge, axis=-1, keepdims=True)
    return np.stack([hinge, along, np.cross(hinge, along)], axis=-1)
