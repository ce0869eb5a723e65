# SPDX-License-Identifier: GPL-3.0-or-later
"""The cameras that were found, for menus; drawing never waits for a look."""

import threading
from collections.abc import Callable
from functools import lru_cache

import bpy

from ..live.cameras import NUM_UNNAMED, CameraName, find_cameras
from .session_monitor import redraw_sidebars

GONE = 9999  # Stands for a camera that was chosen and is not there now.
LOOK = 0.2  # Between two looks whether the cameras were found [s].

Item = tuple[str, str, str, str, int]


class CameraList:
    """Knows the cameras of this machine, once it has looked for them.

    Args:
        find: Finds them; called in a thread.

    Attributes:
        found: In the order of their indices; None before the first look.
    """

    def __init__(
        self, find: Callable[[], tuple[CameraName, ...]] = find_cameras
    ) -> None:
        self._poll = self.poll  # bpy.app.timers compares by identity: keep one object.
        self._find = find
        self._thread: threading.Thread | None = None
        self.found: tuple[CameraName, ...] | None = None

    @property
    def is_looking(self) -> bool:
        """Whether the thread is at work."""
        return self._thread is not None and self._thread.is_alive()

    def look(self) -> None:
        """Begin to look for cameras; while it looks, nothing happens."""
        if self.is_looking:
            return
        self._thread = threading.Thread(
            target=self._run, name="vitpose-cameras", daemon=True
        )
        self._thread.start()
        if not bpy.app.timers.is_registered(self._poll):
            bpy.app.timers.register(self._poll, first_interval=LOOK, persistent=True)

    def _run(self) -> None:
        self.found = self._find()

    def poll(self) -> float | None:
        """Show the cameras once they are found; None ends the timer."""
        if self.is_looking:
            return LOOK
        redraw_sidebars()
        return None

    def forget(self) -> None:
        """Look no more; the thread ends by itself."""
        if bpy.app.timers.is_registered(self._poll):
            bpy.app.timers.unregister(self._poll)

    def items(self, index: int, name: str) -> tuple[Item, ...]:
        """Return the items of a menu that has the chosen camera in it.

        Args:
            index: Of the chosen camera.
            name: What it was called when it was chosen.
        """
        return _items(self.found, self.index_of(index, name), name)

    def index_of(self, index: int, name: str) -> int | None:
        """Return which index a chosen camera has by now; None where it is gone."""
        if not name or self.found is None:
            return index
        by_name = {camera.name: camera.index for camera in self.found}
        return by_name.get(name)

    def name_of(self, index: int) -> str:
        """Return what a camera is called; nothing where that is not known."""
        names = {camera.index: camera.name for camera in self.found or ()}
        return names.get(index, "")


@lru_cache(maxsize=8)  # Blender does not keep the texts that it draws.
def _items(
    found: tuple[CameraName, ...] | None, index: int | None, name: str
) -> tuple[Item, ...]:
    known = dict.fromkeys(range(NUM_UNNAMED), "") if found is None else {}
    known |= {camera.index: camera.name for camera in found or ()}
    if index is not None:
        known.setdefault(index, name)
    items = [
        (str(n), known[n] or f"Camera {n}", f"Camera {n}", "CAMERA_DATA", n)
        for n in sorted(known)
    ]
    if index is None:
        items.append(("GONE", f"{name} (not there)", "Plug it in", "ERROR", GONE))
    return tuple(items)
