# SPDX-License-Identifier: GPL-3.0-or-later
"""A camera or a network stream as a source: always the newest picture."""

import logging
import threading
import time
from collections.abc import Callable, Iterator

from ..core.errors import CameraError
from ..core.types import Frame
from ..worker import LatestSlot
from .frame_source import EVERY_FRAME, FrameRange, FrameSource
from .opencv_capture import Capture, nominal_fps

log = logging.getLogger(__name__)

GRACE = 1.0  # What a timeout inside OpenCV may take longer than asked [s].
PAUSE = 0.01  # Between two looks at a source that has nothing [s].


class LiveCamera(FrameSource):
    """Delivers the newest picture each time, however long the reader took.

    OpenCV hands pictures out in order, so whoever reads slowly sees an ever older
    past. A thread therefore reads all of them and keeps the last; it alone touches
    the capture, which is not safe to share. Those that nobody fetched show as gaps
    in `Frame.index` and are counted in `num_dropped`. Time is `time.monotonic()`.

    Args:
        name: What messages and takes call it; without secrets.
        open_capture: Opens it, in the thread. What returns may be closed.
        advice: What to do when it does not open, to end the sentence.
        frames: Which of the grabbed frames to deliver.
        timeout: How long it may deliver nothing before it counts as gone [s].
        open_timeout: How long it may take to deliver its first picture [s].

    Raises:
        CameraError: It cannot be opened or delivers nothing. The same is raised
            while iterating when it ends or stalls.
    """

    is_live = True

    def __init__(
        self,
        name: str,
        open_capture: Callable[[], Capture],
        advice: str,
        *,
        frames: FrameRange = EVERY_FRAME,
        timeout: float,
        open_timeout: float,
    ) -> None:
        self.name = name
        self._title = name if "://" in name else name.capitalize()
        self._open_capture = open_capture
        self._advice = advice
        self._range = frames
        self._timeout = timeout
        self._newest: LatestSlot[Frame] = LatestSlot()
        self._error: CameraError | None = None
        self._is_ready = threading.Event()
        self._has_news = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name="vitpose-grab", daemon=True
        )
        self._thread.start()
        is_ready = self._is_ready.wait(open_timeout + timeout + GRACE)
        if not is_ready:
            self._stop.set()  # The thread releases the camera whenever it wakes up.
        error = self._error or (None if is_ready else self._not_opened())
        if error is not None:
            raise error

    def __iter__(self) -> Iterator[Frame]:
        last_index = -1
        while (frame := self._next()) is not None:
            if self._range.is_past(frame.index):
                return
            if frame.index < self._range.start:
                last_index = frame.index
                continue
            self.num_dropped += frame.index - last_index - 1
            last_index = frame.index
            yield frame

    def interrupt(self) -> None:
        """Let the thread end, and whoever waits for a frame; waits for neither."""
        self._stop.set()
        self._has_news.set()

    def close(self) -> None:
        """Stop the thread and wait until it has released the camera."""
        self.interrupt()
        self._thread.join(self._timeout + GRACE)
        if self._thread.is_alive():
            log.warning("%s does not let go; it is released later", self.name)

    def _next(self) -> Frame | None:
        """Wait for a frame that was not delivered yet; None after `close`."""
        while not self._stop.is_set():
            frame = self._newest.take()
            if frame is not None:
                return frame
            if self._error is not None:
                raise self._error
            if not self._has_news.wait(self._timeout + GRACE):
                raise self._stalled()
            self._has_news.clear()
        return None

    def _run(self) -> None:
        try:
            capture = self._open_capture()
            try:
                self._grab(capture)
            finally:
                capture.release()
        except CameraError as error:
            self._error = error
        except Exception as error:  # Top of the thread: the reader raises it.
            log.exception("%s failed", self.name)
            self._error = CameraError(f"{self._title} failed: {error}")
        finally:
            self._is_ready.set()
            self._has_news.set()

    def _grab(self, capture: Capture) -> None:
        if not capture.isOpened():
            raise self._not_opened()
        index, last = 0, time.monotonic()
        while not self._stop.is_set():
            is_grabbed = capture.grab()
            t = time.monotonic()
            is_decoded, image = capture.retrieve() if is_grabbed else (False, None)
            if is_decoded and image is not None:
                self._deliver(Frame(image, t, index), capture)
                last = t
            elif t - last >= self._timeout:
                raise self._stalled()
            else:
                # A stream that ended keeps failing at once, without waiting.
                self._stop.wait(PAUSE)
            index += is_grabbed

    def _deliver(self, frame: Frame, capture: Capture) -> None:
        if not self._is_ready.is_set():
            self.image_wh = frame.image_wh
            self.fps = nominal_fps(capture)
        elif frame.image_wh != self.image_wh:
            raise CameraError(
                f"{self._title} changed its picture from {self.image_wh} to "
                f"{frame.image_wh}: hold it still and start again"
            )
        self._newest.put(frame)
        self._is_ready.set()
        self._has_news.set()

    def _not_opened(self) -> CameraError:
        return CameraError(f"{self._title} could not be opened: {self._advice}")

    def _stalled(self) -> CameraError:
        return CameraError(
            f"{self._title} has delivered no picture for {self._timeout:g} s: it ended "
            "or the connection broke; check it and start again"
        )
