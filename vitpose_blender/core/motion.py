# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion of a person and of a character, as values; what one frame leaves the next."""

from dataclasses import dataclass, field

import numpy as np

from .layouts import CANONICAL
from .types import FloatArray, own

# An axis across a bone, where the bone pointed, shape `(3,)` each, and a time [s].
Hinge = tuple[FloatArray, FloatArray, float]


@dataclass(frozen=True, eq=False)
class WorldMotion:
    """A person's joints in Blender's axes: z up, facing the camera is facing -Y.

    Attributes:
        times: Shape `(F,)`, increasing [s].
        xyz: Joints relative to the pelvis, shape `(F, 28, 3)` [m]; NaN where unknown.
        path: The pelvis's way from where it began, shape `(F, 3)` [m]; only the
            horizontal part is used; NaN where unknown.
        clearance: Height of the lowest foot above the ground, shape `(F,)` [m].
    """

    times: FloatArray
    xyz: FloatArray
    path: FloatArray
    clearance: FloatArray

    def __post_init__(self) -> None:
        num_frames = len(self.times)
        object.__setattr__(self, "times", own("times", self.times, (num_frames,)))
        xyz = own("xyz", self.xyz, (num_frames, len(CANONICAL), 3))
        object.__setattr__(self, "xyz", xyz)
        object.__setattr__(self, "path", own("path", self.path, (num_frames, 3)))
        clearance = own("clearance", self.clearance, (num_frames,))
        object.__setattr__(self, "clearance", clearance)


@dataclass(frozen=True, eq=False, slots=True)
class CharacterPose:
    """Where every target of a character is at one moment.

    Attributes:
        names: Target names, shape `(T,)`.
        location: Shape `(T, 3)`, in the armature object's space and units.
        rotation: Unit quaternions `(w, x, y, z)`, shape `(T, 4)`, in that space.
        t: Time of the frame, on the source's clock [s].
    """

    names: tuple[str, ...]
    location: FloatArray
    rotation: FloatArray
    t: float


@dataclass(frozen=True, eq=False)
class CharacterMotion:
    """Where every target of a character is, over a clip.

    Attributes:
        names: Target names, shape `(T,)`; see `target_names`.
        times: Shape `(F,)` [s].
        location: Shape `(F, T, 3)`, in the armature object's space and units.
        rotation: Unit quaternions `(w, x, y, z)`, shape `(F, T, 4)`, in that space.
    """

    names: tuple[str, ...]
    times: FloatArray
    location: FloatArray
    rotation: FloatArray

    def __len__(self) -> int:
        return len(self.times)

    def pose(self, frame: int) -> CharacterPose:
        return CharacterPose(
            self.names,
            self.location[frame],
            self.rotation[frame],
            float(self.times[frame]),
        )


@dataclass
class Memory:
    """What the next frame needs of the last: held turns, hinges, the way and the size.

    Attributes:
        turns: Turn of each driven bone against its anchor, shape `(D, 3, 3)`.
        path: Where the pelvis was, shape `(3,)` [m].
        hinges: Each limb's hinge and when it was last known; where its bend showed it
            and when that last was clear; axes across lower bones, hands and feet.
        twists: Each limb segment's twist [rad] and the time when it was last known.
        leg_length: The person's, from hip to ankle; None before one was seen [m].
        spine_offset: How far before the line from hips to shoulders the spine joint is
            when the person stands at ease, in lengths of that line; None without a
            calibration.
        lean: How far the person's trunk leans forward when standing upright [rad];
            None without a calibration.
        upright: What was seen of both in upright moments: sum and number of frames.
        looks_ahead: Whether what comes later may be used: not live.
    """

    turns: FloatArray | None = None
    path: FloatArray = field(default_factory=lambda: np.zeros(3))
    hinges: dict[str, Hinge] = field(default_factory=dict)
    twists: dict[str, tuple[float, float]] = field(default_factory=dict)
    leg_length: float | None = None
    spine_offset: float | None = None
    lean: float | None = None
    upright: dict[str, tuple[float, int]] = field(default_factory=dict)
    looks_ahead: bool = False
