# SPDX-License-Identifier: GPL-3.0-or-later
"""One door to every source of pictures: video, pictures, camera, stream.

Keypoints that others detected come through `recorded.py`.
"""

import math
import platform
import re
from functools import partial
from pathlib import Path
from urllib.parse import SplitResult, urlsplit
from urllib.request import url2pathname

from ..core.errors import SourceError
from . import opencv_capture
from .frame_source import EVERY_FRAME, FrameRange, FrameSource
from .image_folder import DEFAULT_FPS, SUFFIXES, ImageFolder
from .live_camera import LiveCamera
from .video_file import VideoFile

__all__ = ["FrameRange", "FrameSource", "open_source"]

LIVE_TIMEOUT = 5.0  # A camera that is silent for longer is gone [s].
DEVICE_TIMEOUT = 30.0  # Some cameras take long to wake up [s].


def open_source(
    spec: str | int | Path,
    frames: FrameRange | None = None,
    *,
    fps: float | None = None,
    timeout: float = LIVE_TIMEOUT,
) -> FrameSource:
    """Open whatever `spec` names.

    Args:
        spec: A video file, a picture or a folder of pictures, the index of a camera
            (0 or "0"), or the address of a stream (rtsp://, http://, udp://, ...).
        frames: Which frames to deliver; all by default.
        fps: At which rate the pictures of a folder were taken [Hz].
        timeout: How long a live source may deliver nothing [s].

    Raises:
        SourceError: There is no such source, or it holds no pictures.
        CameraError: The camera or stream does not open or deliver.
    """
    frames = frames or EVERY_FRAME
    if fps is not None and not (math.isfinite(fps) and fps > 0.0):
        raise SourceError(f"{fps} is not a frame rate: give pictures a second, say 30")
    text = str(spec).strip()
    if isinstance(spec, int) or re.fullmatch(r"-?[0-9]+", text):
        return _open_device(int(text), frames, timeout)
    if "://" in text and not isinstance(spec, Path):
        return _open_url(text, frames, timeout)
    if not text:
        raise SourceError("No source was given: name a video, a folder or a camera")
    path = Path(spec)
    if path.is_dir() or (path.suffix.lower() in SUFFIXES and path.is_file()):
        return ImageFolder(path, frames, fps or DEFAULT_FPS)
    return VideoFile(path, frames)


def safe_name(url: SplitResult) -> str:
    """Return an address without user, password and query, which may hold a key."""
    host = url.netloc.rpartition("@")[2]
    masked = f"***@{host}" if "@" in url.netloc else host
    return f"{url.scheme}://{masked}{url.path}{'?***' if url.query else ''}"


def _open_url(text: str, frames: FrameRange, timeout: float) -> FrameSource:
    try:
        url = urlsplit(text)
    except ValueError:
        raise SourceError("The stream's address is malformed: check it") from None
    if url.scheme == "file":
        return open_source(Path(url2pathname(url.path)), frames)
    return LiveCamera(
        safe_name(url),
        partial(opencv_capture.open_stream, text, timeout),
        "check the address, the network, and that the camera is switched on",
        frames=frames,
        timeout=timeout,
        open_timeout=timeout,
    )


def _open_device(index: int, frames: FrameRange, timeout: float) -> FrameSource:
    if not 0 <= index < 1000:
        raise SourceError(f"{index} is not the index of a camera: the first one is 0")
    return LiveCamera(
        f"camera {index}",
        partial(opencv_capture.open_device, index),
        _device_advice(),
        frames=frames,
        timeout=timeout,
        open_timeout=DEVICE_TIMEOUT,
    )


def _device_advice() -> str:
    advice = "close other programs that use it, or give another index"
    if platform.system() == "Darwin":
        return f"{advice}, and allow it in System Settings, Privacy, Camera"
    if platform.system() == "Linux":
        found = sorted(path.name for path in Path("/dev").glob("video*"))
        known = ", ".join(name.removeprefix("video") for name in found) or "no camera"
        return f"{advice}; this machine has {known}"
    return advice
