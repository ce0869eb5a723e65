# SPDX-License-Identifier: GPL-3.0-or-later
"""A take re-solved: the best joints that its packets give, for baking."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from enum import Enum

import numpy as np

from .camera_model import Camera
from .errors import TakeError
from .filters import FilterPreset
from .footholds import hold_feet
from .grounding import level_feet
from .layout_convert import to_coco17
from .layouts import CANONICAL
from .packet import Packet
from .pipeline import Lifter, solve_clip
from .steps import Progress
from .take import Take
from .types import Joints3D, Keypoints2D


class Joints(Enum):
    """Where a bake's joints come from."""

    AUTO = "auto"  # Our own live ones are solved again, others are kept.
    TAKE = "take"  # As they are in the take.
    SOLVE = "solve"  # Always anew from the keypoints.


def solve_take(
    take: Take,
    lifter: Lifter,
    preset: FilterPreset,
    joints: Joints = Joints.AUTO,
    progress: Progress | None = None,
    own_lifters: Collection[str] = (),
) -> list[Joints3D]:
    """Return the joints of a take of one person, in order of time.

    Live joints knew only the past. Solving the whole clip again from its keypoints
    sees past and future, so it is steadier and does not lag.

    Args:
        take: Of one person; see `Take.of_person`.
        lifter: That person's own.
        preset: How calm. Joints that are kept as they are in the take are not
            smoothed.
        joints: Where the joints come from.
        progress: Called with the finished part, in [0, 1].
        own_lifters: Names of lifters whose live joints are solved again, besides
            that of `lifter`.

    Raises:
        TakeError: The take holds neither joints nor keypoints.
        VitposeError: The keypoints are not a person's.
    """
    packets = _one_a_moment(take.packets)
    has_joints = any(packet.joints is not None for packet in packets)
    is_own = take.header.lifter in {lifter.name, *own_lifters}
    if joints is Joints.TAKE or (joints is Joints.AUTO and has_joints and not is_own):
        return stored_joints(take)
    if not any(packet.keypoints.score.any() for packet in packets):
        raise TakeError(
            "The take holds neither keypoints nor 3D joints of that person: choose "
            "another person or capture it again"
        )
    keypoints = [to_coco17(packet.keypoints) for packet in packets]
    return solve_keypoints(keypoints, take.header.camera, lifter, preset, progress)


def stored_joints(take: Take) -> list[Joints3D]:
    """Return the joints of a take of one person as they are, in order of time.

    Raises:
        TakeError: It holds none.
    """
    packets = _one_a_moment(take.packets)
    stored = [packet.joints for packet in packets if packet.joints is not None]
    if not stored:
        raise TakeError("The take holds no 3D joints; solve them from its keypoints")
    return stored


def solve_keypoints(
    keypoints: Sequence[Keypoints2D],
    camera: Camera,
    lifter: Lifter,
    preset: FilterPreset,
    progress: Progress | None = None,
) -> list[Joints3D]:
    """Return the joints of a clip whose feet stand on one floor and do not slide.

    Args:
        keypoints: COCO-17 of one person, in order of time.
        camera: That saw them.
        lifter: That person's own.
        preset: How calm.
        progress: Called with the finished part, in [0, 1].
    """
    solved = solve_clip(keypoints, camera, lifter, preset, progress)
    return _on_one_floor(solved, camera)


def _one_a_moment(packets: Sequence[Packet]) -> list[Packet]:
    """Return the packets without those whose time does not advance."""
    kept = list(packets[:1])
    for packet in packets:
        if packet.t > kept[-1].t:
            kept.append(packet)
    return kept


def _on_one_floor(joints: list[Joints3D], camera: Camera) -> list[Joints3D]:
    """Level and hold the feet in the world that the camera's tilt gives."""
    rotation = camera.world_from_camera
    times = [frame.t for frame in joints]
    places = np.stack([frame.xyz + frame.root for frame in joints]) @ rotation.T
    contact = np.stack(
        [np.full(4, np.nan) if f.contact is None else f.contact for f in joints]
    )
    moved = hold_feet(level_feet(places, times), times, contact) @ rotation
    pelvis = CANONICAL.index["pelvis"]
    return [
        frame
        if np.isnan(place[pelvis]).any()
        else replace(frame, xyz=place - place[pelvis], root=place[pelvis])
        for frame, place in zip(joints, moved)
    ]
