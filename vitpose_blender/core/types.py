# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that flow down the pipeline, in order of appearance.

    Frame -> Detections -> Keypoints2D -> Joints3D -> CharacterPose

Each is frozen and owns read-only arrays, so it may cross from the worker thread
to Blender's main thread without a lock. Missing data is NaN, never 0 or -1.
`CharacterPose` belongs to the rig that it drives and lives in `retarget.py`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .layouts import CANONICAL, COCO17, layout_by_id

FloatArray = npt.NDArray[np.float64]
ImageArray = npt.NDArray[np.uint8]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]


def own(name: str, value: npt.ArrayLike, shape: tuple[int | None, ...]) -> FloatArray:
    """Return a read-only float copy of `value`; `None` in `shape` is any length.

    Raises:
        ValueError: `value` has another shape.
    """
    array = np.array(value, dtype=np.float64)
    if array.ndim != len(shape) or any(
        want not in (None, have) for have, want in zip(array.shape, shape)
    ):
        raise ValueError(f"{name} must have shape {shape}, got {array.shape}")
    array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False, slots=True)
class Frame:
    """One picture of a source.

    Attributes:
        image: BGR pixels, shape `(H, W, 3)`, upright (rotation already applied).
        t: When it was taken, on the source's clock [s].
        index: Number of the frame in the source, from 0; gaps where some were lost.
    """

    image: ImageArray
    t: float
    index: int

    @property
    def image_wh(self) -> tuple[int, int]:
        """Width and height [px]."""
        return self.image.shape[1], self.image.shape[0]


@dataclass(frozen=True, eq=False, slots=True)
class Detections:
    """People found in one frame.

    Attributes:
        xyxy: Boxes, shape `(N, 4)`: left, top, right, bottom [px].
        score: Confidence of each box, shape `(N,)`, in [0, 1].
        person: Stable id of each person, shape `(N,)`; empty before tracking.
    """

    xyxy: FloatArray
    score: FloatArray
    person: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "xyxy", own("xyxy", self.xyxy, (None, 4)))
        object.__setattr__(self, "score", own("score", self.score, (len(self.xyxy),)))
        if self.person and len(self.person) != len(self.xyxy):
            raise ValueError("person must have one id a box")

    def __len__(self) -> int:
        return len(self.xyxy)


@dataclass(frozen=True, eq=False, slots=True)
class Keypoints2D:
    """Keypoints of one person, in pixels of the frame they came from.

    Attributes:
        xy: Positions, shape `(K, 2)`, x right and y down [px]. NaN where unseen.
        score: Confidence, shape `(K,)`, in [0, 1]; 0 where `xy` is NaN.
        t: When the frame was taken, on the source's clock [s].
        layout: Id of the layout that names the rows; see `layouts.LAYOUTS`.
    """

    xy: FloatArray
    score: FloatArray
    t: float
    layout: str = COCO17.id

    def __post_init__(self) -> None:
        num_keypoints = len(layout_by_id(self.layout))
        xy = np.array(self.xy, dtype=np.float64)
        score = np.array(self.score, dtype=np.float64)
        if xy.shape == (num_keypoints, 2) and score.shape == (num_keypoints,):
            unseen = ~np.isfinite(xy).all(axis=1) | ~np.isfinite(score)
            xy[unseen], score[unseen] = np.nan, 0.0
        object.__setattr__(self, "xy", own("xy", xy, (num_keypoints, 2)))
        object.__setattr__(self, "score", own("score", score, (num_keypoints,)))


@dataclass(frozen=True, eq=False, slots=True)
class Joints3D:
    """The canonical skeleton of one person in the camera's frame.

    The camera's axes are OpenCV's: x right, y down, z forward.

    Attributes:
        xyz: Joints relative to the pelvis, shape `(28, 3)`, in the order of
            `layouts.CANONICAL` [m]. NaN where unknown.
        root: The pelvis itself, shape `(3,)` [m]. NaN where unknown.
        score: Confidence of each joint, shape `(28,)`, in [0, 1].
        t: When the frame was taken, on the source's clock [s].
        contact: How likely left heel, left toe, right heel and right toe stand on the
            ground, shape `(4,)`, in [0, 1]; None where the lifter has no opinion.
    """

    xyz: FloatArray
    root: FloatArray
    score: FloatArray
    t: float
    contact: FloatArray | None = None

    def __post_init__(self) -> None:
        num_joints = len(CANONICAL)
        object.__setattr__(self, "xyz", own("xyz", self.xyz, (num_joints, 3)))
        object.__setattr__(self, "root", own("root", self.root, (3,)))
        object.__setattr__(self, "score", own("score", self.score, (num_joints,)))
        if self.contact is not None:
            object.__setattr__(self, "contact", own("contact", self.contact, (4,)))
