# SPDX-License-Identifier: GPL-3.0-or-later
"""Animate a character with a captured take and write it to a file.

    python3 scripts/animate.py dance.take.jsonl hero.glb --out hero_dance.glb
    python3 scripts/animate.py dance.take.jsonl hero.blend --out hero.fbx --fps 24
    python3 scripts/animate.py duet.take.jsonl hero.glb --person 2 --out second.bvh

The take comes from scripts/capture.py. The character is a .glb, .gltf, .vrm, .fbx or
.blend file with a skeleton; its rest pose, bones and existing actions stay as they are
and a new action holds the motion.

A take that was calibrated (scripts/capture.py --calibrate, or Calibrate in Blender)
is solved with what was measured. Where none was, a moment in which the person stands
upright and faces the camera serves as well, if the clip has one: let clips begin so.

The whole clip is solved again from its 2D keypoints, looking both ways in time; a take
whose 3D joints came from elsewhere keeps them (see --joints).

Exit codes: 0 done, 1 a bug, 2 bad input (one sentence says which), 130 stopped.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import _cli
import _environment

if TYPE_CHECKING:
    from vitpose_blender.core.motion import Memory
    from vitpose_blender.core.take import Take
    from vitpose_blender.core.types import Joints3D

MAX_FRAMES = 1_048_574  # Of a scene in Blender.
PRESETS = ("crisp", "balanced", "smooth")


def parse_arguments() -> argparse.Namespace:
    parser = _cli.ArgumentParser(__doc__)
    parser.add_argument("take", type=Path, help="the take, a .take.jsonl file")
    parser.add_argument("character", type=Path, help="the character's file")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        action="append",
        metavar="FILE",
        help="where the result goes; .glb, .blend, .fbx or .bvh says the format; "
        "may be given several times",
    )
    parser.add_argument(
        "--person",
        type=int,
        metavar="ID",
        help="which person of the take; the one seen most often by default",
    )
    parser.add_argument(
        "--fps",
        type=float,
        metavar="N",
        help="rate of the keyframes; by default the .blend's own, or the source's. "
        "Speed stays real at any rate",
    )
    parser.add_argument(
        "--smooth",
        choices=PRESETS,
        default="balanced",
        help="crisp keeps every twitch, smooth calms; default %(default)s",
    )
    parser.add_argument(
        "--rig",
        default="",
        metavar="NAME_OR_FILE",
        help="rig map: a name from rigs/ or a .toml file; found by itself otherwise",
    )
    parser.add_argument(
        "--hands-meet",
        action="store_true",
        help="where the person's hands touch, or rest on the hips, let the character's "
        "do so too whatever its proportions; the arms' directions then give way",
    )
    parser.add_argument(
        "--armature",
        default="",
        metavar="NAME",
        help="which armature, if the character's file has several; by default the one "
        "most like a body",
    )
    _cli.add_lifter(parser, _cli.LIFTERS[1])
    parser.add_argument(
        "--joints",
        choices=("auto", "take", "solve"),
        default="auto",
        help="take: the 3D joints as captured; solve: anew from the keypoints; auto "
        "(default) solves what our own live lifter made and keeps what others made",
    )
    parser.add_argument(
        "--calibration",
        choices=("auto", "take", "off"),
        default="auto",
        help="how the camera is tilted and how the person stands at ease, so that hips "
        "and chest are right. take: what the take says of a calibration; auto "
        "(default): where it says nothing, a moment in which the person stands "
        "upright, facing the camera, from head to foot in the picture; off: neither",
    )
    parser.add_argument(
        "--sheet",
        type=Path,
        metavar="PNG",
        help="also render some moments of the result into one picture",
    )
    parser.add_argument(
        "--footage",
        metavar="VIDEO",
        help="the video that was captured, shown above the character in --sheet",
    )
    return parser.parse_args()


def main(arguments: argparse.Namespace) -> int:
    """Do what the command line says; returns the exit code."""
    # Everything that can be wrong with the command is checked before the long work.
    import _contact_sheet
    from vitpose_blender.blender import animate, character, export, load
    from vitpose_blender.core.take import read_take
    from vitpose_blender.core.world_motion import frame_times

    check(arguments)
    take = read_take(arguments.take)
    person = take.people[0] if arguments.person is None else arguments.person
    others = [other for other in take.people if other != person]
    take = take.of_person(person)
    with _cli.hushed():
        load.open_empty_scene()
        armature = load.load_character(arguments.character, arguments.armature)
    character.read_rig_rest(armature, arguments.rig)

    if arguments.fps or arguments.character.suffix.lower() != ".blend":
        times = [packet.t for packet in take.packets]
        fps = arguments.fps or animate.natural_fps(take.header.fps, times)
        animate.set_scene_fps(fps)
    check_duration(take, animate.scene_fps())
    take = calibrated(take, arguments)
    joints = solve(take, arguments)
    num_frames = len(frame_times(joints[0].t, joints[-1].t, animate.scene_fps()))
    with _cli.Progress("Baking", num_frames) as baking:
        made = animate.animate(
            armature,
            joints,
            take.header.camera,
            arguments.rig,
            baking.share,
            animate.Following(memory(take, arguments), arguments.hands_meet),
        )
        baking.step(made.num_frames)
    for path in arguments.out:
        with _cli.hushed():
            export.export_character(armature, path)
    if arguments.sheet:
        scene = (made.frame_start, made.fps)
        _contact_sheet.make(arguments.sheet, armature, take, scene, arguments.footage)
    print(
        f"{', '.join(map(str, arguments.out))}: "
        f"person {person} of {arguments.take.name}, "
        f"{made.num_frames} frames at {made.fps:g} fps on {made.num_bones} bones"
        + (f" (also in the take: {', '.join(map(str, others))})" if others else "")
    )
    return 0


def check(arguments: argparse.Namespace) -> None:
    """Refuse what cannot be done before the long work begins.

    Raises:
        VitposeError: What is wrong and what to do.
    """
    from vitpose_blender.blender import export
    from vitpose_blender.core.errors import OutputError
    from vitpose_blender.inference.camera import open_source

    for path in arguments.out:
        export.writer_for(path)
        if path.is_dir():
            raise OutputError(f"Cannot write {path}: it is a folder, name a file in it")
        if path.resolve() == arguments.character.resolve():
            raise OutputError(
                f"--out {path} would overwrite the character: give it another name"
            )
    if arguments.fps is not None and not 1 <= arguments.fps <= 1000:
        raise OutputError(f"--fps {arguments.fps:g} is not between 1 and 1000")
    if arguments.footage:
        open_source(arguments.footage).close()


def check_duration(take: Take, fps: float) -> None:
    """Refuse a take whose time stamps cannot be true.

    Raises:
        TakeError: It is longer than a scene of Blender can be.
    """
    from vitpose_blender.core.errors import TakeError

    if take.duration * fps > MAX_FRAMES:
        raise TakeError(
            f"The take lasts {take.duration / 3600:.3g} hours by its time stamps, more "
            f"than Blender's {MAX_FRAMES} frames: capture it again, or in parts"
        )


def calibrated(take: Take, arguments: argparse.Namespace) -> Take:
    """Return the take with the calibration that it is to be solved with."""
    from vitpose_blender.core.calibration import calibration_of
    from vitpose_blender.core.self_calibration import self_calibrated, without
    from vitpose_blender.inference.lifters import CLIP_LIFTER, make_lifter

    if arguments.calibration == "off":
        return without(take)
    if arguments.calibration == "auto":
        take = self_calibrated(take, CLIP_LIFTER, make_lifter)
    found = calibration_of(take.header)
    if found is not None:
        print(found.sentence)
    return take


def memory(take: Take, arguments: argparse.Namespace) -> Memory:
    """Return what is known of the person of a take that was solved."""
    from vitpose_blender.core.self_calibration import memory_of
    from vitpose_blender.inference.lifters import make_lifter

    is_kept = arguments.joints == "take" or (
        arguments.joints == "auto" and take.header.lifter not in _cli.LIFTERS
    )
    lifter = take.header.lifter if is_kept else arguments.lifter
    return memory_of(take.header, lifter, make_lifter)


def solve(take: Take, arguments: argparse.Namespace) -> list[Joints3D]:
    """Return the take's joints, with a progress line."""
    from vitpose_blender.core.filters import PRESETS as FILTERS
    from vitpose_blender.core.self_calibration import height_of
    from vitpose_blender.core.solve import Joints, solve_take
    from vitpose_blender.inference.lifters import make_lifter

    with _cli.Progress("Solving", len(take.packets)) as solving:
        joints = solve_take(
            take,
            make_lifter(arguments.lifter, height_of(take.header)),
            FILTERS[arguments.smooth],
            Joints(arguments.joints),
            solving.share,
            own_lifters=_cli.LIFTERS,
        )
        solving.step(len(take.packets))
    return joints


if __name__ == "__main__":
    wanted = parse_arguments()
    _environment.activate()
    _cli.run(lambda: main(wanted))
