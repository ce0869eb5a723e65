# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs beside a process, as Linux tells it; and a camera that runs there too."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]
SAMPLE = PROJECT / "resources" / "videos" / "sample.mp4"
WHOLE = range(40, 260)  # Frames of it that show the person whole.


def children(pid):
    """Return the process ids of everything that a process started, at any depth."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                state, parent = _stat(folder)
                if state != "Z":  # Has ended, and waits for somebody to notice.
                    parents[int(folder.name)] = parent
    found, ends = [], {pid}
    while ends:
        ends = {child for child, parent in parents.items() if parent in ends}
        found += sorted(ends)
    return found


def is_alive(pid):
    with contextlib.suppress(OSError):
        return _stat(Path("/proc") / str(pid))[0] != "Z"
    return False


def command_line(pid):
    with contextlib.suppress(OSError):
        text = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
        return text.replace("\0", " ").strip()
    return ""


def _stat(folder):
    """Return a process's state and its parent's id."""
    state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
    return state, int(parent)


def endless_clip(path):
    """Write some of the sample clip, forwards and backwards, for a camera to repeat.

    So nobody jumps to another side, where they would count as somebody else.
    """
    import cv2  # Late: others of these need no OpenCV.

    clip = cv2.VideoCapture(str(SAMPLE))
    there = [clip.read()[1] for _ in range(WHOLE.stop)][WHOLE.start :]
    height, width = there[0].shape[:2]
    kind = cv2.VideoWriter.fourcc(*"mp4v")
    writer = cv2.VideoWriter(str(path), kind, 30, (width, height))
    for image in [*there, *reversed(there)]:
        writer.write(image)
    writer.release()
    clip.release()
    return path


def long_recording(path, times=12):
    """Write some of the sample's keypoints, forwards and backwards again and again.

    Backwards, since somebody who jumped to the other side would count as another.
    """
    sample = json.loads(SAMPLE.with_suffix(".keypoints.json").read_text("utf-8"))
    images = {image["id"]: image for image in sample["images"]}
    seen = {each["image_id"]: each for each in sample["annotations"]}
    long = {**sample, "images": [], "annotations": []}
    for index, number in enumerate([*WHOLE, *reversed(WHOLE)] * times):
        moved = {"id": index, "frame_index": index, "t": index / 30}
        long["images"].append({**images[number], **moved})
        if number in seen:
            moved = {"id": index, "image_id": index}
            long["annotations"].append({**seen[number], **moved})
    Path(path).write_text(json.dumps(long), "utf-8")
    return path


class Camera:
    """A network camera that shows a clip, over and over; without one, the sample."""

    def __init__(self, fps=30, video=SAMPLE):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}/camera.mjpg"
        server = PROJECT / "mjpeg_server.py"
        self._process = subprocess.Popen(
            [sys.executable, server, str(port), str(fps), str(video)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._process.stdout.readline()  # It is ready.

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stall(False)
        self.unplug()

    def unplug(self):
        self._process.kill()
        self._process.wait()

    def stall(self, is_stalled):
        """Deliver no more pictures, but keep the connection; or go on."""
        with contextlib.suppress(ProcessLookupError):
            number = signal.SIGSTOP if is_stalled else signal.SIGCONT
            os.kill(self._process.pid, number)
