# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure how long a person's motion takes to become a character's keyframes.

    python3 scripts/bench_bake.py
    python3 scripts/bench_bake.py --character hero.glb --frames 2000

The person is made by code and moves everything. Ends with 1 if 600 frames would take
2 seconds or more.
"""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

import _cli
import _environment

if TYPE_CHECKING:
    from vitpose_blender.core.rig_rest import RigRest
    from vitpose_blender.core.steps import finish
    from vitpose_blender.core.types import Joints3D

MANNEQUIN = _environment.ROOT / "resources" / "characters" / "mannequin.glb"
FPS = 30.0  # [Hz]
LIMIT = 2.0 / 600  # A frame, all stages together [s].


def parse_arguments() -> argparse.Namespace:
    parser = _cli.ArgumentParser(__doc__)
    parser.add_argument("--character", type=Path, default=MANNEQUIN, metavar="FILE")
    parser.add_argument("--frames", type=int, default=600, metavar="N")
    return parser.parse_args()


def main(arguments: argparse.Namespace) -> int:
    from vitpose_blender.blender import access, animate, bake, binding, character, load
    from vitpose_blender.core.camera_model import Camera
    from vitpose_blender.core.retarget import retarget
    from vitpose_blender.core.world_motion import to_world

    with _cli.hushed():
        load.open_empty_scene()
        armature = load.load_character(arguments.character)
    animate.set_scene_fps(FPS)
    rest = character.read_rig_rest(armature)
    joints = person(rest, arguments.frames)

    marks = [time.perf_counter()]
    motion = retarget(to_world(joints, Camera((1280, 720))), rest)
    marks.append(time.perf_counter())
    binding.ensure_binding(armature, rest)
    finish(bake.bake_steps(armature, rest, motion, bake.Keying("Bench")))
    binding.remove_binding(armature)
    marks.append(time.perf_counter())

    num_bones = len(access.armature_data(armature).bones)
    print(
        f"{arguments.character.name}: {num_bones} bones, {len(rest.names)} of them "
        f"driven; {len(motion)} frames"
    )
    stages = ("retarget", marks[1] - marks[0]), ("bake", marks[2] - marks[1])
    total = marks[2] - marks[0]
    for name, seconds in (*stages, ("total", total)):
        print(f"{name:9} {1000 * seconds:7.0f} ms")
    print(f"{len(motion) / total:.0f} frames/s, {len(motion) / FPS / total:.0f} x real")
    return int(total / len(motion) > LIMIT)


def person(rest: "RigRest", num_frames: int) -> "list[Joints3D]":
    """Return the joints of somebody built like the character who moves everything."""
    import numpy as np

    from tests.humanoid import moving, person_like, seen_by_camera

    times = np.arange(num_frames) / FPS
    path = np.stack([np.sin(times), np.cos(times), 0 * times], axis=1)
    return seen_by_camera(moving(person_like(rest), times), path, times)


if __name__ == "__main__":
    wanted = parse_arguments()
    _environment.activate()
    _cli.run(lambda: main(wanted))
