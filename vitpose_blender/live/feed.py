# SPDX-License-Identifier: GPL-3.0-or-later
"""The people of a source, moment by moment: what every kind of source is opened as.

Runs in the thread or in the child process, and must not touch bpy.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import VitposeError
from ..core.packet import Packet
from ..core.take import TakeHeader
from ..core.types import ImageArray
from .config import CaptureConfig


@dataclass(frozen=True, eq=False)
class Seen:
    """What was seen in one picture.

    Attributes:
        t: When it was taken, on the source's clock [s].
        grabbed: When it arrived here, on `time.monotonic` [s].
        packets: Everybody in it.
        image: The picture, BGR, shape `(H, W, 3)`; None where there is none.
        lines: The packets as JSON, if they were read from it; None to make it anew.
        work: How long the models looked at it [s]; NaN where none did.
        waited: How long they did not yet, since it arrived [s]; likewise.
    """

    t: float
    grabbed: float
    packets: tuple[Packet, ...]
    image: ImageArray | None = None
    lines: tuple[str, ...] | None = None
    work: float = float("nan")
    waited: float = float("nan")


@dataclass(frozen=True, eq=False)
class Feed:
    """An open source with people in it.

    Attributes:
        header: For the takes that come of it.
        device: What the model runs on.
        seen: What is seen, until the source ends.
        interrupt: Ends a wait for the next picture; from any thread.
        num_dropped: Returns how many pictures were passed over.
        dropped: Returns why, in words; nothing where it is always the same.
        set_tilt: Tells what lifts the joints how far the camera looks down [deg].
        set_person: Changes who is wanted, a number as `open_feed` takes it; from any
            thread.
    """

    header: TakeHeader
    device: str
    seen: Iterable[Seen]
    interrupt: Callable[[], None] = lambda: None
    num_dropped: Callable[[], int] = lambda: 0
    dropped: Callable[[], str] = lambda: ""
    set_tilt: Callable[[float], None] = lambda _: None
    set_person: Callable[[int], None] = lambda _: None


class Opening(threading.Event):
    """Between a capture and who opens its source; set when the capture shall end.

    Args:
        told: Called with each new stage.

    Attributes:
        stage: What is being waited for, in words; empty while all is well.
    """

    def __init__(self, told: Callable[[str], None] = lambda _: None) -> None:
        super().__init__()
        self.stage = ""
        self._told = told

    def tell(self, stage: str) -> None:
        """Say what is being waited for; nothing when it has come."""
        if stage != self.stage:
            self.stage = stage
            self._told(stage)


# Opens a feed; waits inside must end when the `Opening` is set.
OpenFeed = Callable[[CaptureConfig, int, Opening], AbstractContextManager[Feed]]


@contextmanager
def open_feed(config: CaptureConfig, person: int, opening: Opening) -> Iterator[Feed]:
    """Open the source of a capture, with the models that look at it.

    Args:
        config: Of the capture.
        person: Number of the person that is wanted; 0 is the largest, -1 all.
        opening: Set when the capture shall end.

    Raises:
        VitposeError: Source, model or device cannot be had, or what runs the model
            is not installed; the message says which.
    """
    with ExitStack() as stack:
        try:
            opened = _opener(config)
            feed = stack.enter_context(opened(config, person, opening))
        except ModuleNotFoundError as error:
            raise VitposeError(lacks_module(error.name)) from error
        opening.tell("")
        yield feed


def lacks_module(name: str | None) -> str:
    """Return the sentence about a package that is not installed."""
    return (
        f"The Python module {name} is not installed: set up the extension's runtime "
        "in its preferences, then start again"
    )


def _opener(config: CaptureConfig) -> OpenFeed:
    from ..inference.recorded import is_recorded
    from .camera_feed import open_frames
    from .recorded_feed import open_recorded
    from .udp_feed import is_udp, open_udp

    if is_udp(config.source):
        return open_udp
    return open_recorded if is_recorded(Path(config.source)) else open_frames
