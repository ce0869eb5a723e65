# SPDX-License-Identifier: GPL-3.0-or-later
"""Keypoints that others detected, or a take, played as if they happened now."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import SourceError
from ..core.packet import Packet
from ..core.take import Take, TakeHeader, is_take
from ..core.types import ImageArray
from .config import CaptureConfig
from .feed import Feed, Opening, Seen
from .pace import Pace
from .people import choice, people_lifter

if TYPE_CHECKING:
    from ..inference.capture import PeopleLifter

# By what a recording does not say; its size hardly ever comes without its rate.
_WAYS_OUT = {
    "layout": "does not say what its keypoints mean: make a take of it with "
    "scripts/capture.py and its --layout, and choose that take here",
    "rate": "does not say its frame rate: set Frame Rate under Lens and Position, or "
    "choose its video as Footage",
    "size": "does not say how large its pictures were: choose its video as Footage",
}


@contextmanager
def open_recorded(
    config: CaptureConfig, person: int, opening: Opening
) -> Iterator[Feed]:
    """Open recorded keypoints; see `feed.open_feed`."""
    from ..inference.capture import chosen_people

    opening.tell("reading the recording")
    with ExitStack() as stack:
        pictures = _Footage(config.footage, stack)
        take = _read(Path(config.source), config.fps or pictures.fps, pictures)
        people = chosen_people(choice(person), take)
        header = replace(take.header, lifter=config.live_lifter)
        if not is_take(Path(config.source)):  # Ours knows the camera it came from.
            header = replace(header, fov=config.fov, tilt=config.tilt)
        lifter = people_lifter(config, header.camera)
        wanted = _Wanted(people, take.people)
        seen = _replay(take.packets, wanted, lifter, header, pictures, opening)
        yield Feed(header, "", seen, set_tilt=lifter.set_tilt, set_person=wanted.change)


def _read(path: Path, fps: float | None, pictures: "_Footage") -> Take:
    """Read the recording; what it does not say of its pictures, the footage does.

    Raises:
        SourceError: It cannot be read; in the words of the panel, where there is a way
            out of it there.
    """
    from ..inference.recorded import UntoldError, read_recorded

    try:
        return read_recorded(path, fps)
    except UntoldError as error:
        if error.untold == {"size"} and pictures.image_wh is not None:
            return read_recorded(path, fps, pictures.image_wh)
        raise SourceError(f"{path.name} {_WAYS_OUT[max(error.untold)]}") from error


class _Wanted:
    """The people who are wanted of a recording.

    Args:
        people: At first.
        everybody: In the recording, who is seen most often first.
    """

    def __init__(self, people: Sequence[int], everybody: Sequence[int]) -> None:
        self.people = frozenset(people)
        self._everybody = everybody

    def change(self, person: int) -> None:
        """Want somebody else from now on; from any thread."""
        people = self._everybody if person < 0 else self._everybody[:1]
        self.people = frozenset([person] if person > 0 else people)


def _replay(
    packets: Sequence[Packet],
    wanted: _Wanted,
    lifter: "PeopleLifter",
    header: TakeHeader,
    pictures: "_Footage",
    opening: Opening,
) -> Iterator[Seen]:
    from ..inference.capture import lift_recorded

    pace = Pace(opening)
    for t, together in groupby(packets, key=lambda packet: packet.t):
        group = [packet for packet in together if packet.person in wanted.people]
        if not group:
            continue
        pace.wait_for(t)
        grabbed = time.monotonic()
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
        self.image_wh = video.image_wh if video is not None else None
        self._frames = iter(video) if video is not None else iter(())
        self._last: tuple[int, ImageArray | None] = (-1, None)

    def at(self, index: int) -> ImageArray | None:
        """Return the picture of a frame; frames are asked for in order."""
        while self._last[0] < index:
            frame = next(self._frames, None)
            self._last = (frame.index, frame.image) if frame else (index, None)
        return self._last[1]
