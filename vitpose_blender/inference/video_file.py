# SPDX-License-Identifier: GPL-3.0-or-later
"""A video file as a source: exact frame numbers and true time stamps."""

import itertools
import logging
import math
from collections.abc import Iterator
from pathlib import Path

import cv2

from ..core.errors import SourceError
from ..core.types import Frame, ImageArray
from . import opencv_capture
from .frame_source import EVERY_FRAME, FrameRange, FrameSource

log = logging.getLogger(__name__)

FALLBACK_FPS = 30.0  # For a container that tells neither times nor a rate [Hz].
MAX_PAUSE = 600.0  # Recorders with a variable rate pause, but not longer [s].
MAX_GLITCH = 1.0  # A stamp that is farther off belongs to a clock set anew [s].
MAX_FRAMES = 10**9  # Containers without a count claim more than that, or less than 0.


class StampClock:
    """Turns a container's time stamps into times that only go forward.

    Good stamps pass unchanged, so a variable rate keeps its real speed. A frame
    whose stamp is missing or does not advance comes one nominal frame after the
    one before. When the stamps leap (joined recordings, a counter that wrapped),
    those that follow are shifted by what the leap was too much.

    Args:
        step: Nominal time between two frames [s].
    """

    def __init__(self, step: float) -> None:
        self._step = step
        self._offset = 0.0
        self._last: tuple[int, float] | None = None

    def time_of(self, index: int, stamp: float) -> float:
        """Return the time of frame `index`; call it for each frame, in order.

        Args:
            index: Number of the frame; a gap counts as lost frames.
            stamp: What the container says [s]; NaN where it says nothing.
        """
        t = stamp + self._offset
        if self._last is None:
            t = t if math.isfinite(t) else index * self._step
        else:
            last_index, last = self._last
            if not last < t <= last + MAX_PAUSE:
                expected = last + (index - last_index) * self._step
                if abs(t - last) > MAX_GLITCH:
                    self._offset += expected - t
                t = expected
        self._last = index, t
        return t


class VideoFile(FrameSource):
    """A video file, read frame by frame.

    The beginning of a range is reached by passing over the frames before it, not by
    seeking: with H.264 a seek may land some frames off. Frames that cannot be
    decoded are left out and leave a gap in `Frame.index`.

    Args:
        path: The file.
        frames: Which frames to deliver.

    Raises:
        SourceError: The file is missing, empty, no video, or has no picture.
    """

    def __init__(self, path: Path, frames: FrameRange = EVERY_FRAME) -> None:
        _check_file(path)
        self.name = path.name
        self._path = path
        self._range = frames
        # Resolved: FFmpeg would take "a:b.mp4" for a protocol.
        self._capture = opencv_capture.open_file(str(path.resolve()))
        self.fps = opencv_capture.nominal_fps(self._capture)
        count = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self._count = int(count) if 0 < count < MAX_FRAMES else None
        self.num_frames = frames.length(self._count)
        self._grabbed = self._grab_all()
        self.image_wh = self._first_image_wh()

    def __iter__(self) -> Iterator[Frame]:
        num_seen = 0
        for index, t in self._grabbed:
            num_seen = index + 1
            if self._range.is_past(index):
                return
            if index < self._range.start:
                continue
            is_decoded, image = self._capture.retrieve()
            if is_decoded and image is not None:
                yield self._frame(image, t, index)
        if 0 < num_seen <= self._range.start:
            raise SourceError(
                f"{self._path} has only {num_seen} frames: the range {self._range} "
                "begins after its end"
            )
        if self._count and num_seen < min(self._count, self._range.stop or self._count):
            log.warning(
                "%s: %d of %d frames could be read", self.name, num_seen, self._count
            )

    def close(self) -> None:
        self._grabbed = iter(())
        self._capture.release()

    def _grab_all(self) -> Iterator[tuple[int, float]]:
        """Step through the file; yield number and time of each frame that is whole."""
        clock = StampClock(1.0 / (self.fps or FALLBACK_FPS))
        for index in itertools.count():
            if self._capture.grab():
                stamp = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000.0
                yield index, clock.time_of(index, stamp)
            elif index + 1 >= (self._count or 0):
                return  # The end. Before it, a failure is one damaged frame.

    def _first_image_wh(self) -> tuple[int, int]:
        """Look at the first frame, and leave it to be delivered as well."""
        first = next(self._grabbed, None)
        is_decoded, image = self._capture.retrieve() if first else (False, None)
        if first is None or not is_decoded or image is None:
            self.close()
            raise SourceError(
                f"{self._path} has no picture that can be decoded: it is damaged or "
                "no video; convert it to an H.264 .mp4 and try that"
            )
        self._grabbed = itertools.chain([first], self._grabbed)
        return image.shape[1], image.shape[0]

    def _frame(self, image: ImageArray, t: float, index: int) -> Frame:
        frame = Frame(image, t, index)
        if frame.image_wh != self.image_wh:
            raise SourceError(
                f"{self._path} changes its picture from {self.image_wh} to "
                f"{frame.image_wh} at frame {index}: capture the parts separately "
                f"with --frames :{index} and --frames {index}:"
            )
        return frame


def _check_file(path: Path) -> None:
    try:
        size = path.stat().st_size
        path.open("rb").close()
    except FileNotFoundError:
        raise SourceError(f"There is no file {path}: check its name") from None
    except OSError as error:
        raise SourceError(f"Cannot read {path}: {error.strerror or error}") from error
    if size == 0:
        raise SourceError(f"{path} is empty (0 bytes): copy or record it again")
