# SPDX-License-Identifier: GPL-3.0-or-later
"""What panels are made of: their place, sentences that fit it, rows, and buttons."""

import textwrap
from collections.abc import Iterable
from typing import Any

from bpy.types import Context, UILayout

from . import access

_LETTER = 6.4  # Mean width at a user interface scale of 1 [px].
_MARGINS = 80.0  # Tabs, borders, also of a box, an icon [px].
_LABEL_SHARE = 0.42  # Of a row's width, as Blender's own split.


class InSidebar:
    """Puts a panel into our tab of the 3D view's sidebar."""

    bl_space_type: Any = "VIEW_3D"  # Blender's stubs want a literal type.
    bl_region_type: Any = "UI"
    bl_category: Any = "ViTPose"


def draw_text(
    layout: UILayout, context: Context, text: str, icon: str = "BLANK1"
) -> None:
    """Draw a sentence as lines that fit the region.

    Args:
        layout: Where it goes.
        context: Whose region it must fit.
        text: One sentence.
        icon: Before the first line.
    """
    scale = access.preferences().system.ui_scale
    width = context.region.width / scale if context.region else 220.0
    letters = max(int((width - _MARGINS) / _LETTER), 12)
    column = layout.column(align=True)
    column.scale_y = 0.8
    for line in textwrap.wrap(text, letters):
        column.label(text=line, icon=icon)  # type: ignore[arg-type]
        icon = "BLANK1"


def draw_button(
    layout: UILayout, operator: str, text: str, icon: str, **values: Any
) -> None:
    """Draw a button that runs an operator with given values."""
    properties = layout.operator(operator, text=text, icon=icon)  # type: ignore[arg-type]
    for name, value in values.items():
        setattr(properties, name, value)


def draw_rows(layout: UILayout, rows: Iterable[tuple[str, str]]) -> None:
    """Draw labels, right-aligned as Blender's own, each with its text."""
    for label, text in rows:
        split = layout.split(factor=_LABEL_SHARE)
        split.scale_y = 0.8
        left = split.row()
        left.alignment = "RIGHT"
        left.label(text=label)
        split.label(text=text)
