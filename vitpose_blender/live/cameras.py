# SPDX-License-Identifier: GPL-3.0-or-later
"""The cameras of this machine by their names, as far as the system tells them.

No camera is switched on for it. Takes up to seconds: call it in a thread.
"""

import json
import logging
import platform
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

TIMEOUT = 20.0  # What a system's own program may take to list cameras [s].
NUM_UNNAMED = 3  # So many are offered where the system tells no names.

_V4L_FOLDER = Path("/sys/class/video4linux")
_QUERY_CAPABILITIES = 0x80685600  # VIDIOC_QUERYCAP
_CAPABILITIES = struct.Struct("=16s32s32sIII12x")  # struct v4l2_capability
_CAN_CAPTURE = 0x00000001  # V4L2_CAP_VIDEO_CAPTURE
# Scanners are of the class Image, too: old webcams are told by their driver.
_WINDOWS = (
    "Get-CimInstance Win32_PnPEntity -Filter "
    "\"PNPClass='Camera' OR Service='usbvideo'\" | "
    "Select-Object -ExpandProperty Name | ConvertTo-Json"
)


@dataclass(frozen=True)
class CameraName:
    """A camera: the index that opens it, and what people call it."""

    index: int
    name: str


def find_cameras() -> tuple[CameraName, ...]:
    """Return the cameras of this machine in the order of their indices.

    Where the system tells no names there are some without, as `Camera 1`. Linux lists
    just what is there; of Windows and macOS the order is that of the system, and
    programs that play a camera may lack.
    """
    system = platform.system()
    if system not in _FINDERS:
        return _with_unnamed({})
    try:
        named = _FINDERS[system]()
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        log.warning("The names of the cameras are not known: %s", error)
        return _with_unnamed({})
    return _in_order(named) if system == "Linux" else _with_unnamed(named)


def _with_unnamed(named: Mapping[int, str]) -> tuple[CameraName, ...]:
    count = max(NUM_UNNAMED, len(named))
    unnamed = {index: f"Camera {index}" for index in range(count)}
    return _in_order({**unnamed, **named})


def _in_order(named: Mapping[int, str]) -> tuple[CameraName, ...]:
    """Tell cameras of one name apart by their indices."""
    counts = Counter(named.values())
    return tuple(
        CameraName(index, name if counts[name] == 1 else f"{name} ({index})")
        for index, name in sorted(named.items())
    )


def _of_linux(folder: Path = _V4L_FOLDER) -> dict[int, str]:
    named = {}
    for node in folder.glob("video*"):
        number = node.name.removeprefix("video")
        if number.isdigit() and _can_capture(node):
            named[int(number)] = (node / "name").read_text("utf-8", "replace").strip()
    return named


def _can_capture(node: Path) -> bool:
    """Whether a node delivers pictures: a camera's second one often does not."""
    import fcntl

    try:
        with (Path("/dev") / node.name).open("rb", buffering=0) as device:
            answer = bytearray(_CAPABILITIES.size)
            fcntl.ioctl(device, _QUERY_CAPABILITIES, answer)
    except OSError:  # In use by another program, or not for us: the first one does.
        index = node / "index"
        return not index.is_file() or index.read_text("utf-8").strip() == "0"
    return bool(_CAPABILITIES.unpack(answer)[-1] & _CAN_CAPTURE)


def _of_windows() -> dict[int, str]:
    answer = _answer("powershell", "-NoProfile", "-Command", _WINDOWS)
    names = json.loads(answer or "[]")
    return dict(enumerate([names] if isinstance(names, str) else map(str, names)))


def _of_macos() -> dict[int, str]:
    answer = _answer("system_profiler", "-json", "SPCameraDataType")
    cameras: list[dict[str, Any]] = json.loads(answer).get("SPCameraDataType", [])
    # OpenCV numbers them by these.
    cameras.sort(key=lambda camera: str(camera.get("spcamera_unique-id", "")))
    return {
        index: str(camera.get("_name", f"Camera {index}"))
        for index, camera in enumerate(cameras)
    }


def _answer(*command: str) -> str:
    # Windows would flash a console's window.
    hidden = 0x08000000 if sys.platform == "win32" else 0
    done = subprocess.run(
        command,
        check=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=TIMEOUT,
        creationflags=hidden,
    )
    return done.stdout.decode("utf-8", "replace")


_FINDERS: Mapping[str, Callable[[], dict[int, str]]] = {
    "Linux": _of_linux,
    "Windows": _of_windows,
    "Darwin": _of_macos,
}
