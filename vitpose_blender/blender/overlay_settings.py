# SPDX-License-Identifier: GPL-3.0-or-later
"""How the camera's picture is shown in the 3D view while a capture runs."""

from typing import TYPE_CHECKING, Any, cast

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty
from bpy.types import Context, PropertyGroup, Scene

from ..core.picture_in_picture import MAX_SHARE, MIN_SHARE, Corner
from . import overlay_place

CORNERS = (
    ("TOP_LEFT", "Top Left", "In the upper left corner of the 3D view"),
    ("TOP_RIGHT", "Top Right", "In the upper right corner of the 3D view"),
    ("BOTTOM_LEFT", "Bottom Left", "In the lower left corner of the 3D view"),
    ("BOTTOM_RIGHT", "Bottom Right", "In the lower right corner of the 3D view"),
)
GHOSTS = (
    ("BESIDE", "Beside", "Next to the character"),
    ("INSIDE", "In Place", "Where the character is"),
)


def _redraw(_: "VitposeOverlay", __: Context) -> None:
    overlay_place.redraw_views()


class VitposeOverlay(PropertyGroup):
    """How a capture is shown in the 3D view of a scene."""

    if TYPE_CHECKING:
        show: bool
        corner: Corner
        size: float
        opacity: float
        ghost: bool
        ghost_place: str
    else:
        show: BoolProperty(
            name="Camera Picture",
            description=(
                "Show the newest picture, with everybody's skeleton and number, in a "
                "corner of the 3D view while a capture runs. The person's left side is "
                "orange and the right side blue; pale lines are not sure"
            ),
            default=True,
            update=_redraw,
        )
        corner: EnumProperty(
            name="Corner",
            description="Where the picture is",
            items=CORNERS,
            default="BOTTOM_RIGHT",
            update=_redraw,
        )
        size: FloatProperty(
            name="Size",
            description="How much of the 3D view's width or height the picture takes",
            default=0.35,
            min=MIN_SHARE,
            max=MAX_SHARE,
            subtype="FACTOR",
            update=_redraw,
        )
        opacity: FloatProperty(
            name="Opacity",
            description="Of the picture; skeletons stay as they are",
            default=1.0,
            min=0.0,
            max=1.0,
            subtype="FACTOR",
            update=_redraw,
        )
        ghost: BoolProperty(
            name="Measured Joints",
            description=(
                "Show the person's joints in space, as they were measured, as a stick "
                "figure of the character's size. What the character does otherwise is "
                "its own build"
            ),
            default=False,
            update=_redraw,
        )
        ghost_place: EnumProperty(
            name="Place",
            description="Where the stick figure is",
            items=GHOSTS,
            default="BESIDE",
            update=_redraw,
        )


def settings(scene: Scene) -> VitposeOverlay:
    """Return how a scene's capture is shown, typed."""
    group: Any = scene.vitpose  # type: ignore[attr-defined]
    return cast(VitposeOverlay, group.overlay)


register, unregister = bpy.utils.register_classes_factory((VitposeOverlay,))
