# SPDX-License-Identifier: GPL-3.0-or-later
"""The skeleton drawn on the footage, as a picture or as a video."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np

from ..core.closing import Closing
from ..core.errors import OutputError
from ..core.layouts import Layout, layout_by_id
from ..core.packet import Packet
from ..core.types import ImageArray
from . import opencv_capture

_MIN_SCORE = 0.3  # Keypoints below are not drawn.
_LEFT, _RIGHT, _MIDDLE = (80, 170, 255), (255, 190, 80), (235, 235, 235)  # BGR
_DEFAULT_FPS = 30.0  # [Hz]
_CODECS = ("avc1", "mp4v")  # The first plays in browsers, where OpenCV has it.


def draw_people(image: ImageArray, packets: Sequence[Packet]) -> ImageArray:
    """Return a copy of the picture with everybody's skeleton on it.

    The person's left side is orange and the right side blue, as a mirror shows it.

    Args:
        image: BGR, shape `(H, W, 3)`.
        packets: The people in it.
    """
    canvas = image.copy()
    thickness = max(1, round(max(image.shape) / 500))
    for packet in packets:
        _draw_person(canvas, packet, thickness)
    return canvas


def _draw_person(canvas: ImageArray, packet: Packet, thickness: int) -> None:
    layout = layout_by_id(packet.keypoints.layout)
    limit = 4 * max(canvas.shape)  # OpenCV draws in 16-bit numbers.
    xy = np.clip(np.nan_to_num(packet.keypoints.xy), -limit, limit)
    points = [tuple(point) for point in np.round(xy).astype(int).tolist()]
    shown = packet.keypoints.score >= _MIN_SCORE
    for start, end in layout.edges:
        if shown[start] and shown[end]:
            color = _color(layout, start, end)
            cv2.line(canvas, points[start], points[end], color, thickness, cv2.LINE_AA)
    for row in np.flatnonzero(shown):
        color = _color(layout, row, row)
        cv2.circle(canvas, points[row], thickness + 1, color, -1, cv2.LINE_AA)
    if packet.box is not None:
        left, top, _, height = packet.box
        corner = (round(left), max(round(top - 0.12 * height), 8 * thickness))
        cv2.putText(
            canvas, str(packet.person), corner, cv2.FONT_HERSHEY_SIMPLEX,
            0.3 * thickness, _MIDDLE, max(thickness - 1, 1), cv2.LINE_AA,
        )  # fmt: skip


def _color(layout: Layout, start: int, end: int) -> tuple[int, int, int]:
    names = layout.names[start] + " " + layout.names[end]
    has_left, has_right = "left_" in names, "right_" in names
    if has_left == has_right:
        return _MIDDLE
    return _LEFT if has_left else _RIGHT


class OverlayWriter(Closing):
    """Writes a video of pictures as they come, at the speed at which they were taken.

    Args:
        path: The video, `.mp4`: H.264 where OpenCV can write it, else MPEG-4 Part 2.
        image_wh: Size of every picture [px].
        fps: Rate [Hz]; None for a source without one.

    Raises:
        OutputError: The video cannot be written; leaving the context may raise it
            too, since OpenCV does not tell before when the disk is full.
    """

    def __init__(
        self, path: Path, image_wh: tuple[int, int], fps: float | None
    ) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"Cannot write {path}: {error.strerror}") from error
        self._fps = fps or _DEFAULT_FPS
        self._writer = self._open(image_wh, self._fps)
        self._num_written = 0
        self._start = 0.0
        self._last: ImageArray | None = None

    def write(self, image: ImageArray, t: float) -> None:
        """Add the picture taken at `t` [s].

        The one before stands for as long as it took; of several that came within
        one frame of the video, the first counts.
        """
        if self._last is None:
            self._start, self._last = t, image
        due = round((t - self._start) * self._fps)
        while self._num_written < due:
            self._add(self._last)
        if self._num_written == due:
            self._add(image)
        self._last = image

    def close(self) -> None:
        self._writer.release()

    def _add(self, image: ImageArray) -> None:
        self._writer.write(image)
        self._num_written += 1

    def _check(self) -> None:
        """See that the video opens again."""
        capture = opencv_capture.open_file(str(self.path.resolve()))
        is_good = capture.isOpened() and capture.grab()
        capture.release()
        if self._num_written and not is_good:
            raise OutputError(
                f"The video {self.path} could not be finished: free some disk space "
                "and try again"
            )

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        super().__exit__(exc_type, exc, traceback)
        if exc_type is None:
            self._check()

    def _open(self, image_wh: tuple[int, int], fps: float) -> cv2.VideoWriter:
        opencv_capture.silence()
        for codec in _CODECS:
            fourcc = cv2.VideoWriter.fourcc(*codec)
            writer = cv2.VideoWriter(str(self.path), fourcc, fps, image_wh)
            if writer.isOpened():
                return writer
        raise OutputError(
            f"Cannot write the video {self.path}: choose a .mp4 file in a folder that "
            "can be written to"
        )
