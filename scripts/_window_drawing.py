# SPDX-License-Identifier: GPL-3.0-or-later
"""How long Blender takes to draw its 3D view, for what is measured beside that.

Imported only where bpy is.
"""

import statistics
import time
from collections.abc import Iterator
from typing import Any

import bpy

SETTLE = 4.0  # The first drawings make shaders [s].
REDRAWS = 30  # That are timed.


class Drawing:
    """Times the drawing of the 3D view.

    Attributes:
        is_known: Whether that is over.
    """

    def __init__(self) -> None:
        self.is_known = False

    def slices(self, *, is_bare: bool) -> Iterator[None]:
        """Draw as often as can be and print how long it takes, in slices.

        Args:
            is_bare: Whether a small 3D view without bars and overlays is left before.
        """
        if is_bare:
            _lay_bare()
            yield
        end, gaps = time.monotonic() + SETTLE, []
        while time.monotonic() < end or len(gaps) < REDRAWS:
            start = time.monotonic()
            for area in bpy.data.window_managers[0].windows[0].screen.areas:
                if area.type == "VIEW_3D":
                    area.tag_redraw()
            yield
            if start > end:
                gaps.append(time.monotonic() - start)
        self.is_known = True
        middle, most = statistics.median(gaps), max(gaps)
        print(
            f"the 3D view is drawn in {1000 * middle:.1f} ms, at most in "
            f"{1000 * most:.1f}",
            flush=True,
        )


def _lay_bare() -> None:
    """Leave a small 3D view: in software, drawing costs by the pixel.

    Smooth edges cost more than they seem to: until something moves, Blender draws the
    view up to eight times more, and a pose that comes meanwhile waits.
    """
    bpy.context.preferences.system.viewport_aa = "OFF"
    areas = list(bpy.data.window_managers[0].windows[0].screen.areas)
    views = [each for each in areas if each.type == "VIEW_3D"]
    large = max(views, key=lambda each: each.width * each.height)
    narrow = [each for each in areas if each.width < large.width / 2]
    small: Any = min(narrow, key=lambda each: each.width * each.height)
    large.type, small.type = "TEXT_EDITOR", "VIEW_3D"
    space = small.spaces.active
    space.overlay.show_overlays = space.show_gizmo = False
    space.shading.type = "SOLID"
    for name in ("header", "tool_header", "toolbar", "ui"):
        setattr(space, f"show_region_{name}", False)
