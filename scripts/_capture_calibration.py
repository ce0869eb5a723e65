# SPDX-License-Identifier: GPL-3.0-or-later
"""Calibrating by a captured take: what scripts/capture.py --calibrate does."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vitpose_blender.core.standing import Stand
    from vitpose_blender.core.take import Take


def add_options(group: argparse._ArgumentGroup) -> None:
    """Add what says whether and how a take is calibrated."""
    group.add_argument(
        "--calibrate",
        action="store_true",
        help="measure camera and person by the stillest moment in which the person "
        "seen most stands upright from head to foot and faces the camera",
    )
    group.add_argument(
        "--calibrate-at",
        type=float,
        metavar="T",
        help="the same by the three seconds from time T of the clip on [s]",
    )
    group.add_argument(
        "--height",
        type=float,
        metavar="M",
        help="how tall that person is [m]; an average adult's 1.7 by default",
    )


def is_wanted(arguments: argparse.Namespace) -> bool:
    """Whether the take is to be calibrated."""
    return bool(arguments.calibrate) or arguments.calibrate_at is not None


def check(arguments: argparse.Namespace) -> None:
    """Refuse what cannot be before the long work begins.

    Raises:
        VitposeError: Nobody is that tall.
    """
    from vitpose_blender.core.calibration import MAX_HEIGHT, MIN_HEIGHT
    from vitpose_blender.core.errors import VitposeError

    height = arguments.height
    if height is not None and not MIN_HEIGHT <= height <= MAX_HEIGHT:
        raise VitposeError(
            f"--height {height:g} is not between {MIN_HEIGHT} and {MAX_HEIGHT} metres"
        )


def calibrate_take(arguments: argparse.Namespace) -> None:
    """Write what the take shows of camera and person into its header.

    Raises:
        CalibrationError: Nobody stands as it needs it; the take stays as it is.
        OutputError: The take cannot be written again.
    """
    from vitpose_blender.core.calibration import calibrate, with_calibration
    from vitpose_blender.core.errors import CalibrationError
    from vitpose_blender.core.take import read_take, write_take
    from vitpose_blender.inference.lifters import CLIP_LIFTER, make_lifter

    take = read_take(arguments.out)
    tall = {} if arguments.height is None else {"height": arguments.height}
    try:
        stand = _stand(take.of_person(take.people[0]), arguments.calibrate_at)
        lifter = make_lifter(CLIP_LIFTER, **tall)
        found = calibrate(stand, take.header, lifter, arguments.height)
    except CalibrationError as error:
        raise CalibrationError(
            f"{error}. {arguments.out} is there, but not calibrated"
        ) from error
    unfinished = arguments.out.with_name(f"{arguments.out.name}.part")
    write_take(unfinished, with_calibration(take.header, found), take.packets)
    unfinished.replace(arguments.out)
    who = f"person {take.people[0]} at {stand.start:.1f} s"
    print(f"{found.sentence}, by {who}")


def _stand(take: Take, start: float | None) -> Stand:
    from vitpose_blender.core.calibration import SECONDS
    from vitpose_blender.core.errors import CalibrationError
    from vitpose_blender.core.layout_convert import to_coco17
    from vitpose_blender.core.standing import find_stand, measure_stand

    image_wh = take.header.image_wh
    if start is not None:
        part = take.between(start, start + SECONDS)
        keypoints = [to_coco17(packet.keypoints) for packet in part.packets]
        return measure_stand(keypoints, image_wh, SECONDS)
    keypoints = [to_coco17(packet.keypoints) for packet in take.packets]
    stand = find_stand(keypoints, image_wh)
    if stand is None:
        raise CalibrationError(
            "Nobody stands still for a second, upright, facing the camera, from head "
            "to foot in the picture"
        )
    return stand
