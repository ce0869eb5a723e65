# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of takes: what is in it, under which names, and how one comes and goes.

The folder is all there is; nothing about takes is kept elsewhere. So a list of them
can always be made again, after a crash or in another program.
"""

import contextlib
import os
import re
import shutil
import time
from pathlib import Path

from .errors import OutputError, TakeError
from .journal_files import free_variant
from .take import SUFFIX, is_take, take_name
from .take_summary import TakeSummary, summarize

DELETED = "deleted"  # Folder of deleted takes, in the library's.
KEPT_DELETED = 30 * 86400.0  # They are really gone after that time [s].
NAME = "Take"

_MAX_NAME = 100  # Letters; file systems take 255 bytes.
_UNFIT = re.compile(r'[<>:"/\\|?*\x00-\x1f]+')

_Stamp = tuple[int, int]


class TakeLibrary:
    """The takes of a folder, and what was read of them.

    Args:
        folder: Where they are; it need not be there yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[Path, tuple[_Stamp, TakeSummary | None]] = {}

    def paths(self) -> list[Path]:
        """Return the takes' files, the newest first."""
        dated = []
        for path in self.folder.glob(f"*{SUFFIX}"):
            with contextlib.suppress(OSError):  # It may be gone meanwhile.
                dated.append((path.stat().st_mtime, path.name, path))
        return [path for *_, path in sorted(dated, reverse=True)]

    def known(self, path: Path) -> TakeSummary | None:
        """Return what was read of a take before; None where that is out of date."""
        entry = self._read.get(path)
        return entry[1] if entry is not None and entry[0] == _stamp(path) else None

    def read_some(self, deadline: float) -> bool:
        """Read takes that are not known yet; at least one.

        Args:
            deadline: On `time.monotonic` [s].

        Returns:
            Whether all are read. A file that is no take counts as read.
        """
        unread = [path for path in self.paths() if not self._is_read(path)]
        for number, path in enumerate(unread, start=1):
            self.summary(path)
            if time.monotonic() >= deadline:
                return number == len(unread)
        return True

    def summary(self, path: Path) -> TakeSummary | None:
        """Return what a take holds; None where the file is no take."""
        if not self._is_read(path):
            stamp, found = _stamp(path), None
            with contextlib.suppress(TakeError):
                found = summarize(path)
            self._read[path] = stamp, found
        return self._read[path][1]

    def _is_read(self, path: Path) -> bool:
        return path in self._read and self._read[path][0] == _stamp(path)

    def find(self, name: str) -> Path:
        """Return the file of a take.

        Raises:
            TakeError: There is none of that name.
        """
        path = self.folder / f"{name}{SUFFIX}"
        if not name or not path.is_file():
            raise TakeError(
                f"There is no take {name!r} in {self.folder}: record one or choose "
                "another in the list"
            )
        return path

    def free_path(self, name: str = NAME) -> Path:
        """Return where the next take goes: `Take 001`, and on from the last number.

        Numbers of deleted takes are not given again.
        """
        files = [*self.folder.glob(f"*{SUFFIX}")]
        files += (self.folder / DELETED).glob(f"*{SUFFIX}")
        numbered = re.compile(rf"{re.escape(name)} (\d+)\b.*", re.IGNORECASE)
        found = [numbered.fullmatch(take_name(path)) for path in files]
        number = max((int(match[1]) for match in found if match), default=0) + 1
        return free_variant(self.folder / f"{name} {number:03}{SUFFIX}")

    def rename(self, path: Path, name: str) -> Path:
        """Give a take another name; its content stays as it is.

        Raises:
            TakeError: The name is empty.
            OutputError: There is a take of that name, or it cannot be renamed.
        """
        clean = _UNFIT.sub("_", name).strip(" .")[:_MAX_NAME]
        if not clean:
            raise TakeError("A take needs a name: write at least one letter or digit")
        target = path.with_name(f"{clean}{SUFFIX}")
        if target == path:
            return path
        is_other = target.exists() and not target.samefile(path)
        if is_other:
            raise OutputError(
                f"There is a take {clean!r} already: give this one another name"
            )
        _move(path, target)
        return target

    def delete(self, path: Path) -> Path:
        """Move a take to the folder of deleted ones, and return where it is then.

        Raises:
            OutputError: It cannot be moved.
        """
        deleted = self.folder / DELETED
        self._forget_deleted()
        target = free_variant(deleted / path.name)
        _move(path, target)
        with contextlib.suppress(OSError):
            os.utime(target)  # Its time from now on is when it was deleted.
        return target

    def add(self, path: Path) -> Path:
        """Copy a take from elsewhere into the folder, and return the copy.

        Raises:
            TakeError: The file is not a take.
            OutputError: It cannot be copied.
        """
        if not is_take(path):
            raise TakeError(
                f"{path.name} is not a take: choose a file that ends in {SUFFIX}"
            )
        target = free_variant(self.folder / f"{_stem(path)}{SUFFIX}")
        unfinished = target.with_name(f"{target.name}.part")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, unfinished)
            unfinished.rename(target)
        except OSError as error:
            with contextlib.suppress(OSError):
                unfinished.unlink(missing_ok=True)
            reason = error.strerror or error
            raise OutputError(f"Cannot copy {path.name}: {reason}") from error
        return target

    def _forget_deleted(self) -> None:
        oldest = time.time() - KEPT_DELETED
        for path in (self.folder / DELETED).glob(f"*{SUFFIX}"):
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < oldest:
                    path.unlink()


def _stem(path: Path) -> str:
    """Return the name of a take that comes from elsewhere, whatever its suffix."""
    return take_name(path) if path.name.endswith(SUFFIX) else path.stem


def _stamp(path: Path) -> _Stamp:
    """Return what changes when a file does."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def _move(path: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
    except OSError as error:
        raise OutputError(
            f"Cannot move {path.name}: {error.strerror or error}; check whether "
            "another program has it open"
        ) from error
