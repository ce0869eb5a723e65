# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that grabs one picture of a camera, and says what it is like."""

import sys
import time

from .own_code import say, say_errors


def main() -> None:
    say_errors(_try)


def _try() -> None:
    from ..inference.camera import open_source

    source = sys.argv[1]
    start = time.perf_counter()
    with open_source(source) as camera:
        frame = next(iter(camera))
        say(
            image_wh=frame.image_wh,
            seconds=time.perf_counter() - start,
            brightness=float(frame.image.mean()),
            fps=camera.fps,
        )
