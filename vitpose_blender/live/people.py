# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is wanted of the people in a source, and what lifts them."""

from typing import TYPE_CHECKING

from ..core.camera_model import Camera
from ..core.filters import PRESETS
from .config import CaptureConfig

if TYPE_CHECKING:
    from ..inference.capture import PeopleLifter
    from ..inference.people_choice import PeopleChoice


def people_lifter(config: CaptureConfig, camera: Camera) -> "PeopleLifter":
    """Return what makes the keypoints of a capture 3D, seen by that camera."""
    from ..inference.capture import PeopleLifter
    from ..inference.lifters import make_lifter

    preset = PRESETS[config.preset]
    return PeopleLifter(camera, lambda: make_lifter(config.live_lifter), preset)


def choice(person: int) -> "PeopleChoice":
    """Return whom to look at: a person's number, 0 for the largest, -1 for all."""
    from ..inference.people_choice import PeopleChoice

    if person < 0:
        return PeopleChoice("all")
    return PeopleChoice("person", person) if person else PeopleChoice("largest")
