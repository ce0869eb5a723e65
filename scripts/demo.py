# SPDX-License-Identifier: GPL-3.0-or-later
"""Show the main job: from the sample clip to an animated character.

    python3 scripts/demo.py

Captures resources/videos/sample.mp4 into a take, animates the default character with
it, and writes everything to out/demo/: the take, the footage with the skeleton drawn
on it, the character as .glb and .blend, and a contact sheet. Ends by comparing the
character's bones with the clip's known truth.

The clip's pixels go through vitpose-nano, a small ViTPose that comes with the project,
or through another one, a folder or a hub id on this machine, that VITPOSE_MODEL names.
Where neither is there, the clip's recorded keypoints stand in for them.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import _cli
import _environment
import measure_sample

OUT = Path("out", "demo")
VIDEOS = Path("resources", "videos")
VIDEO = VIDEOS / "sample.mp4"
KEYPOINTS = VIDEOS / "sample.keypoints.json"
TAKE = OUT / "sample.take.jsonl"
BLEND = OUT / "mannequin.blend"
CHARACTER = Path("resources", "characters", "mannequin.glb")


def main() -> int:
    """Run the two commands of the main job and sum up; returns the exit code."""
    os.chdir(_environment.ROOT)
    shutil.rmtree(OUT, ignore_errors=True)
    started = time.monotonic()
    for command in commands():
        print(f"\n$ python3 {' '.join(map(str, command))}", flush=True)
        code = subprocess.run([sys.executable, *command], check=False).returncode
        if code:
            return code
    summarize(time.monotonic() - started)
    return 0


def commands() -> list[list[str | Path]]:
    """Return the command lines of the main job, as a user would type them."""
    fov, tilt = measure_sample.camera_of_sample()
    scene = ["--fov", f"{fov:g}", "--tilt", f"{tilt:g}", "--out", TAKE]
    overlay = ["--overlay", OUT / "overlay.mp4"]
    source = [KEYPOINTS, "--fps", "30", "--footage", VIDEO]
    if model():
        source = [VIDEO, "--model", model()]
    results = ["--out", OUT / "mannequin.glb", "--out", BLEND]
    sheet = ["--sheet", OUT / "contact_sheet.png", "--footage", VIDEO]
    return [
        ["scripts/capture.py", *source, *scene, *overlay],
        ["scripts/animate.py", TAKE, CHARACTER, *results, *sheet],
    ]


def model() -> str:
    """Return the ViTPose that looks at the clip; empty where there is none."""
    from vitpose_blender.inference.weights import BUILT_IN_MODEL, has_built_in_model

    built_in = BUILT_IN_MODEL if has_built_in_model() else ""
    return os.environ.get("VITPOSE_MODEL") or built_in


def summarize(seconds: float) -> None:
    """Say what was made and how near it is to the truth."""
    seen_by = f"the pixels, by {model()}" if model() else "recorded keypoints"
    found = measure_sample.measure(TAKE, BLEND)
    print(f"\nFrom the sample clip ({seen_by}) to a character in {seconds:.0f} s:")
    for path in sorted(OUT.iterdir()):
        print(f"  {path}  {path.stat().st_size / 1000:.0f} kB")
    print(
        "The character's limbs against the clip's truth: "
        f"{found.mean_angle:.1f} degrees off on average, "
        f"{found.worst_angle:.1f} in the worst tenth; "
        f"its way through the room {found.path_error:.2f} m off"
    )


if __name__ == "__main__":
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    _environment.activate()
    _cli.run(main)
