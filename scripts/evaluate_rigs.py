# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure how exactly characters follow true motion, after Blender evaluated the pose.

    python3 scripts/evaluate_rigs.py
    python3 scripts/evaluate_rigs.py --write
    python3 scripts/evaluate_rigs.py --clips 5 --characters mannequin.glb skeleton.fbx
    python3 scripts/evaluate_rigs.py --clips 0 --sheets docs/pictures

Motion capture takes the place of the lifter, so only recognition, retargeting, binding
and Blender's constraints are measured. Which bones are judged comes from a table
written by hand, not from the recognition. Ends with 1 if a character is refused.
"""

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import _cli
import _document
import _environment

if TYPE_CHECKING:
    from rigs_cast import Role
    from rigs_clips import Clip
    from rigs_subject import Subject
    from rigs_tables import Result

DOCUMENT = _environment.ROOT / "docs" / "rigs.md"
NUM_CLIPS = 40


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = _cli.ArgumentParser(__doc__ or "")
    parser.add_argument(
        "--characters",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="by default the mannequin, the shared characters and Rigify's human",
    )
    parser.add_argument("--clips", type=int, default=NUM_CLIPS, metavar="N",
                        help="of true motion; default %(default)s")  # fmt: skip
    parser.add_argument("--faults", action="store_true", help="say where each fault is")
    parser.add_argument("--sheets", type=Path, metavar="FOLDER",
                        help="also put pictures there")  # fmt: skip
    _document.add_options(parser, DOCUMENT)
    return parser.parse_args()


def main(arguments: argparse.Namespace) -> int:
    """Measure every character; returns the exit code."""
    import rigs_cast
    import rigs_hands
    import rigs_pictures
    import rigs_tables
    from rigs_clips import Library

    library = Library(arguments.shared / "data" / "mocap")
    clips = library.varied(arguments.clips)
    with tempfile.TemporaryDirectory() as folder:
        cast = list(
            rigs_cast.given(arguments.characters)
            if arguments.characters
            else rigs_cast.default(arguments.shared, Path(folder))
        )
        touching = rigs_hands.touching_clips(library)
        results = [measure(role, clips, touching) for role in cast] if clips else []
        if arguments.sheets:
            rigs_pictures.draw(arguments.sheets, library, cast)
    if not results:
        return 0
    tables = {
        "rigs": rigs_tables.following(results),
        "motion": rigs_tables.by_motion(results, clips),
        "recognition": rigs_tables.recognition(results),
        "feet": rigs_tables.feet(results),
        "hands": rigs_tables.hands(results),
    }
    for name, lines in tables.items():
        print("\n".join(["", *lines]))
        if arguments.write:
            _document.write_table(DOCUMENT, name, lines)
    if arguments.faults:
        print("\n".join(["", *rigs_tables.worst(results, clips)]))
    return int(any(result.refusal for result in results))


def measure(role: "Role", clips: "list[Clip]", touching: "list[Clip]") -> "Result":
    """Recognise one character and drive it through all clips."""
    from rigs_hands import measure_hands
    from rigs_tables import Result
    from vitpose_blender.core.errors import VitposeError

    try:
        subject = role.open()
    except VitposeError as error:
        return Result(role.name, str(error))
    result = Result(role.name, num_bones=len(subject.names))
    if role.has_known_map:
        recognise(subject, result)
    try:
        follow(subject, clips, result, role.manner)
        if role.manner == "baked":
            result.hands = measure_hands(subject, subject.bind(), touching)
    except VitposeError as error:
        result.refusal = str(error)
    return result


def recognise(subject: "Subject", result: "Result") -> None:
    """Judge the roles that are found, with the bones' names and without."""
    import rigs_maps
    from vitpose_blender.blender import character, rig_choice

    skeleton, maps = character.read_skeleton(subject.armature), rig_choice.all_maps()
    result.named = rigs_maps.score_map(skeleton, maps, subject.truth)
    for seed in range(rigs_maps.SCRAMBLES):
        nameless, truth = rigs_maps.scramble(skeleton, subject.truth, seed)
        result.scrambled.append(rigs_maps.score_map(nameless, maps, truth))


def follow(
    subject: "Subject", clips: "list[Clip]", result: "Result", manner: str
) -> None:
    """Bind a character, drive it through all clips, and measure.

    Args:
        subject: The character.
        clips: What the person does.
        result: Is filled in.
        manner: See `rigs_cast.Role`.

    Raises:
        RigError: The extension cannot bind it.
    """
    import bpy

    from rigs_skin import read_skin
    from tests.blender.fingerprint import differences, fingerprint
    from vitpose_blender.blender import binding

    with _cli.hushed():  # Blender warns of values of its own.
        before = fingerprint(bpy.data)
    skin = read_skin(subject)
    rest = subject.bind()
    total = sum(len(clip) for clip in clips)
    with _cli.Progress(subject.name, total) as progress:
        done = 0
        for clip in clips:
            posed = subject.drive(clip, rest, clip.memory(manner))
            result.figures.add(subject.build, posed, clip)
            if skin is not None:
                result.ground.add(subject.build, skin, posed, clip)
            done += len(clip)
            progress.step(done)
    binding.remove_binding(subject.armature)
    with _cli.hushed():
        result.changes = differences(before, fingerprint(bpy.data))


if __name__ == "__main__":
    wanted = parse_arguments()
    _environment.activate()
    _cli.run(lambda: main(wanted))
