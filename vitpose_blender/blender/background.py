# SPDX-License-Identifier: GPL-3.0-or-later
"""The one long job beside Blender: an installation, a download, an examination."""

import atexit
import logging
from collections.abc import Callable
from typing import Any

import bpy

from ..core.errors import VitposeError
from ..runtime.job import Job

log = logging.getLogger(__name__)

PERIOD = 0.25  # Between two looks at the job [s].
PATIENCE = 2.0  # What ends later than that, at the end of Blender, is left alone [s].


class Background:
    """Runs one job at a time, shows how far it is, and hands its result over.

    Attributes:
        job: The one that runs, or ran last; None before the first.
        message: What became of the last one, a sentence.
    """

    def __init__(self) -> None:
        self._tick = self.tick  # bpy.app.timers compares by identity: keep one object.
        self._on_result: Callable[[Any], str] = str
        self._is_watched = False
        self.job: Job[Any] | None = None
        self.message = ""

    @property
    def is_running(self) -> bool:
        return self._is_watched

    def start(self, job: Job[Any], on_result: Callable[[Any], str]) -> None:
        """Begin a job.

        Args:
            job: What to do; not started yet.
            on_result: Gets its result, on the main thread, and returns a sentence.

        Raises:
            VitposeError: Another one is running.
        """
        if self.is_running:
            raise VitposeError(f"{self.title} is running: wait for it, or cancel it")
        self.job, self.message, self._on_result = job, "", on_result
        self._is_watched = True
        job.start()
        bpy.app.timers.register(self._tick, first_interval=PERIOD)

    @property
    def title(self) -> str:
        return self.job.title if self.job is not None else ""

    def cancel(self) -> None:
        """Ask the job to end; it is over when `is_running` says so."""
        if self.job is not None:
            self.job.cancel()

    def tick(self) -> float | None:
        """Show how far it is; None when it is over."""
        redraw_preferences()
        job = self.job
        if job is not None and job.is_running:
            return PERIOD
        self._is_watched = False
        self.message = self._outcome()
        redraw_preferences()
        return None

    def _outcome(self) -> str:
        job = self.job
        if job is None:
            return ""
        if job.error:
            return job.error
        if job.result is None:
            return f"{job.title} was cancelled"
        try:
            return self._on_result(job.result)
        except Exception as error:  # Top of the tick: a bug is shown, not lost.
            log.exception("the result of %s is lost", job.title)
            return f"Internal error: {error!r}; see the console"

    def let_go(self) -> None:
        """End it, and what it started; for the end of Blender or of the extension."""
        if bpy.app.timers.is_registered(self._tick):
            bpy.app.timers.unregister(self._tick)
        self._is_watched = False
        if self.job is not None:
            self.job.cancel()
            self.job.wait(PATIENCE)


def redraw_preferences() -> None:
    """Have every window's preferences drawn again."""
    manager = bpy.context.window_manager
    for window in manager.windows if manager is not None else ():
        for area in window.screen.areas:
            if area.type == "PREFERENCES":
                area.tag_redraw()


background = Background()


def register() -> None:
    atexit.register(background.let_go)


def unregister() -> None:
    atexit.unregister(background.let_go)
    background.let_go()
    background.job, background.message = None, ""
