# SPDX-License-Identifier: GPL-3.0-or-later
"""What three seconds of standing still tell about a camera and a person.

The measured values are kept together with how the person looked: what another lifter
makes of the same look is that lifter's own neutral, so its habits cancel.
"""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from .body_frames import mean_joint
from .body_model import DEFAULT_HEIGHT
from .camera_model import Camera
from .errors import CalibrationError
from .motion import Memory
from .person_measures import calibrated
from .pipeline import Lifter
from .room_view import view_room
from .skeleton_fit import BONES, bone_lengths
from .standing import Stand
from .take import TakeHeader
from .types import FloatArray, Joints3D, Keypoints2D
from .world_motion import to_world

VERSION = 1
SECONDS = 3.0  # For how long somebody stands [s].
STAND_KEY = "stand"  # In a header's calibration: what was measured.
MIN_HEIGHT, MAX_HEIGHT = 0.5, 2.5  # Of a person [m].
_SHOULDERS = ("left_shoulder", "right_shoulder")
_ANKLES = ("left_ankle", "right_ankle")
_NUM_FRAMES, _RATE = 15, 30.0  # Of a still clip that lifters look at.
_FARTHEST = 20.0  # [m]
# How far the line from ankles to shoulders leans forward when standing [deg].
_USUAL_LEAN = 1.3


@dataclass(frozen=True, eq=False)
class Calibration:
    """A camera's place in its room and a person's build.

    Attributes:
        source: Name of the camera.
        image_wh: Size of its picture [px].
        fov: Field of view across the longer side that was assumed [deg].
        tilt: How far it looks down from the horizon [deg].
        floor: How far the floor is under it [m].
        height: Of the person [m].
        is_height_given: Whether the user gave it; else it is an average adult's.
        look: How the person appeared: COCO-17, the median over the stand.
        lengths: Of the bones of `skeleton_fit.BONES`, shape `(27,)` [m].
        mirror: Whether characters were mirrored then.
        made: When, ISO 8601; empty where unknown.
    """

    source: str
    image_wh: tuple[int, int]
    fov: float
    tilt: float
    floor: float
    height: float
    is_height_given: bool
    look: Keypoints2D
    lengths: FloatArray
    mirror: bool = False
    made: str = ""

    @property
    def camera(self) -> Camera:
        """The camera, with the measured tilt."""
        return Camera(self.image_wh, self.fov, self.tilt)

    @property
    def sentence(self) -> str:
        """What was measured, for the user."""
        given = "" if self.is_height_given else " (assumed)"
        way = "down" if self.tilt >= 0 else "up"
        return (
            f"Calibrated: body {self.height:.2f} m{given}, camera {self.floor:.1f} m "
            f"above the floor, looking {abs(self.tilt):.0f} degrees {way}"
        )

    def fits(self, camera: Camera) -> bool:
        """Whether it was made with such a picture and lens."""
        return self.image_wh == camera.image_wh and abs(self.fov - camera.fov) < 0.5

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "calibration": VERSION,
            "source": self.source,
            "image_wh": list(self.image_wh),
            "fov_deg": self.fov,
            "tilt_deg": self.tilt,
            "floor": self.floor,
            "height": self.height,
            "is_height_given": self.is_height_given,
            "keypoints": [_json(row) for row in self.look.xy],
            "scores": self.look.score.tolist(),
            "lengths": _json(self.lengths, whole=False),
            "mirror": self.mirror,
            "made": self.made,
        }

    @classmethod
    def from_dict(cls, value: Any) -> Self:
        """Read what `to_dict` made.

        Raises:
            CalibrationError: It is damaged, or says what cannot be.
        """
        try:
            made = cls._read(value)
        except (KeyError, OverflowError, TypeError, ValueError) as error:
            raise CalibrationError(
                f"The calibration is damaged ({error!r}): calibrate again"
            ) from error
        numbers = (made.floor, *made.lengths[~np.isnan(made.lengths)])
        possible = (
            min(made.image_wh) > 0
            and 1 <= made.fov <= 170
            and abs(made.tilt) <= 80
            and MIN_HEIGHT <= made.height <= MAX_HEIGHT
            and all(abs(number) <= _FARTHEST for number in numbers)
        )
        if not possible:
            raise CalibrationError(
                "The calibration holds values that cannot be: calibrate again"
            )
        return made

    @classmethod
    def _read(cls, value: Any) -> Self:
        width, height = value["image_wh"]
        xy = np.array(
            [row or (None, None) for row in value["keypoints"]], dtype=np.float64
        )
        lengths = np.array(value["lengths"], dtype=np.float64)
        if lengths.shape != (len(BONES),):
            raise ValueError(f"{lengths.shape} bones")
        return cls(
            source=str(value["source"]),
            image_wh=(int(width), int(height)),
            fov=float(value["fov_deg"]),
            tilt=float(value["tilt_deg"]),
            floor=float(value["floor"]),
            height=float(value["height"]),
            is_height_given=bool(value["is_height_given"]),
            look=Keypoints2D(xy, np.array(value["scores"], dtype=np.float64), 0.0),
            lengths=lengths,
            mirror=bool(value.get("mirror")),
            made=str(value.get("made") or ""),
        )


def calibrate(
    stand: Stand,
    header: TakeHeader,
    lifter: Lifter,
    height: float | None = None,
    mirror: bool = False,
) -> Calibration:
    """Return what a stand tells.

    Args:
        stand: Of the person.
        header: Of the source that saw it; its tilt does not count.
        lifter: Made for a person of that height, and for nobody else.
        height: Of the person, if known [m].
        mirror: Whether characters are mirrored.

    Raises:
        CalibrationError: Where the floor is cannot be told.
    """
    tall = DEFAULT_HEIGHT if height is None else height
    camera = replace(header.camera, tilt=0.0)
    look = stand.keypoints
    # The lifter has seen how people stand in all kinds of pictures; where the camera
    # seems to be is told to it, and its answer is the better one.
    told = replace(camera, tilt=view_room(look.xy, camera, tall).tilt)
    tilt = _upright_tilt(still_joints(look, told, lifter)) - _USUAL_LEAN
    room = view_room(look.xy, camera, tall, tilt)
    joints = still_joints(look, replace(camera, tilt=room.tilt), lifter)
    return Calibration(
        source=header.source,
        image_wh=header.image_wh,
        fov=header.fov,
        tilt=room.tilt,
        floor=room.floor,
        height=tall,
        is_height_given=height is not None,
        look=replace(look, t=0.0),
        lengths=bone_lengths(np.stack([frame.xyz for frame in joints])),
        mirror=mirror,
    )


def _upright_tilt(joints: list[Joints3D]) -> float:
    """Return the tilt with which a body seen in the camera's frame is upright [deg]."""
    xyz = np.stack([frame.xyz for frame in joints])
    up = mean_joint(xyz, *_SHOULDERS) - mean_joint(xyz, *_ANKLES)
    tilts = np.degrees(np.arctan2(-up[:, 2], -up[:, 1]))
    return float(np.median(tilts))


def still_joints(look: Keypoints2D, camera: Camera, lifter: Lifter) -> list[Joints3D]:
    """Return what a lifter makes of somebody who goes on standing as they look."""
    clip = [replace(look, t=number / _RATE) for number in range(_NUM_FRAMES)]
    return lifter.lift_clip(clip, camera)


def neutral(
    calibration: Calibration,
    lifter: Lifter,
    told_tilt: float | None = None,
) -> Memory:
    """Return what to begin with: how the person is when standing, to that lifter.

    Args:
        calibration: Of the person.
        lifter: Whose joints will follow.
        told_tilt: The tilt that the lifter is told; None is the measured one [deg].
    """
    camera = calibration.camera
    told = camera if told_tilt is None else replace(camera, tilt=told_tilt)
    joints = still_joints(calibration.look, told, lifter)
    motion = to_world(joints, camera)
    return calibrated(motion)


def calibration_of(header: TakeHeader) -> Calibration | None:
    """Return the calibration that a take's header carries, None where it has none."""
    value = header.calibration.get(STAND_KEY)
    if value is None:
        return None
    try:
        return Calibration.from_dict(value)
    except CalibrationError:
        return None


def with_calibration(header: TakeHeader, calibration: Calibration) -> TakeHeader:
    """Return the header of takes that are made from a calibration on."""
    carried = header.calibration | {STAND_KEY: calibration.to_dict()}
    return replace(header, tilt=calibration.tilt, calibration=carried)


def _json(values: FloatArray, whole: bool = True) -> Any:
    """Return numbers for JSON: null for a row, or each value, that is missing."""
    if whole and not np.isfinite(values).all():
        return None
    return [value if np.isfinite(value) else None for value in values.tolist()]
