# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of a camera, stream, video or folder, with a model that looks at them."""

import atexit
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..core.camera_model import Camera
from ..core.closing import Closing
from ..core.errors import VitposeError
from ..core.packet import Packet
from ..core.take import TakeHeader
from ..core.types import Frame
from ..worker import QUIT_PATIENCE
from .config import CaptureConfig
from .feed import Feed, Opening, Seen
from .pace import Pace
from .people import choice, people_lifter

if TYPE_CHECKING:
    from ..inference.detector import PersonDetector
    from ..inference.device import Device
    from ..inference.frame_source import FrameSource
    from ..inference.vitpose import ViTPose

log = logging.getLogger(__name__)

AT_ONCE = 0.05  # What is not there at all is known by then [s].
SEARCHING = 0.1  # Share of the time for finding people.
LITTLE = 0.005  # Who waited less than that for a frame has no time to spare [s].
EVERY_LATE = 3  # After every so many frames without time, what can wait is done, too.
LET_GO = 1.0  # How long a source that is not wanted any more is waited for [s].


@contextmanager
def open_frames(config: CaptureConfig, person: int, opening: Opening) -> Iterator[Feed]:
    """Open a source of pictures and load what looks at them; see `feed.open_feed`.

    The source opens while the model loads: both take seconds and neither the CPU of
    the other.
    """
    from ..inference.camera import open_source

    def open_it() -> "FrameSource":
        return open_source(config.source, fps=config.fps, timeout=config.timeout)

    with _Coming(open_it) as coming:
        coming.check()
        opening.tell("loading the model")
        models = _load(config, opening)
        coming.check()
        opening.tell("opening the source")
        source = coming.wait(opening)
        if models is None or source is None:
            yield Feed(TakeHeader(), "", ())
            return
        yield _feed(config, person, opening, source, models)


def _feed(
    config: CaptureConfig,
    person: int,
    opening: Opening,
    source: "FrameSource",
    models: "tuple[Device, ViTPose, PersonDetector]",
) -> Feed:
    """Return what is seen of an open source by models that are loaded."""
    from ..inference.capture import PoseEstimator
    from ..inference.people import PersonFinder

    device, model, detector = models
    camera = Camera(source.image_wh, config.fov, config.tilt)
    lifter = people_lifter(config, camera)
    finder = PersonFinder(
        detector,
        people=choice(person),
        max_share=SEARCHING if config.paced else None,
        is_camera=source.is_live,
    )
    estimator = PoseEstimator(finder, model, lifter, camera, source.name)
    header = TakeHeader(
        source=source.name,
        model=model.name,
        lifter=config.live_lifter,
        image_wh=source.image_wh,
        fov=camera.fov,
        tilt=camera.tilt,
        fps=source.fps,
        layout=model.layout.id,
    )
    look = Look(
        source,
        estimator.packets,
        opening,
        finder.search_on,
        start=config.start,
        is_paced=config.paced,
    )
    return Feed(
        header,
        device.describe(),
        look,
        source.interrupt,
        lambda: look.num_dropped,
        set_tilt=lifter.set_tilt,
        set_person=lambda number: finder.choose(choice(number)),
    )


def _load(
    config: CaptureConfig, opening: Opening
) -> "tuple[Device, ViTPose, PersonDetector] | None":
    """Load what looks at pictures; None where nobody waits for it any more.

    Each of it takes long enough for a change of mind.
    """
    from ..inference.device import choose_device, limit_threads
    from ..inference.weights import BUILT_IN_MODEL

    limit_threads(spare=1)  # Blender's window needs one.
    device = choose_device(config.device)
    if opening.is_set():
        return None
    from ..inference.vitpose import ViTPose

    model = ViTPose.load(config.model or BUILT_IN_MODEL, device, config.allow_download)
    if opening.is_set():
        return None
    from ..inference.detector import make_detector

    detector = make_detector(config.detector, device, config.allow_download)
    return None if opening.is_set() else (device, model, detector)


class Look:
    """Looks at every frame.

    Args:
        source: Of the frames.
        find_people: Returns who is in one of them.
        opening: Set when the capture shall end.
        meanwhile: Called with each frame when all is done that it is waited for.
        start: Frames before it are passed over, on the source's clock [s].
        is_paced: Whether those of a file come no faster than they were taken.
    """

    def __init__(
        self,
        source: "FrameSource",
        find_people: Callable[..., list[Packet]],
        opening: Opening,
        meanwhile: Callable[[Frame], None] = lambda _: None,
        *,
        start: float = 0.0,
        is_paced: bool = True,
    ) -> None:
        self._source = source
        self._find_people = find_people
        self._opening = opening
        self._meanwhile = meanwhile
        self._start = start
        self._is_paced = is_paced and not source.is_live
        self._num_before: int | None = None
        self._num_late = 0  # Frames in a row that were not waited for.

    @property
    def num_dropped(self) -> int:
        """Pictures passed over since the first that was looked at."""
        if self._num_before is None:
            return 0
        return self._source.num_dropped - self._num_before

    def __iter__(self) -> Iterator[Seen]:
        source, pace = self._source, Pace(self._opening)
        asked = time.monotonic()
        for frame in source:
            if self._opening.is_set():
                return
            if frame.t < self._start:
                continue
            if self._num_before is None:  # What came while loading was not dropped.
                self._num_before = source.num_dropped
            rest = time.monotonic() - asked
            if self._is_paced:
                rest = pace.wait_for(frame.t)
            yield self._seen(frame)
            self._use_rest(frame, rest)
            asked = time.monotonic()

    def _seen(self, frame: Frame) -> Seen:
        start = time.monotonic()
        grabbed = frame.t if self._source.is_live else start
        people = tuple(self._find_people(frame))
        work = time.monotonic() - start
        waited = start - grabbed
        return Seen(frame.t, grabbed, people, frame.image, work=work, waited=waited)

    def _use_rest(self, frame: Frame, rest: float) -> None:
        """Do what can wait, but seldom where frames are not waited for."""
        self._num_late = self._num_late + 1 if rest < LITTLE else 0
        if self._num_late % EVERY_LATE == 0:
            self._meanwhile(frame)


class _Coming(Closing):
    """A source that opens in a thread of its own, and is closed with the block."""

    def __init__(self, open_it: Callable[[], "FrameSource"]) -> None:
        self._open_it = open_it
        self._source: FrameSource | None = None
        self._error: Exception | None = None
        self._lock = threading.Lock()
        self._is_closed = False
        self._thread = threading.Thread(
            target=self._run, name="vitpose-open", daemon=True
        )
        atexit.register(self._thread.join, QUIT_PATIENCE)  # See `CaptureWorker.start`.
        self._thread.start()

    def check(self) -> None:
        """Raise what opening it raised, if that is known by now."""
        self._thread.join(AT_ONCE)
        if self._error is not None:
            raise self._error

    def wait(self, opening: Opening) -> "FrameSource | None":
        """Return the source when it is open; raises what opening it raised.

        Args:
            opening: Set when nobody waits for it any more; then there is none.
        """
        while self._thread.is_alive() and not opening.is_set():
            self._thread.join(AT_ONCE)
        self.check()
        return None if opening.is_set() else self._source

    def close(self) -> None:
        """Close it; one that is not open yet closes when it is."""
        with self._lock:
            self._is_closed = True
            source, self._source = self._source, None
        if source is not None:
            source.close()
        self._thread.join(LET_GO)
        if not self._thread.is_alive():
            atexit.unregister(self._thread.join)

    def _run(self) -> None:
        try:
            source = self._open_it()
        except VitposeError as error:
            self._error = error
            return
        except Exception as error:  # Top of the thread: a bug.
            log.exception("The source could not be opened")
            self._error = error
            return
        with self._lock:
            if not self._is_closed:
                self._source = source
                return
        source.close()
