# SPDX-License-Identifier: GPL-3.0-or-later
"""A take solved again beside Blender's main thread, which stays free meanwhile."""

import threading
from dataclasses import dataclass, field

from ..core.errors import VitposeError
from ..core.filters import PRESETS
from ..core.solve import Joints, solve_take
from ..core.steps import Steps
from ..core.take import Take
from ..core.types import Joints3D

_WAIT = 0.01  # Between two looks at the thread [s].


@dataclass(frozen=True)
class Manner:
    """How a take is solved.

    Attributes:
        preset: How calm; one of `core.filters.PRESETS`.
        lifter: What makes keypoints 3D; one of `inference.lifters.LIFTERS`.
    """

    preset: str = "balanced"
    lifter: str = "learned"

    def __str__(self) -> str:
        return f"Solved again: {self.lifter}, {self.preset}"


class _StoppedError(Exception):
    """Ends the thread where its result is no longer wanted."""


@dataclass(eq=False)
class _Job:
    """What the thread and the main thread share.

    Attributes:
        take: Of one person.
        manner: How it is solved.
        share: The finished part, in [0, 1].
        joints: The result.
        error: What ended the thread.
        is_unwanted: Set when nobody waits for the result any more.
    """

    take: Take
    manner: Manner
    share: float = 0.0
    joints: list[Joints3D] = field(default_factory=list)
    error: Exception | None = None
    is_unwanted: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Do the work; in the thread."""
        from ..inference.lifters import make_lifter

        try:
            lifter = make_lifter(self.manner.lifter)
            preset = PRESETS[self.manner.preset]
            self.joints = solve_take(
                self.take, lifter, preset, Joints.SOLVE, self._note
            )
        except _StoppedError:
            pass
        except Exception as error:  # noqa: BLE001 -- Raised again by who waits.
            self.error = error

    def _note(self, share: float) -> None:
        self.share = share
        if self.is_unwanted.is_set():
            raise _StoppedError


def solve(take: Take, manner: Manner) -> Steps[list[Joints3D]]:
    """Solve a take of one person again from its keypoints, in steps.

    Raises:
        TakeError: It holds no keypoints.
        VitposeError: What solves it is not installed.
    """
    job = _Job(take, manner)
    thread = threading.Thread(target=job.run, name="vitpose-solve", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(_WAIT)
            yield job.share
    finally:
        job.is_unwanted.set()
        thread.join()
    if isinstance(job.error, ModuleNotFoundError):
        raise VitposeError(
            f"The Python module {job.error.name} is not installed: set up the "
            "extension's runtime in its preferences, or bake the take as seen live"
        )
    if job.error is not None:
        raise job.error
    return job.joints
