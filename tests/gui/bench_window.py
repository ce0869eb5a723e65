# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure a live capture in the window of a real Blender.

    python3 bench_window.py OUT [WIDTH HEIGHT [OPTIONS OF bench_live.py...]]

A window drawn by the processor takes the cores that the model needs, which one with a
graphics card does not. So one core draws this one, and there is less to draw: a small
3D view without overlays, bars and smooth edges, meshes as boxes (they still follow
their bones).
Prints the time that a redraw takes and all figures; ends with 1 if one of them is not
as it must be.
"""

import os
import subprocess
import sys
from pathlib import Path

from gui_blender import Checks, open_screen

PROJECT = Path(__file__).parents[2]
SIZE_WH = ("320", "240")  # [px]
LIMIT = 240  # [s]


def main(folder, width=SIZE_WH[0], height=SIZE_WH[1], *options):
    """Measure; returns how many checks failed."""
    check, log = Checks(), Path(folder) / "bench.log"
    screen, display = open_screen((int(width), int(height)))
    environment = dict(
        os.environ,
        DISPLAY=f":{display}",
        LIBGL_ALWAYS_SOFTWARE="1",
        LP_NUM_THREADS="1",  # Of who draws: another core is the model's.
    )
    bench = PROJECT / "scripts" / "bench_live.py"
    command = ["blender", "--factory-startup", "-p", "0", "0", width, height]
    try:
        with log.open("w") as file:
            done = subprocess.run(
                [*command, "--python", bench, "--", "--quit", "--bare", *options],
                check=False,
                env=environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                timeout=LIMIT,
            )
    finally:
        screen.terminate()
        screen.wait()
        said = log.read_text("utf-8", "replace")
        print(said, f"load {os.getloadavg()}", sep="\n", flush=True)  # noqa: T201
    check("Blender ended as it should", done.returncode == 0)
    check("all figures are as they must be", "all figures are as they" in said)
    return check.sum_up()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) > 0)
