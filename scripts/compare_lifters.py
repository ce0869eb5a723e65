# SPDX-License-Identifier: GPL-3.0-or-later
"""Show what the lifters make of the sample clip, side by side.

    python3 scripts/demo.py
    python3 scripts/compare_lifters.py --out docs/pictures/lifters.jpg

The first row is the footage. Then each lifter has two: the character as the camera
sees it, where all lifters look alike, and from the side, where they differ. Needs
the take that demo.py leaves in out/demo/.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import _cli
import _contact_sheet
import _environment
import demo

if TYPE_CHECKING:
    import numpy as np


OUT = Path("docs", "pictures", "lifters.jpg")
FOLDER = Path("out", "lifters")
COLUMNS = 8
CELL_WH = (210, 280)  # [px]


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = _cli.ArgumentParser(__doc__ or "")
    parser.add_argument(
        "--out", type=Path, default=OUT, help="the JPEG; default %(default)s"
    )
    return parser.parse_args()


def main(arguments: argparse.Namespace) -> int:
    """Animate, render and write the sheet; returns the exit code."""
    import numpy as np

    from rigs_pictures import save, write
    from vitpose_blender.core.take import read_take

    os.chdir(_environment.ROOT)
    take = read_take(demo.TAKE)
    moments = (np.arange(COLUMNS) + 0.5) / COLUMNS * len(take.packets)
    packets = [take.packets[int(moment)] for moment in moments]
    _contact_sheet.CELL_WH = CELL_WH
    rows = [_contact_sheet.camera_pictures(str(demo.VIDEO), packets)]
    for lifter in _cli.LIFTERS:
        blend = FOLDER / f"{lifter}.blend"
        command = [demo.TAKE, demo.CHARACTER, "--lifter", lifter, "--out", blend]
        subprocess.run([sys.executable, "scripts/animate.py", *command], check=True)
        pair = views(blend, [packet.t - take.packets[0].t for packet in packets])
        for row, side in zip(pair, ("front", "side")):
            write(row[0], f"{lifter}, {side}", (6, 18))
        rows += pair
    save(arguments.out, np.vstack([np.hstack(row) for row in rows]))
    print(f"{arguments.out}: footage, then {', '.join(_cli.LIFTERS)}, front and side")
    return 0


def views(blend: Path, times: list[float]) -> "list[list[np.ndarray]]":
    """Return BGR pictures of a character at some times [s]: from front and side."""
    import numpy as np

    armature, first, rate = _contact_sheet.open_animated(blend)
    frames = [first + t * rate for t in times]
    front = _contact_sheet.render(armature, frames)
    armature.rotation_mode = "XYZ"
    armature.rotation_euler.z += np.pi / 2
    return [front, _contact_sheet.render(armature, frames)]


if __name__ == "__main__":
    wanted = parse_arguments()
    _environment.activate()
    _cli.run(lambda: main(wanted))
