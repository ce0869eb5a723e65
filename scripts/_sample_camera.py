# SPDX-License-Identifier: GPL-3.0-or-later
"""Be a network camera that shows the sample video over and over; a script's helper.

The first line it prints is its address; it
ends when its input does, so it outlives nobody.
"""

import sys
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
VIDEO = ROOT / "resources" / "videos" / "sample.mp4"
FPS = 30.0  # [Hz]
FIRST = 30  # Before that frame nobody is in the picture.


def main() -> None:
    sys.path.insert(0, str(ROOT))
    import cv2

    from tests.inference.mjpeg_server import MjpegServer
    from vitpose_blender.inference.camera import open_source

    with open_source(VIDEO) as video:
        pictures = [cv2.imencode(".jpg", frame.image)[1].tobytes() for frame in video]
    server: Any = MjpegServer()
    server._server.handle_error = lambda *_: None  # The camera is let go of at the end.
    print(server.url, flush=True)
    over = threading.Event()
    threading.Thread(target=_wait_for_the_end, args=(over,), daemon=True).start()
    due, number = time.monotonic(), FIRST
    while not over.is_set():
        if server.pictures.empty():  # Else nobody is watching, or too slowly.
            server.pictures.put(pictures[number % len(pictures)])
            number = max(number + 1, FIRST)
        due = max(due + 1 / FPS, time.monotonic() - 1 / FPS)
        over.wait(max(due - time.monotonic(), 0.0))


def _wait_for_the_end(over: threading.Event) -> None:
    sys.stdin.read()
    over.set()


if __name__ == "__main__":
    main()
