# SPDX-License-Identifier: GPL-3.0-or-later
"""The capture thread. Must not import bpy: Blender data is main-thread only."""

import atexit
import logging
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Generic, TypeVar

from .core.errors import VitposeError

log = logging.getLogger(__name__)

QUIT_PATIENCE = 5.0  # How long Python's end waits for a thread that is busy [s].

T = TypeVar("T")
FrameT = TypeVar("FrameT")


class LatestSlot(Generic[T]):
    """Mailbox for one value, in which a newer value replaces an unread one.

    Whoever shows the present has no use for a backlog. Neither method waits, so a
    slow reader never holds the writer up and never falls behind it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._value: T | None = None

    def put(self, value: T) -> None:
        with self._lock:
            self._value = value

    def take(self) -> T | None:
        """Return the newest value once; None until the next `put`."""
        with self._lock:
            value, self._value = self._value, None
            return value


class CaptureWorker(Generic[FrameT, T]):
    """Runs `estimate` on every frame of a source, in a thread of its own.

    Args:
        open_source: Opens the camera; leaving the context releases it.
        load_estimator: Imports torch and loads weights; returns `estimate(frame)`.
        interrupt: Wakes a source that waits for a frame; called by `stop`.

    The first two are called in the thread, because both are slow and both may fail.

    Attributes:
        latest: The newest result.
        error: What ended the thread before its time; None while all is well.
    """

    def __init__(
        self,
        open_source: Callable[[], AbstractContextManager[Iterable[FrameT]]],
        load_estimator: Callable[[], Callable[[FrameT], T | None]],
        interrupt: Callable[[], None] = lambda: None,
    ) -> None:
        self.latest: LatestSlot[T] = LatestSlot()
        self.error: Exception | None = None
        self._open_source = open_source
        self._load_estimator = load_estimator
        self._interrupt = interrupt
        self._stop = threading.Event()
        # Daemon: quitting Blender must not wait for a camera read.
        self._thread = threading.Thread(
            target=self._run, name="vitpose-capture", daemon=True
        )

    def start(self) -> None:
        """Begin.

        Python's end waits for the thread, but not for ever: one that comes back from a
        library's own code (torch, OpenCV) while Python falls apart takes the whole
        process down. It is registered here, as what is registered at the end is not
        heard.
        """
        atexit.register(self.stop, QUIT_PATIENCE)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self, timeout: float = 2.0) -> None:
        """Ask the thread to finish and wait for it, at most `timeout` [s]."""
        self._stop.set()
        self._interrupt()
        self._thread.join(timeout)
        if self._thread.is_alive():
            log.warning("The capture thread is still busy after %.1f s", timeout)
        else:
            atexit.unregister(self.stop)

    def _run(self) -> None:
        try:
            estimate = self._load_estimator()
            if self._stop.is_set():  # Loading may take long: touch no camera then.
                return
            with self._open_source() as frames:
                for frame in frames:
                    if self._stop.is_set():
                        return
                    result = estimate(frame)
                    if result is not None:
                        self.latest.put(result)
        except VitposeError as error:  # The main thread tells the user.
            self.error = error
        except Exception as error:  # Top of the thread: a bug.
            log.exception("The capture stopped")
            self.error = error
