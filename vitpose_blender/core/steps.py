# SPDX-License-Identifier: GPL-3.0-or-later
"""Long work in steps: a generator that yields its progress and returns its result."""

from collections.abc import Callable, Generator
from contextlib import closing
from typing import Generic, TypeVar

Result = TypeVar("Result")
Steps = Generator[float, None, Result]  # Yields the finished part, in [0, 1].
Progress = Callable[[float], None]  # Takes the finished part, in [0, 1].


class Running(Generic[Result]):
    """Steps to go over in a `for` loop.

    Attributes:
        result: What they returned; there once the loop is over.
    """

    result: Result

    def __init__(self, steps: Steps[Result]) -> None:
        self._steps = steps

    def __iter__(self) -> Generator[float, None, None]:
        self.result = yield from self._steps


def finish(steps: Steps[Result], progress: Progress | None = None) -> Result:
    """Run steps to their end in one go and return their result."""
    running = Running(steps)
    with closing(steps):  # An error in `progress` must not leave them half done.
        for done in running:
            if progress is not None:
                progress(done)
    return running.result


def ignore(share: float) -> None:
    """Take the finished part where nobody asks for it."""


def part(steps: Steps[Result], begin: float, end: float) -> Steps[Result]:
    """Run steps that are a part of longer work.

    Args:
        steps: Of the part.
        begin: Progress of the whole where the part begins, in [0, 1].
        end: Where it ends.
    """
    running = Running(steps)
    with closing(steps):
        for done in running:
            yield begin + (end - begin) * done
    return running.result
