# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules of this room as programs of another Python, which say what they found out.

A model, a driver or a camera that hangs or crashes then takes nobody with it.
"""

import json
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..core.errors import SetupError, VitposeError
from ..data_files import PACKAGE
from .children import run_lines

_MARK = "@vitpose "  # Before our own lines: packages write what they like.
_ERROR = "error"  # The message that tells a VitposeError.


@dataclass(frozen=True)
class OwnPython:
    """A Python that runs our code.

    Attributes:
        python: The interpreter.
        paths: Where it finds packages beside its own folders.
    """

    python: str
    paths: tuple[str, ...] = ()

    def run(
        self,
        module: str,
        arguments: Sequence[str],
        stop: threading.Event,
        *,
        timeout: float | None = None,
        on_message: Callable[[dict[str, Any]], None] = lambda message: None,
    ) -> dict[str, Any]:
        """Run `main` of a module of this room, and return its last message.

        Args:
            module: Its name in this room.
            arguments: What it is told.
            stop: Ends it when set.
            timeout: How long it may take [s].
            on_message: Hears every message.

        Raises:
            VitposeError: What the module could not do, in its own words.
            SetupError: It crashed, or took too long.
            Cancelled: `stop` was set.
        """
        messages: list[dict[str, Any]] = []
        others: list[str] = []

        def hear(line: str) -> None:
            if not line.startswith(_MARK):
                others.append(line)
                return
            messages.append(json.loads(line.removeprefix(_MARK)))
            on_message(messages[-1])

        command = [self.python, "-P", "-c", self._start(module), *arguments]
        code = run_lines(command, hear, stop, timeout=timeout)
        last = messages[-1] if messages else {}
        if _ERROR in last:
            raise VitposeError(last[_ERROR])
        if code or not messages:
            said = next((line for line in reversed(others) if line.strip()), "nothing")
            raise SetupError(f"It ended with code {code} and said: {said.strip()}")
        return last

    def _start(self, module: str) -> str:
        places = [*self.paths, str(PACKAGE.parent)]
        return (
            f"import sys; sys.path.extend({places!r}); "
            f"from {PACKAGE.name}.runtime.{module} import main; main()"
        )


def say(**message: Any) -> None:
    """Tell the process that started this one."""
    sys.stdout.write(_MARK + json.dumps(message) + "\n")
    sys.stdout.flush()


def say_errors(work: Callable[[], None]) -> None:
    """Do the work of a program, and tell a failure that a user can mend as such."""
    try:
        work()
    except (VitposeError, ImportError) as error:
        say(error=str(error))
