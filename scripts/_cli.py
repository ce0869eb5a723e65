# SPDX-License-Identifier: GPL-3.0-or-later
"""What every command line does alike: exit codes, errors in a sentence, progress.

Exit codes: 0 done, 1 a bug (with its traceback), 2 bad input (one sentence), 130
stopped with Ctrl-C.
"""

import logging
import os
import sys
import time
from collections.abc import Callable

BAD_INPUT = 2
INTERRUPTED = 130
_BAR_WIDTH = 24
_REDRAW = 0.1  # [s]


def run(main: Callable[[], int]) -> None:
    """Run `main` and leave with its exit code; never returns.

    The process leaves at once, since Blender 4.2 crashes while it shuts down after
    an export.
    """
    from vitpose_blender.core.errors import VitposeError

    logging.basicConfig(format="%(levelname)s: %(message)s")
    for handler in logging.getLogger().handlers:
        handler.setLevel(logging.WARNING)  # Blender's add-ons set their own to INFO.
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
    _leave(code)


def _leave(code: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            code = code or BAD_INPUT
    os._exit(code)


class Progress:
    """A line that shows how far a long job is, at what rate, and how long it takes.

    On a terminal the line is redrawn in place; elsewhere only the end is written.

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

    def step(self, count: int) -> None:
        """Say that `count` steps are done in all."""
        self._count = count
        now = time.monotonic()
        if self._in_place and now - self._drawn >= _REDRAW:
            self._drawn = now
            print(f"\r{self._line(now)}\033[K", end="", file=sys.stderr, flush=True)

    def share(self, done: float) -> None:
        """Say which share of `total` is done, from 0 to 1."""
        self.step(round(done * (self._total or 0)))

    def finish(self) -> None:
        start, end = ("\r", "\033[K") if self._in_place else ("", "")
        line = self._line(time.monotonic(), is_over=True)
        print(f"{start}{line}{end}", file=sys.stderr, flush=True)

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
