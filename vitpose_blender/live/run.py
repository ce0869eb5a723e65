# SPDX-License-Identifier: GPL-3.0-or-later
"""One capture in its thread: every packet into the journal, then a pose a character.

Must not touch bpy: it runs beside Blender.
"""

import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from queue import SimpleQueue
from typing import Any

import numpy as np

from ..core.errors import VitposeError
from ..core.journal import Journal
from ..core.live_drive import LiveDrive, Manner
from ..core.motion import CharacterPose, WorldMotion
from ..core.packet import Packet, dumps, loads
from ..core.rig_rest import RigRest
from ..core.types import ImageArray
from ..worker import LatestSlot
from .calibrated import Calibrator
from .calibrating import CalibrationOrder
from .config import CaptureConfig
from .feed import Feed, OpenFeed, Opening, Seen
from .preview_size import fitted

_FPS_FRAMES = 30  # Over how many frames the rate is measured.


@dataclass(frozen=True, eq=False)
class Moment:
    """What the main thread needs to know of one moment.

    Attributes:
        t: When it was, on the source's clock [s].
        grabbed: When its picture arrived, on `time.monotonic` [s].
        poses: The newest pose of each character that has one, by its key.
        people: Numbers of the people in the picture.
        confidence: Mean score of their keypoints, in [0, 1].
    """

    t: float
    grabbed: float
    poses: Mapping[str, CharacterPose]
    people: tuple[int, ...]
    confidence: float


@dataclass(frozen=True, eq=False)
class Preview:
    """The newest picture with everybody's keypoints; the picture may be missing."""

    image: ImageArray | None
    packets: tuple[Packet, ...]
    t: float


class LiveRun:
    """What is done with each moment of a capture.

    Args:
        config: Of the capture.
        characters: Rest pose and manner of each character, by its key.
        open_feed: Opens the source.

    Attributes:
        journal: Of this capture; ranges can be kept after its end, too.
        preview: The newest picture; keypoints alone where none ever comes.
        num_frames: Pictures so far.
        calibrator: Knows the camera and the person, and can be told to measure them.
    """

    def __init__(
        self,
        config: CaptureConfig,
        characters: Mapping[str, tuple[RigRest, Manner]],
        open_feed: OpenFeed,
    ) -> None:
        self.journal = Journal(config.journal)
        self.preview: LatestSlot[Preview] = LatestSlot()
        self.num_frames = 0
        self._has_pictures = False
        self._config = config
        self._characters = dict(characters)
        self._open_feed = open_feed
        self._opening = Opening()
        self._shows_all = False
        self._changes: SimpleQueue[tuple[str, int]] = SimpleQueue()
        self._feed: Feed | None = None
        self._drives: dict[str, LiveDrive] = {}
        self._poses: dict[str, CharacterPose] = {}
        self._times: deque[float] = deque(maxlen=_FPS_FRAMES)
        self.calibrator = Calibrator(
            config, self.journal, self._drives, self._wanted() >= 0
        )

    @property
    def device(self) -> str:
        """What the model runs on; empty before it is loaded."""
        return self._feed.device if self._feed is not None else ""

    @property
    def num_dropped(self) -> int:
        """Pictures that came too fast to be looked at."""
        return self._feed.num_dropped() if self._feed is not None else 0

    @property
    def dropped(self) -> str:
        """Why these were dropped, in words; empty where it is always the same."""
        return self._feed.dropped() if self._feed is not None else ""

    @property
    def stage(self) -> str:
        """What is being waited for, in words; empty while all is well."""
        return self._opening.stage

    @property
    def fps(self) -> float:
        """Pictures a second that became poses, lately [Hz]."""
        times = list(self._times)
        if len(times) < 2 or times[-1] <= times[0]:
            return 0.0
        return (len(times) - 1) / (times[-1] - times[0])

    def interrupt(self) -> None:
        """End all waiting; may be called from any thread."""
        self._opening.set()
        if self._feed is not None:
            self._feed.interrupt()

    @contextmanager
    def open(self) -> Iterator[Iterable[Seen]]:
        """Open the source and the journal, and close both."""
        with (
            self.journal,
            self._open_feed(self._config, self._wanted(), self._opening) as feed,
        ):
            self._feed = feed
            for key, (rest, manner) in self._characters.items():
                self._drives[key] = LiveDrive(rest, feed.header.camera, manner)
            header = self.calibrator.begin(feed.header, feed.set_tilt)
            self.journal.begin(header, self._state)
            if not self._opening.is_set():
                yield feed.seen
            else:
                yield ()

    def step(self, seen: Seen) -> Moment:
        """Write the packets of a moment down, and pose the characters by them.

        The packets go the way through their text, so that who reads them later
        poses the characters by the very same numbers.
        """
        lines, packets = seen.lines, seen.packets
        if lines is None:
            lines = tuple(dumps(packet) for packet in packets)
            packets = tuple(loads(line) for line in lines)
        self.calibrator.before()
        self._change_people()
        self.journal.write(seen.t, lines)
        for key, drive in self._drives.items():
            pose = drive.step(packets)
            if pose is not None:
                self._poses[key] = pose
        self.calibrator.after(seen.t, packets)
        self.num_frames += 1
        self._times.append(time.monotonic())
        self._has_pictures |= seen.image is not None
        if seen.image is not None or not self._has_pictures:
            # A process of its own sends no more pictures than are looked at.
            self.preview.put(Preview(fitted(seen.image), seen.packets, seen.t))
        return Moment(
            seen.t,
            seen.grabbed,
            dict(self._poses),
            tuple(packet.person for packet in packets),
            _confidence(packets),
        )

    def start_calibration(
        self, height: float | None, delay: float, mirror: bool
    ) -> None:
        """Have the person whom all follow measured; from any thread.

        Raises:
            VitposeError: One is being measured already.
        """
        if self.calibrator.status.is_busy:
            raise VitposeError("A calibration is going on already: stand still for it")
        person = max(self._wanted(), 0)
        self.calibrator.order(CalibrationOrder(height, delay, person, mirror))

    def follow(self, key: str, person: int) -> None:
        """Let a character follow another person, from the next moment on.

        Args:
            key: Of the character.
            person: Number of the person; 0 is the largest in the picture.

        Raises:
            VitposeError: A take is being recorded.
        """
        if self.journal.is_marking:
            raise VitposeError(
                "A take is being recorded, of the person it began with: stop the "
                "recording first"
            )
        rest, manner = self._characters[key]
        self._characters[key] = rest, replace(manner, person=person)
        self._changes.put((key, person))
        self.show_all(self._shows_all)

    def show_all(self, is_wanted: bool) -> None:
        """Look at everybody in the picture, or only at those who are followed."""
        self._shows_all = is_wanted
        if self._feed is not None:
            self._feed.set_person(-1 if is_wanted else self._wanted())

    @property
    def followed(self) -> Mapping[str, int]:
        """Who was followed last by each character, by its key; 0 before the first."""
        return {key: drive.followed for key, drive in list(self._drives.items())}

    @property
    def motions(self) -> Mapping[str, WorldMotion]:
        """How the people move whom the characters follow, by the characters' keys."""
        moving = {key: drive.motion for key, drive in list(self._drives.items())}
        return {key: motion for key, motion in moving.items() if motion is not None}

    def _change_people(self) -> None:
        """Follow whom `follow` was told; takes do not reach back before that."""
        is_other = False
        while not self._changes.empty():
            key, person = self._changes.get()
            is_other |= self._drives[key].follow(person)
        if is_other:
            self.journal.go_on(self.calibrator.header)

    def _wanted(self) -> int:
        """Return the one person that all want, or -1 for everybody."""
        wanted = {manner.person for _, manner in self._characters.values()}
        return wanted.pop() if len(wanted) == 1 else -1 if wanted else 0

    def _state(self) -> dict[str, Any]:
        drives = {key: drive.state() for key, drive in self._drives.items()}
        return {"characters": drives}


def _confidence(packets: tuple[Packet, ...]) -> float:
    if not packets:
        return 0.0
    return float(np.mean([packet.keypoints.score.mean() for packet in packets]))
