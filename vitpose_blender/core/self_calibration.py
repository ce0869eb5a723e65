# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes without a calibration that show one all the same: somebody who stands once."""

from collections.abc import Callable
from dataclasses import replace

from .body_model import DEFAULT_HEIGHT
from .calibration import (
    STAND_KEY,
    calibrate,
    calibration_of,
    neutral,
    with_calibration,
)
from .errors import VitposeError
from .layout_convert import to_coco17
from .motion import Memory
from .pipeline import Lifter
from .standing import find_stand
from .take import Take, TakeHeader

SECONDS = 0.4  # Nobody was asked to stand: shorter ones must do [s].

# Makes a lifter of that name for a person of that height; see `inference.lifters`.
MakeLifter = Callable[[str, float], Lifter]


def self_calibrated(take: Take, lifter: str, make_lifter: MakeLifter) -> Take:
    """Return a take with a calibration, if it has one or shows a good stand.

    Args:
        take: Of one person. A tilt in its header counts as known.
        lifter: Name of the one that measures.
        make_lifter: Makes it.
    """
    header = take.header
    if calibration_of(header) is not None:
        return take
    try:
        keypoints = [to_coco17(packet.keypoints) for packet in take.packets]
        stand = find_stand(keypoints, header.image_wh, SECONDS)
        if stand is None:
            return take
        found = calibrate(stand, header, make_lifter(lifter, DEFAULT_HEIGHT))
    except VitposeError:  # Keypoints that are not a person's; a room that is none.
        return take
    if header.tilt:
        found = replace(found, tilt=header.tilt)
    return replace(take, header=with_calibration(header, found))


def height_of(header: TakeHeader) -> float:
    """Return how tall the person of a take is, as far as known [m]."""
    known = calibration_of(header)
    return DEFAULT_HEIGHT if known is None else known.height


def memory_of(header: TakeHeader, lifter: str, make_lifter: MakeLifter) -> Memory:
    """Return what to retarget a whole clip with: the person's neutral, where known.

    Args:
        header: Of the take.
        lifter: Name of the one that made the joints.
        make_lifter: Makes it; another's joints have no known neutral.
    """
    known = calibration_of(header)
    memory = Memory()
    if known is not None:
        try:
            memory = neutral(known, make_lifter(lifter, known.height))
        except VitposeError:
            memory = Memory()
    memory.looks_ahead = True
    memory.leg_length = None  # The clip itself shows that best.
    return memory


def without(take: Take) -> Take:
    """Return a take that knows nothing of a calibration but the camera's tilt."""
    kept = {k: v for k, v in take.header.calibration.items() if k != STAND_KEY}
    return replace(take, header=replace(take.header, calibration=kept))
