# SPDX-License-Identifier: GPL-3.0-or-later
"""From 2D to 3D by geometry: keypoints of one person in, joints in metres out."""

from collections.abc import Callable, Sequence

import numpy as np

from ..core.body_model import DEFAULT_HEIGHT, BodyLengths
from ..core.camera_model import Camera
from ..core.limb_prior import limb_priors
from ..core.trunk_frames import unit
from ..core.types import FloatArray, Joints3D, Keypoints2D
from .grid_filter import Axis, GridFilter
from .lift_assembly import LIMB_ROWS, Trunk, assemble
from .lift_distance import LOG_DISTANCE, NO_AXIS, distance_evidence, mean_distance
from .lift_facing import YAW, facing_evidence, mean_left
from .lift_hold import DirectionMemory, fill_directions
from .lift_limbs import limb_evidence, limb_states, mean_directions
from .lift_observation import Observation, observe
from .lift_torso import torso_directions

ANGLES = Axis(np.radians(np.linspace(-80, 80, 11)), rate=np.radians(180))

Infer = Callable[[GridFilter, FloatArray], FloatArray]
Fill = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]


class GeometricLifter:
    """Lifts one person by bone lengths, foreshortening and typical poses.

    Three small Bayes filters answer in turn: how far away is the person, which way
    do they face, and how far does each limb leave the picture plane. Live they run
    forward in time; over a clip they run both ways.

    Args:
        height: Of the person [m]; sets the scale of everything.
    """

    name = "geometric"
    window = 0.0  # The filters remember: the newest frame is enough [s].

    def __init__(self, height: float = DEFAULT_HEIGHT) -> None:
        self._body = BodyLengths.of_height(height)
        self._distance = GridFilter(LOG_DISTANCE, NO_AXIS)
        self._yaw = GridFilter(YAW, YAW)
        self._limbs = GridFilter(ANGLES, ANGLES)
        self._memory = DirectionMemory(8)

    def lift(self, window: Sequence[Keypoints2D], camera: Camera) -> Joints3D:
        """Return the joints at the time of the last of `window`.

        Args:
            window: COCO-17 keypoints in order of time; may be one frame.
            camera: That saw them.
        """
        t = window[-1].t

        def infer(grid: GridFilter, evidence: FloatArray) -> FloatArray:
            return grid.step(t, evidence[0])[np.newaxis]

        def fill(
            directions: FloatArray, rest: FloatArray
        ) -> tuple[FloatArray, FloatArray]:
            filled, belief = self._memory.fill(t, directions[0], rest[0])
            return filled[np.newaxis], belief[np.newaxis]

        return self._solve(observe(window[-1:], camera), infer, fill)[0]

    def lift_clip(
        self,
        clip: Sequence[Keypoints2D],
        camera: Camera,
        progress: Callable[[float], None] | None = None,
    ) -> list[Joints3D]:
        """Return the joints of every frame of a clip, knowing past and future.

        Args:
            clip: COCO-17 keypoints in order of time.
            camera: That saw them.
            progress: Called with the finished part, in [0, 1].
        """
        if not clip:
            return []
        seen = observe(clip, camera)

        def infer(grid: GridFilter, evidence: FloatArray) -> FloatArray:
            return grid.smooth(seen.times, evidence)

        def fill(
            directions: FloatArray, rest: FloatArray
        ) -> tuple[FloatArray, FloatArray]:
            return fill_directions(seen.times, directions, rest)

        joints = self._solve(seen, infer, fill)
        if progress is not None:
            progress(1.0)
        return joints

    def _solve(self, seen: Observation, infer: Infer, fill: Fill) -> list[Joints3D]:
        body = self._body
        distance = mean_distance(infer(self._distance, distance_evidence(seen, body)))
        torso = torso_directions(seen, distance, body)
        evidence = facing_evidence(seen, body, distance, torso)
        left = mean_left(torso, infer(self._yaw, evidence))
        trunk = Trunk.seen_as(seen, body, (distance, torso), left)
        directions = self._limb_directions(seen, trunk, infer)
        # Unseen limbs move along with the trunk.
        frames = trunk.limb_frames()
        rest = trunk.rest_directions(seen.up)
        num_frames = len(seen.times)
        filled, belief = fill(
            np.einsum("tlij,tlbj->tlbi", frames, directions).reshape(num_frames, 8, 3),
            np.einsum("tlij,tlbj->tlbi", frames, rest).reshape(num_frames, 8, 3),
        )
        limbs = np.einsum(
            "tlij,tlbi->tlbj", frames, filled.reshape(num_frames, 4, 2, 3)
        )
        return assemble(seen, body, trunk, limbs, belief.reshape(num_frames, 4, 2))

    def _limb_directions(
        self, seen: Observation, trunk: Trunk, infer: Infer
    ) -> FloatArray:
        """Return directions of the limbs, `(T, 4, 2, 3)`; NaN where unseen."""
        starts, frames = trunk.limb_starts(seen, self._body), trunk.limb_frames()
        limbs, evidence = [], []
        for i, (rows, prior) in enumerate(zip(LIMB_ROWS, limb_priors())):
            limbs.append(
                limb_states(
                    starts[:, i],
                    seen.rays[:, rows[1:]],
                    self._body.limbs[i],
                    ANGLES.values,
                )
            )
            evidence.append(limb_evidence(limbs[i], frames[:, i : i + 1], prior))
        belief = infer(self._limbs, np.concatenate(evidence, axis=1))
        means = [mean_directions(limb, belief[:, i]) for i, limb in enumerate(limbs)]
        return unit(np.stack(means, axis=1))
