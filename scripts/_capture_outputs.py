# SPDX-License-Identifier: GPL-3.0-or-later
"""What scripts/capture.py writes: the take, and the footage drawn on."""

from __future__ import annotations

import argparse
import contextlib
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import _cli

if TYPE_CHECKING:
    from vitpose_blender.core.packet import Packet
    from vitpose_blender.core.take import TakeHeader
    from vitpose_blender.core.types import Frame
    from vitpose_blender.inference.camera import FrameSource
    from vitpose_blender.inference.overlay import OverlayWriter


def check_outputs(arguments: argparse.Namespace) -> None:
    """Refuse results that could not be written, or that would cost the source.

    Raises:
        OutputError: Which one, and what to do.
    """
    from vitpose_blender.core.errors import OutputError

    overlay = arguments.overlay
    if arguments.out:
        check_take_name(arguments.out)
    inputs = [Path(text) for text in (arguments.source, arguments.footage) if text]
    if overlay and overlay.resolve() in [path.resolve() for path in inputs]:
        raise OutputError(
            f"--overlay {overlay} would overwrite the footage: give it another name"
        )


def check_take_name(out: Path) -> None:
    """Refuse a take that is a folder, or would not look like a take.

    Raises:
        OutputError: What it should be called.
    """
    from vitpose_blender.core.errors import OutputError
    from vitpose_blender.core.take import SUFFIX

    is_new_or_file = out.is_file() or not out.exists()
    if out.is_dir() or (is_new_or_file and out.suffix != ".jsonl"):
        raise OutputError(
            f"Cannot write the take {out}: give --out a file name that ends in {SUFFIX}"
        )


def open_footage(
    arguments: argparse.Namespace, stack: contextlib.ExitStack
) -> tuple[FrameSource | None, OverlayWriter | None]:
    """Open the video that recorded keypoints belong to, if they are to be drawn.

    Raises:
        VitposeError: It cannot be opened, or was not named.
    """
    from vitpose_blender.core.errors import SourceError
    from vitpose_blender.inference.camera import FrameRange, open_source

    if not arguments.overlay:
        return None, None
    if not arguments.footage:
        raise SourceError(
            "--overlay draws on a video, which keypoints are not: name the one they "
            "belong to with --footage VIDEO"
        )
    frames = FrameRange.parse(arguments.frames)
    footage = stack.enter_context(open_source(arguments.footage, frames))
    return footage, open_overlay(stack, arguments.overlay, footage)


def draw_recorded(
    footage: FrameSource, drawn: OverlayWriter, by_frame: dict[int, list[Packet]]
) -> None:
    """Draw recorded keypoints on the footage that they belong to."""
    with _cli.Progress("Drawing", footage.num_frames) as progress:
        for count, frame in enumerate(footage, start=1):
            draw(drawn, frame, by_frame.get(frame.index, []))
            progress.step(count)


def open_overlay(
    stack: contextlib.ExitStack, path: Path | None, source: FrameSource
) -> OverlayWriter | None:
    """Return the writer of the overlay video, or None if there is to be none."""
    from vitpose_blender.inference.overlay import OverlayWriter

    if path is None:
        return None
    return stack.enter_context(OverlayWriter(path, source.image_wh, source.fps))


def draw(drawn: OverlayWriter, frame: Frame, packets: list[Packet]) -> None:
    from vitpose_blender.inference.overlay import draw_people

    drawn.write(draw_people(frame.image, packets), frame.t)


def write(
    out: Path,
    header: TakeHeader,
    captured: Iterable[list[Packet]],
    num_frames: int | None,
) -> int:
    """Write the take as it comes; whatever ends it, keep what is there.

    Raises:
        TakeError: Nobody was seen.
    """
    from vitpose_blender.core.errors import TakeError
    from vitpose_blender.core.take import TakeWriter

    num_packets, code, ended = 0, 0, "holds"
    with previous_kept(out), TakeWriter(out, header) as writer:
        try:
            with _cli.Progress("Capturing", num_frames) as progress:
                for count, packets in enumerate(captured, start=1):
                    for packet in packets:
                        writer.write(packet)
                    progress.step(count)
        except KeyboardInterrupt:
            code, ended = _cli.INTERRUPTED, "was stopped and keeps"
        except BaseException:
            ended = "keeps"
            raise
        finally:
            num_packets = writer.num_packets
            if num_packets:
                print(f"{out} {ended} {num_packets} packets of {header.source}")
    if not num_packets and not code:
        raise TakeError(
            f"No person was found in {header.source}: try another --detector, "
            "full-frame if somebody fills the picture"
        )
    return code


@contextlib.contextmanager
def previous_kept(path: Path) -> Iterator[None]:
    """Put a take that has the wanted name out of the way: takes are not overwritten.

    Where none comes in its place, because nobody was seen, it gets its name back.
    """
    backup = path.with_name(f"{path.name}.previous")
    has_previous = path.is_file() and path.stat().st_size > 0
    if has_previous:
        path.replace(backup)
    try:
        yield
    finally:
        if path.is_file() and is_header_only(path):
            path.unlink()
        if has_previous and not path.exists():
            backup.replace(path)
        elif has_previous:
            print(f"The take that was there is now {backup.name}")


def is_header_only(path: Path) -> bool:
    with path.open("rb") as file:
        return len(list(itertools.islice(file, 2))) < 2
