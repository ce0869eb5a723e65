# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbered pictures in a folder as a source."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from ..core.errors import SourceError
from ..core.types import Frame, ImageArray
from . import opencv_capture
from .frame_source import EVERY_FRAME, FrameRange, FrameSource

log = logging.getLogger(__name__)

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
DEFAULT_FPS = 30.0  # Pictures do not say how fast they were taken [Hz].


def natural_key(path: Path) -> list[tuple[int, int, str]]:
    """Return a sorting key by which frame2 comes before frame10."""
    parts = re.findall(r"[0-9]+|[^0-9]+", path.name.lower())
    return [(0, int(p), "") if p[0] in "0123456789" else (1, 0, p) for p in parts]


class ImageFolder(FrameSource):
    """Pictures in the natural order of their names, upright as their EXIF says.

    A picture that cannot be read is left out with a warning and leaves a gap in
    `Frame.index`, which counts files.

    Args:
        folder: A folder of pictures, or one picture.
        frames: Which of the pictures to deliver.
        fps: At which rate they were taken [Hz].

    Raises:
        SourceError: No picture in the range can be read.
    """

    def __init__(
        self,
        folder: Path,
        frames: FrameRange = EVERY_FRAME,
        fps: float = DEFAULT_FPS,
    ) -> None:
        opencv_capture.silence()
        self.name = folder.name or folder.resolve().name
        self.fps = fps
        paths = _pictures_of(folder)
        self._paths = list(enumerate(paths))[frames.start : frames.stop]
        if not self._paths:
            raise SourceError(
                f"{folder} has only {len(paths)} pictures: the range {frames} begins "
                "after its end"
            )
        self.num_frames = len(self._paths)
        self.image_wh = self._first_image_wh(folder)

    def __iter__(self) -> Iterator[Frame]:
        paths, self._paths = self._paths, []
        for index, path in paths:
            image = read_image(path)
            if image is None:
                log.warning("%s cannot be read as a picture; it is left out", path.name)
                continue
            frame = Frame(image, index / self._rate, index)
            if frame.image_wh != self.image_wh:
                raise SourceError(
                    f"{path} is {frame.image_wh} pixels, those before it are "
                    f"{self.image_wh}: bring all pictures to one size"
                )
            yield frame

    @property
    def _rate(self) -> float:
        return self.fps or DEFAULT_FPS

    def close(self) -> None:
        self._paths = []

    def _first_image_wh(self, folder: Path) -> tuple[int, int]:
        for _, path in self._paths:
            image = read_image(path)
            if image is not None:
                return image.shape[1], image.shape[0]
        raise SourceError(
            f"None of the {len(self._paths)} pictures in {folder} can be read: save "
            "them again as .png or .jpg"
        )


def read_image(path: Path) -> ImageArray | None:
    """Return a picture as BGR, upright, shape `(H, W, 3)`; None if it is none.

    Python reads the file, because OpenCV cannot open every name on Windows.
    """
    try:
        data = np.fromfile(path, dtype=np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except (OSError, cv2.error):
        return None
    return None if image is None else image.astype(np.uint8, copy=False)


def _pictures_of(folder: Path) -> list[Path]:
    if folder.is_file():
        return [folder]
    try:
        entries = list(folder.iterdir())
    except OSError as error:
        raise SourceError(f"Cannot read {folder}: {error.strerror or error}") from error
    paths = [
        path
        for path in entries
        if path.suffix.lower() in SUFFIXES
        and not path.name.startswith(".")  # macOS leaves "._frame1.png" beside it.
        and path.is_file()
    ]
    if not paths:
        raise SourceError(
            f"The folder {folder} has no pictures: it needs .jpg, .png, .bmp, .webp "
            "or .tif files, or OpenPose's *_keypoints.json"
        )
    return sorted(paths, key=natural_key)
