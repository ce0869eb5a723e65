# SPDX-License-Identifier: GPL-3.0-or-later
"""Long work in a thread beside Blender's main thread, as steps that wait for it."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from ..core.steps import Progress, Steps

Result = TypeVar("Result")
Work = Callable[[Progress], Result]  # Must not touch bpy.

_WAIT = 0.01  # Between two looks at the thread [s].


class _UnwantedError(Exception):
    """Ends the work where nobody waits for its result any more."""


class _Job(Generic[Result]):
    """What the thread and the main thread share."""

    def __init__(self, work: Work[Result]) -> None:
        self.share = 0.0
        self.results: list[Result] = []
        self.error: Exception | None = None
        self.is_unwanted = threading.Event()
        self._work = work

    def run(self) -> None:
        try:
            self.results.append(self._work(self._note))
        except _UnwantedError:
            pass
        except Exception as error:  # noqa: BLE001 -- Raised again by who waits.
            self.error = error

    def _note(self, share: float) -> None:
        self.share = share
        if self.is_unwanted.is_set():
            raise _UnwantedError


def beside(
    work: Work[Result], interrupt: Callable[[], None] = lambda: None
) -> Steps[Result]:
    """Do some work in a thread; yields its progress and returns its result.

    Closing the steps ends the work when it next tells its progress.

    Args:
        work: Is called with a function that takes the finished part, in [0, 1].
        interrupt: Wakes work that waits for something; called when the steps end.
    """
    job = _Job(work)
    thread = threading.Thread(target=job.run, name="vitpose-beside", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(_WAIT)
            yield job.share
    finally:
        job.is_unwanted.set()
        interrupt()
        thread.join()
    if job.error is not None:
        raise job.error
    return job.results[0]
