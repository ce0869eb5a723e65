# SPDX-License-Identifier: GPL-3.0-or-later
"""What every command line does alike: exit codes, errors in a sentence, progress.

Exit codes: 0 done, 1 a bug (with its traceback), 2 bad input (one sentence), 130
stopped with Ctrl-C.

An older Python may read this file, before `_environment` starts the right one.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import NoReturn

# The names of inference/lifters.py, which cannot be imported yet: live, then clips.
LIFTERS = ("geometric", "learned")
BAD_INPUT = 2
INTERRUPTED = 130
_BAR_WIDTH = 24
_REDRAW = 0.1  # [s]


class ArgumentParser(argparse.ArgumentParser):
    """Explains itself by its script's docstring, and refuses in one sentence."""

    def __init__(self, description: str) -> None:
        super().__init__(
            description=description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"Error: {message}; --help explains every option\n")


def run(main: Callable[[], int]) -> None:
    """Run `main` and leave with its exit code; never returns.

    The process leaves at once, since Blender 4.2 crashes while it shuts down after
    an export.
    """
    logging.basicConfig(format="%(levelname)s: %(message)s")
    for handler in logging.getLogger().handlers:
        handler.setLevel(logging.WARNING)  # Blender's add-ons set their own to INFO.
    _leave(exit_code(main))


def exit_code(main: Callable[[], int]) -> int:
    """Run `main`, say in a sentence what ended it, and return its exit code."""
    from vitpose_blender.core.errors import VitposeError

    code = 1
    try:
        code = main()
    except VitposeError as error:
        print(f"Error: {error}", file=sys.stderr)
        code = BAD_INPUT
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        code = INTERRUPTED
    except BrokenPipeError:
        code = BAD_INPUT
    except Exception:
        logging.exception("This is a bug; please report it with these lines")
    return code


def _leave(code: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            code = code or BAD_INPUT
    os._exit(code)


@contextlib.contextmanager
def hushed() -> Iterator[None]:
    """Keep what Blender and its importers say to themselves off the terminal.

    They write past Python, and print the traceback of what they also raise. Log
    messages and a `Progress` made before still get through.
    """
    sys.stdout.flush()
    real, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    try:
        unread = io.StringIO()
        with contextlib.redirect_stdout(unread), contextlib.redirect_stderr(unread):
            yield
    finally:
        os.dup2(real, 1)
        os.close(real)


def add_lifter(
    group: argparse.ArgumentParser | argparse._ArgumentGroup, default: str
) -> None:
    """Add --lifter, which chooses what makes 2D keypoints 3D."""
    group.add_argument(
        "--lifter",
        choices=LIFTERS,
        default=default,
        help="what makes keypoints 3D: learned, a small network trained on motion "
        "capture, is truer; geometric, by bone lengths and typical poses, is quicker; "
        "default %(default)s",
    )


class Progress:
    """A line that shows how far a long job is, at what rate, and how long it takes.

    On a terminal the line is redrawn in place, on stderr; elsewhere only the end is
    written, to stdout, and nothing at all if the job fails. As a context it finishes
    by itself.

    Args:
        title: What is being done.
        total: Number of steps; None where nobody knows, as for a camera.
        unit: What a step is.
    """

    def __init__(self, title: str, total: int | None, unit: str = "frames") -> None:
        self._title, self._total, self._unit = title, total, unit
        self._started = self._drawn = time.monotonic()
        self._count = 0
        self._in_place = sys.stderr.isatty()
        self._stream = sys.stderr if self._in_place else sys.stdout

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc_type is None or issubclass(exc_type, KeyboardInterrupt):
            self.finish()
        elif self._in_place:
            self._print("\n")

    def step(self, count: int) -> None:
        """Say that `count` steps are done in all."""
        self._count = count
        now = time.monotonic()
        if self._in_place and now - self._drawn >= _REDRAW:
            self._drawn = now
            self._print(f"\r{self._line(now)}\033[K")

    def share(self, done: float) -> None:
        """Say which share of `total` is done, from 0 to 1."""
        self.step(round(done * (self._total or 0)))

    def finish(self) -> None:
        start, end = ("\r", "\033[K") if self._in_place else ("", "")
        self._print(f"{start}{self._line(time.monotonic(), is_over=True)}{end}\n")

    def _print(self, text: str) -> None:
        print(text, end="", file=self._stream, flush=True)

    def _line(self, now: float, is_over: bool = False) -> str:
        elapsed = max(now - self._started, 1e-6)
        rate = self._count / elapsed
        text = f"{self._title}: {self._count}"
        if self._total:
            filled = round(_BAR_WIDTH * min(self._count / self._total, 1.0))
            bar = "#" * filled + "." * (_BAR_WIDTH - filled)
            text = f"{self._title} [{bar}] {self._count}/{self._total}"
        text += f" {self._unit}, {rate:.1f}/s"
        if is_over:
            return f"{text}, {elapsed:.1f} s"
        if self._total and self._count:
            text += f", {(self._total - self._count) / rate:.0f} s left"
        return text
