# SPDX-License-Identifier: GPL-3.0-or-later
"""The capture's own process, seen from Blender: started, talked to, ended."""

import contextlib
import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO, Any

from ..core.closing import Closing
from ..core.errors import VitposeError
from . import child_start
from .config import CaptureConfig
from .feed import lacks_module
from .shared_pictures import PictureReader
from .sigpipe import no_sigpipe
from .wire import error_of, job_line

log = logging.getLogger(__name__)

LOG_NAME = "capture.log"  # In the journal's folder.
MAX_LOG = 4 * 2**20  # A chatty library must not fill the disk [bytes].
KILLED_SOON = 2.0  # After a kill the system takes no longer [s].

_ENVIRONMENT = {
    # Of glibc: pictures of several threads must not each leave holes in a heap of its
    # own, and what a search for people takes must not stay in there.
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": str(4 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(16 * 2**20),
    # The lifter's small matrices are quicker alone than with threads beside torch's.
    "OPENBLAS_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
}
# No console window beside Blender's on Windows.
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)


class Ended(Exception):  # noqa: N818
    """The process has nothing more to say."""


class ChildProcess(Closing):
    """A running child, with its pipes, its log and its pictures.

    Args:
        config: Of the capture.
        person: Number of the wanted person; see `feed.open_feed`.

    Raises:
        VitposeError: It cannot be started.

    Attributes:
        pictures: That it shares.
        num_heard: How many lines have come from it.
        is_waited_for: Whether somebody waits for its next line.
        complaint: Why it was killed, a sentence; empty if it was not.
    """

    def __init__(self, config: CaptureConfig, person: int) -> None:
        self.pictures = PictureReader()
        self.num_heard = 0
        self.is_waited_for = False
        self.complaint = ""
        self._lock = threading.Lock()
        self._log = _open_log(config.journal)
        python = config.python or sys.executable
        paths = config.python_paths or tuple(filter(None, sys.path))
        try:
            self._process = _start(python, self._log, self.pictures.inherited)
        except OSError as error:
            self._log.close()
            self.pictures.close()
            raise VitposeError(
                f"The Python {python!r} does not start ({error.strerror or error}): "
                "set up the extension's runtime in its preferences, or let the "
                "capture run in Blender"
            ) from error
        self.send(job_line(config, person, self.pictures.ticket, paths))

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, line: str) -> None:
        """Send a line; to a child that is gone it does not matter."""
        stdin = self._process.stdin
        assert stdin is not None
        with self._lock, no_sigpipe(), contextlib.suppress(OSError, ValueError):
            stdin.write(line.encode() + b"\n")
            stdin.flush()

    def read(self) -> dict[str, Any]:
        """Wait for a message; its lines are in it.

        Raises:
            Ended: There will be none, as it has ended.
            VitposeError: What the child could not do.
            RuntimeError: A bug in the child.
        """
        try:
            message: dict[str, Any] = json.loads(self._read_line())
        except ValueError:  # It is no child of ours that writes there.
            raise Ended from None
        message["lines"] = tuple(
            self._read_line() for _ in range(message.get("num_lines", 0))
        )
        if message["kind"] == "bug":
            raise RuntimeError(f"{message['text']} in the capture{self._told()}")
        if message["kind"] == "error":
            if "lacks" in message:
                raise VitposeError(lacks_module(message["lacks"]))
            raise error_of(message)
        return message

    def failure(self) -> VitposeError:
        """Return why it ended, once it has."""
        if self.complaint:
            return VitposeError(self.complaint)
        try:
            code = self._process.wait(KILLED_SOON)
        except subprocess.TimeoutExpired:
            code = None
        how = f"signal {-code}" if code is not None and code < 0 else f"code {code}"
        return VitposeError(
            f"The capture's process ended unexpectedly ({how}): start the capture "
            f"again{self._told()}"
        )

    def end(self, grace: float) -> None:
        """Ask it to end, and kill it if it has not after `grace` [s]."""
        self.send("stop")
        stdin = self._process.stdin
        assert stdin is not None
        with self._lock, no_sigpipe(), contextlib.suppress(OSError):
            stdin.close()
        try:
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            log.info("The capture's process did not end by itself in time")
            self.kill()

    def kill(self, complaint: str = "") -> None:
        """End it at once, for the reason that the sentence tells."""
        self.complaint = self.complaint or complaint
        self._process.kill()

    def trim_log(self) -> None:
        """Keep its log from growing for ever."""
        with contextlib.suppress(OSError):
            if self._log.seek(0, 2) > MAX_LOG:
                self._log.truncate(0)

    def close(self) -> None:
        """End what is left of it."""
        self.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(KILLED_SOON)
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with no_sigpipe(), contextlib.suppress(OSError):
                pipe.close()
        self._log.close()
        self.pictures.close()

    def _read_line(self) -> str:
        stdout = self._process.stdout
        assert stdout is not None
        self.is_waited_for = True
        line: bytes = stdout.readline()
        self.is_waited_for = False
        if not line.endswith(b"\n"):
            raise Ended
        self.num_heard += 1
        return line[:-1].decode()

    def _told(self) -> str:
        """Return where the log is, to end a sentence with; empty without one."""
        with contextlib.suppress(OSError, ValueError):
            if self._log.seek(0, 2) and isinstance(self._log.name, str):
                return f"; why may stand in {self._log.name}"
        return ""


def _start(
    python: str, log_file: IO[bytes], inherited: tuple[int, ...]
) -> "subprocess.Popen[bytes]":
    # Isolated: what Blender's Python does not see must not reach ours either.
    command = [python, "-I", "-X", "utf8", str(Path(child_start.__file__))]
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log_file,
        pass_fds=inherited,
        creationflags=_NO_WINDOW,
        env=_ENVIRONMENT | os.environ,
    )


def _open_log(folder: Path) -> IO[bytes]:
    """Return an empty log, without a name where there is no place for one."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / LOG_NAME
        path.unlink(missing_ok=True)
        return path.open("a+b")  # Appends: it may be cut while it is written.
    except OSError:
        return tempfile.TemporaryFile("a+b")
