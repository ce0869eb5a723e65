# SPDX-License-Identifier: GPL-3.0-or-later
"""Capture the people of a video, camera, stream or keypoint file into a take.

    python3 scripts/capture.py dance.mp4 --out dance.take.jsonl
    python3 scripts/capture.py 0 --out me.take.jsonl            (a camera; Ctrl-C ends)
    python3 scripts/capture.py rtsp://host/stream --people all --out stage.take.jsonl
    python3 scripts/capture.py dance.mp4 --model folder/of/vitpose --detector hog
            --overlay dance_overlay.mp4 --out dance.take.jsonl
    python3 scripts/capture.py dance.mp4 --calibrate --height 1.78 --out d.take.jsonl
    python3 scripts/capture.py points.json --fps 30 --size 1280x720 --out x.take.jsonl

SOURCE is a video, a folder of pictures, the index of a camera, the address of a
stream, or keypoints that others detected: a take, COCO or HRNet JSON, a folder of
OpenPose JSON.

With --calibrate the take also tells how the camera is tilted, how far the floor is
under it, how long the person's bones are and how they stand at ease: begin the clip by
standing upright for three seconds, facing the camera, from head to foot in the picture.

The take is written as it happens, so Ctrl-C or a crash keeps what was captured. Feed
it to scripts/animate.py.

VITPOSE_MODEL and VITPOSE_DEVICE in the environment set the defaults of --model and
--device. Exit codes: 0 done, 1 a bug, 2 bad input (one sentence says which), 130
stopped with Ctrl-C.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import functools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import _capture_calibration
import _capture_options
import _capture_outputs
import _cli
import _environment

if TYPE_CHECKING:
    from vitpose_blender.core.camera_model import Camera
    from vitpose_blender.core.packet import Packet
    from vitpose_blender.core.take import Take, TakeHeader
    from vitpose_blender.inference.camera import FrameSource
    from vitpose_blender.inference.capture import PeopleLifter, PoseEstimator
    from vitpose_blender.inference.overlay import OverlayWriter

    Deliver = Callable[[TakeHeader, Iterable[list[Packet]], int | None], int]


def parse_arguments() -> argparse.Namespace:
    return _capture_options.parse(__doc__)


def main(arguments: argparse.Namespace) -> int:
    """Do what the command line says; returns the exit code."""
    _capture_calibration.check(arguments)
    deliver = functools.partial(_capture_outputs.write, arguments.out)
    code = capture(arguments, deliver)
    if _capture_calibration.is_wanted(arguments):
        _capture_calibration.calibrate_take(arguments)
    return code


def capture(arguments: argparse.Namespace, deliver: Deliver) -> int:
    """Capture what the command line names; returns the exit code.

    Args:
        arguments: As `_capture_options` reads them; `out` may be None.
        deliver: Takes the header, the packets of each frame as they are made and the
            number of frames, and returns the exit code.

    Raises:
        VitposeError: What is wrong and what to do.
    """
    from vitpose_blender.core.errors import VitposeError
    from vitpose_blender.inference.recorded import is_recorded

    if arguments.fov is not None and not 1 <= arguments.fov <= 170:
        raise VitposeError(f"--fov {arguments.fov:g} is not between 1 and 170 degrees")
    if arguments.tilt is not None and not -80 <= arguments.tilt <= 80:
        raise VitposeError(f"--tilt {arguments.tilt:g} is not between -80 and 80")
    _capture_outputs.check_outputs(arguments)
    if is_recorded(Path(arguments.source)):
        return capture_recorded(arguments, deliver)
    return capture_frames(arguments, deliver)


def capture_frames(arguments: argparse.Namespace, deliver: Deliver) -> int:
    """Capture pictures, from wherever they come."""
    from vitpose_blender.core.camera_model import DEFAULT_FOV, Camera
    from vitpose_blender.core.take import TakeHeader
    from vitpose_blender.inference.camera import FrameRange, open_source

    frames = FrameRange.parse(arguments.frames)
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(
            open_source(arguments.source, frames, fps=arguments.fps)
        )
        camera = Camera(
            source.image_wh, arguments.fov or DEFAULT_FOV, arguments.tilt or 0.0
        )
        estimator, model, layout = make_estimator(arguments, camera, source.name)
        header = TakeHeader(
            source=source.name,
            model=model,
            lifter=arguments.lifter,
            image_wh=source.image_wh,
            fov=camera.fov,
            tilt=camera.tilt,
            fps=source.fps,
            started=now(),
            layout=layout,
        )
        drawn = _capture_outputs.open_overlay(stack, arguments.overlay, source)
        captured = estimate(source, estimator, drawn)
        code = deliver(header, captured, source.num_frames)
        if source.num_dropped:
            print(f"{source.num_dropped} frames came faster than they were captured")
    return code


def make_estimator(
    arguments: argparse.Namespace, camera: Camera, source: str
) -> tuple[PoseEstimator, str, str]:
    """Load the models; returns the estimator, the model's name and its layout."""
    from vitpose_blender.inference.capture import PoseEstimator
    from vitpose_blender.inference.detector import make_detector
    from vitpose_blender.inference.device import choose_device
    from vitpose_blender.inference.people import PersonFinder
    from vitpose_blender.inference.people_choice import PeopleChoice
    from vitpose_blender.inference.vitpose import ViTPose
    from vitpose_blender.inference.weights import (
        BEST_MODEL,
        BUILT_IN_MODEL,
        default_model,
    )

    people = PeopleChoice.parse(arguments.people or "largest")
    wanted = arguments.model or default_model(arguments.allow_download)
    if wanted == BUILT_IN_MODEL and not arguments.model:
        print(
            f"The built-in {BUILT_IN_MODEL} looks at the pixels; "
            f"--model {BEST_MODEL} --allow-download is better"
        )
    device = choose_device(arguments.device)
    model = ViTPose.load(
        wanted,
        device,
        arguments.allow_download,
        dataset_index=arguments.dataset_index,
        flip=arguments.flip,
        layout=arguments.layout,
    )
    detector = make_detector(arguments.detector, device, arguments.allow_download)
    print(f"{model.name} on {device.describe()}, people found by {detector.name}")
    estimator = PoseEstimator(
        PersonFinder(detector, people=people),
        model,
        make_people_lifter(camera, arguments.lifter),
        camera,
        source,
    )
    return estimator, model.name, model.layout.id


def make_people_lifter(camera: Camera, lifter: str) -> PeopleLifter:
    """Return what lifts everybody that this camera sees."""
    from vitpose_blender.inference.capture import PeopleLifter
    from vitpose_blender.inference.lifters import make_lifter

    return PeopleLifter(camera, lambda: make_lifter(lifter))


def now() -> str:
    return datetime.datetime.now().astimezone().isoformat(timespec="seconds")


def estimate(
    source: FrameSource, estimator: PoseEstimator, drawn: OverlayWriter | None
) -> Iterator[list[Packet]]:
    """Yield the packets of each frame, drawing them on the way if asked to."""
    for frame in source:
        packets = estimator.packets(frame)
        if drawn is not None:
            _capture_outputs.draw(drawn, frame, packets)
        yield packets


def capture_recorded(arguments: argparse.Namespace, deliver: Deliver) -> int:
    """Turn keypoints that others detected into a take with 3D joints."""
    from dataclasses import replace

    from vitpose_blender.inference.capture import lift_recorded
    from vitpose_blender.inference.recorded import read_recorded

    recorded = read_recorded(
        Path(arguments.source), arguments.fps, arguments.size, arguments.layout or None
    )
    fov = arguments.fov or recorded.header.fov
    tilt = recorded.header.tilt if arguments.tilt is None else arguments.tilt
    header = replace(
        recorded.header, lifter=arguments.lifter, fov=fov, tilt=tilt, started=now()
    )
    by_frame = chosen_packets(arguments, recorded)
    lifter = make_people_lifter(header.camera, arguments.lifter)
    lifted = (list(lift_recorded(frame, lifter, fov)) for frame in by_frame.values())
    with contextlib.ExitStack() as stack:
        footage, drawn = _capture_outputs.open_footage(arguments, stack)
        code = deliver(header, lifted, len(by_frame))
        if footage and drawn:
            _capture_outputs.draw_recorded(footage, drawn, by_frame)
    return code


def chosen_packets(
    arguments: argparse.Namespace, recorded: Take
) -> dict[int, list[Packet]]:
    """Return the wanted people in the wanted frames, by the number of the frame.

    Raises:
        VitposeError: There are none.
    """
    from vitpose_blender.core.errors import SourceError
    from vitpose_blender.inference.camera import FrameRange
    from vitpose_blender.inference.capture import chosen_people
    from vitpose_blender.inference.people_choice import PeopleChoice

    frames = FrameRange.parse(arguments.frames)
    people = chosen_people(PeopleChoice.parse(arguments.people or "all"), recorded)
    by_frame: dict[int, list[Packet]] = {}
    for packet in recorded.packets:
        if packet.frame in frames and packet.person in people:
            by_frame.setdefault(packet.frame, []).append(packet)
    if not by_frame:
        held = sorted({packet.frame for packet in recorded.packets})
        raise SourceError(
            f"{arguments.source} shows none of the wanted people in --frames {frames}; "
            f"it has people in frames {held[0]} to {held[-1]}"
        )
    return by_frame


if __name__ == "__main__":
    wanted = parse_arguments()
    _environment.activate()
    _cli.run(lambda: main(wanted))
