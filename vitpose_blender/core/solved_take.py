# SPDX-License-Identifier: GPL-3.0-or-later
"""A take solved again is another take: the same packets, with other joints."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from .journal import STATE_KEY
from .replay import manners_of
from .take import SOLVED_KEY, Take
from .types import Joints3D


def solved_take(
    take: Take, solved: Mapping[int, Sequence[Joints3D]], lifter: str, preset: str
) -> Take:
    """Return a take whose joints were solved again.

    Args:
        take: As it was recorded.
        solved: Joints of each person, by number; packets at other times are left out.
        lifter: What made the joints.
        preset: How calm they are.
    """
    joints = {
        (who, frame.t): frame for who, frames in solved.items() for frame in frames
    }
    packets, seen = [], set()
    for packet in take.packets:
        key = packet.person, packet.t
        if key in joints and key not in seen:
            seen.add(key)
            packets.append(replace(packet, joints=joints[key]))
    calibration = take.header.calibration | {
        SOLVED_KEY: f"Solved again: {lifter}, {preset}",
        STATE_KEY: {"characters": manners_of(take)},  # Without any memory.
    }
    header = replace(take.header, lifter=lifter, calibration=calibration)
    return Take(header, tuple(packets))
