# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure how long binding takes, and one live tick of a bound character.

    python3 scripts/bench_rigs.py
    python3 scripts/bench_rigs.py --write
    python3 scripts/bench_rigs.py --bind hero.glb --tick hero.glb

Medians over many repeats, in one process, meshes not deformed. Ends with 1 if binding
takes 200 ms or more, or a tick 1 ms or more.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import _cli
import _document
import _environment

if TYPE_CHECKING:
    from bpy.types import Object

    from vitpose_blender.core.motion import WorldMotion
    from vitpose_blender.core.rig_rest import RigRest

DOCUMENT = _environment.ROOT / "docs" / "performance.md"
BIND_LIMIT, TICK_LIMIT = 0.2, 0.001  # [s]
BINDS, TICKS = 15, 600  # Repeats.
FPS = 30.0  # [Hz]


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = _cli.ArgumentParser(__doc__ or "")
    rigs = _environment.ROOT.parent / "shared" / "data" / "rigs"
    parser.add_argument("--bind", type=Path, metavar="FILE",
                        default=rigs / "mpfb2_glb/female_tall__rigify_metarig.glb",
                        help="the character to bind; default %(default)s")  # fmt: skip
    parser.add_argument("--tick", type=Path, metavar="FILE",
                        default=rigs / "ozz_pab/skeleton.fbx",
                        help="the character to drive; default %(default)s")  # fmt: skip
    parser.add_argument("--write", action="store_true", help=f"update {DOCUMENT.name}")
    return parser.parse_args()


def main(arguments: argparse.Namespace) -> int:
    """Measure and print both; returns the exit code."""
    bound, bound_bones = bench_binding(arguments.bind)
    ticks, tick_bones = bench_ticks(arguments.tick)
    lines = ["| what | ms |", "| --- | ---: |"]
    for title, num_bones, times in (
        ("binding", bound_bones, bound),
        ("a live tick", tick_bones, ticks),
    ):
        lines += [
            f"| {title} of {num_bones} bones: {name} | {1000 * seconds:.2f} |"
            for name, seconds in times.items()
        ]
    print("\n".join(lines))
    if arguments.write:
        _document.write_table(DOCUMENT, "binding", lines)
    too_slow = bound["in all"] > BIND_LIMIT or ticks["in all"] > TICK_LIMIT
    return int(too_slow)


def load(path: Path) -> "Object":
    """Load a character into an empty scene and return its armature."""
    from rigs_subject import hide_meshes
    from vitpose_blender.blender import load

    with _cli.hushed():
        load.open_empty_scene()
        armature = load.load_character(path)
    hide_meshes()
    return armature


def bench_binding(path: Path) -> tuple[dict[str, float], int]:
    """Return the median time of each step of binding [s], and the number of bones."""
    from vitpose_blender.blender import access, binding, character, rig_choice
    from vitpose_blender.core.build_rest import build_rig_rest

    armature = load(path)
    laps = Laps()
    for _ in range(BINDS):
        laps.begin()
        skeleton = character.read_skeleton(armature)
        laps.end("read the skeleton")
        found = rig_choice.choose_rig(armature)
        laps.end("recognise the rig")
        rest = build_rig_rest(skeleton, found.bones, found.properties)
        laps.end("work out the rest pose")
        binding.ensure_binding(armature, rest)
        laps.end("targets and constraints")
        access.view_layer().update()
        laps.end("Blender's update")
        binding.remove_binding(armature)
    return laps.medians(), len(access.armature_data(armature).bones)


def bench_ticks(path: Path) -> tuple[dict[str, float], int]:
    """Return the median time of each part of a tick [s], and the number of bones."""
    from vitpose_blender.blender import access, binding, character
    from vitpose_blender.core.motion import Memory, WorldMotion
    from vitpose_blender.core.retarget import retarget

    armature = load(path)
    rest = character.read_rig_rest(armature)
    binding.ensure_binding(armature, rest)
    person = moving_person(rest, TICKS)
    memory, laps = Memory(), Laps()
    for frame in range(TICKS):
        now = slice(frame, frame + 1)
        motion = WorldMotion(person.times[now], person.xyz[now], person.path[now],
                             person.clearance[now])  # fmt: skip
        pose = retarget(motion, rest, memory).pose(0)
        laps.begin()
        binding.move_targets(armature, pose)
        laps.end("move the targets")
        access.view_layer().update()
        laps.end("Blender's update")
    times = laps.medians()
    times["retarget, in the worker"] = retarget_time(person, rest)
    return times, len(access.armature_data(armature).bones)


def retarget_time(person: "WorldMotion", rest: "RigRest") -> float:
    """Return the median time of retargeting one live frame [s]."""
    from vitpose_blender.core.motion import Memory, WorldMotion
    from vitpose_blender.core.retarget import retarget

    memory, laps = Memory(), Laps()
    for frame in range(len(person.times)):
        now = slice(frame, frame + 1)
        motion = WorldMotion(person.times[now], person.xyz[now], person.path[now],
                             person.clearance[now])  # fmt: skip
        laps.begin()
        retarget(motion, rest, memory)
        laps.end("retarget")
    return laps.medians()["retarget"]


def moving_person(rest: "RigRest", num_frames: int) -> "WorldMotion":
    """Return somebody built like the character who moves everything."""
    import numpy as np

    from tests.humanoid import moving, person_like, world_motion

    times = np.arange(num_frames) / FPS
    return world_motion(moving(person_like(rest), times), FPS)


class Laps:
    """Times between marks, kept by what was done."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._times: dict[str, list[float]] = {}
        self._begun = self._mark = 0.0

    def begin(self) -> None:
        """Start a round."""
        self._begun = self._mark = self._clock()

    def end(self, name: str) -> None:
        """Say what was done since the last mark."""
        now = self._clock()
        self._times.setdefault(name, []).append(now - self._mark)
        self._mark = now

    def medians(self) -> dict[str, float]:
        """Return the median of each part and of whole rounds [s]."""
        import numpy as np

        rounds = np.sum(list(self._times.values()), axis=0)
        parts = {name: float(np.median(t)) for name, t in self._times.items()}
        return {**parts, "in all": float(np.median(rounds))}


if __name__ == "__main__":
    wanted = parse_arguments()
    _environment.activate()
    _cli.run(lambda: main(wanted))
