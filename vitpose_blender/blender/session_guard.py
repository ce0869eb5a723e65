# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps what a capture does to characters out of files and out of the undo history.

Undo, redo and a file that was saved by itself may bring back a character as it was in
the middle of a capture that is over: it is released then. A file that is saved
meanwhile holds the characters as they were before.
"""

from typing import Any

import bpy
from bpy.app.handlers import persistent

from .session import live
from .session_characters import release_strays


@persistent  # type: ignore[untyped-decorator]
def _release_strays(*_: Any) -> None:
    """Release what no running capture drives; the others go on."""
    release_strays(live.drives)


@persistent  # type: ignore[untyped-decorator]
def _set_aside(*_: Any) -> None:
    live.set_aside()


def _handlers() -> tuple[tuple[list[Any], Any], ...]:
    handlers = bpy.app.handlers
    return (
        (handlers.undo_post, _release_strays),
        (handlers.redo_post, _release_strays),
        (handlers.load_post, _release_strays),
        (handlers.load_post_fail, _release_strays),  # The former file stays open.
        (handlers.save_pre, _set_aside),
    )


def register() -> None:
    for handlers, handler in _handlers():
        handlers.append(handler)


def unregister() -> None:
    for handlers, handler in _handlers():
        handlers.remove(handler)
