# SPDX-License-Identifier: GPL-3.0-or-later
"""The people of a source, moment by moment: all that is slow and may fail.

Runs in the thread and must not touch bpy. What needs torch is imported here, late.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.camera_model import Camera
from ..core.errors import VitposeError
from ..core.filters import PRESETS
from ..core.packet import Packet
from ..core.take import TakeHeader, is_take
from ..core.types import ImageArray
from .config import CaptureConfig

if TYPE_CHECKING:
    from ..inference.capture import PeopleLifter
    from ..inference.frame_source import FrameSource
    from ..inference.people_choice import PeopleChoice


@dataclass(frozen=True, eq=False)
class Seen:
    """What was seen in one picture.

    Attributes:
        t: When it was taken, on the source's clock [s].
        grabbed: When it arrived here, on `time.monotonic` [s].
        packets: Everybody in it.
        image: The picture, BGR, shape `(H, W, 3)`; None where there is none.
    """

    t: float
    grabbed: float
    packets: tuple[Packet, ...]
    image: ImageArray | None = None


@dataclass(frozen=True, eq=False)
class Feed:
    """An open source with people in it.

    Attributes:
        header: For the takes that come of it.
        device: What the model runs on.
        seen: What is seen, until the source ends.
        interrupt: Ends a wait for the next picture; from any thread.
        num_dropped: Returns how many pictures were passed over.
    """

    header: TakeHeader
    device: str
    seen: Iterable[Seen]
    interrupt: Callable[[], None] = lambda: None
    num_dropped: Callable[[], int] = lambda: 0


# Opens a feed; waits inside must end when the event is set.
OpenFeed = Callable[[CaptureConfig, int, threading.Event], AbstractContextManager[Feed]]


@contextmanager
def open_feed(
    config: CaptureConfig, person: int, stop: threading.Event
) -> Iterator[Feed]:
    """Open the source of a capture, with the models that look at it.

    Args:
        config: Of the capture.
        person: Number of the person that is wanted; 0 is the largest, -1 all.
        stop: Set when the capture shall end.

    Raises:
        VitposeError: Source, model or device cannot be had, or what runs the model
            is not installed; the message says which.
    """
    from ..inference.recorded import is_recorded

    opened = _open_recorded if is_recorded(Path(config.source)) else _open_frames
    with ExitStack() as stack:
        try:
            feed = stack.enter_context(opened(config, person, stop))
        except ModuleNotFoundError as error:
            raise VitposeError(
                f"The Python module {error.name} is not installed: set up the "
                "extension's runtime in its preferences, then start again"
            ) from error
        yield feed


@contextmanager
def _open_frames(
    config: CaptureConfig, person: int, stop: threading.Event
) -> Iterator[Feed]:
    from ..inference.camera import open_source
    from ..inference.capture import PoseEstimator
    from ..inference.detector import make_detector
    from ..inference.device import choose_device, limit_threads
    from ..inference.people import PersonFinder
    from ..inference.vitpose import ViTPose

    limit_threads(spare=1)  # Blender's window needs one.
    device = choose_device(config.device)
    model = ViTPose.load(config.model, device, config.allow_download)
    detector = make_detector(config.detector, device, config.allow_download)
    if stop.is_set():  # Loading takes long enough for a change of mind.
        yield Feed(TakeHeader(), device.describe(), ())
        return
    with open_source(config.source, fps=config.fps, timeout=config.timeout) as source:
        camera = Camera(source.image_wh, config.fov, config.tilt)
        lifter = _people_lifter(config, camera)
        finder = PersonFinder(detector, people=_choice(person))
        estimator = PoseEstimator(finder, model, lifter, camera, source.name)
        header = TakeHeader(
            source=source.name,
            model=model.name,
            lifter=config.lifter,
            image_wh=source.image_wh,
            fov=camera.fov,
            tilt=camera.tilt,
            fps=source.fps,
            layout=model.layout.id,
        )
        yield Feed(
            header,
            device.describe(),
            _look(source, estimator.packets, stop),
            source.interrupt,
            lambda: source.num_dropped,
        )


def _look(
    source: "FrameSource",
    find_people: Callable[..., list[Packet]],
    stop: threading.Event,
) -> Iterator[Seen]:
    """Look at every frame; those of a file come no faster than they were taken."""
    pace = Pace(stop)
    for frame in source:
        if not source.is_live:
            pace.wait_for(frame.t)
        grabbed = frame.t if source.is_live else time.monotonic()
        yield Seen(frame.t, grabbed, tuple(find_people(frame)), frame.image)


@contextmanager
def _open_recorded(
    config: CaptureConfig, person: int, stop: threading.Event
) -> Iterator[Feed]:
    from ..inference.capture import chosen_people
    from ..inference.recorded import read_recorded

    with ExitStack() as stack:
        pictures = _Footage(config.footage, stack)
        take = read_recorded(Path(config.source), config.fps or pictures.fps)
        people = chosen_people(_choice(person), take)
        header = replace(take.header, lifter=config.lifter)
        if not is_take(Path(config.source)):  # Ours knows the camera it came from.
            header = replace(header, fov=config.fov, tilt=config.tilt)
        lifter = _people_lifter(config, header.camera)
        packets = [packet for packet in take.packets if packet.person in people]
        yield Feed(header, "", _replay(packets, lifter, header, pictures, stop))


def _replay(
    packets: list[Packet],
    lifter: "PeopleLifter",
    header: TakeHeader,
    pictures: "_Footage",
    stop: threading.Event,
) -> Iterator[Seen]:
    from ..inference.capture import lift_recorded

    pace = Pace(stop)
    for t, together in groupby(packets, key=lambda packet: packet.t):
        pace.wait_for(t)
        grabbed, group = time.monotonic(), list(together)
        image = pictures.at(group[0].frame)
        yield Seen(t, grabbed, tuple(lift_recorded(group, lifter, header.fov)), image)


class _Footage:
    """The pictures of a video that recorded keypoints belong to."""

    def __init__(self, path: str, stack: ExitStack) -> None:
        video = None
        if path:
            from ..inference.camera import open_source

            video = stack.enter_context(open_source(Path(path)))
        self.fps = video.fps if video is not None else None
        self._frames = iter(video) if video is not None else iter(())
        self._last: tuple[int, ImageArray | None] = (-1, None)

    def at(self, index: int) -> ImageArray | None:
        """Return the picture of a frame; frames are asked for in order."""
        while self._last[0] < index:
            frame = next(self._frames, None)
            self._last = (frame.index, frame.image) if frame else (index, None)
        return self._last[1]


class Pace:
    """Waits until it is time for the next picture of a file, or for the end.

    Who looks too slowly is not made up for: every picture is looked at, and the clock
    goes on from there.
    """

    def __init__(
        self, stop: threading.Event, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._stop = stop
        self._now = now
        self._offset: float | None = None

    def wait_for(self, t: float) -> None:
        """Return at the time `t` [s] of the source, which begins with the first."""
        now = self._now()
        if self._offset is None or now > t + self._offset:
            self._offset = now - t
        self._stop.wait(max(t + self._offset - now, 0.0))


def _people_lifter(config: CaptureConfig, camera: Camera) -> "PeopleLifter":
    from ..inference.capture import PeopleLifter
    from ..inference.lifters import make_lifter

    preset = PRESETS[config.preset]
    return PeopleLifter(camera, lambda: make_lifter(config.lifter), preset)


def _choice(person: int) -> "PeopleChoice":
    from ..inference.people_choice import PeopleChoice

    if person < 0:
        return PeopleChoice("all")
    return PeopleChoice("person", person) if person else PeopleChoice("largest")
