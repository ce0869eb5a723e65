# SPDX-License-Identifier: GPL-3.0-or-later
"""What `scripts/stream.py receive` does: a live line, and takes of what comes.

Imported only when the project's own Python runs.
"""

import argparse
import contextlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

import _capture_outputs
import _cli
import capture
from vitpose_blender.core.closing import Closing
from vitpose_blender.core.errors import OutputError
from vitpose_blender.core.packet import Packet
from vitpose_blender.core.take import SUFFIX, TakeHeader, TakeWriter
from vitpose_blender.streaming.counts import Counts
from vitpose_blender.streaming.errors import StreamError
from vitpose_blender.streaming.intake import Received
from vitpose_blender.streaming.meter import Reading
from vitpose_blender.streaming.udp import PacketReceiver

REDRAW = 0.1  # [s]
MAX_TAKES = 100  # Of one run; who starts over more often is broken, or hostile.


def receive(arguments: argparse.Namespace) -> int:
    """Receive until Ctrl-C or silence; returns the exit code."""
    check(arguments)
    with contextlib.ExitStack() as stack:
        write = None
        if arguments.out:
            takes = Takes(arguments.out, header_maker(arguments))
            write = stack.enter_context(takes).write
        receiver = stack.enter_context(
            PacketReceiver(arguments.host, arguments.port, write)
        )
        receiver.start()
        print(f"Listening at {receiver.address}, Ctrl-C ends", flush=True)
        try:
            watch(receiver, arguments.until_silent)
        except KeyboardInterrupt:
            return _cli.INTERRUPTED
        finally:
            receiver.stop()
            print(summary(receiver.counts()))
    return 0


def check(arguments: argparse.Namespace) -> None:
    """Refuse what cannot be done before anything is listened to.

    Raises:
        VitposeError: What is wrong and what to do.
    """
    if arguments.out:
        _capture_outputs.check_take_name(arguments.out)
    if arguments.tilt is not None and not -80 <= arguments.tilt <= 80:
        raise StreamError(f"--tilt {arguments.tilt:g} is not between -80 and 80")
    if arguments.until_silent is not None and not arguments.until_silent > 0:
        raise StreamError(
            f"--until-silent {arguments.until_silent:g} is no time to wait: give "
            "seconds above 0"
        )


def watch(receiver: PacketReceiver, until_silent: float | None) -> None:
    """Show how it goes until the receiver ends or nothing comes for so long [s].

    Raises:
        Exception: What ended the receiver's thread.
    """
    line = LiveLine()
    passed, heard = 0, time.monotonic()
    try:
        while receiver.is_alive:
            time.sleep(REDRAW)
            counts, now = receiver.counts(), time.monotonic()
            line.show(describe(receiver.reading(), counts))
            if counts.passed != passed:
                passed, heard = counts.passed, now
            elif passed and until_silent and now - heard >= until_silent:
                break
    finally:
        line.end()
    if receiver.error is not None:
        raise receiver.error


class LiveLine:
    """A line that is redrawn in place on a terminal, and not shown elsewhere."""

    def __init__(self) -> None:
        self._in_place = sys.stderr.isatty()

    def show(self, text: str) -> None:
        self._print(f"\r{text}\033[K")

    def end(self) -> None:
        self._print("\n")

    def _print(self, text: str) -> None:
        if self._in_place:
            print(text, end="", file=sys.stderr, flush=True)


def describe(reading: Reading, counts: Counts) -> str:
    """Return what is worth knowing while packets come."""
    words = [people(len(reading.people)), f"{reading.fps:.0f} fps"]
    if reading.latency is not None:
        words.append(f"latency {1000 * reading.latency:.0f} ms")
    elif reading.people:
        words.append(f"jitter {1000 * reading.jitter:.0f} ms")
    words.append(f"{counts.passed} packets")
    return f"{', '.join(words)}; dropped: {counts.describe_dropped()}"


def people(count: int) -> str:
    return f"{count} {'person' if count == 1 else 'people'}"


def summary(counts: Counts) -> str:
    """Return what came in all, in a sentence."""
    if not counts.received:
        return "Nothing came: check the address, the port and the firewall"
    dropped = counts.describe_dropped()
    return f"Received {counts.passed} packets; dropped: {dropped}"


def header_maker(arguments: argparse.Namespace) -> Callable[[Packet], TakeHeader]:
    """Return what makes a take's header of its first packet."""

    def header(packet: Packet) -> TakeHeader:
        is_lifted = packet.joints is not None and packet.keypoints.score.any()
        lifter = arguments.lifter or packet.lifter or _cli.LIFTERS[0]
        tilt = arguments.tilt if arguments.tilt is not None else packet.tilt
        return TakeHeader(
            source=packet.source,
            model=packet.model,
            # Joints without keypoints were not made of them, and stay as they are.
            lifter=lifter if is_lifted else "",
            image_wh=packet.image_wh,
            fov=packet.fov,
            tilt=tilt or 0.0,
            started=capture.now(),
            layout=packet.keypoints.layout,
        )

    return header


class Takes(Closing):
    """Writes what comes, a take a session: each has a clock of its own.

    Args:
        path: The first take.
        make_header: Makes a take's header of its first packet.
    """

    def __init__(self, path: Path, make_header: Callable[[Packet], TakeHeader]) -> None:
        self._path = path
        self._make_header = make_header
        self._session = 0
        self._writer: TakeWriter | None = None
        self._people: set[int] = set()
        self._stack = contextlib.ExitStack()

    def write(self, received: Received) -> None:
        """Write one packet; runs in the receiver's thread.

        Raises:
            OutputError: The take cannot be written.
        """
        if self._writer is None or received.session != self._session:
            self._begin(received)
        assert self._writer is not None
        self._writer.write(received.packet)
        self._people.add(received.packet.person)

    def close(self) -> None:
        if self._writer is not None:
            print(
                f"{self._writer.path} holds {self._writer.num_packets} packets of "
                + people(len(self._people))
            )
        self._writer = None
        self._people.clear()
        self._stack.close()

    def _begin(self, received: Received) -> None:
        self.close()
        if received.session > MAX_TAKES:
            raise OutputError(
                f"Senders started over {MAX_TAKES} times, each with a new take: look "
                "at what is sent, and receive again"
            )
        self._session = received.session
        path = numbered(self._path, self._session)
        self._stack.enter_context(_capture_outputs.previous_kept(path))
        self._writer = self._stack.enter_context(
            TakeWriter(path, self._make_header(received.packet))
        )


def numbered(path: Path, number: int) -> Path:
    """Return `x.2.take.jsonl` for number 2 of `x.take.jsonl`; 1 is the path itself."""
    if number == 1:
        return path
    suffix = SUFFIX if path.name.endswith(SUFFIX) else path.suffix
    return path.with_name(f"{path.name.removesuffix(suffix)}.{number}{suffix}")
