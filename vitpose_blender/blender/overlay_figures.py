# SPDX-License-Identifier: GPL-3.0-or-later
"""The people on the camera's picture: skeletons, boxes, numbers, who is followed."""

from collections.abc import Mapping

import numpy as np

from ..core import stick_figures
from ..core.flat_shapes import Triangles, frame_lines, thick_lines
from ..core.picture_in_picture import PictureView
from ..core.stick_figures import person_box, person_sticks
from ..core.types import FloatArray
from ..live.run import Preview

NOBODY = "No one seen"

_LINE, _BOX, _BOLD, _BORDER = 2.0, 1.0, 2.5, 1.0  # Widths [px].
_SHADOW = (0.0, 0.0, 0.0, 0.6)
_FOLLOWED = (0.35, 1.0, 0.45, 1.0)
_POINTED = (1.0, 1.0, 0.2, 1.0)
_OTHER = (1.0, 1.0, 1.0, 0.5)
_QUIET = (1.0, 1.0, 1.0, 0.35)
_EMPTY = (1.0, 0.45, 0.2, 0.9)
_GAP = 4.0  # Between a box and its number [px].

Rgba = tuple[float, float, float, float]
Texts = list[tuple[str, float, float]]


def person_at(preview: Preview | None, xy_px: FloatArray) -> int | None:
    """Return the number of the person at a pixel of the picture; None for nobody."""
    if preview is None:
        return None
    return stick_figures.person_at(preview.packets, xy_px)


def shapes(
    preview: Preview,
    view: PictureView,
    followed: frozenset[int],
    pointed: int | None,
    ui_scale: float = 1.0,
) -> Triangles:
    """Return all lines on the picture as flat shapes, in the region's coordinates.

    Args:
        preview: The picture and the people.
        view: Where it is shown.
        followed: Numbers of those whom characters follow.
        pointed: Number of the person under the pointer.
        ui_scale: How much larger than usual the user interface is.
    """
    pen = _Pen(ui_scale)
    for packet in preview.packets:
        found = person_sticks(packet)
        ends = _inside(view.to_region(found.ends), view)
        shadow = np.tile(np.array(_SHADOW), (len(ends), 1))
        shadow[:, 3] *= found.rgba[:, 3]
        pen.lines(ends, shadow, _LINE + 2)
        pen.lines(ends, found.rgba, _LINE)
        box = person_box(packet)
        if box is not None:
            rgba, width = _frame(packet.person, followed, pointed)
            corners = _inside(view.to_region(box.reshape(1, 2, 2)), view)
            pen.frame(corners, rgba, width)
    border = _QUIET if preview.packets else _EMPTY
    pen.frame(_corners(view), border, _BORDER)
    return pen.triangles()


def texts(
    preview: Preview,
    view: PictureView,
    names: Mapping[int, str],
    ui_scale: float = 1.0,
) -> Texts:
    """Return what is written on the picture, and where in the region [px].

    Args:
        preview: The picture and the people.
        view: Where it is shown.
        names: Of the characters, by the number of the person whom they follow.
        ui_scale: How much larger than usual the user interface is.
    """
    gap, rect = _GAP * ui_scale, view.rect
    if not preview.packets:
        return [(NOBODY, rect.left + 2 * gap, rect.bottom + 2 * gap)]
    found: Texts = []
    for packet in preview.packets:
        box = person_box(packet)
        if box is not None:
            corners = _inside(view.to_region(box.reshape(2, 2)), view)
            left, top = corners[:, 0].min(), corners[:, 1].max()
            name = names.get(packet.person, "")
            text = f"{packet.person}  {name}".strip()
            has_room = top + 5 * gap <= rect.top  # Above the head, not on it.
            low = top + gap if has_room else max(top - 5 * gap, rect.bottom + gap)
            found.append((text, float(left + gap), float(low)))
    return found


def _frame(
    person: int, followed: frozenset[int], pointed: int | None
) -> tuple[Rgba, float]:
    if person == pointed:
        return _POINTED, _BOLD
    return (_FOLLOWED, _BOLD) if person in followed else (_OTHER, _BOX)


def _inside(xy: FloatArray, view: PictureView) -> FloatArray:
    """Keep places from leaving the picture."""
    rect = view.rect
    low, high = (rect.left, rect.bottom), (rect.right, rect.top)
    return np.clip(xy, low, high)


def _corners(view: PictureView) -> FloatArray:
    rect = view.rect
    return np.array([[[rect.left, rect.bottom], [rect.right, rect.top]]])


class _Pen:
    """Collects lines."""

    def __init__(self, ui_scale: float) -> None:
        self._scale = ui_scale
        self._ends: list[FloatArray] = []
        self._rgba: list[FloatArray] = []
        self._width: list[FloatArray] = []

    def lines(self, ends: FloatArray, rgba: FloatArray, width: float) -> None:
        self._ends.append(ends)
        self._rgba.append(rgba)
        self._width.append(np.full(len(ends), width * self._scale))

    def frame(self, corners: FloatArray, rgba: Rgba, width: float) -> None:
        ends = frame_lines(corners)
        self.lines(ends, np.tile(np.array(rgba), (len(ends), 1)), width)

    def triangles(self) -> Triangles:
        return thick_lines(*map(np.concatenate, (self._ends, self._rgba, self._width)))
