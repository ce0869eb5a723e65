# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that make an environment: run with their output in its log."""

import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ..core.errors import SetupError
from .children import run_lines
from .environment import Environment
from .packages import parse_version
from .pip_output import failure

_RAW_PROGRESS = (24, 1)  # The first pip that says its progress for programs.
_RESUMES = (25, 1)  # The first that goes on with a broken download.
# Settings of pip that say where packages come from.
_SOURCES = ("index-url", "find-links", "no-index")


class Steps:
    """Runs commands for an environment, one after another.

    Args:
        environment: Whose log they write, and where temporary files go.
        stop: Ends the one that runs when set.
        wheels: The folder of wheels that packages come from; empty for an index.
    """

    def __init__(
        self, environment: Environment, stop: threading.Event, wheels: str = ""
    ) -> None:
        self._own = environment
        self._stop = stop
        self._wheels = wheels

    def begin_log(self, facts: str) -> None:
        """Start the log anew.

        Args:
            facts: What the reader shall know of this machine.
        """
        when = time.strftime("%Y-%m-%d %H:%M:%S")
        self._own.log.write_text(f"{when}\n{facts}\n", "utf-8")

    def note(self, text: str) -> None:
        """Write a line into the log."""
        with self._own.log.open("a", encoding="utf-8") as file:
            file.write(text + "\n")

    def call(
        self,
        title: str,
        command: Sequence[str],
        on_line: Callable[[str], object] = lambda line: None,
    ) -> None:
        """Run one command.

        Args:
            title: What it does, to begin a sentence.
            command: The program and its arguments.
            on_line: Hears every line of its output.

        Raises:
            SetupError: It failed; the sentence says the way out.
            Cancelled: The user no longer wants it.
        """
        lines: list[str] = []

        def hear(line: str) -> None:
            on_line(line)
            if not line.startswith("Progress "):
                lines.append(line)
                self.note(line)

        self.note("\n$ " + " ".join(command))
        if self._run(command, hear):
            raise failure(title, lines, str(self._own.folder), self._wheels)

    def output(self, command: Sequence[str]) -> list[str]:
        """Return the lines that a command writes, whether it succeeds or not."""
        lines: list[str] = []
        self._run(command, lines.append)
        return lines

    def _run(self, command: Sequence[str], on_line: Callable[[str], None]) -> int:
        folder = str(self._own.temporary)
        places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), folder)
        return run_lines(command, on_line, self._stop, more_env=places)


class Pip:
    """The pip of an environment.

    Args:
        steps: Runs it.
        environment: Whose it is.
        wheels: A folder of wheels to take instead of an index.
    """

    def __init__(
        self, steps: Steps, environment: Environment, wheels: Path | None
    ) -> None:
        self._steps = steps
        self._wheels = wheels
        options = ["--disable-pip-version-check", "--no-input", "--retries=3"]
        cache = ["--cache-dir", str(environment.downloads)]
        self._command = [str(environment.python), "-m", "pip", *options, *cache]

    def renew(self) -> None:
        """Get a pip that says its progress; an old one does as well, in silence."""
        if self._version() >= _RESUMES:
            return
        try:
            command = [*self._command, "install", "--upgrade", *self._source(()), "pip"]
            self._steps.call("Renewing pip", command)
        except SetupError as error:
            self._steps.note(f"pip stays as it is: {error}")

    def install(
        self,
        requirements: Sequence[str],
        indexes: Sequence[str],
        on_line: Callable[[str], object],
    ) -> None:
        """Install packages.

        Args:
            requirements: Names with versions.
            indexes: Addresses of indexes to ask beside the usual one.
            on_line: Hears what pip says.

        Raises:
            SetupError: pip failed; the sentence says the way out.
            Cancelled: The user no longer wants it.
        """
        version = self._version()
        bar = "raw" if version >= _RAW_PROGRESS else "off"
        again = ["--resume-retries=5"] if version >= _RESUMES else []
        # Only wheels: nothing is compiled, and no code of others runs meanwhile.
        options = ["--only-binary=:all:", f"--progress-bar={bar}", *again]
        command = [*self._command, "install", *options, *self._source(indexes)]
        self._steps.call("Installing the packages", [*command, *requirements], on_line)

    def _version(self) -> tuple[int, ...]:
        words = " ".join(self._steps.output([*self._command, "--version"])).split()
        return parse_version(words[1]) if len(words) > 1 else ()

    def _source(self, indexes: Sequence[str]) -> list[str]:
        if self._wheels is not None:
            return ["--no-index", "--find-links", str(self._wheels)]
        if not indexes or self._has_own_source():
            return []  # A company's mirror is not to be passed by.
        return [f"--extra-index-url={index}" for index in indexes]

    def _has_own_source(self) -> bool:
        """Whether the user's settings of pip say where packages come from."""
        lines = self._steps.output([*self._command, "config", "list"])
        names = [line.split("=")[0] for line in lines]
        return any(source in name for name in names for source in _SOURCES)


def facts_for_log(requirements: Sequence[str], python: Path) -> str:
    """Return what a reader of the log shall know first."""
    return (
        f"System: {sys.platform}\nPython: {python}\nPackages: {', '.join(requirements)}"
    )
