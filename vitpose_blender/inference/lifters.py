# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways there are to make 2D keypoints 3D, by name."""

from collections.abc import Callable

from ..core.body_model import DEFAULT_HEIGHT
from ..core.errors import VitposeError
from ..core.pipeline import Lifter
from .learned_lifter import LearnedLifter
from .lifter import GeometricLifter

LIFTERS: dict[str, Callable[[float], Lifter]] = {
    LearnedLifter.name: LearnedLifter,
    GeometricLifter.name: GeometricLifter,
}
LIVE_LIFTER = GeometricLifter.name  # Quicker beside a pose model.
CLIP_LIFTER = LearnedLifter.name  # Truer, and a clip has the time.


def make_lifter(name: str, height: float = DEFAULT_HEIGHT) -> Lifter:
    """Return a lifter for one person.

    Args:
        name: One of `LIFTERS`.
        height: Of the person [m]; sets the scale of everything.

    Raises:
        VitposeError: There is no lifter of that name; the message lists those.
    """
    if name not in LIFTERS:
        raise VitposeError(
            f"There is no lifter {name!r}; choose one of {', '.join(sorted(LIFTERS))}"
        )
    return LIFTERS[name](height)
