# SPDX-License-Identifier: GPL-3.0-or-later
"""The countdown of a calibration, to be read from where the person stands."""

import math
import textwrap
import time
from typing import Any

import bpy
from bpy.types import SpaceView3D

from ..live.calibrating import CalibrationStatus
from . import access
from .session import live

_FONT = 0
_NUMBER, _LINE = 160, 24  # Text sizes at a user interface scale of 1 [px].
_TICK = 0.1  # Between two redraws [s].
_SHOWN = 6.0  # How long the result stays in the view [s].
# The handle of what draws while there is something to be read. Blender keeps it, and
# whoever unregisters must remove it.
_handles: list[Any] = []
_ends: list[float] = []  # When the result goes away, on `time.monotonic` [s].
_COLOURS = {
    "countdown": (1.0, 1.0, 1.0),
    "measuring": (1.0, 0.8, 0.2),
    "done": (0.4, 1.0, 0.5),
    "waiting": (0.4, 1.0, 0.5),
    "failed": (1.0, 0.45, 0.35),
}


def texts(status: CalibrationStatus, letters: int) -> list[tuple[str, int]]:
    """Return what is written and how large [px], from above."""
    number = math.ceil(status.seconds)
    lines = [(str(number), _NUMBER)] if status.is_busy and number > 0 else []
    sentence = status.message.partition(":")[0] if lines else status.message
    return lines + [(line, _LINE) for line in textwrap.wrap(sentence, letters)]


def draw_countdown() -> None:
    """Write number and sentence in the middle of the 3D view."""
    import blf  # Not there before bpy is, which nobody else may have imported yet.

    region, scale = bpy.context.region, access.preferences().system.ui_scale
    status = live.status().calibration
    colour = _COLOURS.get(status.phase)
    if region is None or colour is None:
        return
    lines = texts(status, max(int(region.width / (scale * _LINE * 0.6)), 20))
    height = region.height / 2 + sum(size for _, size in lines) * scale / 2
    blf.enable(_FONT, blf.SHADOW)
    blf.shadow(_FONT, 5, 0.0, 0.0, 0.0, 0.9)
    blf.color(_FONT, *colour, 1.0)
    for text, size in lines:
        blf.size(_FONT, size * scale)
        width, _ = blf.dimensions(_FONT, text)
        height -= size * scale * 1.3
        blf.position(_FONT, max((region.width - width) / 2, 10 * scale), height, 0)
        blf.draw(_FONT, text)
    blf.disable(_FONT, blf.SHADOW)


def show() -> None:
    """Show countdown and result, until some seconds after that."""
    hide()
    handle = SpaceView3D.draw_handler_add(draw_countdown, (), "WINDOW", "POST_PIXEL")
    _handles.append(handle)
    _ends[:] = [time.monotonic() + _SHOWN]
    bpy.app.timers.register(_tick, first_interval=_TICK)


def hide() -> None:
    """Show nothing any more; may be called twice."""
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)
    while _handles:
        SpaceView3D.draw_handler_remove(_handles.pop(), "WINDOW")
    _redraw()


def _tick() -> float | None:
    now = time.monotonic()
    if live.status().calibration.is_busy:
        _ends[:] = [now + _SHOWN]
    if now > _ends[0] or not live.is_running:
        hide()
        return None
    _redraw()
    return _TICK


def _redraw() -> None:
    manager = bpy.context.window_manager
    for window in manager.windows if manager is not None else ():
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                area.tag_redraw()


def register() -> None:
    """Nothing is shown before somebody calibrates."""


def unregister() -> None:
    hide()
