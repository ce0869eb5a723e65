# SPDX-License-Identifier: GPL-3.0-or-later
"""Animate a character with a captured take and write it to a file.

    python3 scripts/animate.py dance.take.jsonl hero.glb --out hero_dance.glb
    python3 scripts/animate.py dance.take.jsonl hero.blend --out hero.fbx --fps 24
    python3 scripts/animate.py duet.take.jsonl hero.glb --person 2 --out second.bvh

The take comes from scripts/capture.py. The character is a .glb, .gltf, .vrm, .fbx or
.blend file with a skeleton; its rest pose, bones and existing actions stay as they are
and a new action holds the motion.

The whole clip is solved again from its 2D keypoints, looking both ways in time; a take
whose 3D joints came from elsewhere keeps them (see --joints).

Exit codes: 0 done, 1 a bug, 2 bad input (one sentence says which), 130 stopped.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import _cli
import _environment

if TYPE_CHECKING:
    from vitpose_blender.core.take import Take
    from vitpose_blender.core.types import Joints3D

PRESETS = ("crisp", "balanced", "smooth")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
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
        "--joints",
        choices=("auto", "take", "solve"),
        default="auto",
        help="take: the 3D joints as captured; solve: anew from the keypoints; auto "
        "(default) solves what our own live lifter made and keeps what others made",
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
    from vitpose_blender.blender import animate, character, export
    from vitpose_blender.core.errors import OutputError
    from vitpose_blender.core.take import read_take

    for path in arguments.out:
        export.writer_for(path)
    if arguments.fps is not None and not 1 <= arguments.fps <= 1000:
        raise OutputError(f"--fps {arguments.fps:g} is not between 1 and 1000")
    take = read_take(arguments.take)
    person = take.people[0] if arguments.person is None else arguments.person
    others = [other for other in take.people if other != person]
    take = take.of_person(person)
    character.open_empty_scene()
    armature = character.load_character(arguments.character)
    character.read_rig_rest(armature, arguments.rig)

    joints = solve(take, arguments)
    if arguments.fps or arguments.character.suffix.lower() != ".blend":
        times = [packet.t for packet in take.packets]
        fps = arguments.fps or animate.natural_fps(take.header.fps, times)
        animate.set_scene_fps(fps)
    baking = _cli.Progress("Baking", len(joints))
    made = animate.animate(
        armature, joints, take.header.camera, arguments.rig, baking.share
    )
    baking.step(made.num_frames)
    baking.finish()
    for path in arguments.out:
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


def solve(take: "Take", arguments: argparse.Namespace) -> "list[Joints3D]":
    """Return the take's joints, with a progress line."""
    from vitpose_blender.core.filters import PRESETS as FILTERS
    from vitpose_blender.core.solve import Joints, solve_take
    from vitpose_blender.inference.lifter import GeometricLifter

    solving = _cli.Progress("Solving", len(take.packets))
    joints = solve_take(
        take,
        GeometricLifter(),
        FILTERS[arguments.smooth],
        Joints(arguments.joints),
        solving.share,
    )
    solving.step(len(take.packets))
    solving.finish()
    return joints


if __name__ == "__main__":
    wanted = parse_arguments()
    _environment.activate()
    _cli.run(lambda: main(wanted))
