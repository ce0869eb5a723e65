# SPDX-License-Identifier: GPL-3.0-or-later
"""Fingers about which nothing is known: slightly bent, as a resting hand has them."""

from collections.abc import Mapping, Sequence

import numpy as np

from .layouts import SIDES
from .rotations import about_axis, reject, shortest_turn, to_quaternion, unit
from .skeleton import Skeleton
from .types import FloatArray

# How far a resting hand's knuckles are bent, from the palm outwards, and how much more
# each finger is than the index: fingers curl more towards the little one [rad].
_CURL = np.radians((20.0, 30.0, 18.0))
_MORE = {"index": 0.8, "middle": 1.0, "ring": 1.1, "pinky": 1.2}


def relaxed_fingers(
    skeleton: Skeleton, role_bones: Mapping[str, Sequence[str]]
) -> dict[str, FloatArray]:
    """Return each finger bone's own turn in a resting hand.

    Fingers that the rest pose already bends that far stay as they are. A hand with
    fewer than two fingers does not show where its palm is, and keeps its rest pose.

    Args:
        skeleton: The whole armature.
        role_bones: Bone names of each role.

    Returns:
        Quaternions `(w, x, y, z)` against the bone's rest, by bone name.
    """
    rows = {name: row for row, name in enumerate(skeleton.names)}
    relaxed: dict[str, FloatArray] = {}
    for side in SIDES:
        hand = role_bones.get(f"{side}_hand", ())
        fingers = {
            finger: [rows[name] for name in role_bones[f"{side}_{finger}"]]
            for finger in _MORE
            if role_bones.get(f"{side}_{finger}")
        }
        if not hand or len(fingers) < 2:
            continue
        along, palm = _palm(skeleton, rows[hand[0]], list(fingers.values()), side)
        for finger, chain in fingers.items():
            turns = _curl(skeleton, chain, along, palm, _MORE[finger])
            relaxed |= {skeleton.names[row]: turns[row] for row in chain}
    return relaxed


def _palm(
    skeleton: Skeleton, hand: int, chains: list[list[int]], side: str
) -> tuple[FloatArray, FloatArray]:
    """Return where a hand's fingers point, and where its palm faces, rig space.

    Seen from the back of a left hand with its fingers up, the index lies right of the
    pinky: fingers x (pinky to index) leaves a left palm, and enters a right one.
    """
    knuckles = np.array([skeleton.heads[chain[0]] for chain in chains])
    along = unit(knuckles.mean(axis=0) - skeleton.heads[hand])
    across = reject(knuckles[0] - knuckles[-1], along)
    is_mirrored = np.linalg.det(skeleton.world_from_rig[:3, :3]) < 0
    sign = 1.0 if (side == "left") != is_mirrored else -1.0
    return along, unit(sign * np.cross(along, across))


def _curl(
    skeleton: Skeleton,
    chain: list[int],
    along: FloatArray,
    palm: FloatArray,
    more: float,
) -> dict[int, FloatArray]:
    segments = [along, *unit(np.diff(skeleton.heads[chain], axis=0))]
    # Tails are importers' guesses: the last bone is taken to bend as the one before.
    goes_on = shortest_turn(segments[-2], segments[-1]) if len(chain) > 1 else np.eye(3)
    segments = [*segments[1:], goes_on @ segments[-1]]
    turns, before = {}, along
    for row, segment, wanted in zip(chain, segments, _angles(len(chain)) * more):
        palm = shortest_turn(before, segment) @ palm  # It goes along with the finger.
        axis = unit(np.cross(segment, reject(palm, segment)))
        bent = _flexion(before, segment, axis)
        missing = np.clip(wanted - bent, 0.0, wanted)
        local_axis = skeleton.rotations[row].T @ axis
        turns[row] = to_quaternion(about_axis(local_axis, np.asarray(missing)))
        before = segment
    return turns


def _angles(count: int) -> FloatArray:
    """Return how far each of a finger's knuckles is bent; short fingers share it."""
    angles = np.zeros(count)
    angles[: min(count, 3)] = _CURL[: min(count, 3)]
    return angles


def _flexion(before: FloatArray, after: FloatArray, axis: FloatArray) -> float:
    """Return by how much a segment is bent from the one before about an axis [rad]."""
    first = reject(before, axis)
    return float(np.arctan2(axis @ np.cross(first, after), first @ after))
