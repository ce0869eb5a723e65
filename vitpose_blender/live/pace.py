# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures of a file no faster than they were taken."""

import threading
import time
from collections.abc import Callable


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

    def wait_for(self, t: float) -> float:
        """Return at the time `t` [s] of the source, which begins with the first.

        Returns:
            How long there was to wait [s].
        """
        now = self._now()
        if self._offset is None or now > t + self._offset:
            self._offset = now - t
        rest = max(t + self._offset - now, 0.0)
        self._stop.wait(rest)
        return rest
