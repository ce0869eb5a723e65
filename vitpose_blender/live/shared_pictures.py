# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures from one process to another through memory that both see.

Two places for a picture. The writer fills a free one and says which through the pipe;
the reader copies it out and gives the place back the same way. So nobody ever writes
where somebody reads, on any processor, and a reader that is busy only misses pictures.

The memory has no name where the system can do without (a file that is removed already,
handed down to the child), and on Windows one that goes with its last user. So no kind
of death leaves any behind; `multiprocessing.shared_memory` would, and starts a process
of its own to clean up.
"""

import mmap
import os
import secrets
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from ..core.closing import Closing
from ..core.types import ImageArray

NUM_PLACES = 2

_MEMORY_DISK = Path("/dev/shm")  # Linux keeps files there in memory.


class PictureWriter(Closing):
    """The child's side.

    Args:
        ticket: The reader's.
    """

    def __init__(self, ticket: Any) -> None:
        self._ticket = ticket
        self._memory: mmap.mmap | None = None
        self._capacity = 0  # Of a place [bytes].
        self._free = set(range(NUM_PLACES))

    def put(self, image: ImageArray | None) -> dict[str, Any] | None:
        """Write a picture down and return what the reader finds it by.

        Args:
            image: Shape `(H, W, 3)`.

        Returns:
            None if there is no picture, no free place or no memory for it; or if it is
            larger than the first one was.
        """
        if image is None or self._ticket is None:
            return None
        if self._memory is None and not self._make_memory(image.nbytes):
            return None
        if not self._free or image.nbytes > self._capacity:
            return None
        place = self._free.pop()
        place_view(self._memory, place, self._capacity, image.shape)[...] = image
        return {
            "place": place,
            "shape": list(image.shape),
            "capacity": self._capacity,
        }

    def give_back(self, place: int) -> None:
        """Let a place be used again."""
        self._free.add(place)

    def close(self) -> None:
        if self._memory is not None:
            self._memory.close()
            self._memory = None
        self._ticket = None

    def _make_memory(self, capacity: int) -> bool:
        size = NUM_PLACES * capacity
        try:
            if not isinstance(self._ticket, str):
                # Written, not only declared: what is full shows here and not later,
                # as a signal that ends the process.
                os.pwrite(self._ticket, bytes(size), 0)
            self._memory = map_memory(self._ticket, size)
        except (OSError, ValueError):
            self._ticket = None
            return False
        self._capacity = capacity
        return True


class PictureReader(Closing):
    """The parent's side, made first.

    Attributes:
        ticket: What the writer opens the memory by; a JSON value.
        inherited: File descriptors that the child has to be started with.
    """

    def __init__(self) -> None:
        self._memory: mmap.mmap | None = None
        self._file = None
        self.ticket: Any = None
        self.inherited: tuple[int, ...] = ()
        if sys.platform == "win32":
            self.ticket = f"vitpose-{secrets.token_hex(8)}"
            return
        try:
            folder = str(_MEMORY_DISK) if os.access(_MEMORY_DISK, os.W_OK) else None
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        except OSError:  # No disk to speak of: no pictures.
            return
        self.ticket = self._file.fileno()
        self.inherited = (self.ticket,)

    def get(self, picture: dict[str, Any] | None) -> ImageArray | None:
        """Return a copy of a picture, shape `(H, W, 3)`; its place is free then.

        Args:
            picture: What the writer's `put` returned.
        """
        if picture is None or self.ticket is None:
            return None
        capacity = picture["capacity"]
        if self._memory is None:
            self._memory = map_memory(self.ticket, NUM_PLACES * capacity)
        return place_view(
            self._memory, picture["place"], capacity, tuple(picture["shape"])
        ).copy()

    def close(self) -> None:
        if self._memory is not None:
            self._memory.close()
            self._memory = None
        if self._file is not None:
            self._file.close()
            self._file = None
        self.ticket = None


def map_memory(ticket: int | str, size: int) -> mmap.mmap:
    """Return the shared memory, once its writer has given it its size [bytes].

    Raises:
        OSError, ValueError: It cannot be had.
    """
    if sys.platform == "win32":
        return mmap.mmap(-1, size, tagname=str(ticket))
    return mmap.mmap(int(ticket), size)


def place_view(
    memory: mmap.mmap | None, place: int, capacity: int, shape: tuple[int, ...]
) -> ImageArray:
    """Return the pixels of a place; not to be kept, as it holds the memory open."""
    assert memory is not None
    count = int(np.prod(shape))
    flat = np.frombuffer(memory, np.uint8, count, place * capacity)
    return flat.reshape(shape)
