# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel's settings of baking, as plain values."""

from bpy.types import Scene

from ..core.body_parts import PARTS, roles_of
from . import animate, take_settings
from .session_bake import BakeOptions
from .solving import Solver


def bake_options(scene: Scene, action: str) -> BakeOptions:
    """Return what the scene's settings say.

    Args:
        scene: Whose settings.
        action: Name of the action where the settings give none.
    """
    settings = take_settings.settings(scene)
    first = scene.frame_current if settings.begin == "CURRENT" else scene.frame_start
    parts = {part.lower() for part in settings.parts}
    return BakeOptions(
        person=settings.person,
        solved=solver(scene) if settings.mode == "SOLVED" else None,
        between=_between(scene, first),
        fps=settings.fps if settings.rate == "OWN" else None,
        action=settings.action or action,
        first_frame=first,
        roles=None if parts == set(PARTS) else roles_of(parts),
        as_copy=settings.target == "OVERDUB",
        to_track=settings.target == "NLA",
    )


def solver(scene: Scene) -> Solver:
    """Return how takes are solved again."""
    settings = take_settings.settings(scene)
    return Solver(settings.preset.lower(), settings.lifter.lower())


def _between(scene: Scene, first_frame: int) -> tuple[float, float]:
    """Return the seconds of the take that are baked."""
    settings = take_settings.settings(scene)
    if settings.range == "SECONDS":
        return settings.start, settings.end
    if settings.range == "SCENE":
        return 0.0, (scene.frame_end - first_frame) / animate.scene_fps()
    return 0.0, float("inf")
