# SPDX-License-Identifier: GPL-3.0-or-later
"""Animals on four legs: AP-10K's keypoints in the canonical skeleton's places.

Front legs are arms and back legs are legs, bone for bone, so that everything that
follows a person's limbs follows an animal's. Its trunk lies: up along it is forwards.
"""

import numpy as np

from .body_frames import mean_joint
from .layouts import AP10K17, CANONICAL
from .motion import WorldMotion
from .rig_rest import RigRest
from .rotations import body_frame
from .types import FloatArray

# AP-10K's parts, and where the canonical skeleton has them.
_PLACES = {
    "*_front_shoulder": "*_shoulder",
    "*_front_elbow": "*_elbow",
    "*_front_paw": "*_wrist",
    "*_back_hip": "*_hip",
    "*_back_knee": "*_knee",
    "*_back_paw": "*_ankle",
    "*_eye": "*_eye",
    "nose": "nose",
    "neck": "neck",
}


def quadruped_motion(times: FloatArray, xyz: FloatArray) -> WorldMotion:
    """Return an animal's motion from its joints in the world.

    Args:
        times: Shape `(F,)`, increasing [s].
        xyz: AP-10K joints, shape `(F, 17, 3)`, z up, the ground at 0 [m]; NaN where
            unknown.
    """
    joints = np.full((len(times), len(CANONICAL), 3), np.nan)
    for ours, theirs in _rows():
        joints[:, theirs] = xyz[:, ours]
    pelvis = mean_joint(joints, "left_hip", "right_hip")
    joints -= pelvis[:, np.newaxis]
    joints[:, CANONICAL.index["pelvis"]] = 0.0
    paws = [row for row, name in enumerate(AP10K17.names) if name.endswith("paw")]
    clearance = np.maximum(xyz[:, paws, 2].min(axis=1), 0.0)
    seen = np.isfinite(pelvis).all(axis=1)
    start = pelvis[seen][0] if seen.any() else np.zeros(3)
    return WorldMotion(times, joints, pelvis - start, clearance)


def _rows() -> list[tuple[int, int]]:
    names = [
        (ours.replace("*", side), theirs.replace("*", side))
        for ours, theirs in _PLACES.items()
        for side in (("left", "right") if "*" in ours else ("",))
    ]
    return [(AP10K17.index[ours], CANONICAL.index[theirs]) for ours, theirs in names]


def neck_frame(xyz: FloatArray) -> FloatArray:
    """Return the frame of the neck, up along it from the chest to between the eyes."""
    eyes = mean_joint(xyz, "left_eye", "right_eye")
    shoulders = mean_joint(xyz, "left_shoulder", "right_shoulder")
    left = xyz[:, CANONICAL.index["left_eye"]] - xyz[:, CANONICAL.index["right_eye"]]
    return body_frame(left, eyes - shoulders)


def rest_neck(rest: RigRest) -> FloatArray:
    """Return the same frame of a character at rest, in the world; `(3, 3)`."""
    shoulders = (rest.head("left_upper_arm") + rest.head("right_upper_arm")) / 2
    return body_frame(rest.trunk[:, 0], rest.head("head") - shoulders)
