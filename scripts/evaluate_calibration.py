# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what three seconds of standing tell of a camera, and what that buys.

    python3 scripts/evaluate_calibration.py
    python3 scripts/evaluate_calibration.py --people 40

Held-out people of UI-PRMD stand before random cameras, seen by a simulated detector,
and then move; a real person stands before four cameras whose tilts are known.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

import _cli
import _document
import _environment

if TYPE_CHECKING:
    from calibration_data import Subject
    from vitpose_blender.core.calibration import Calibration
    from vitpose_blender.core.camera_model import Camera
    from vitpose_blender.core.motion import Memory, WorldMotion
    from vitpose_blender.core.types import FloatArray, Joints3D

DOCUMENT = _environment.ROOT / "docs" / "accuracy.md"
WAYS = (("geometric", "live"), ("learned", "live"), ("learned", "baked"))
LIMBS = ((5, 7), (7, 9), (6, 8), (8, 10), (11, 13), (13, 15), (12, 14), (14, 16))
LIMB_ENDS = (7, 8, 9, 10, 13, 14, 15, 16)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = _cli.ArgumentParser(__doc__ or "")
    parser.add_argument(
        "--people", type=int, default=16, help="to film; default %(default)s"
    )
    _document.add_options(parser, DOCUMENT)
    return parser.parse_args()


def main(arguments: argparse.Namespace) -> int:
    """Measure and print; returns the exit code."""
    if not _document.has_data(arguments.shared):
        return 0
    found, gains, refused = measure(arguments)
    measured = [
        "| of | n | error, root mean square | without a calibration |",
        "| --- | ---: | ---: | ---: |",
        *measured_rows(found, "simulated"),
        *measured_rows(list(real(arguments)), "real (single_static)"),
    ]
    bought = [
        "| lifter, way | calibration | bone angle deg | hips deg | chest deg "
        "| path mm |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
        *(
            f"| {way} | {how} | " + " | ".join(f"{v:.1f}" for v in values[:3])
            + f" | {values[3]:.0f} |"
            for (way, how), rows in gains.items()
            for values in [np.mean(rows, axis=0)]
        ),
    ]  # fmt: skip
    print(f"{refused} of {arguments.people} stands were refused")
    print("\n".join([*measured, "", *bought]))
    if arguments.write:
        _document.write_table(DOCUMENT, "calibration", measured)
        _document.write_table(DOCUMENT, "calibration gains", bought)
    return 0


Found = tuple[float, float, float, float, float]  # Tilts, heights, lengths' error.


def measured_rows(found: list[Found], name: str) -> Iterator[str]:
    """Yield the rows of one set of stands."""
    tilt, true_tilt, floor, true_floor, lengths = np.array(found).T
    count = len(found)

    def rms(error: "FloatArray") -> float:
        return float(np.sqrt((error**2).mean()))

    yield (
        f"| camera's tilt, {name} | {count} | {rms(tilt - true_tilt):.1f} deg "
        f"| {rms(true_tilt):.1f} deg (level) |"
    )
    yield f"| floor under the camera, {name} | {count} " + (
        f"| {rms(floor - true_floor):.2f} m | |"
    )
    yield f"| limb bones' lengths, {name} | {count} | {lengths.mean():.1f} % | |"


def measure(
    arguments: argparse.Namespace,
) -> tuple[list[Found], dict[tuple[str, str], list[list[float]]], int]:
    """Return what stands told, what that bought, and how many were refused."""
    import calibration_data
    from vitpose_blender.core.errors import CalibrationError

    found: list[Found] = []
    gains: dict[tuple[str, str], list[list[float]]] = {}
    refused = 0
    progress = _cli.Progress("measuring", arguments.people)
    subjects = calibration_data.subjects(arguments.shared, arguments.people)
    for number, subject in enumerate(subjects, start=1):
        try:
            calibration = _calibrated(subject)
        except CalibrationError:
            refused += 1
            continue
        truth = subject.camera.tilt, subject.camera_height
        error = _length_error(calibration, subject.standing)
        found.append((calibration.tilt, truth[0], calibration.floor, truth[1], error))
        for key, figures in _gains(subject, calibration):
            gains.setdefault(key, []).append(figures)
        progress.step(number)
    progress.finish()
    return found, gains, refused


def _calibrated(subject: "Subject") -> "Calibration":
    from vitpose_blender.core.calibration import SECONDS, calibrate
    from vitpose_blender.core.standing import measure_stand
    from vitpose_blender.core.take import TakeHeader
    from vitpose_blender.inference.lifters import CLIP_LIFTER, make_lifter

    camera = subject.camera
    stand = measure_stand(subject.stand, camera.image_wh, SECONDS)
    header = TakeHeader("simulated", image_wh=camera.image_wh, fov=camera.fov)
    lifter = make_lifter(CLIP_LIFTER, subject.stature)
    return calibrate(stand, header, lifter, subject.stature)


def _length_error(calibration: "Calibration", standing: "FloatArray") -> float:
    """Return the mean error of limb bones that are known, of their length [%]."""
    from vitpose_blender.core.skeleton_fit import BONES, bone_lengths

    rows = [i for i, (child, _) in enumerate(BONES) if child in LIMB_ENDS]
    truth = bone_lengths(standing[np.newaxis])[rows]
    return float(np.abs(calibration.lengths[rows] / truth - 1).mean() * 100)


def _gains(
    subject: "Subject", calibration: "Calibration"
) -> Iterator[tuple[tuple[str, str], list[float]]]:
    """Yield lifter and way, the calibration, and figures of the moving person."""
    from vitpose_blender.core.calibration import neutral
    from vitpose_blender.core.motion import Memory
    from vitpose_blender.core.person_measures import calibrated
    from vitpose_blender.core.world_motion import to_world
    from vitpose_blender.inference.lifters import make_lifter

    truth = to_world(_joints(subject.moving), subject.camera)
    still = np.repeat(subject.standing[np.newaxis], 5, axis=0)
    true_memory = calibrated(to_world(_joints(still), subject.camera))
    level = replace(subject.camera, tilt=0.0)
    true = replace(calibration, tilt=subject.camera.tilt)
    for lifter, way in WAYS:
        for how, known in (("none", None), ("measured", calibration), ("true", true)):
            camera = level if known is None else known.camera
            height = 1.7 if known is None else known.height
            joints = _solved(subject, camera, (lifter, way), height)
            memory = Memory()
            if known is not None:
                memory = neutral(known, make_lifter(lifter, height))
            figures = _figures(to_world(joints, camera), memory, truth, true_memory)
            yield (f"{lifter}, {way}", how), figures


def _solved(
    subject: "Subject", camera: "Camera", how: tuple[str, str], height: float
) -> "list[Joints3D]":
    from vitpose_blender.core.filters import PRESETS
    from vitpose_blender.core.pipeline import PersonPipeline
    from vitpose_blender.core.solve import solve_keypoints
    from vitpose_blender.inference.lifters import make_lifter

    lifter, preset = make_lifter(how[0], height), PRESETS["balanced"]
    if how[1] == "baked":
        return solve_keypoints(subject.clip, camera, lifter, preset)
    pipeline = PersonPipeline(lifter, camera, preset)
    return [pipeline.step(frame) for frame in subject.clip]


def _figures(
    found: "WorldMotion", memory: "Memory", truth: "WorldMotion", true_memory: "Memory"
) -> list[float]:
    """Return errors of limbs, hips, chest [deg] and of the way [mm]."""
    angles = []
    for start, end in LIMBS:
        one, other = (each.xyz[:, end] - each.xyz[:, start] for each in (found, truth))
        cosine = (one * other).sum(1) / np.sqrt((one**2).sum(1) * (other**2).sum(1))
        angles.append(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    frames, true_frames = _trunk(found, memory), _trunk(truth, true_memory)
    turns = [_angle(one, other) for one, other in zip(frames, true_frames)]
    paths = [
        each.path[:, :2] - each.path[:, :2].mean(axis=0) for each in (found, truth)
    ]
    way = np.sqrt(((paths[0] - paths[1]) ** 2).sum(axis=1).mean()) * 1e3
    return [float(np.nanmean(angles)), *turns, float(way)]


def _trunk(motion: "WorldMotion", memory: "Memory") -> list["FloatArray"]:
    """Return how hips and chest are turned away from standing."""
    from vitpose_blender.core.body_frames import (
        chest_frame,
        forward_tilt,
        pelvis_frame,
    )
    from vitpose_blender.core.person_measures import with_plain_back
    from vitpose_blender.core.upright import upright_lean

    person = with_plain_back(motion, memory)
    upright = forward_tilt(-upright_lean(person, memory))
    frames: tuple[Callable[..., FloatArray], ...] = pelvis_frame, chest_frame
    return [frame(person.xyz) @ upright for frame in frames]


def _angle(one: "FloatArray", other: "FloatArray") -> float:
    trace = np.einsum("fij,fij->f", one, other)
    return float(np.nanmedian(np.degrees(np.arccos(np.clip((trace - 1) / 2, -1, 1)))))


def _joints(xyz: "FloatArray") -> "list[Joints3D]":
    from vitpose_blender.core.types import Joints3D

    return [
        Joints3D(frame - frame[17], frame[17], np.ones(28), number / 30.0)
        for number, frame in enumerate(xyz)
    ]


def real(arguments: argparse.Namespace) -> Iterator[Found]:
    """Yield what a real person's standing tells of four cameras that are known.

    The person faces none of them and shows no face, so the check of the stand is left
    out; the cameras' rolls, which are given, are undone.
    """
    import calibration_data
    from vitpose_blender.core.calibration import calibrate
    from vitpose_blender.core.standing import Stand
    from vitpose_blender.core.take import TakeHeader
    from vitpose_blender.inference.lifters import CLIP_LIFTER, make_lifter

    for stand in calibration_data.real_stands(arguments.shared):
        camera = stand.camera
        header = TakeHeader("real", image_wh=camera.image_wh, fov=camera.fov)
        lifter = make_lifter(CLIP_LIFTER, stand.stature)
        looked = Stand(stand.keypoints, 0.0, 0.2, 0.0)
        found = calibrate(looked, header, lifter, stand.stature)
        error = _length_error(found, stand.standing)
        yield found.tilt, camera.tilt, found.floor, stand.camera_height, error


if __name__ == "__main__":
    wanted = parse_arguments()
    _environment.activate()
    _cli.run(lambda: main(wanted))
