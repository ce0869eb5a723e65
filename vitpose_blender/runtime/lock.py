# SPDX-License-Identifier: GPL-3.0-or-later
"""A lock on a folder that ends with its process, however that ends."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ..core.errors import SetupError


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Hold the lock file `path`, so that a second Blender does not do the same.

    Raises:
        SetupError: Another process holds it.
    """
    with path.open("w", encoding="utf-8") as file:
        try:
            _lock(file)
        except OSError as error:
            raise SetupError(
                f"Another Blender is at work in the folder {path.parent}: wait until "
                "it is done"
            ) from error
        yield


def _lock(file: IO[str]) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
