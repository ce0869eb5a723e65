# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded packets in real time: at their own speed, once or again and again."""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from ..core.packet import Packet

DEFAULT_STEP = 1 / 30  # Between two rounds of what has only one moment [s].


class Pacer:
    """Waits until a moment of the source has come, counted from the first one.

    Whoever is behind does not wait, so a source that is slower than real time, as a
    camera or a clip under a slow model, is not held up.

    Args:
        wait: Called with how long to wait [s]; `Event.wait` can be woken up.
        clock: That never goes back [s].
    """

    def __init__(
        self,
        wait: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wait = wait
        self._clock = clock
        self._zero: float | None = None

    def wait_until(self, t: float) -> None:
        """Wait for the moment `t` of the source's clock [s]."""
        now = self._clock()
        if self._zero is None:
            self._zero = now - t
        ahead = t + self._zero - now
        if ahead > 0:
            self._wait(ahead)


def rounds(packets: Sequence[Packet]) -> Iterator[Packet]:
    """Yield the packets again and again, on a clock and a count that run on."""
    times = sorted({packet.t for packet in packets})
    frames = [packet.frame for packet in packets]
    duration = times[-1] - times[0]
    step = duration / (len(times) - 1) if len(times) > 1 else DEFAULT_STEP
    for number in itertools.count():
        seconds = number * (duration + step)
        num_frames = number * (max(frames) - min(frames) + 1)
        yield from (later(packet, seconds, num_frames) for packet in packets)


def later(packet: Packet, seconds: float, num_frames: int = 0) -> Packet:
    """Return the packet as it would be some time [s] and frames later."""
    if not seconds:
        return packet
    joints = packet.joints
    return replace(
        packet,
        keypoints=replace(packet.keypoints, t=packet.t + seconds),
        joints=joints and replace(joints, t=joints.t + seconds),
        frame=packet.frame + num_frames,
    )
