# SPDX-License-Identifier: GPL-3.0-or-later
"""Child processes that are read line by line, and end with all they started."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from ..core.errors import SetupError
from .job import Cancelled

_TICK = 0.1  # Between two looks at whether a child shall end [s].
# What would lead a Python or its pip to other folders than the ones they are meant for.
_MISLEADING = (
    *("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "VIRTUAL_ENV"),
    *("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIRE_VIRTUALENV"),
)


class TimeoutSetupError(SetupError):
    """Raised when a child does not end in its time."""


def run_lines(
    command: Sequence[str],
    on_line: Callable[[str], None],
    stop: threading.Event,
    *,
    timeout: float | None = None,
    more_env: Mapping[str, str] | None = None,
) -> int:
    """Run a command, hand on what it writes, and return its exit code.

    Args:
        command: The program and its arguments.
        on_line: Gets every line of its output, errors among it, in this thread.
        stop: Ends it when set.
        timeout: How long it may take [s]; None is for ever.
        more_env: Environment variables beside those of this process.

    Raises:
        Cancelled: `stop` was set.
        TimeoutSetupError: It did not end in time.
        SetupError: It cannot be started.
    """
    child = _start(command, more_env or {})
    deadline = time.monotonic() + timeout if timeout is not None else None
    watcher = threading.Thread(
        target=_end_in_time, args=(child, stop, deadline), daemon=True
    )
    watcher.start()
    try:
        with child:
            assert child.stdout is not None
            for line in child.stdout:
                on_line(line.rstrip())
    finally:
        kill_tree(child)
        watcher.join()
    if stop.is_set():
        raise Cancelled
    if deadline is not None and child.returncode < 0 and time.monotonic() >= deadline:
        raise TimeoutSetupError(f"{command[0]} did not end within {timeout:g} s")
    return child.returncode


def _start(
    command: Sequence[str], more_env: Mapping[str, str]
) -> "subprocess.Popen[str]":
    env = {key: text for key, text in os.environ.items() if key not in _MISLEADING}
    env |= {"PYTHONUTF8": "1", "PYTHONNOUSERSITE": "1", "PYTHONUNBUFFERED": "1"}
    flags = 0
    if sys.platform == "win32":  # No console window pops up.
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            env=env | dict(more_env),
            creationflags=flags,
            start_new_session=True,  # A group of its own, to be ended as one.
        )
    except OSError as error:
        raise SetupError(
            f"{command[0]} cannot be started ({error.strerror or error})"
        ) from error


def kill_tree(child: "subprocess.Popen[str]") -> None:
    """End a child that `run_lines` started, and all that it started."""
    if sys.platform == "win32":
        if child.poll() is None:
            kill = ["taskkill", "/F", "/T", "/PID", str(child.pid)]
            subprocess.run(kill, check=False, capture_output=True)
    elif child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)


def _end_in_time(
    child: "subprocess.Popen[str]", stop: threading.Event, deadline: float | None
) -> None:
    while child.poll() is None:
        is_late = deadline is not None and time.monotonic() >= deadline
        if is_late or stop.wait(_TICK):
            kill_tree(child)
            return
