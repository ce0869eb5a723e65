# SPDX-License-Identifier: GPL-3.0-or-later
"""The capture's own process: captures, and sends what it sees through a pipe.

It outlives nobody: the end of its input, which comes with Blender's end whatever that
was, ends it within a second.
"""

import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

from ..core.errors import VitposeError
from ..core.packet import dumps
from .feed import Feed, OpenFeed, Opening, Seen, open_feed
from .preview_size import fitted
from .shared_pictures import PictureWriter
from .wire import BEAT_EVERY, config_of, error_message

log = logging.getLogger(__name__)

GRACE = 1.0  # How long an orderly end may take [s].
# Blender draws first where cores are scarce: its window stays smooth, and a pose comes
# no later. Measured on Linux, where it counts among the programs of one session alone.
NICENESS = 10
ORPHANED = 120.0  # Nothing was heard from Blender for so long: it is gone [s].


class NobodyListens(Exception):  # noqa: N818
    """Blender is gone, or does not want to hear more."""


class Messages:
    """Sends messages; from any thread."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, kind: str, lines: Sequence[str] = (), **values: Any) -> None:
        """Send one message and the lines that belong to it.

        Raises:
            NobodyListens: There is no reader.
        """
        message = {"kind": kind, "num_lines": len(lines), **values}
        first = json.dumps(message, separators=(",", ":"))
        text = "\n".join((first, *lines, ""))
        try:
            with self._lock:
                self._stream.write(text.encode())
                self._stream.flush()
        except (OSError, ValueError) as error:  # Broken, or closed.
            raise NobodyListens from error


class Commands:
    """Obeys what comes from Blender, and beats; two threads do it.

    Args:
        stream: Where the commands come from.
        messages: Where the beats go.
        end: Called when the capture shall end, perhaps more than once.
        give_back: Called with the place of a picture that was read.

    Attributes:
        set_tilt: Called with how far the camera looks down [deg].
        set_person: Called with the number of the person who is wanted from now on.
    """

    def __init__(
        self,
        stream: BinaryIO,
        messages: Messages,
        end: Callable[[], None],
        give_back: Callable[[int], None],
    ) -> None:
        self.set_tilt: Callable[[float], None] = lambda _: None
        self.set_person: Callable[[int], None] = lambda _: None
        self._stream = stream
        self._messages = messages
        self._end = end
        self._give_back = give_back
        self._heard = time.monotonic()

    def start(self) -> None:
        for run in (self._obey, self._beat):
            threading.Thread(target=run, name="vitpose-child", daemon=True).start()

    def _obey(self) -> None:
        for line in iter(self._stream.readline, b""):
            self._heard = time.monotonic()
            word, _, value = line.decode().strip().partition(" ")
            if word == "back":
                self._give_back(int(value))
            elif word == "tilt":
                self.set_tilt(float(value))
            elif word == "person":
                self.set_person(int(value))
            elif word == "stop":
                break
        self._end()

    def _beat(self) -> None:
        while time.monotonic() - self._heard < ORPHANED:
            try:
                self._messages.send("beat")
            except NobodyListens:
                break
            time.sleep(BEAT_EVERY)
        self._end()


def main(
    job: dict[str, Any],
    commands: BinaryIO,
    stream: BinaryIO,
    open_source: OpenFeed = open_feed,
) -> None:
    """Do a job to its end, then end the process.

    Args:
        job: As `wire.job_line` makes it.
        commands: From Blender.
        stream: To Blender.
        open_source: Opens the source.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    if sys.platform == "linux":
        os.nice(NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for Blender to obey.
    messages = Messages(stream)
    try:
        _capture(job, commands, messages, open_source)
    except NobodyListens:
        log.info("Blender does not listen any more")
    finally:
        # Threads of torch and OpenCV would make an orderly end slow, or crash it.
        logging.shutdown()
        os._exit(0)


def _capture(
    job: dict[str, Any], commands: BinaryIO, messages: Messages, open_source: OpenFeed
) -> None:
    opening = Opening(lambda stage: messages.send("stage", text=stage))
    pictures = PictureWriter(job["pictures"])
    interrupts: list[Callable[[], None]] = []

    def end() -> None:
        opening.set()
        timer = threading.Timer(GRACE, os._exit, (1,))
        timer.daemon = True
        timer.start()
        for interrupt in interrupts:
            interrupt()

    messages.send("hello", clock=_clock(), now=time.monotonic())
    obeyed = Commands(commands, messages, end, pictures.give_back)
    obeyed.start()
    try:
        with open_source(config_of(job), job["person"], opening) as feed:
            interrupts.append(feed.interrupt)
            obeyed.set_tilt = feed.set_tilt
            obeyed.set_person = feed.set_person
            header = feed.header.to_dict()
            messages.send("header", header=header, device=feed.device)
            for seen in feed.seen if not opening.is_set() else ():
                _send_moment(messages, seen, feed, pictures)
                if opening.is_set():
                    break
        messages.send("end")
    except VitposeError as error:
        messages.send(**error_message(error))
    except NobodyListens:
        raise
    except Exception as error:  # Top of the process: a bug.
        log.exception("The capture stopped")
        messages.send("bug", text=repr(error))


def _send_moment(
    messages: Messages, seen: Seen, feed: Feed, pictures: PictureWriter
) -> None:
    lines = [dumps(packet) for packet in seen.packets]
    messages.send(
        "moment",
        lines,
        t=seen.t,
        grabbed=seen.grabbed,
        work=seen.work,
        waited=seen.waited,
        picture=pictures.put(fitted(seen.image)),
        num_dropped=feed.num_dropped(),
        dropped=feed.dropped(),
    )


def _clock() -> str:
    """Return what `time.monotonic` reads; the same one is the same in all processes."""
    return time.get_clock_info("monotonic").implementation
