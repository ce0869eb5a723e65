# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the README's moving picture: the sample clip beside the character it drives.

    python3 scripts/make_moving_picture.py      docs/pictures/driven.webp

The clip's recorded keypoints drive it, so that every run gives the same picture.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import _cli
import _contact_sheet
import _environment
import demo
import measure_sample

OUT = Path("docs", "pictures", "driven.webp")
WORK = Path("out", "moving_picture")
TAKE, BLEND = WORK / "sample.take.jsonl", WORK / "mannequin.blend"
HEIGHT = 270  # Of the picture [px].
FPS = 10.0  # [Hz]
FIRST, LAST = 0.8, 8.8  # Of the clip [s].
QUALITY = 55


def main(arguments: argparse.Namespace) -> int:
    """Render, put side by side and write; returns the exit code."""
    from PIL import Image

    os.chdir(_environment.ROOT)
    drive()
    pictures = [
        Image.fromarray(picture[:, :, ::-1]) for picture in make_pictures(arguments.fps)
    ]
    pictures[0].save(
        arguments.out,
        save_all=True,
        append_images=pictures[1:],
        duration=round(1000 / arguments.fps),
        loop=0,
        quality=QUALITY,
        method=6,
    )
    size = arguments.out.stat().st_size
    print(f"{arguments.out}: {len(pictures)} pictures, {size / 1000:.0f} kB")
    return 0


def drive() -> None:
    """Let the clip's keypoints drive the default character, into a .blend."""
    fov, tilt = measure_sample.camera_of_sample()
    scene = ["--fps", "30", "--fov", f"{fov:g}", "--tilt", f"{tilt:g}"]
    for command in (
        ["capture.py", demo.KEYPOINTS, "--footage", demo.VIDEO, *scene, "--out", TAKE],
        ["animate.py", TAKE, demo.CHARACTER, "--out", BLEND],
    ):
        script = Path("scripts", str(command[0]))
        subprocess.run([sys.executable, script, *command[1:]], check=True)


def make_pictures(fps: float) -> list:
    """Return the pictures, footage left and character right.

    Args:
        fps: How many a second of the clip [Hz].
    """
    import numpy as np

    from vitpose_blender.core.take import read_take

    packets = {packet.frame: packet for packet in read_take(TAKE).packets}
    armature, first, rate = _contact_sheet.open_animated(BLEND)
    start = min(packet.t for packet in packets.values())
    wanted = [
        packet
        for packet in packets.values()
        if FIRST <= packet.t - start <= LAST and is_due(packet.t - start, fps)
    ]
    _contact_sheet.CELL_WH = (HEIGHT * 8 // 9, HEIGHT)
    right = _contact_sheet.render(
        armature, [first + (packet.t - start) * rate for packet in wanted]
    )
    left = footage({packet.frame: packet for packet in wanted})
    return [np.hstack(pair) for pair in zip(left, right)]


def is_due(t: float, fps: float, source_fps: float = 30.0) -> bool:
    """Whether the frame at the time `t` [s] is the first after a moment of ours."""
    return int(t * fps + 1e-6) != int((t - 1 / source_fps) * fps + 1e-6)


def footage(packets: dict) -> list:
    """Return the clip's pictures with the skeletons of packets, by frame, drawn."""
    import cv2

    from vitpose_blender.inference.camera import open_source
    from vitpose_blender.inference.overlay import draw_people

    pictures = []
    with open_source(demo.VIDEO) as source:
        for frame in source:
            if frame.index in packets:
                drawn = draw_people(frame.image, [packets[frame.index]])
                size = round(HEIGHT * drawn.shape[1] / drawn.shape[0]), HEIGHT
                pictures.append(cv2.resize(drawn, size, interpolation=cv2.INTER_AREA))
    return pictures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--fps", type=float, default=FPS, help="(%(default)g)")
    wanted = parser.parse_args()
    _environment.activate()
    _cli.run(lambda: main(wanted))
