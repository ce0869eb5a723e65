# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of scripts/capture.py, which scripts/stream.py shares."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import _capture_calibration
import _cli


def parse(description: str) -> argparse.Namespace:
    """Read the command line of scripts/capture.py."""
    parser = _cli.ArgumentParser(description)
    parser.add_argument("source", metavar="SOURCE", help="what to capture, see above")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="TAKE",
        help="the .take.jsonl to write",
    )
    add_options(parser)
    _capture_calibration.add_options(parser.add_argument_group("calibration"))
    return parser.parse_args()


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what says how a source is captured, besides the source and the take."""
    _add_model_options(parser.add_argument_group("models"))
    _add_source_options(parser.add_argument_group("source"))
    _add_result_options(parser.add_argument_group("result"))


def _add_model_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--model",
        default=os.environ.get("VITPOSE_MODEL") or "",
        help="ViTPose: a folder or a hub id; by default "
        "usyd-community/vitpose-plus-small where it is on this machine or may be "
        "fetched, else the built-in vitpose-nano",
    )
    group.add_argument(
        "--detector",
        default="auto",
        help="who finds people: built-in or hog (no download), full-frame, a folder or "
        "hub id of an object detector, or auto (default): the best for this machine",
    )
    group.add_argument(
        "--people",
        metavar="WHO",
        help="largest, all, or the number of one person; by default the largest of a "
        "picture and all of a keypoint file",
    )
    group.add_argument(
        "--device",
        default=os.environ.get("VITPOSE_DEVICE") or "auto",
        help="auto, cpu, cuda, cuda:1 or mps; default %(default)s",
    )
    group.add_argument(
        "--layout",
        default="",
        metavar="ID",
        help="what the keypoints are, where model or file do not tell: coco17, "
        "coco_wholebody133, body25, body25b, mpii16, aic14",
    )
    group.add_argument(
        "--dataset-index",
        type=int,
        default=0,
        metavar="N",
        help="which expert of a ViTPose++ answers; 0 is COCO",
    )
    group.add_argument(
        "--flip",
        action="store_true",
        help="look at the mirrored person too: steadier, at twice the time",
    )
    _cli.add_lifter(group, _cli.LIFTERS[0])
    group.add_argument(
        "--allow-download",
        action="store_true",
        help="fetch weights that are not on this machine from the hub",
    )


def _add_source_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--frames",
        default=":",
        metavar="A:B",
        help="only frames A to B - 1, counted from 0; either may be left out",
    )
    group.add_argument(
        "--fov",
        type=float,
        metavar="DEG",
        help="field of view across the longer side of the picture; default 60, a "
        "phone's wide lens has about 70, a portrait lens 30",
    )
    group.add_argument(
        "--tilt",
        type=float,
        metavar="DEG",
        help="how far the camera looks down from the horizon; default 0, level",
    )
    group.add_argument(
        "--fps",
        type=float,
        metavar="N",
        help="rate of keypoint files and picture folders, which do not say it",
    )
    group.add_argument(
        "--size",
        type=_size,
        metavar="WxH",
        help="picture size of keypoint files that do not say it",
    )


def _add_result_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--overlay",
        type=Path,
        metavar="MP4",
        help="also write the footage with the skeletons drawn on it",
    )
    group.add_argument(
        "--footage",
        metavar="VIDEO",
        help="the video that recorded keypoints belong to, for --overlay",
    )


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size like 1280x720")
    return int(width), int(height)
