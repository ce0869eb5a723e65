# SPDX-License-Identifier: GPL-3.0-or-later
"""A calibration inside a running capture: countdown, standing still, a result.

Nobody is at the keyboard meanwhile, so a bad stand is not the end: what lacks is said,
and the person has some time to do it.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from ..core.calibration import SECONDS, Calibration, calibrate
from ..core.errors import CalibrationError, VitposeError
from ..core.layout_convert import to_coco17
from ..core.packet import Packet
from ..core.standing import measure_stand
from ..core.take import TakeHeader
from ..core.types import Keypoints2D

PATIENCE = 15.0  # How long a good stand is waited for [s].
LOOK_EVERY = 0.5  # Between two looks at whether it is one [s].

Phase = Literal["idle", "countdown", "measuring", "waiting", "done", "failed"]


@dataclass(frozen=True)
class CalibrationOrder:
    """What is asked for.

    Attributes:
        height: Of the person; None takes an average adult's [m].
        delay: To walk back in [s].
        person: Number of the person; 0 is whoever comes first in each moment.
        mirror: Whether characters are mirrored.
    """

    height: float | None = None
    delay: float = 5.0
    person: int = 0
    mirror: bool = False


@dataclass(frozen=True)
class CalibrationStatus:
    """What a panel shows of it.

    Attributes:
        phase: `waiting` is for the end of a recording; until then the result is not
            used.
        seconds: Left of the countdown, or of standing still [s].
        message: What to do, what lacks, or the result: a sentence.
        result: The newest calibration in use; None without one.
    """

    phase: Phase = "idle"
    seconds: float = 0.0
    message: str = ""
    result: Calibration | None = None

    @property
    def is_busy(self) -> bool:
        """Whether one is going on."""
        return self.phase in ("countdown", "measuring")


IDLE = CalibrationStatus()


class CalibrationRun:
    """One calibration; it is shown every moment of the capture.

    Args:
        order: What is asked for.
        header: Of the source.

    Attributes:
        status: How far it is.
    """

    def __init__(self, order: CalibrationOrder, header: TakeHeader) -> None:
        self._order = order
        self._header = header
        self._start: float | None = None
        self._next_look = 0.0
        self._seen: deque[Keypoints2D] = deque()
        self.status = CalibrationStatus("countdown", order.delay)

    def step(self, t: float, packets: Sequence[Packet]) -> Calibration | None:
        """Look at one more moment; returns the calibration when it is made.

        Args:
            t: When it was, on the source's clock [s].
            packets: Everybody in it.
        """
        if self._start is None or t < self._start - self._order.delay:
            self._start = t + self._order.delay  # Its clock began anew.
            self._seen.clear()
        if not self.status.is_busy:
            return None
        if t < self._start:
            left = self._start - t
            message = f"Step back until you are seen from head to foot: {left:.0f}"
            self.status = replace(
                self.status, phase="countdown", seconds=left, message=message
            )
            return None
        self._watch(t, packets)
        return self._measure(t, self._start)

    def _watch(self, t: float, packets: Sequence[Packet]) -> None:
        wanted = self._order.person
        found = (each for each in packets if wanted in (0, each.person))
        packet = next(found, None)
        if packet is not None:
            self._seen.append(to_coco17(packet.keypoints))
        while self._seen and self._seen[0].t < t - SECONDS:
            self._seen.popleft()

    def _measure(self, t: float, start: float) -> Calibration | None:
        left = start + SECONDS - t
        if left > 0:
            self._tell(
                "measuring", f"Stand still, upright, arms hanging: {left:.0f}", left
            )
            return None
        if t < self._next_look:
            return None
        self._next_look = t + LOOK_EVERY
        try:
            return self._calibrated()
        except CalibrationError as error:
            is_over = t > start + SECONDS + PATIENCE
            self._tell("failed" if is_over else "measuring", str(error))
        except VitposeError as error:
            self._tell("failed", str(error))
        return None

    def _calibrated(self) -> Calibration:
        from ..inference.lifters import CLIP_LIFTER, make_lifter

        order, header = self._order, self._header
        stand = measure_stand(tuple(self._seen), header.image_wh, SECONDS)
        tall = {} if order.height is None else {"height": order.height}
        lifter = make_lifter(CLIP_LIFTER, **tall)
        found = calibrate(stand, header, lifter, order.height, order.mirror)
        made = datetime.now().astimezone().isoformat(timespec="minutes")
        return replace(found, made=made)

    def _tell(self, phase: Phase, message: str, seconds: float = 0.0) -> None:
        self.status = CalibrationStatus(phase, seconds, message)
