# SPDX-License-Identifier: GPL-3.0-or-later
"""A take on disk: written line by line while capturing, never changed afterwards.

A take is a `*.take.jsonl` file: a header line, then one packet a line in the order
of capture. A crash loses at most the last line, and reading passes over it.
"""

import contextlib
import json
import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self, TextIO

from .camera_model import DEFAULT_FOV, Camera
from .closing import Closing
from .errors import OutputError, TakeError
from .layouts import CANONICAL, COCO17
from .packet import Packet, PacketError, dumps, loads
from .steps import Progress, ignore

log = logging.getLogger(__name__)

_REPORT_EVERY = 100  # Lines between two reports of progress.
VERSION = 1
SUFFIX = ".take.jsonl"
SOLVED_KEY = "solved"  # In a header's calibration: by what a take was solved again.


@dataclass(frozen=True)
class TakeHeader:
    """What is true of a whole take.

    Attributes:
        source: Name of the video, camera or file.
        model: Name of what found the keypoints.
        lifter: Name of what made `joints_3d`; empty where there are none.
        image_wh: Size of the picture [px].
        fov: Field of view across the longer side [deg].
        tilt: How far the camera looked down from the horizon [deg].
        fps: The source's nominal rate [Hz]; None where it has none.
        started: Wall-clock time of the capture, ISO 8601; empty where unknown.
        layout: Id of the keypoint layout.
        calibration: What a calibration measured; empty without one.
    """

    source: str = ""
    model: str = ""
    lifter: str = ""
    image_wh: tuple[int, int] = (1280, 720)
    fov: float = DEFAULT_FOV
    tilt: float = 0.0
    fps: float | None = None
    started: str = ""
    layout: str = COCO17.id
    calibration: dict[str, Any] = field(default_factory=dict)

    @property
    def camera(self) -> Camera:
        return Camera(self.image_wh, self.fov, self.tilt)

    def to_dict(self) -> dict[str, Any]:
        return {
            "take": VERSION,
            "source": self.source,
            "model": self.model,
            "lifter": self.lifter,
            "camera": {
                "image_wh": list(self.image_wh),
                "fov_deg": self.fov,
                "tilt_deg": self.tilt,
            },
            "fps": self.fps,
            "started": self.started,
            "layout": self.layout,
            "joints": list(CANONICAL.names),
            "calibration": self.calibration,
        }

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Self:
        """Read what is there and keep the defaults for the rest."""
        camera = value.get("camera")
        camera = camera if isinstance(camera, dict) else {}
        width, height = camera.get("image_wh") or cls.image_wh
        return cls(
            source=str(value.get("source") or ""),
            model=str(value.get("model") or ""),
            lifter=str(value.get("lifter") or ""),
            image_wh=(int(width), int(height)),
            fov=float(camera.get("fov_deg") or DEFAULT_FOV),
            tilt=float(camera.get("tilt_deg") or 0.0),
            fps=float(value["fps"]) if value.get("fps") else None,
            started=str(value.get("started") or ""),
            layout=str(value.get("layout") or COCO17.id),
            calibration=dict(value.get("calibration") or {}),
        )


@dataclass(frozen=True)
class Take:
    """A take in memory: its header and its packets in order of time."""

    header: TakeHeader
    packets: tuple[Packet, ...]

    @property
    def people(self) -> list[int]:
        """Ids of the people in it, the most often seen first."""
        counts = Counter(packet.person for packet in self.packets)
        return [person for person, _ in counts.most_common()]

    @property
    def duration(self) -> float:
        """Time from the first packet to the last [s]."""
        return self.packets[-1].t - self.packets[0].t if self.packets else 0.0

    def of_person(self, person: int) -> "Take":
        """Return the packets of one person.

        Raises:
            TakeError: That person is not in the take; the message lists who is.
        """
        chosen = tuple(packet for packet in self.packets if packet.person == person)
        if not chosen:
            raise TakeError(
                f"The take has no person {person}; it has "
                f"{', '.join(map(str, sorted(self.people))) or 'nobody'}"
            )
        return replace(self, packets=chosen)

    def between(self, start: float, end: float) -> "Take":
        """Return the packets with `start <= t < end` [s]."""
        chosen = tuple(packet for packet in self.packets if start <= packet.t < end)
        return replace(self, packets=chosen)


class TakeWriter(Closing):
    """Writes a take as it happens; every packet reaches the disk at once.

    Args:
        path: The file; one that exists is replaced only when `header` is written.
        header: What is true of the whole take.

    Raises:
        OutputError: The file cannot be written (no such folder, no space left).
    """

    def __init__(self, path: Path, header: TakeHeader) -> None:
        self.path = path
        self.num_packets = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: TextIO = path.open("w", encoding="utf-8", newline="\n")
        except OSError as error:
            raise self._failure(error) from error
        self._write_line(json.dumps(header.to_dict()))

    def write(self, packet: Packet) -> None:
        self.write_line(dumps(packet))

    def write_line(self, line: str) -> None:
        """Add a packet that is a line of JSON already."""
        self._write_line(line)
        self.num_packets += 1

    def close(self) -> None:
        try:
            self._file.close()
        except OSError as error:
            raise self._failure(error) from error

    def _write_line(self, line: str) -> None:
        try:
            self._file.write(line + "\n")
            self._file.flush()
        except OSError as error:
            with contextlib.suppress(OSError):  # What is buffered cannot be saved.
                self._file.close()
            raise self._failure(error) from error

    def _failure(self, error: OSError) -> OutputError:
        return OutputError(f"Cannot write {self.path}: {error.strerror or error}")


def write_take(path: Path, header: TakeHeader, packets: Iterable[Packet]) -> None:
    """Write a whole take at once; see `TakeWriter`."""
    with TakeWriter(path, header) as writer:
        for packet in packets:
            writer.write(packet)


def is_take(path: Path) -> bool:
    """Say whether the file's first line is a take's header."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return parse_header(file.readline(65536)) is not None
    except OSError:
        return False


def read_take(path: Path, progress: Progress = ignore) -> Take:
    """Read a take, passing over lines that a crash or an accident damaged.

    Args:
        path: The file.
        progress: Called with the finished part, in [0, 1].

    Raises:
        TakeError: The file cannot be read, is empty, is not a take or holds nobody.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        raise TakeError(f"There is no file {path}: check its name") from None
    except OSError as error:
        raise TakeError(f"Cannot read {path}: {error.strerror or error}") from error
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        raise TakeError(f"{path} is empty: nothing was captured into it")
    header = parse_header(lines[0])
    if header is None:
        raise TakeError(
            f"{path} is not a take: its first line is not a take's header; "
            "make one with scripts/capture.py"
        )
    packets, num_damaged = _parse_packets(lines[1:], progress)
    if num_damaged:
        log.warning("%s: %d damaged line(s) ignored", path, num_damaged)
    if not packets:
        raise TakeError(f"{path} holds no person in any frame: capture it again")
    packets.sort(key=lambda packet: packet.t)
    return Take(header, tuple(packets))


def take_name(path: Path) -> str:
    """Return what a take is called: its file's name without the suffix."""
    return path.name.removesuffix(SUFFIX)


def parse_header(line: str) -> TakeHeader | None:
    """Return the header that a take's first line is; None if it is none."""
    try:
        value = json.loads(line)
        if isinstance(value, dict) and value.get("take"):
            return TakeHeader.from_dict(value)
    except (ValueError, TypeError, OverflowError, RecursionError):
        pass
    return None


def _parse_packets(lines: list[str], progress: Progress) -> tuple[list[Packet], int]:
    packets, num_damaged = [], 0
    for number, line in enumerate(lines, start=2):
        if number % _REPORT_EVERY == 0:
            progress((number - 1) / len(lines))
        try:
            packets.append(loads(line))
        except PacketError as error:
            num_damaged += 1
            log.debug("line %d: %s", number, error)
    return packets, num_damaged
