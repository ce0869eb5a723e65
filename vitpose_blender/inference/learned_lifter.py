# SPDX-License-Identifier: GPL-3.0-or-later
"""From 2D to 3D by learning: keypoints of one person in, joints in metres out."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from ..core.body_model import CHEST, DEFAULT_HEIGHT, SPINE
from ..core.camera_model import Camera
from ..core.joint_limits import limit_joints
from ..core.layouts import CANONICAL
from ..core.pose_fit import BODY, fit_pose
from ..core.rotations import unit
from ..core.skeleton_fit import BONES, root_on_rays, with_bone_lengths
from ..core.types import FloatArray, Joints3D, Keypoints2D
from ..data_files import data_folder
from .learned_body import LengthEstimate, measured_lengths
from .lift_assembly import UNSEEN_SCORE
from .lift_features import RATE, SEEN, Features, look, resample
from .lift_network import Lifted, LiftNetwork

WEIGHTS = Path("models") / "lifter.safetensors"
CHUNK = 256  # Windows lifted at once in a clip.
NEARBY = 1.0  # Frames further away cannot matter [s].
GOOD_ERROR = 0.08  # An expected error that halves a joint's score [m].
SURE = 0.6  # From this score on, keypoints are trusted as far as they ever are [1].
# The keypoints that vouch for joints which have none of their own.
_VOUCHERS = {
    "left_heel": 15, "right_heel": 16, "left_toe": 15, "right_toe": 16,
    "left_hand": 9, "right_hand": 10,
}  # fmt: skip
_HIPS, _SHOULDERS = [6, 7], [0, 1]  # Rows of `BODY`.
_SPINE = [CANONICAL.index[name] for name in ("spine", "chest", "neck")]
_SPINE_SHARES = np.array([[SPINE], [CHEST], [1.0]])
_PLACED = {*range(BODY.start, BODY.stop), *_SPINE}


@cache
def load_network(path: Path | None = None) -> LiftNetwork:
    """Return the network that comes with the package, or that of another file."""
    return LiftNetwork.load(path or data_folder("resources") / WEIGHTS)


class LearnedLifter:
    """Lifts one person by a small network that has seen many people move.

    It reads a window of keypoints, as a camera sees them that looks at the person.
    Live it is told the past; over a clip, the future as well.

    Args:
        height: Of the person [m]; sets the scale of everything.
        weights: Of the network; those that come with the package if not given.
    """

    name = "learned"
    window = 0.5  # [s]

    def __init__(
        self, height: float = DEFAULT_HEIGHT, weights: Path | None = None
    ) -> None:
        self._network = load_network(weights)
        self._scale = height / DEFAULT_HEIGHT
        self._body = LengthEstimate()

    def lift(self, window: Sequence[Keypoints2D], camera: Camera) -> Joints3D:
        """Return the joints at the time of the last of `window`.

        Args:
            window: COCO-17 keypoints in order of time; may be one frame.
            camera: That saw them.
        """
        times = np.array([window[-1].t])
        seen, lifted = self._read(window, times, camera, is_live=True)
        xyz, error = _in_camera(seen, lifted), lifted.error.astype(np.float64)
        lengths = self._body.learn(xyz, error, window[-1].t)
        return self._solve(window[-1:], camera, (seen, lifted, xyz), lengths)[0]

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
        times = np.array([frame.t for frame in clip])
        parts = []
        for start in range(0, len(clip), CHUNK):
            chosen = times[start : start + CHUNK]
            near = slice(
                int(np.searchsorted(times, chosen[0] - NEARBY)),
                int(np.searchsorted(times, chosen[-1] + NEARBY)),
            )
            seen, lifted = self._read(clip[near], chosen, camera, is_live=False)
            parts.append((seen, lifted, _in_camera(seen, lifted)))
            if progress is not None:
                progress(min((start + CHUNK) / len(clip), 1.0))
        if not parts:
            return []
        xyz = np.concatenate([part[2] for part in parts])
        error = np.concatenate([part[1].error for part in parts]).astype(np.float64)
        lengths = measured_lengths(xyz, error, times)
        joints = []
        for part, start in zip(parts, range(0, len(clip), CHUNK)):
            joints += self._solve(clip[start : start + CHUNK], camera, part, lengths)
        return joints

    def _read(
        self,
        keypoints: Sequence[Keypoints2D],
        times: FloatArray,
        camera: Camera,
        *,
        is_live: bool,
    ) -> tuple[Features, Lifted]:
        """Return what the network sees around `times`, and what it says."""
        offsets = np.array(self._network.offsets) / RATE
        xy, score = resample(keypoints, times[:, np.newaxis] + offsets)
        if is_live:
            score = np.where(offsets[:, np.newaxis] > 0, 0.0, score)
        seen = look(xy, score, camera)
        return seen, self._network.run(seen.frames, seen.view)

    def _solve(
        self,
        keypoints: Sequence[Keypoints2D],
        camera: Camera,
        found: tuple[Features, Lifted, FloatArray],
        lengths: FloatArray,
    ) -> list[Joints3D]:
        """Return poses with the person's bones, on their rays, where they stand."""
        seen, lifted, xyz = found
        rays = unit(camera.rays(np.stack([frame.xy for frame in keypoints])))
        score = np.stack([frame.score for frame in keypoints])
        xyz = with_bone_lengths(xyz, lengths)
        trust = np.clip(score / SURE, 0.0, 1.0)
        distance = np.exp(lifted.log_depth - seen.view[:, 0])
        guess = seen.view_from_camera[:, 2] * distance[:, np.newaxis]
        root = _root(xyz, rays, trust, guess)
        xyz = _fitted(xyz, root, rays, trust)
        xyz = limit_joints(with_bone_lengths(xyz, lengths))
        root = _root(xyz, rays, trust, guess) * self._scale
        xyz = xyz * self._scale
        belief = _belief(lifted, score)
        unknown = ~seen.is_known
        xyz[unknown], root[unknown], belief[unknown] = np.nan, np.nan, 0.0
        return [
            Joints3D(xyz[i], root[i], belief[i], frame.t, lifted.contact[i])
            for i, frame in enumerate(keypoints)
        ]


def _belief(lifted: Lifted, score: FloatArray) -> FloatArray:
    """Return how far each joint can be believed, shape `(F, 28)`, in [0, 1].

    A joint whose keypoint is not seen is only inferred, however sure the network is.
    """
    belief: FloatArray = 1.0 / (
        1.0 + (lifted.error.astype(np.float64) / GOOD_ERROR) ** 2
    )
    unseen = np.zeros(belief.shape, dtype=bool)
    unseen[:, :17] = score < SEEN
    for name, row in _VOUCHERS.items():
        unseen[:, CANONICAL.index[name]] = unseen[:, row]
    return np.where(unseen, np.minimum(belief, UNSEEN_SCORE), belief)


def _in_camera(seen: Features, lifted: Lifted) -> FloatArray:
    """Return the network's joints in the axes of the picture's camera, `(F, 28, 3)`."""
    joints = lifted.joints.astype(np.float64)
    xyz: FloatArray = np.einsum("fji,fkj->fki", seen.view_from_camera, joints)
    return np.where(seen.is_known[:, np.newaxis, np.newaxis], xyz, np.nan)


def _root(
    xyz: FloatArray, rays: FloatArray, trust: FloatArray, guess: FloatArray
) -> FloatArray:
    """Return where the pelvis is for the joints to lie on their rays, `(F, 3)` [m]."""
    rows = np.arange(17) >= BODY.start
    weight = np.where(rows, trust, 0.0) + 1e-6
    return root_on_rays(xyz[:, :17], rays, weight, guess[:, 2])


def _fitted(
    xyz: FloatArray, root: FloatArray, rays: FloatArray, trust: FloatArray
) -> FloatArray:
    """Return joints that agree with the picture as far as it can be trusted."""
    place = xyz[:, BODY] + root[:, np.newaxis]
    moved = fit_pose(place, rays[:, BODY], trust[:, BODY]) - place
    moved -= moved[:, _HIPS].mean(axis=1, keepdims=True)  # The pelvis is the origin.
    result = xyz.copy()
    result[:, BODY] += moved
    shoulders = moved[:, _SHOULDERS].mean(axis=1, keepdims=True)
    result[:, _SPINE] += shoulders * _SPINE_SHARES
    # What hangs on a joint moves along with it.
    for child, parent in BONES:
        if child not in _PLACED:
            result[:, child] = xyz[:, child] + result[:, parent] - xyz[:, parent]
    return result
