# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages of one person composed: live a frame at a time, or a whole clip.

The lifter comes from outside, by protocol: this layer must not import inference.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from .camera_model import Camera
from .filters import (
    PRESETS,
    FilterPreset,
    OneEuroFilter,
    ZeroPhaseSettings,
    calm,
    fill_gaps,
    zero_phase,
)
from .follow_filter import FollowFilter
from .hold_filter import HoldFilter
from .joint_limits import limit_joints
from .skeleton_fit import BONES, bone_lengths, with_bone_lengths
from .strays import without_strays
from .types import FloatArray, Joints3D, Keypoints2D

GAP_2D = 0.25  # Longest time that a lost keypoint is bridged when baking [s].
SURE = 0.5  # From this score on a keypoint is trusted fully [1].
_CHILDREN, _PARENTS = ([bone[side] for bone in BONES] for side in (0, 1))


class Lifter(Protocol):
    """Turns keypoints of one person into joints; one instance a person.

    Attributes:
        name: Short, for the header of takes.
        window: How much of the past `lift` wants to see [s].
    """

    name: str
    window: float

    def lift(self, window: Sequence[Keypoints2D], camera: Camera) -> Joints3D:
        """Return the joints at the time of the last of `window`; never looks ahead."""
        ...

    def lift_clip(
        self,
        clip: Sequence[Keypoints2D],
        camera: Camera,
        progress: Callable[[float], None] | None = None,
    ) -> list[Joints3D]:
        """Return the joints of every frame, knowing the whole clip."""
        ...


class PersonPipeline:
    """One person, live; the only holder of filter state.

    Args:
        lifter: That person's own.
        camera: That sees them.
        preset: How calm, at the price of how much lag.

    Attributes:
        camera: That sees them; may be another one from the next frame on.
    """

    def __init__(
        self, lifter: Lifter, camera: Camera, preset: FilterPreset = PRESETS["balanced"]
    ) -> None:
        self._lifter = lifter
        self.camera = camera
        self._filter = OneEuroFilter(preset.live)
        self._joint_filter = FollowFilter(preset.memory)
        self._hold = HoldFilter()
        self._window: deque[Keypoints2D] = deque()
        self._size = np.nan

    def step(self, keypoints: Keypoints2D) -> Joints3D:
        """Return the joints of one more frame."""
        self._size = self._person_size(keypoints.xy)
        xy = self._filter.step(
            keypoints.t,
            keypoints.xy,
            self._size,
            np.minimum(np.maximum(keypoints.score / SURE, 0.1), 1.0),
        )
        smooth = replace(keypoints, xy=xy)
        if self._window and smooth.t < self._window[-1].t:
            self._window.clear()
        self._window.append(smooth)
        while self._window[0].t < smooth.t - self._lifter.window:
            self._window.popleft()
        return self._calm(self._lifter.lift(tuple(self._window), self.camera))

    def _calm(self, joints: Joints3D) -> Joints3D:
        """Filter joints about the pelvis: depth, guessed anew each frame, trembles."""
        xyz = self._joint_filter.step(joints.t, joints.xyz)
        xyz = self._hold.step(joints.t, xyz)
        bones = joints.xyz[_CHILDREN] - joints.xyz[_PARENTS]
        lengths = np.sqrt((bones * bones).sum(axis=1))
        xyz = with_bone_lengths(xyz[np.newaxis], lengths)[0]
        return replace(joints, xyz=xyz)

    def _person_size(self, xy: FloatArray) -> float:
        """Return the larger extent of the keypoints [px], calm over time."""
        seen = xy[np.isfinite(xy[:, 0])]
        if not len(seen):
            return self._size
        size = float((seen.max(axis=0) - seen.min(axis=0)).max())
        if not np.isfinite(self._size):
            return max(size, 1.0)
        return max(0.95 * self._size + 0.05 * size, 1.0)


def solve_clip(
    keypoints: Sequence[Keypoints2D],
    camera: Camera,
    lifter: Lifter,
    preset: FilterPreset = PRESETS["balanced"],
    progress: Callable[[float], None] | None = None,
) -> list[Joints3D]:
    """Return the joints of a whole clip of one person, for baking.

    Short gaps are bridged, nothing lags behind, and bones keep their lengths.

    Args:
        keypoints: In order of time.
        camera: That saw them.
        lifter: That person's own.
        preset: How calm, at the price of how much detail.
        progress: Called with the finished part, in [0, 1].
    """
    if not keypoints:
        return []
    clean = smooth_keypoints(keypoints, preset.baked.keypoints)
    joints = lifter.lift_clip(clean, camera, progress)
    return _smooth_joints(joints, preset)


def smooth_keypoints(
    keypoints: Sequence[Keypoints2D], cutoff_hz: float
) -> list[Keypoints2D]:
    """Return the keypoints without strays, gaps bridged, smoothed without lag."""
    times = [frame.t for frame in keypoints]
    xy = without_strays(times, np.stack([frame.xy for frame in keypoints]))
    score = np.stack([frame.score for frame in keypoints])
    known = np.isfinite(xy[..., 0])
    xy = fill_gaps(times, xy, GAP_2D)
    score = fill_gaps(times, np.where(known, score, np.nan), GAP_2D)
    xy = zero_phase(times, xy, cutoff_hz)
    return [
        replace(frame, xy=xy[i], score=np.nan_to_num(score[i]))
        for i, frame in enumerate(keypoints)
    ]


def _smooth_joints(joints: Sequence[Joints3D], preset: FilterPreset) -> list[Joints3D]:
    times = [frame.t for frame in joints]
    xyz = np.stack([frame.xyz for frame in joints])
    root = np.stack([frame.root for frame in joints])
    lengths = bone_lengths(xyz)
    xyz = calm(times, xyz, preset.baked.joints)
    xyz = limit_joints(with_bone_lengths(xyz, lengths))
    root = smooth_root(times, root, preset.baked)
    return [replace(frame, xyz=xyz[i], root=root[i]) for i, frame in enumerate(joints)]


def smooth_root(
    times: Sequence[float], root: FloatArray, settings: ZeroPhaseSettings
) -> FloatArray:
    """Return the pelvis' way smoothed: its depth more than its place in the picture.

    The picture shows at once where the pelvis is, and must agree with the limbs'
    motion or feet slide; how far away it is, is guessed afresh in every frame.

    Args:
        times: Rising, length `F` [s].
        root: Pelvis in the camera's frame, shape `(F, 3)` [m].
        settings: How strongly.
    """
    depth = root[:, 2:]
    picture = zero_phase(times, root[:, :2] / depth, settings.joints)
    depth = zero_phase(times, depth, settings.root)
    return np.concatenate([picture * depth, depth], axis=1)
