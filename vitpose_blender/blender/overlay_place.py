# SPDX-License-Identifier: GPL-3.0-or-later
"""In which 3D view the camera's picture is, and how much room it has there."""

from collections.abc import Iterator

import bpy
from bpy.types import Area, Context, Region, RegionView3D, SpaceView3D, Window

from ..core.picture_in_picture import Rect, free_area
from . import access

LINE = 18.0  # Height of one of Blender's own text [px].
_STATISTICS = 7  # Lines of it that scene statistics take, a blank one included.
_BARS = ("UI", "TOOLS", "HEADER", "TOOL_HEADER", "ASSET_SHELF", "ASSET_SHELF_HEADER")


def home(window: Window | None) -> tuple[Area, Region] | None:
    """Return the largest 3D view of a window, where the picture is; None without one.

    Of a view in four parts it is the last part.
    """
    screen = window.screen if window is not None else None
    views = [each for each in screen.areas if each.type == "VIEW_3D"] if screen else []
    if not views:
        return None
    area = max(views, key=lambda each: each.width * each.height)
    return area, [each for each in area.regions if each.type == "WINDOW"][-1]


def is_home(context: Context) -> bool:
    """Say whether the region that is looked at is where the picture is."""
    found = home(context.window)
    return found is not None and context.region == found[1]


def room(area: Area, region: Region) -> Rect:
    """Return the part of a region that is not under bars, in its coordinates."""
    bars = [
        (
            bar.alignment,
            Rect(bar.x - region.x, bar.y - region.y, bar.width, bar.height),
        )
        for bar in area.regions
        if bar.type in _BARS and bar.width > 1 and bar.height > 1
    ]
    return free_area((region.width, region.height), bars)


def text_lines(area: Area, region: Region) -> int:
    """Return how many lines Blender's own text may take in the upper left."""
    space, view = area.spaces.active, access.preferences().view
    assert isinstance(space, SpaceView3D)
    if not space.overlay.show_overlays:
        return 0
    lines = 0
    if space.overlay.show_text:
        lines += view.show_view_name or view.show_playback_fps
        lines += view.show_object_info
        lines += _names_its_grid(region)
    if space.overlay.show_stats:
        lines += _STATISTICS
    return lines


def _names_its_grid(region: Region) -> bool:
    """Whether a view looks along an axis, and says how wide its grid is."""
    data = region.data
    return (
        isinstance(data, RegionView3D)
        and data.is_orthographic_side_view
        and not data.is_perspective
    )


def redraw_views(*, only_home: bool = False) -> None:
    """Have 3D views drawn again, without their sidebars.

    Args:
        only_home: Whether those are enough where the picture is.
    """
    manager = bpy.context.window_manager
    for window in manager.windows if manager is not None else ():
        at_home = home(window) if only_home else None
        for region in [at_home[1]] if at_home else _views(window):
            region.tag_redraw()


def _views(window: Window) -> Iterator[Region]:
    screen = window.screen
    for area in screen.areas if screen is not None else ():
        if area.type == "VIEW_3D":
            yield from (each for each in area.regions if each.type == "WINDOW")
