# SPDX-License-Identifier: GPL-3.0-or-later
"""A take solved again beside Blender's main thread, which stays free meanwhile."""

from dataclasses import dataclass

from ..core.errors import VitposeError
from ..core.filters import PRESETS
from ..core.motion import Memory
from ..core.self_calibration import height_of, memory_of, self_calibrated
from ..core.solve import Joints, solve_take
from ..core.steps import Progress, Steps, part
from ..core.take import Take
from ..core.types import Joints3D
from .beside import beside


@dataclass(frozen=True)
class Solver:
    """How a take is solved.

    Attributes:
        preset: How calm; one of `core.filters.PRESETS`.
        lifter: What makes keypoints 3D; one of `inference.lifters.LIFTERS`.
    """

    preset: str = "balanced"
    lifter: str = "learned"

    def solve(self, take: Take, progress: Progress) -> list[Joints3D]:
        """Return the joints of a take of one person; see `core.solve.solve_take`.

        Raises:
            TakeError: It holds no keypoints.
            VitposeError: What solves it is not installed.
        """
        try:
            from ..inference.lifters import make_lifter

            lifter = make_lifter(self.lifter, height_of(take.header))
        except ModuleNotFoundError as error:
            raise VitposeError(
                f"The Python module {error.name} is not installed: set up the "
                "extension's runtime in its preferences, or bake the take as seen live"
            ) from error
        preset = PRESETS[self.preset]
        return solve_take(take, lifter, preset, Joints.SOLVE, progress)


def calibrated(take: Take) -> Steps[Take]:
    """Return a take of one person that knows its camera, if it shows it, in steps."""

    def find(_: Progress) -> Take:
        from ..inference.lifters import CLIP_LIFTER, make_lifter

        return self_calibrated(take, CLIP_LIFTER, make_lifter)

    return beside(find)


def memory(take: Take, lifter: str) -> Memory:
    """Return what is known of the person of a take whose joints a lifter made."""
    from ..inference.lifters import make_lifter

    return memory_of(take.header, lifter, make_lifter)


def solve(take: Take, solver: Solver) -> Steps[list[Joints3D]]:
    """Solve a take of one person again from its keypoints, in steps.

    Raises:
        VitposeError: See `Solver.solve`.
    """
    return beside(lambda progress: solver.solve(take, progress))


def solve_all(take: Take, solver: Solver) -> Steps[dict[int, list[Joints3D]]]:
    """Solve everybody in a take again, by number; see `solve`."""
    solved, people = {}, take.people
    for number, person in enumerate(people):
        begin, end = number / len(people), (number + 1) / len(people)
        steps = solve(take.of_person(person), solver)
        solved[person] = yield from part(steps, begin, end)
    return solved
