# SPDX-License-Identifier: GPL-3.0-or-later
"""What every source of pictures has in common, and which frames of it are wanted."""

import re
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from ..core.closing import Closing
from ..core.errors import SourceError
from ..core.types import Frame


@dataclass(frozen=True)
class FrameRange:
    """Frames `start <= index < stop` of a source, counted from 0.

    Attributes:
        start: The first frame.
        stop: The first frame that is not wanted any more; None for the end.
    """

    start: int = 0
    stop: int | None = None

    def __post_init__(self) -> None:
        if self.start < 0 or (self.stop is not None and self.stop <= self.start):
            raise SourceError(
                f"The frame range {self} holds no frame: give A:B with 0 <= A < B"
            )

    def __str__(self) -> str:
        return f"{self.start}:{'' if self.stop is None else self.stop}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `A:B`, `A:` or `:B`.

        Raises:
            SourceError: `text` is none of these, or holds no frame.
        """
        match = re.fullmatch(r"\s*([0-9]{0,9})\s*:\s*([0-9]{0,9})\s*", text)
        if match is None:
            raise SourceError(
                f"{text!r} is not a frame range: give A:B, A: or :B, such as 100:250"
            )
        start, stop = match.groups()
        return cls(int(start or 0), int(stop) if stop else None)

    def __contains__(self, index: int) -> bool:
        return index >= self.start and not self.is_past(index)

    def is_past(self, index: int) -> bool:
        """Say whether frame `index` and all after it are behind the range."""
        return self.stop is not None and index >= self.stop

    def length(self, num_frames: int | None) -> int | None:
        """Return how many frames of a source are in the range; None if unknown."""
        if num_frames is None:
            return None
        stop = num_frames if self.stop is None else min(self.stop, num_frames)
        return max(0, stop - self.start)


EVERY_FRAME = FrameRange()


class FrameSource(Closing):
    """Delivers frames, once, in order; leaving its context releases it.

    Attributes:
        name: File name, "camera 0" or address without secrets; fit to be stored.
        image_wh: Size of every picture, upright [px].
        fps: Nominal rate [Hz]; None where there is none. Time is in the frames.
        num_frames: How many frames will come, at most; None where unknown.
        is_live: Whether frames that are not fetched in time are gone.
        num_dropped: Frames that were gone before somebody fetched them.
    """

    name: str
    image_wh: tuple[int, int]
    fps: float | None = None
    num_frames: int | None = None
    is_live: bool = False
    num_dropped: int = 0

    @abstractmethod
    def __iter__(self) -> Iterator[Frame]: ...

    def interrupt(self) -> None:
        """End an iteration that waits for a frame; may be called from any thread."""
