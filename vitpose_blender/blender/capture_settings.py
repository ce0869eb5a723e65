# SPDX-License-Identifier: GPL-3.0-or-later
"""What a live capture is set up with: the source, the camera, whom it drives.

The thread never sees these properties: it gets a `CaptureConfig`, copied at the start.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)
from bpy.types import Context, Object, PropertyGroup, Scene

from ..core.camera_model import DEFAULT_FOV
from ..streaming.address import DEFAULT_PORT, LOOPBACK, MAX_PORT
from .camera_list import GONE
from .session import live

SOURCES = (
    ("CAMERA", "Camera", "A camera of this machine", "CAMERA_DATA", 0),
    ("VIDEO", "Video", "A video file, or a folder of pictures", "FILE_MOVIE", 1),
    ("STREAM", "Stream", "A network camera or a phone: rtsp or http", "URL", 2),
    (
        "UDP",
        "Other Machine",
        "Keypoints that scripts/stream.py sends from this or another machine",
        "NETWORK_DRIVE",
        3,
    ),
    (
        "RECORDED",
        "Take or Keypoints",
        "A take of ViTPose, or keypoints of OpenPose or in COCO's form",
        "FILE_TEXT",
        4,
    ),
)
BODIES = (
    ("FULL", "Full", "Arms and legs, and walking about"),
    ("UPPER", "Upper", "Hips and legs stay as they are: for pictures without legs"),
    ("SEATED", "Seated", "The character sits on a chair: for people at a desk"),
)
PRESETS = (
    ("CRISP", "Crisp", "Quick motion stays sharp; a resting hand may tremble"),
    ("BALANCED", "Balanced", "A good start for most motion"),
    ("SMOOTH", "Smooth", "Calm; quick motion loses its edge and follows later"),
)


def _is_armature(_: PropertyGroup, item: Object) -> bool:
    return item.type == "ARMATURE"


class VitposeActor(PropertyGroup):
    """One character and the person it follows."""

    if TYPE_CHECKING:
        armature: Object | None
        person: int
    else:
        armature: PointerProperty(
            name="Character",
            description="The armature that follows this person",
            type=Object,
            poll=_is_armature,
        )
        person: IntProperty(
            name="Person",
            description=(
                "Number of the person this character follows, as the overlay shows it; "
                "0 is the largest in the picture"
            ),
            default=0,
            min=0,
        )


def _camera_items(
    capture: "VitposeCapture", _: Context | None
) -> Sequence[tuple[Any, ...]]:
    return live.cameras.items(capture.camera_index, capture.camera_name)


def _read_camera(capture: "VitposeCapture") -> int:
    index = live.cameras.index_of(capture.camera_index, capture.camera_name)
    return GONE if index is None else index


def _choose_camera(capture: "VitposeCapture", index: int) -> None:
    """Keep the name as well: a camera has another index after it was plugged in."""
    if index != GONE:
        capture.camera_index = index
        capture.camera_name = live.cameras.name_of(index)


class VitposeCapture(PropertyGroup):
    """Settings of the live capture of a scene."""

    if TYPE_CHECKING:
        source: str
        camera: str
        camera_index: int
        camera_name: str
        video: str
        url: str
        host: str
        port: int
        recorded: str
        footage: str
        fps: float
        fov: float
        tilt: float
        mirror: bool
        body: str
        hands_meet: bool
        preset: str
        person: int
        keeps_binding: bool
        actors: Any
        active_actor: int
    else:
        source: EnumProperty(
            name="Source",
            description="Where the person is seen",
            items=SOURCES,
            default="VIDEO",
        )
        camera: EnumProperty(
            name="Camera",
            description="Which camera of this machine",
            items=_camera_items,
            get=_read_camera,
            set=_choose_camera,
        )
        camera_index: IntProperty(options={"HIDDEN"}, default=0, min=0)
        camera_name: StringProperty(options={"HIDDEN"})
        video: StringProperty(
            name="Video",
            description="A video file, or a folder of pictures",
        )
        url: StringProperty(
            name="Address",
            description=(
                "Of the stream, as rtsp://192.168.0.20/live or "
                "http://192.168.0.21:8080/video. A password in it is saved with the "
                "file"
            ),
        )
        host: StringProperty(
            name="Listen At",
            description=(
                "127.0.0.1 hears senders on this machine alone; 0.0.0.0, or an address "
                "of this machine, lets everybody in that network send"
            ),
            default=LOOPBACK,
        )
        port: IntProperty(
            name="Port",
            description="The sender's --port must be the same",
            default=DEFAULT_PORT,
            min=1,
            max=MAX_PORT,
        )
        recorded: StringProperty(
            name="File",
            description="A .take.jsonl, keypoints as .json, or a folder of OpenPose",
        )
        footage: StringProperty(
            name="Footage",
            description="The video the keypoints were found in, to see it meanwhile",
        )
        fps: FloatProperty(
            name="Frame Rate",
            description=(
                "Of keypoints or pictures that do not say it themselves [Hz]; 0 takes "
                "what they say"
            ),
            default=0.0,
            min=0.0,
            soft_max=240.0,
        )
        fov: FloatProperty(
            name="Field of View",
            description=(
                "How wide the camera sees, across the longer side of the picture "
                "[deg]. Webcams have 55 to 80; phones held upright 65 to 75. Too small "
                "a value brings people too far away"
            ),
            default=DEFAULT_FOV,
            min=5.0,
            max=170.0,
            precision=1,
        )
        tilt: FloatProperty(
            name="Tilt",
            description=(
                "How far the camera looks down from the horizon [deg]. If the "
                "character leans back, raise it; if it leans forward, lower it"
            ),
            default=0.0,
            min=-89.0,
            max=89.0,
            precision=1,
        )
        mirror: BoolProperty(
            name="Mirror",
            description=(
                "The character moves like your mirror image: raise your right hand, "
                "and it raises its left"
            ),
            default=False,
        )
        body: EnumProperty(
            name="Body",
            description="Which part of the body is followed",
            items=BODIES,
            default="FULL",
        )
        hands_meet: BoolProperty(
            name="Hands Meet",
            description=(
                "Hands touch each other, and the hips, where yours do, whatever the "
                "character's proportions. Off, arms keep your arms' directions exactly"
            ),
            default=False,
        )
        preset: EnumProperty(
            name="Smoothing",
            description=(
                "How calm the motion is. Takes keep what was seen: they can be solved "
                "again with another choice"
            ),
            items=PRESETS,
            default="BALANCED",
        )
        person: IntProperty(
            name="Person",
            description=(
                "Number of the person the character follows, as the overlay shows it; "
                "0 is the largest in the picture"
            ),
            default=0,
            min=0,
        )
        keeps_binding: BoolProperty(
            name="Keep Pose at Stop",
            description=(
                "Leave the character in its last pose, still bound. Otherwise Stop "
                "puts everything back as it was"
            ),
            default=False,
        )
        actors: CollectionProperty(type=VitposeActor)
        active_actor: IntProperty(name="Active Character", min=0)


def listed_actors(scene: Scene) -> list[VitposeActor]:
    """Return the listed characters that are in a scene: deleted ones linger else."""
    return [
        actor
        for actor in settings(scene).actors
        if actor.armature is not None and actor.armature.name in scene.objects
    ]


def settings(scene: Scene) -> VitposeCapture:
    """Return the capture settings of a scene, typed."""
    group: Any = scene.vitpose  # type: ignore[attr-defined]
    return cast(VitposeCapture, group.capture)


register, unregister = bpy.utils.register_classes_factory(
    (VitposeActor, VitposeCapture)
)
