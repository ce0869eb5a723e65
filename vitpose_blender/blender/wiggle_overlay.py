# SPDX-License-Identifier: GPL-3.0-or-later
"""What the wiggle test writes and draws over the 3D view."""

import textwrap
from collections.abc import Sequence
from typing import Any

import blf
import bpy
import gpu
import numpy as np
from bpy.types import Object

from . import access, overlay_gpu
from .bone_colours import Rgb, mixed, role_colour
from .role_texts import role_label
from .wiggle import Moment

_FONT = 0
_TITLE, _LINE = 34, 15  # Text sizes at a user interface scale of 1 [px].
_WHITE: Rgb = (1.0, 1.0, 1.0)
_PALE: Rgb = (0.85, 0.85, 0.85)
_HELP = "Space: next    Esc: end"


def status(moment: Moment | None) -> str:
    """Return what the status bar says."""
    if moment is None:
        return "Roles without a bone are listed in the view    Esc: end"
    return f"{role_label(moment.role)}: {moment.caption}    {_HELP}"


def draw_texts(moment: Moment) -> None:
    """Write the role that moves, large, and what is to be seen, at the view's foot."""
    bones, colour = ", ".join(moment.bones), role_colour(moment.role)
    lines = (
        (f"{moment.place} of {moment.count}    {_HELP}", _LINE, _PALE),
        (f"{moment.caption}    ({bones})", _LINE, _WHITE),
        (role_label(moment.role), _TITLE, mixed(colour, _WHITE, 0.3)),
    )
    _write_centred(lines)


def draw_open_roles(lines: Sequence[str]) -> None:
    """Write in the end which roles have no bone."""
    region, scale = bpy.context.region, access.preferences().system.ui_scale
    letters = int(region.width / (scale * _LINE * 0.6)) if region else 80
    wrapped = [part for line in lines for part in textwrap.wrap(line, max(letters, 20))]
    _write_centred([(line, _LINE, _WHITE) for line in reversed(wrapped)])


def _write_centred(lines: Sequence[tuple[str, int, Rgb]]) -> None:
    """Write lines from the bottom of the region upwards."""
    region, scale = bpy.context.region, access.preferences().system.ui_scale
    if region is None:
        return
    height = 40 * scale
    blf.enable(_FONT, blf.SHADOW)
    blf.shadow(_FONT, 5, 0.0, 0.0, 0.0, 0.9)
    for text, size, colour in lines:
        blf.size(_FONT, size * scale)
        blf.color(_FONT, *colour, 1.0)
        width, _ = blf.dimensions(_FONT, text)
        blf.position(_FONT, max((region.width - width) / 2, 10 * scale), height, 0)
        blf.draw(_FONT, text)
        height += size * scale * 1.6
    blf.disable(_FONT, blf.SHADOW)


def draw_bones(armature: Object, moment: Moment) -> None:
    """Draw the bones that move as thick lines through everything before them."""
    bones = access.pose_bones(armature)
    found = [bones[name] for name in moment.bones if name in bones]
    world = armature.matrix_world
    ends: list[Any] = [
        world @ point for bone in found for point in (bone.head, bone.tail)
    ]
    shader = gpu.shader.from_builtin("POLYLINE_UNIFORM_COLOR")
    shader.uniform_float("viewportSize", gpu.state.viewport_get()[2:])
    shader.uniform_float("lineWidth", 6.0 * access.preferences().system.ui_scale)
    shader.uniform_float("color", (*mixed(role_colour(moment.role), _WHITE, 0.4), 1.0))
    gpu.state.depth_test_set("NONE")
    points = overlay_gpu.vertices(pos=np.array(ends, np.float32).reshape(-1, 3))
    gpu.types.GPUBatch(type="LINES", buf=points).draw(shader)
