# SPDX-License-Identifier: GPL-3.0-or-later
"""A long job in a thread of its own, that says how far it is and can be cancelled."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..core.errors import VitposeError

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True)
class Progress:
    """How far a job is.

    Attributes:
        text: What is being done, a few words.
        share: Of the whole job, in [0, 1]; None where nobody knows.
    """

    text: str = ""
    share: float | None = None


Report = Callable[[Progress], None]


class Cancelled(Exception):  # noqa: N818 - it is no error.
    """Raised in a job's thread when the user no longer wants it."""


class Job(Generic[T]):
    """Runs `work(report, stop)` in a thread.

    Attributes:
        title: What it is for.
        progress: The newest; safe to read from any thread.
        result: What `work` returned; None before its end.
        error: Why it failed, a sentence; empty if it did not.
    """

    def __init__(
        self, title: str, work: Callable[[Report, threading.Event], T]
    ) -> None:
        self.title = title
        self.progress = Progress()
        self.result: T | None = None
        self.error = ""
        self._work = work
        self._stop = threading.Event()
        # Daemon: quitting Blender must not wait for a download.
        self._thread = threading.Thread(
            target=self._run, name="vitpose-job", daemon=True
        )

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    @property
    def was_cancelled(self) -> bool:
        return self._stop.is_set() and self.result is None

    def start(self) -> None:
        self._thread.start()

    def cancel(self) -> None:
        """Ask it to end soon; does not wait."""
        self._stop.set()

    def wait(self, timeout: float) -> None:
        """Wait for its end, at most `timeout` [s]."""
        self._thread.join(timeout)

    def _run(self) -> None:
        try:
            self.result = self._work(self._show, self._stop)
        except Cancelled:
            log.info("%s was cancelled", self.title)
        except VitposeError as error:
            self.error = str(error)
        except Exception as error:  # Top of the thread: the main thread reports it.
            log.exception("%s failed", self.title)
            self.error = f"Internal error: {error!r}; see the console"

    def _show(self, progress: Progress) -> None:
        self.progress = progress
