# SPDX-License-Identifier: GPL-3.0-or-later
"""The people whom characters follow, as stick figures in space."""

from collections.abc import Sequence

import gpu
import numpy as np

from ..core.ghost import ghost_points, ghost_sticks
from ..core.stick_figures import Sticks
from . import access, overlay_gpu
from .session_characters import Follower

_WIDTH = 3.0  # Of a line [px].


def lines(followers: Sequence[Follower], *, is_beside: bool) -> Sticks | None:
    """Return the stick figures of all characters, in the world; None where none is.

    A character that was moved since the capture began takes its own with it.
    """
    found = []
    for each in followers:
        armature = access.find_object(each.name)
        if armature is None or each.motion is None:
            continue
        points = ghost_points(each.motion, each.rest, is_beside=is_beside)
        now = np.array(armature.matrix_world) @ np.linalg.inv(each.rest.world_from_rig)
        found.append(ghost_sticks(points @ now[:3, :3].T + now[:3, 3]))
    if not found:
        return None
    return Sticks(
        np.concatenate([each.ends for each in found]),
        np.concatenate([each.rgba for each in found]),
    )


def draw(followers: Sequence[Follower], *, is_beside: bool) -> None:
    """Draw them, behind what is before them."""
    found = lines(followers, is_beside=is_beside)
    if found is None or not len(found):
        return
    gpu.state.blend_set("ALPHA")
    gpu.state.depth_test_set("LESS_EQUAL")
    try:
        width = _WIDTH * access.preferences().system.ui_scale
        overlay_gpu.draw_lines(found, width)
    finally:
        gpu.state.depth_test_set("NONE")
        gpu.state.blend_set("NONE")
