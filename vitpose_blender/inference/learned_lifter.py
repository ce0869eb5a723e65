# SPDX-License-Identifier: GPL-3.0-or-later
"""From 2D to 3D by learning: keypoints of one person in, joints in metres out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Self

import numpy as np

from ..core.body_model import CHEST, DEFAULT_HEIGHT, SPINE
from ..core.camera_model import Camera
from ..core.clip_fit import fit_clip
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


# Body joints `(F, 12, 3)` and their rays, trust in those `(F, 12)` and doubt in the
# joints `(F, 12)` in, joints out; see `fit_pose`.
Fit = Callable[[FloatArray, FloatArray, FloatArray, FloatArray], FloatArray]


@dataclass(frozen=True, eq=False)
class _Guess:
    """What the network says of `F` frames, in the axes of the picture's camera.

    Attributes:
        xyz: Joints about the pelvis, shape `(F, 28, 3)` [m]; NaN where unknown.
        error: Expected of each, shape `(F, 28)` [m].
        contact: How likely each part of the feet stands, `(F, 4)`; NaN likewise.
        place: Of the pelvis, roughly, shape `(F, 3)` [m].
    """

    xyz: FloatArray
    error: FloatArray
    contact: FloatArray
    place: FloatArray

    @classmethod
    def of(cls, seen: Features, lifted: Lifted) -> Self:
        """Turn what is said about the view camera into the picture's axes."""
        distance = np.exp(lifted.log_depth - seen.view[:, 0])
        return cls(
            _in_camera(seen, lifted),
            lifted.error.astype(np.float64),
            np.where(seen.is_known[:, np.newaxis], lifted.contact, np.nan),
            seen.view_from_camera[:, 2] * distance[:, np.newaxis],
        )

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return the parts of a clip as one."""
        names = ("xyz", "error", "contact", "place")
        return cls(*(np.concatenate([getattr(p, n) for p in parts]) for n in names))


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
        guess = _Guess.of(*self._read(window, times, camera, is_live=True))
        lengths = self._body.learn(guess.xyz, guess.error, window[-1].t)
        return self._solve(window[-1:], camera, guess, lengths, fit_pose)[0]

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
            read = self._read(clip[near], chosen, camera, is_live=False)
            parts.append(_Guess.of(*read))
            if progress is not None:
                progress(min((start + CHUNK) / len(clip), 1.0))
        if not parts:
            return []
        guess = _Guess.joined(parts)
        lengths = measured_lengths(guess.xyz, guess.error, times)
        fit = partial(fit_clip, times=times)
        return self._solve(clip, camera, guess, lengths, fit)

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
        guess: _Guess,
        lengths: FloatArray,
        fit: Fit,
    ) -> list[Joints3D]:
        """Return poses with the person's bones, on their rays, where they stand."""
        rays = unit(camera.rays(np.stack([frame.xy for frame in keypoints])))
        score = np.stack([frame.score for frame in keypoints])
        trust = np.clip(score / SURE, 0.0, 1.0)
        xyz = with_bone_lengths(guess.xyz, lengths)
        place = xyz[:, BODY] + _root(xyz, rays, trust, guess.place)[:, np.newaxis]
        body = slice(None), BODY
        moved = fit(place, rays[body], trust[body], guess.error[body]) - place
        xyz = limit_joints(with_bone_lengths(_moved(xyz, moved), lengths))
        root = _root(xyz, rays, trust, guess.place) * self._scale
        xyz = xyz * self._scale
        belief = _belief(guess.error, score)
        unknown = np.isnan(xyz).any(axis=(1, 2))
        xyz[unknown], root[unknown], belief[unknown] = np.nan, np.nan, 0.0
        return [
            Joints3D(xyz[i], root[i], belief[i], frame.t, guess.contact[i])
            for i, frame in enumerate(keypoints)
        ]


def _belief(error: FloatArray, score: FloatArray) -> FloatArray:
    """Return how far each joint can be believed, shape `(F, 28)`, in [0, 1].

    A joint whose keypoint is not seen is only inferred, however sure the network is.
    """
    belief: FloatArray = 1.0 / (1.0 + (error / GOOD_ERROR) ** 2)
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


def _moved(xyz: FloatArray, moved: FloatArray) -> FloatArray:
    """Return joints of which those of the body have moved, shape `(F, 12, 3)` [m]."""
    moved = moved - moved[:, _HIPS].mean(axis=1, keepdims=True)  # The pelvis stays 0.
    result = xyz.copy()
    result[:, BODY] += moved
    shoulders = moved[:, _SHOULDERS].mean(axis=1, keepdims=True)
    result[:, _SPINE] += shoulders * _SPINE_SHARES
    # What hangs on a joint moves along with it.
    for child, parent in BONES:
        if child not in _PLACED:
            result[:, child] = xyz[:, child] + result[:, parent] - xyz[:, parent]
    return result
