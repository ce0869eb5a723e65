# SPDX-License-Identifier: GPL-3.0-or-later
"""The video of a take looked at again, as by another network: another take beside it.

Runs in a thread beside Blender; must not touch bpy.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from ..core.errors import TakeError
from ..core.journal import STATE_KEY
from ..core.journal_files import check_free, write_whole
from ..core.packet import dumps
from ..core.replay import manners_of
from ..core.steps import Progress
from ..core.take import SOLVED_KEY, Take, TakeHeader
from .config import CaptureConfig
from .engines import opener
from .feed import OpenFeed, Opening, Seen
from .same_people import numbers_as_before

WARM_UP = 1.0  # What is looked at before, for people to be found [s].
_NEAR = 1e-4  # Time stamps of one picture differ by less [s].


def detect_again(
    take: Take,
    config: CaptureConfig,
    path: Path,
    opening: Opening,
    progress: Progress,
    open_feed: OpenFeed | None = None,
) -> None:
    """Look at every picture of a take's time again, and write what is seen.

    People keep their numbers. What `progress` raises ends it; then nothing is written.

    Args:
        take: As it was recorded.
        config: Of the capture; its source is the take's video.
        path: The take to write.
        opening: Set when nobody waits for it any more.
        progress: Called with the finished part, in [0, 1].
        open_feed: Opens the source; None leaves it to `config`.

    Raises:
        TakeError: Nobody is seen in the take's part of the video, or the video is
            another one.
        VitposeError: The video or the model cannot be had.
    """
    check_free(path)
    camera, is_one = take.header.camera, len(take.people) == 1
    start = max(take.packets[0].t - WARM_UP, 0.0)
    config = replace(config, fov=camera.fov, tilt=camera.tilt, start=start, paced=False)
    opened = open_feed or opener(config)
    with opened(config, 0 if is_one else -1, opening) as feed:
        progress(0.0)
        header = header_of(take, feed.header)
        moments = _in_time(take, start, feed.seen, progress)
        packets = [packet for moment in moments for packet in moment.packets]
        progress(1.0)  # A feed that was told to end ends as if it were over.
        numbers = numbers_as_before(take.packets, packets)
        lines = (dumps(replace(p, person=numbers[p.person])) for p in packets)
        write_whole(path, header, lines)
        opening.set()
        feed.interrupt()


def header_of(take: Take, seen: TakeHeader) -> TakeHeader:
    """Return the header of the take that is made of another one's video.

    What was measured of camera and person stays.

    Args:
        take: As it was recorded.
        seen: What the feed says of the video and of the model.

    Raises:
        TakeError: The pictures have another shape than those of the take.
    """
    if seen.image_wh != take.header.image_wh:
        (width, height), (own_width, own_height) = seen.image_wh, take.header.image_wh
        raise TakeError(
            f"{seen.source} is another video than that of the take: its pictures are "
            f"{width} x {height}, those of the take {own_width} x {own_height}"
        )
    manners = manners_of(take)
    if len(take.people) == 1:
        for state in manners.values():
            state["manner"] = (state["manner"] or {}) | {"person": 0}
    calibration = take.header.calibration | {STATE_KEY: {"characters": manners}}
    calibration.pop(SOLVED_KEY, None)
    return replace(
        take.header,
        model=seen.model,
        lifter=seen.lifter,
        layout=seen.layout,
        calibration=calibration,
    )


def _in_time(
    take: Take, start: float, moments: Iterable[Seen], progress: Progress
) -> Iterator[Seen]:
    """Iterate over the moments of the take's part of the video."""
    first, last = take.packets[0].t, take.packets[-1].t
    for moment in moments:
        if moment.t > last + _NEAR:
            return
        share = (moment.t - start) / max(last - start, _NEAR)
        progress(min(max(share, 0.0), 1.0))
        if moment.t >= first - _NEAR:
            yield moment
