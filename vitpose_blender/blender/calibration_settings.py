# SPDX-License-Identifier: GPL-3.0-or-later
"""What a calibration is asked for, and under which name it is kept."""

from typing import TYPE_CHECKING, Any, cast

import bpy
from bpy.props import BoolProperty, FloatProperty
from bpy.types import PropertyGroup, Scene

from ..core.body_model import DEFAULT_HEIGHT
from ..core.calibration import MAX_HEIGHT, MIN_HEIGHT
from ..core.camera_files import CameraFiles
from .capture_settings import VitposeCapture
from .user_files import user_folder


class VitposeCalibration(PropertyGroup):
    """Settings of the calibration of a scene."""

    if TYPE_CHECKING:
        knows_height: bool
        height: float
        delay: float
    else:
        knows_height: BoolProperty(
            name="Body Height",
            description=(
                "Say how tall the person is. Otherwise an average adult is assumed, "
                "which only matters for distances in metres"
            ),
            default=False,
        )
        height: FloatProperty(
            name="Body Height",
            description="Of the person who stands before the camera, without shoes",
            default=DEFAULT_HEIGHT,
            min=MIN_HEIGHT,
            max=MAX_HEIGHT,
            precision=2,
            step=1,
            unit="LENGTH",
        )
        delay: FloatProperty(
            name="Countdown",
            description="Time to walk back to where the camera sees you whole [s]",
            default=5.0,
            min=0.0,
            max=60.0,
            precision=0,
            step=100,
        )

    @property
    def known_height(self) -> float | None:
        """The person's height where it is known [m]."""
        return self.height if self.knows_height else None


def settings(scene: Scene) -> VitposeCalibration:
    """Return the calibration settings of a scene, typed."""
    group: Any = scene.vitpose  # type: ignore[attr-defined]
    return cast(VitposeCalibration, group.calibration)


def camera_name(capture: VitposeCapture) -> str:
    """Return the name that calibrations of the chosen source are kept by."""
    if capture.source == "CAMERA":
        return capture.camera_name or f"camera {capture.camera_index}"
    names = {
        "VIDEO": capture.video,
        "STREAM": capture.url,
        "UDP": f"udp {capture.host}:{capture.port}",
        "RECORDED": capture.recorded,
    }
    return bpy.path.abspath(names[capture.source].strip())


def camera_files() -> CameraFiles:
    """Return where calibrations are kept.

    Raises:
        OutputError: The user's folder cannot be made.
    """
    return CameraFiles(user_folder("cameras"))


register, unregister = bpy.utils.register_classes_factory((VitposeCalibration,))
