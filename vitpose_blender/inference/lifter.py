# SPDX-License-Identifier: GPL-3.0-or-later
"""From 2D to 3D by geometry: keypoints of one person in, joints in metres out."""

from collections.abc import Callable, Sequence

import numpy as np

from ..core.body_model import DEFAULT_HEIGHT, BodyLengths
from ..core.camera_model import Camera
from ..core.types import FloatArray, Joints3D, Keypoints2D
from . import lift_distance, lift_facing, lift_head, lift_limbs
from .grid_filter import GridFilter
from .lift_assembly import Pose, Trunk, assemble
from .lift_body import BodyEstimate
from .lift_distance import apparent_lengths, bone_angles
from .lift_hold import DirectionMemory
from .lift_modes import ClipMode, LiveMode, Mode
from .lift_observation import Observation, observe
from .lift_torso import Torso, torso_directions


def _filters() -> dict[str, GridFilter]:
    return {
        "distance": GridFilter(lift_distance.LOG_DISTANCE, lift_distance.NO_AXIS),
        "facing": GridFilter(lift_facing.YAW, lift_facing.YAW),
        "head": GridFilter(lift_head.YAW, lift_head.NOD),
        "limbs": GridFilter(lift_limbs.ANGLES, lift_limbs.ANGLES),
    }


class GeometricLifter:
    """Lifts one person by bone lengths, foreshortening and typical poses.

    Small Bayes filters answer in turn: how far away is the person, which way do
    pelvis, chest and head face, and how far does each limb leave the picture plane.
    Live they run forward in time; over a clip they run both ways.

    Args:
        height: Of the person [m]; sets the scale of everything.
    """

    name = "geometric"
    window = 0.0  # The filters remember: the newest frame is enough [s].

    def __init__(self, height: float = DEFAULT_HEIGHT) -> None:
        self._average = BodyLengths.of_height(height)
        self._estimate = BodyEstimate(self._average)
        self._filters = _filters()
        self._memory = DirectionMemory(8)

    def lift(self, window: Sequence[Keypoints2D], camera: Camera) -> Joints3D:
        """Return the joints at the time of the last of `window`.

        Args:
            window: COCO-17 keypoints in order of time; may be one frame.
            camera: That saw them.
        """
        seen = observe(window[-1:], camera)
        mode = LiveMode(self._filters, self._memory, window[-1].t)
        body = self._estimate.body
        angles = bone_angles(seen)
        distance = _distances(angles, body, mode)
        self._estimate.learn(seen.times, apparent_lengths(angles, distance))
        return _solve(seen, body, distance, mode)[0]

    def lift_clip(
        self,
        clip: Sequence[Keypoints2D],
        camera: Camera,
        progress: Callable[[float], None] | None = None,
    ) -> list[Joints3D]:
        """Return the joints of every frame of a clip, knowing past and future.

        What live frames taught about the person plays no part: the same clip gives
        the same result.

        Args:
            clip: COCO-17 keypoints in order of time.
            camera: That saw them.
            progress: Called with the finished part, in [0, 1].
        """
        if not clip:
            return []
        seen = observe(clip, camera)
        mode = ClipMode(self._filters, seen.times, progress)
        angles = bone_angles(seen)
        distance = _distances(angles, self._average, mode)
        estimate = BodyEstimate(self._average)
        body = estimate.learn(seen.times, apparent_lengths(angles, distance))
        distance = _distances(angles, body, mode)
        return _solve(seen, body, distance, mode)


def _distances(angles: FloatArray, body: BodyLengths, mode: Mode) -> FloatArray:
    """Return how far away the person is, shape `(T,)` [m]."""
    evidence = lift_distance.distance_evidence(angles, body)
    return lift_distance.mean_distance(mode.infer("distance", evidence))


def _solve(
    seen: Observation, body: BodyLengths, distance: FloatArray, mode: Mode
) -> list[Joints3D]:
    torso = Torso(torso_directions(seen, distance, body))
    face = lift_head.face_evidence(seen, distance, torso, body.scale)
    evidence = lift_facing.facing_evidence(seen, body, distance, torso)
    evidence += lift_head.chest_evidence(face)[:, np.newaxis, np.newaxis]
    left = lift_facing.mean_left(torso, mode.infer("facing", evidence))
    face += lift_head.turn_prior(torso, left[:, 0])
    head = mode.infer("head", face[:, np.newaxis])[:, 0]
    trunk = Trunk.seen_as(seen, body, distance, torso.up, left)
    limbs, belief = _limbs(seen, body, trunk, mode)
    pose = Pose(trunk, lift_head.head_frames(torso, head), limbs)
    return assemble(seen, body, pose, belief)


def _limbs(
    seen: Observation, body: BodyLengths, trunk: Trunk, mode: Mode
) -> tuple[FloatArray, FloatArray]:
    """Return directions of limbs `(T, 4, 2, 3)` and the belief in each `(T, 4, 2)`.

    Limbs that are not seen move along with the trunk.
    """
    frames, starts = trunk.limb_frames(), trunk.limb_starts(seen, body)
    directions = lift_limbs.likely_directions(seen.rays, starts, frames, body, mode)
    rest = trunk.rest_directions(seen.up)
    shape = directions.shape
    turn = np.swapaxes(frames, -1, -2)
    filled, belief = mode.fill(
        (directions @ turn).reshape(shape[0], 8, 3),
        (rest @ turn).reshape(shape[0], 8, 3),
    )
    return filled.reshape(shape) @ frames, belief.reshape(shape[:3])
