# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenCV's `VideoCapture`, opened the way that every source here needs it."""

import math
import os
from typing import Any, Protocol

import cv2

from ..core.types import ImageArray

# OpenCV reads these when it first opens something, which may happen elsewhere: they
# are set on import. The user's own settings win.
_ENVIRONMENT = {
    "OPENCV_FFMPEG_LOGLEVEL": "-8",  # AV_LOG_QUIET: damaged frames fill the terminal.
    # Windows' media foundation takes up to a minute to open a camera otherwise.
    "OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS": "0",
}

for _name, _value in _ENVIRONMENT.items():
    os.environ.setdefault(_name, _value)

MAX_FPS = 1000.0  # Beyond, it is a clock rate that was taken for a frame rate [Hz].


class Capture(Protocol):
    """What is used of `cv2.VideoCapture`, whose own types differ between versions."""

    def grab(self) -> bool: ...

    def retrieve(self) -> tuple[bool, ImageArray | None]: ...

    def get(self, propId: int, /) -> float: ...  # noqa: N803

    def isOpened(self) -> bool: ...  # noqa: N802

    def release(self) -> None: ...


def silence() -> None:
    """Keep OpenCV from writing to the terminal of the user."""
    if "OPENCV_LOG_LEVEL" not in os.environ:
        opencv: Any = cv2
        # OpenCV 5 has it in another place than OpenCV 4.
        module = opencv if hasattr(opencv, "setLogLevel") else opencv.utils.logging
        module.setLogLevel(0)  # Silent.


def open_file(path: str) -> Capture:
    """Open a video file; `isOpened()` of what returns may be false."""
    silence()
    return _upright(cv2.VideoCapture(path, _file_backend()))


def open_stream(url: str, timeout: float) -> Capture:
    """Open a network stream whose `grab` waits at most `timeout` [s]."""
    silence()
    milliseconds = max(1, round(timeout * 1000))
    limits = [
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
        milliseconds,
        cv2.CAP_PROP_READ_TIMEOUT_MSEC,
        milliseconds,
    ]
    backend = _file_backend()
    if backend != cv2.CAP_FFMPEG:
        limits = []  # Another backend refuses to open with settings it lacks.
    return _upright(cv2.VideoCapture(url, backend, limits))


def open_device(index: int) -> Capture:
    """Open the camera with this index, without a queue of old pictures."""
    silence()
    capture: Any = cv2.VideoCapture(index, cv2.CAP_ANY)
    if capture.isOpened():
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    opened: Capture = capture
    return opened


def nominal_fps(capture: Capture) -> float | None:
    """Return the rate that the source claims [Hz]; None where it makes no sense."""
    fps = float(capture.get(cv2.CAP_PROP_FPS))
    return fps if math.isfinite(fps) and 0.0 < fps <= MAX_FPS else None


def _file_backend() -> int:
    if cv2.CAP_FFMPEG in cv2.videoio_registry.getBackends():
        return cv2.CAP_FFMPEG
    return cv2.CAP_ANY


def _upright(capture: Any) -> Capture:
    """Have pictures turned the way the camera was held.

    The default of this setting changed between versions of OpenCV.
    """
    if capture.isOpened():
        capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    opened: Capture = capture
    return opened
