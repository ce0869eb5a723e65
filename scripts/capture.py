# SPDX-License-Identifier: GPL-3.0-or-later
"""Capture the people of a video, camera, stream or keypoint file into a take.

    python3 scripts/capture.py dance.mp4 --out dance.take.jsonl
    python3 scripts/capture.py 0 --out me.take.jsonl            (a camera; Ctrl-C ends)
    python3 scripts/capture.py rtsp://host/stream --people all --out stage.take.jsonl
    python3 scripts/capture.py dance.mp4 --model folder/of/vitpose --detector hog
            --overlay dance_overlay.mp4 --out dance.take.jsonl
    python3 scripts/capture.py points.json --fps 30 --size 1280x720 --out x.take.jsonl

SOURCE is a video, a folder of pictures, the index of a camera, the address of a
stream, or keypoints that others detected: a take, COCO or HRNet JSON, a folder of
OpenPose JSON.

The take is written as it happens, so Ctrl-C or a crash keeps what was captured. Feed
it to scripts/animate.py.

VITPOSE_MODEL and VITPOSE_DEVICE in the environment set the defaults of --model and
--device. Exit codes: 0 done, 1 a bug, 2 bad input (one sentence says which), 130
stopped with Ctrl-C.
"""

import argparse
import contextlib
import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import _capture_options
import _cli
import _environment

if TYPE_CHECKING:
    from vitpose_blender.core.camera_model import Camera
    from vitpose_blender.core.packet import Packet
    from vitpose_blender.core.take import TakeHeader, TakeWriter
    from vitpose_blender.core.types import Frame
    from vitpose_blender.inference.camera import FrameSource
    from vitpose_blender.inference.capture import PeopleLifter, PoseEstimator
    from vitpose_blender.inference.overlay import OverlayWriter


def main(arguments: argparse.Namespace) -> int:
    """Do what the command line says; returns the exit code."""
    from vitpose_blender.core.errors import VitposeError
    from vitpose_blender.inference.recorded import is_recorded

    if arguments.fov is not None and not 1 <= arguments.fov <= 170:
        raise VitposeError(f"--fov {arguments.fov:g} is not between 1 and 170 degrees")
    if is_recorded(Path(arguments.source)):
        return capture_recorded(arguments)
    return capture_frames(arguments)


def capture_frames(arguments: argparse.Namespace) -> int:
    """Capture pictures, from wherever they come."""
    from vitpose_blender.core.camera_model import DEFAULT_FOV, Camera
    from vitpose_blender.core.take import TakeHeader
    from vitpose_blender.inference.camera import FrameRange, open_source

    frames = FrameRange.parse(arguments.frames)
    with open_source(arguments.source, frames, fps=arguments.fps) as source:
        camera = Camera(source.image_wh, arguments.fov or DEFAULT_FOV)
        estimator, model, layout = make_estimator(arguments, camera, source.name)
        header = TakeHeader(
            source=source.name,
            model=model,
            lifter=lifter_name(),
            image_wh=source.image_wh,
            fov=camera.fov,
            fps=source.fps,
            started=now(),
            layout=layout,
        )
        captured = estimate(source, estimator, arguments.overlay)
        code = write(arguments, header, captured, source.num_frames)
        if source.num_dropped:
            print(f"{source.num_dropped} frames came faster than they were captured")
    return code


def make_estimator(
    arguments: argparse.Namespace, camera: "Camera", source: str
) -> "tuple[PoseEstimator, str, str]":
    """Load the models; returns the estimator, the model's name and its layout."""
    from vitpose_blender.inference.capture import PoseEstimator
    from vitpose_blender.inference.detector import make_detector
    from vitpose_blender.inference.device import choose_device
    from vitpose_blender.inference.people import PersonFinder
    from vitpose_blender.inference.people_choice import PeopleChoice
    from vitpose_blender.inference.vitpose import ViTPose

    people = PeopleChoice.parse(arguments.people or "largest")
    device = choose_device(arguments.device)
    model = ViTPose.load(
        arguments.model,
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
        make_people_lifter(camera),
        camera,
        source,
    )
    return estimator, model.name, model.layout.id


def make_people_lifter(camera: "Camera") -> "PeopleLifter":
    from vitpose_blender.inference.capture import PeopleLifter
    from vitpose_blender.inference.lifter import GeometricLifter

    return PeopleLifter(camera, GeometricLifter)


def lifter_name() -> str:
    from vitpose_blender.inference.lifter import GeometricLifter

    return GeometricLifter.name


def now() -> str:
    return datetime.datetime.now().astimezone().isoformat(timespec="seconds")


def estimate(
    source: "FrameSource", estimator: "PoseEstimator", overlay: Path | None
) -> "Iterator[list[Packet]]":
    """Yield the packets of each frame, drawing them on the way if asked to."""
    with contextlib.ExitStack() as stack:
        drawn = open_overlay(stack, overlay, source)
        for frame in source:
            packets = estimator.packets(frame)
            if drawn is not None:
                draw(drawn, frame, packets)
            yield packets


def capture_recorded(arguments: argparse.Namespace) -> int:
    """Turn keypoints that others detected into a take with 3D joints."""
    from dataclasses import replace

    from vitpose_blender.inference.camera import FrameRange
    from vitpose_blender.inference.capture import chosen_people, lift_recorded
    from vitpose_blender.inference.people_choice import PeopleChoice
    from vitpose_blender.inference.recorded import read_recorded

    recorded = read_recorded(
        Path(arguments.source), arguments.fps, arguments.size, arguments.layout or None
    )
    frames = FrameRange.parse(arguments.frames)
    fov = arguments.fov or recorded.header.fov
    header = replace(recorded.header, lifter=lifter_name(), fov=fov, started=now())
    choice = PeopleChoice.parse(arguments.people or "all")
    people = chosen_people(choice, recorded)
    packets = [
        packet
        for packet in recorded.packets
        if packet.frame in frames and packet.person in people
    ]
    lifter = make_people_lifter(header.camera)
    lifted = ([packet] for packet in lift_recorded(packets, lifter, fov))
    code = write(arguments, header, lifted, len(packets))
    if arguments.overlay and arguments.footage:
        overlay_recorded(arguments, packets)
    return code


def overlay_recorded(arguments: argparse.Namespace, packets: "list[Packet]") -> None:
    """Draw recorded keypoints on the footage that they belong to."""
    from vitpose_blender.inference.camera import FrameRange, open_source

    by_frame: dict[int, list[Packet]] = {}
    for packet in packets:
        by_frame.setdefault(packet.frame, []).append(packet)
    frames = FrameRange.parse(arguments.frames)
    with (
        open_source(arguments.footage, frames) as source,
        contextlib.ExitStack() as stack,
    ):
        drawn = open_overlay(stack, arguments.overlay, source)
        progress = _cli.Progress("Drawing", source.num_frames)
        for count, frame in enumerate(source, start=1):
            draw(drawn, frame, by_frame.get(frame.index, []))
            progress.step(count)
        progress.finish()


def open_overlay(
    stack: contextlib.ExitStack, path: Path | None, source: "FrameSource"
) -> "OverlayWriter | None":
    """Return the writer of the overlay video, or None if there is to be none."""
    from vitpose_blender.inference.overlay import OverlayWriter

    if path is None:
        return None
    return stack.enter_context(OverlayWriter(path, source.image_wh, source.fps))


def draw(drawn: "OverlayWriter", frame: "Frame", packets: "list[Packet]") -> None:
    from vitpose_blender.inference.overlay import draw_people

    drawn.write(draw_people(frame.image, packets))


def write(
    arguments: argparse.Namespace,
    header: "TakeHeader",
    captured: "Iterator[list[Packet]]",
    num_frames: int | None,
) -> int:
    """Write the take as it comes; Ctrl-C ends it and keeps what is there.

    Raises:
        TakeError: Nobody was seen.
    """
    from vitpose_blender.core.errors import TakeError
    from vitpose_blender.core.take import TakeWriter

    keep_previous(arguments.out)
    progress = _cli.Progress("Capturing", num_frames)
    code = 0
    with TakeWriter(arguments.out, header) as writer:
        try:
            write_all(writer, captured, progress)
        except KeyboardInterrupt:
            code = _cli.INTERRUPTED
        finally:
            progress.finish()
    if not writer.num_packets:
        raise TakeError(
            f"No person was found in {header.source}: try another --detector, "
            "full-frame if somebody fills the picture"
        )
    ended = "stopped, and kept" if code else "holds"
    print(f"{arguments.out} {ended} {writer.num_packets} packets of {header.source}")
    return code


def write_all(
    writer: "TakeWriter", captured: "Iterator[list[Packet]]", progress: _cli.Progress
) -> None:
    for count, packets in enumerate(captured, start=1):
        for packet in packets:
            writer.write(packet)
        progress.step(count)


def keep_previous(path: Path) -> None:
    """Put a take that has the wanted name out of the way: takes are not overwritten."""
    if path.is_file() and path.stat().st_size:
        backup = path.with_name(f"{path.name}.previous")
        path.replace(backup)
        print(f"The take that was there is now {backup.name}")


if __name__ == "__main__":
    wanted = _capture_options.parse(__doc__)
    _environment.activate()
    _cli.run(lambda: main(wanted))
