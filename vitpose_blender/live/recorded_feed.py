# SPDX-License-Identifier: GPL-3.0-or-later
"""Keypoints that others detected, or a take, played as if they happened now."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.packet import Packet
from ..core.take import TakeHeader, is_take
from ..core.types import ImageArray
from .config import CaptureConfig
from .feed import Feed, Opening, Seen
from .pace import Pace
from .people import choice, people_lifter

if TYPE_CHECKING:
    from ..inference.capture import PeopleLifter


@contextmanager
def open_recorded(
    config: CaptureConfig, person: int, opening: Opening
) -> Iterator[Feed]:
    """Open recorded keypoints; see `feed.open_feed`."""
    from ..inference.capture import chosen_people
    from ..inference.recorded import read_recorded

    opening.tell("reading the recording")
    with ExitStack() as stack:
        pictures = _Footage(config.footage, stack)
        take = read_recorded(Path(config.source), config.fps or pictures.fps)
        people = chosen_people(choice(person), take)
        header = replace(take.header, lifter=config.lifter)
        if not is_take(Path(config.source)):  # Ours knows the camera it came from.
            header = replace(header, fov=config.fov, tilt=config.tilt)
        lifter = people_lifter(config, header.camera)
        packets = [packet for packet in take.packets if packet.person in people]
        seen = _replay(packets, lifter, header, pictures, opening)
        yield Feed(header, "", seen, set_tilt=lifter.set_tilt)


def _replay(
    packets: list[Packet],
    lifter: "PeopleLifter",
    header: TakeHeader,
    pictures: "_Footage",
    opening: Opening,
) -> Iterator[Seen]:
    from ..inference.capture import lift_recorded

    pace = Pace(opening)
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
