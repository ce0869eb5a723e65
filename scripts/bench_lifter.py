# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure how long the learned lifter takes: a frame live, and ten seconds baked.

    python3 scripts/bench_lifter.py
    python3 scripts/bench_lifter.py --write

The keypoints are the sample clip's. numpy runs with one thread, as it does in a
capture's own process, and with as many as it likes, each in a process of its own. Ends
with 1 if the network takes 2 ms a frame or more, or ten seconds take 10.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import _cli
import _document
import _environment

ROOT = _environment.ROOT
DOCUMENT = ROOT / "docs" / "performance.md"
KEYPOINTS = ROOT / "resources" / "videos" / "sample.keypoints.json"
FPS = 30.0  # Of the clip [Hz].
CLIP = 10.0  # What is baked, as if the clip were so long [s].
NETWORK_LIMIT, CLIP_LIMIT = 2e-3, 10.0  # [s]
THREADS = ("OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")  # Numpy's.
NETWORK = "live, a frame: the network"
LIFTING = "live, a frame: network, pose fitted to the picture, filters"
BAKING = f"baked, {CLIP:.0f} s: read, smoothed, solved as a whole"


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = _cli.ArgumentParser(__doc__ or "")
    parser.add_argument("--write", action="store_true", help=f"update {DOCUMENT.name}")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main(arguments: argparse.Namespace) -> int:
    """Measure with one thread and with several; returns the exit code."""
    if arguments.here:
        print(json.dumps(measure()))
        return 0
    one, several = in_a_process(num_threads=1), in_a_process(num_threads=None)
    lines = ["| ms | one thread | as many as numpy likes |", "| --- | ---: | ---: |"]
    lines += [f"| {name} | {_ms(one[name])} | {_ms(several[name])} |" for name in one]
    print("\n".join(lines))
    if arguments.write:
        _document.write_table(DOCUMENT, "lifting", lines)
    is_quick = one[NETWORK] < NETWORK_LIMIT and one[BAKING] < CLIP_LIMIT
    return 0 if is_quick else 1


def in_a_process(num_threads: int | None) -> dict[str, float]:
    """Return what `measure` does with so many of numpy's threads."""
    environment = {k: value for k, value in os.environ.items() if k not in THREADS}
    if num_threads is not None:
        environment |= dict.fromkeys(THREADS, str(num_threads))
    command = [sys.executable, str(Path(__file__).resolve()), "--here"]
    done = subprocess.run(
        command, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def measure() -> dict[str, float]:
    """Return how long each takes [s], by its row."""
    from vitpose_blender.core.filters import PRESETS
    from vitpose_blender.core.pipeline import PersonPipeline
    from vitpose_blender.core.solve import Joints, solve_take
    from vitpose_blender.inference import lift_network
    from vitpose_blender.inference.lifters import make_lifter
    from vitpose_blender.inference.recorded import read_recorded

    take = read_recorded(KEYPOINTS, FPS)
    keypoints = [packet.keypoints for packet in take.packets]
    camera, preset = take.header.camera, PRESETS["balanced"]

    network = []
    run = lift_network.LiftNetwork.run

    def timed(self, *inputs):  # type: ignore[no-untyped-def]
        start = time.perf_counter()
        lifted = run(self, *inputs)
        network.append(time.perf_counter() - start)
        return lifted

    lift_network.LiftNetwork.run = timed  # type: ignore[method-assign]
    pipeline, lifting = PersonPipeline(make_lifter("learned"), camera, preset), []
    for each in keypoints:
        start = time.perf_counter()
        pipeline.step(each)
        lifting.append(time.perf_counter() - start)
    lift_network.LiftNetwork.run = run  # type: ignore[method-assign]

    start = time.perf_counter()
    solve_take(take, make_lifter("learned"), preset, Joints.SOLVE)
    whole = (time.perf_counter() - start) * CLIP * FPS / len(keypoints)
    return {
        NETWORK: statistics.median(network),
        LIFTING: statistics.median(lifting),
        BAKING: whole,
    }


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.3g}"


if __name__ == "__main__":
    _environment.activate()
    _cli.run(lambda: main(parse_arguments()))
