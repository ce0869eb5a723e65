# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of takes in the sidebar: made from their folder, again and again.

It belongs to Blender's window and not to the file: undo does not bring a deleted take
back, and another file shows the same takes.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import bpy
from bpy.app.handlers import persistent
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)
from bpy.types import PropertyGroup, WindowManager

from ..core.errors import OutputError, TakeError, VitposeError
from ..core.journal_files import CutShort, cut_short
from ..core.take import SOLVED_KEY, take_name
from ..core.take_library import TakeLibrary
from ..core.take_summary import TakeSummary
from . import access, session, take_settings, user_files
from .session_monitor import redraw_sidebars

PERIOD = 1.0  # Between two looks at the folder [s].
_AT_ONCE = 0.02  # Time for reading takes at a look [s].


def _rename(item: "VitposeTakeItem", title: str) -> None:
    """Rename the take that a row shows; what fails is told below the list.

    The rows stay where they are: Blender still holds on to the one that it edits.
    """
    with shelf.telling():
        item.name = take_name(shelf.rename(item.name, title))


class VitposeTakeItem(PropertyGroup):
    """One row of the list; `name` is the take's."""

    if TYPE_CHECKING:
        title: str
        is_read: bool
        duration: float
        num_frames: int
        quality: float
        people: str
        source: str
        started: str
        fps: float
        solved: str
    else:
        title: StringProperty(
            name="Name",
            description="Double-click to give the take another name",
            get=lambda item: item.name,
            set=_rename,
        )
        is_read: BoolProperty()
        duration: FloatProperty()
        num_frames: IntProperty()
        quality: FloatProperty()
        people: StringProperty()
        source: StringProperty()
        started: StringProperty()
        fps: FloatProperty()
        solved: StringProperty()


class VitposeTakeList(PropertyGroup):
    """All rows, and which one is meant."""

    if TYPE_CHECKING:
        items: Any
        index: int
        message: str
    else:
        items: CollectionProperty(type=VitposeTakeItem)
        index: IntProperty(
            name="Active Take", description="The take that is baked", default=0
        )
        message: StringProperty()


def listed(manager: WindowManager | None = None) -> VitposeTakeList:
    """Return the list, typed."""
    manager = manager or bpy.context.window_manager
    return cast(VitposeTakeList, manager.vitpose_takes)  # type: ignore[union-attr]


def active_item() -> VitposeTakeItem | None:
    """Return the row that is meant; None in an empty list."""
    takes = listed()
    if not 0 <= takes.index < len(takes.items):
        return None
    return cast(VitposeTakeItem, takes.items[takes.index])


def folder_of_takes() -> Path:
    """Return the folder that the open scene keeps its takes in.

    Raises:
        OutputError: It is beside a file that was not saved yet, or cannot be made.
    """
    folder = take_settings.settings(access.scene()).folder
    if not folder:
        return user_files.user_folder("takes")
    if folder.startswith("//") and not bpy.data.filepath:
        raise OutputError(
            f"The folder of takes, {folder}, is beside a file that was not saved yet: "
            "save the file, or choose another folder"
        )
    return Path(bpy.path.abspath(folder))


class Shelf:
    """Keeps the list like the folder; all of it on Blender's main thread.

    Attributes:
        cut_short: Captures that a crash ended, which can be recovered.
    """

    def __init__(self) -> None:
        self.tick_timer = self.tick  # bpy.app.timers compares by identity.
        self.cut_short: tuple[CutShort, ...] = ()
        self._library = TakeLibrary(Path())
        self._shown: Any = None
        self._recording: Path | None = None

    @property
    def library(self) -> TakeLibrary:
        """The takes of the folder that is chosen now.

        Raises:
            OutputError: See `folder_of_takes`.
        """
        folder = folder_of_takes()
        if folder != self._library.folder:
            self._library = TakeLibrary(folder)
        return self._library

    @property
    def recording(self) -> str:
        """Name of the take that is being recorded; empty when none is."""
        path = session.live.marked
        return take_name(path) if path is not None else ""

    def tick(self) -> float:
        """Look at the folder; a timer calls it. Never raises."""
        with self.telling():
            if not self._look(time.monotonic() + _AT_ONCE):
                return _AT_ONCE
        return PERIOD

    def show_again(self) -> None:
        """Fill a list that may be another one than before."""
        self._shown = None
        self.tick()

    def refresh(self, name: str = "") -> None:
        """Read everything now.

        Args:
            name: Of the take that shall be the active one.

        Raises:
            OutputError: See `folder_of_takes`.
        """
        while not self._look(float("inf")):
            pass
        takes = listed()
        index = takes.items.find(name)
        if index >= 0:
            takes.index = index

    def rename(self, name: str, title: str) -> Path:
        """Give a take another name; the list follows at the next look.

        Raises:
            VitposeError: See `TakeLibrary.rename`; or it is being recorded.
        """
        return self.library.rename(self.find(name), title)

    def find(self, name: str) -> Path:
        """Return the file of a take that may be moved away.

        Raises:
            TakeError: It is not there, or is being recorded.
        """
        if name == self.recording:
            raise TakeError(f"{name} is being recorded: stop that first")
        return self.library.find(name)

    def forget(self) -> None:
        """Be as at the start."""
        self.cut_short = ()
        self._library, self._shown = TakeLibrary(Path()), None
        self._recording = None

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Let a user's error be told below the list: nobody is there to report it."""
        try:
            yield
        except VitposeError as error:
            listed().message = str(error)

    def _look(self, deadline: float) -> bool:
        """Bring the list up to date; returns whether all takes are read."""
        library = self.library
        is_done = library.read_some(deadline)
        journal = user_files.user_folder("journal")
        self.cut_short = tuple(cut_short(journal))
        rows = [(path, library.known(path)) for path in library.paths()]
        self._note_end()
        if (shown := (rows, self.cut_short)) != self._shown:
            self._shown = shown
            _fill(listed(), rows)
            redraw_sidebars()
        return is_done

    def _note_end(self) -> None:
        """Say which take is kept, where the capture ended while it was recorded."""
        was, self._recording = self._recording, session.live.marked
        if was is not None and self._recording is None and was.exists():
            name = take_name(was)
            listed().message = f"{name} is kept: the recording has ended"


def _fill(takes: VitposeTakeList, rows: list[tuple[Path, TakeSummary | None]]) -> None:
    """Let the list's rows be the takes, the active one where it was."""
    active = active_item()
    name = active.name if active is not None else ""
    while len(takes.items) > len(rows):
        takes.items.remove(len(takes.items) - 1)
    while len(takes.items) < len(rows):
        takes.items.add()
    for item, (path, summary) in zip(takes.items, rows):
        item.name = take_name(path)
        _describe(item, summary)
    takes.index = max(takes.items.find(name), 0)


def _describe(item: VitposeTakeItem, summary: TakeSummary | None) -> None:
    item.is_read = summary is not None
    if summary is None:
        return
    item.duration, item.num_frames = summary.duration, summary.num_frames
    item.quality, item.fps = summary.quality, summary.fps
    item.people = ", ".join(map(str, sorted(summary.people)))
    header = summary.header
    item.source, item.started = header.source, _in_words(header.started)
    item.solved = header.calibration.get(SOLVED_KEY, "")


def _in_words(started: str) -> str:
    """Return when a take was recorded, as people read it; empty where unknown."""
    try:
        return f"{datetime.fromisoformat(started):%d %b %Y, %H:%M}"
    except ValueError:
        return ""


shelf = Shelf()


@persistent  # type: ignore[untyped-decorator]
def _after_load(*_: Any) -> None:
    """Show what is in the folder of the file that was opened, with its new list."""
    shelf.show_again()


_CLASSES = (VitposeTakeItem, VitposeTakeList)


def register() -> None:
    for cls in _CLASSES:
        bpy.utils.register_class(cls)
    WindowManager.vitpose_takes = PointerProperty(type=VitposeTakeList)  # type: ignore[attr-defined]
    bpy.app.handlers.load_post.append(_after_load)
    bpy.app.timers.register(shelf.tick_timer, first_interval=PERIOD, persistent=True)


def unregister() -> None:
    if bpy.app.timers.is_registered(shelf.tick_timer):
        bpy.app.timers.unregister(shelf.tick_timer)
    bpy.app.handlers.load_post.remove(_after_load)
    shelf.forget()
    del WindowManager.vitpose_takes  # type: ignore[attr-defined]
    for cls in reversed(_CLASSES):
        bpy.utils.unregister_class(cls)
