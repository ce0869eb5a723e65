# SPDX-License-Identifier: GPL-3.0-or-later
"""A feed that comes from a process of its own, so that Blender's window stays smooth.

Importing torch and running a network hold up every thread of a Python now and then;
in a process of its own they hold up nobody.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..core.packet import loads
from ..core.take import TakeHeader
from .child_process import ChildProcess, Ended
from .config import CaptureConfig
from .feed import Feed, Opening, Seen
from .keeper import Keeper


@contextmanager
def open_in_process(
    config: CaptureConfig, person: int, opening: Opening
) -> Iterator[Feed]:
    """Open the source of a capture in a child process; see `feed.open_feed`.

    Raises:
        VitposeError: The child cannot be started or ended unexpectedly, or what it
            said it could not do.
        RuntimeError: A bug in the child; its log has the traceback.
    """
    opening.tell("starting")
    with (
        ChildProcess(config, person) as child,
        Keeper(child, opening) as keeper,
    ):
        moments = _Moments(child, opening)
        message = moments.header()
        keeper.has_begun = True
        opening.tell("")
        if message is None:
            yield Feed(TakeHeader(), "", ())
            return
        yield Feed(
            TakeHeader.from_dict(message["header"]),
            message["device"],
            moments,
            keeper.wake,
            lambda: moments.num_dropped,
            lambda: moments.dropped,
            lambda tilt: child.send(f"tilt {tilt}"),
            lambda person: child.send(f"person {person}"),
        )


class _Moments:
    """What a child sees, as it comes.

    Attributes:
        num_dropped: Pictures that the child has passed over.
        dropped: Why, in words.
    """

    def __init__(self, child: ChildProcess, opening: Opening) -> None:
        self.num_dropped = 0
        self.dropped = ""
        self._child = child
        self._opening = opening
        self._clock_ahead = 0.0

    def header(self) -> dict[str, Any] | None:
        """Wait until the source is open; None where the capture ends before."""
        for message in self._messages():
            if message["kind"] == "hello":
                self._clock_ahead = _clock_ahead(message)
            elif message["kind"] == "stage":
                self._opening.tell(message["text"])
            elif message["kind"] == "header":
                return message
        return None

    def __iter__(self) -> Iterator[Seen]:
        for message in self._messages():
            if message["kind"] == "moment":
                yield self._seen(message)

    def _messages(self) -> Iterator[dict[str, Any]]:
        while (message := self._read())["kind"] != "end":
            yield message

    def _read(self) -> dict[str, Any]:
        try:
            return self._child.read()
        except Ended:
            if self._opening.is_set():
                return {"kind": "end"}
            raise self._child.failure() from None

    def _seen(self, message: dict[str, Any]) -> Seen:
        image = self._child.pictures.get(message["picture"])
        if message["picture"] is not None:
            self._child.send(f"back {message['picture']['place']}")
        self.num_dropped = message["num_dropped"]
        self.dropped = message["dropped"]
        return Seen(
            message["t"],
            message["grabbed"] + self._clock_ahead,
            tuple(loads(line) for line in message["lines"]),
            image,
            message["lines"],
            message["work"],
            message["waited"],
        )


def _clock_ahead(message: dict[str, Any]) -> float:
    """Return how far our monotonic clock is ahead of the child's [s].

    Processes of one machine read the same clock, unless their Pythons differ in which
    one they take: then the moment at which the child's greeting came has to do.
    """
    if message["clock"] == time.get_clock_info("monotonic").implementation:
        return 0.0
    return time.monotonic() - float(message["now"])
