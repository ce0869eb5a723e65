# SPDX-License-Identifier: GPL-3.0-or-later
"""Who watches over the capture's own process: beats, silence, the end in time."""

import threading
import time

from ..core.closing import Closing
from .child_process import ChildProcess
from .feed import Opening
from .wire import BEAT_EVERY

LOOK_EVERY = 0.05  # [s]
STOP_GRACE = 0.4  # How long the child may take to end by itself [s].
START_SILENCE = 60.0  # A cold disk may hold up an import for that long [s].
SILENCE = 5.0  # [s]
NOTICED = 1.5  # A silence that is worth a word to the user [s].


class Keeper(Closing):
    """Beats for a child, ends it when the capture shall end, kills it when it hangs.

    It does so in a thread of its own. Blender may hold all of its Python's threads up
    for a minute, as a long operator does, and a disk may hold up who reads: that time
    is not the child's silence.

    Args:
        child: To watch over.
        opening: Set when the capture shall end; told what is wrong.

    Attributes:
        has_begun: Whether the child has opened its source.
    """

    def __init__(self, child: ChildProcess, opening: Opening) -> None:
        self.has_begun = False
        self._child = child
        self._opening = opening
        self._wake = threading.Event()
        self._is_closed = False
        self._thread = threading.Thread(
            target=self._run, name="vitpose-keeper", daemon=True
        )
        self._thread.start()

    def wake(self) -> None:
        """Look at once whether the capture shall end; from any thread."""
        self._wake.set()

    def close(self) -> None:
        """Let the child end, and wait until it has."""
        self._is_closed = True
        self.wake()
        self._thread.join()

    def _run(self) -> None:
        num_heard, silence, beat = -1, 0.0, 0.0
        while not (self._is_closed or self._opening.is_set()):
            if time.monotonic() >= beat:
                beat = time.monotonic() + BEAT_EVERY
                self._child.send("beat")
                self._child.trim_log()
            if self._child.num_heard != num_heard:
                num_heard, silence = self._child.num_heard, 0.0
            if not self._may_be_silent(silence):
                return
            self._wake.wait(LOOK_EVERY)
            silence += LOOK_EVERY * self._child.is_waited_for
        self._child.end(STOP_GRACE)

    def _may_be_silent(self, silence: float) -> bool:
        """Act on how long nothing has come [s]; returns whether the child lives on."""
        limit = SILENCE if self.has_begun else START_SILENCE
        if silence >= limit:
            self._child.kill(
                f"The capture's process has not answered for {limit:g} s and was "
                "ended: start the capture again"
            )
            return False
        if self.has_begun:
            hangs = silence >= NOTICED
            self._opening.tell("waiting for the capture's process" if hangs else "")
        return True
