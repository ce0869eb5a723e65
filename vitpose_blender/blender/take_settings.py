# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scene remembers of recording, baking and the takes' folder."""

from typing import TYPE_CHECKING, Any, cast

import bpy
from bpy.props import EnumProperty, FloatProperty, IntProperty, StringProperty
from bpy.types import PropertyGroup, Scene

from ..core.body_parts import PARTS

KEEP_LAST = 20.0  # [s]

PART_ITEMS = tuple(
    (part.upper(), part.replace("_", " ").title(), description, 1 << number)
    for number, (part, description) in enumerate(
        zip(
            PARTS,
            (
                "The hips: where the body is and which way it faces",
                "The back, and a tail",
                "Neck, head, jaw and eyes",
                "From the character's left collarbone to its fingers",
                "From the character's right collarbone to its fingers",
                "From the character's left hip joint to its toes",
                "From the character's right hip joint to its toes",
            ),
        )
    )
)
MODES = (
    (
        "LIVE",
        "As Seen Live",
        "Exactly the motion that was seen while it was recorded",
    ),
    (
        "SOLVED",
        "Solved Again",
        "The whole take is solved again from its keypoints, looking both ways in time: "
        "steadier, no lag, and feet that rest do not slide",
    ),
)
RANGES = (
    ("ALL", "Whole Take", "From the first moment to the last"),
    ("SECONDS", "Seconds", "From one second of the take to another"),
    (
        "SCENE",
        "Scene Range",
        "As much of the take as fits between the scene's first and last frame",
    ),
)
RATES = (
    ("SCENE", "Every Frame", "A key on every frame of the scene, at its own rate"),
    ("OWN", "Other", "Keys at a rate of your choice; the speed stays real"),
)
BEGINS = (
    ("START", "Scene Start", "At the scene's first frame"),
    ("CURRENT", "Current Frame", "At the frame that is shown now"),
)
TARGETS = (
    ("ACTION", "New Action", "A new action that the character plays from now on"),
    (
        "NLA",
        "NLA Track",
        "A strip on a new track above the others; an action that is played now is "
        "pushed down below it",
    ),
    (
        "OVERDUB",
        "Overdub",
        "A copy of the action that the character plays, in which only the chosen parts "
        "of the body get new keys",
    ),
)
PRESETS = (
    ("CRISP", "Crisp", "Keeps every twitch"),
    ("BALANCED", "Balanced", "A good start for most motion"),
    ("SMOOTH", "Smooth", "Calm; quick motion loses its edge"),
)
FORMATS = (
    ("GLB", ".glb", "glTF, for game engines and the web; with the meshes"),
    ("FBX", ".fbx", "For game engines and other animation programs; with the meshes"),
    ("BVH", ".bvh", "The skeleton and its motion alone"),
    ("BLEND", ".blend", "A copy of this whole file"),
)
LIFTERS = (
    ("LEARNED", "Learned", "A small network trained on motion capture: truer"),
    ("GEOMETRIC", "Geometric", "By bone lengths and typical poses: quicker"),
)


# From 4.5 on Blender wants to be told that a folder may be beside the file. Else it
# warns, and leaves an error behind where warnings are errors, which shows anywhere
# later. Before, it knows no such option.
_MAY_BE_BESIDE = {"PATH_SUPPORTS_BLEND_RELATIVE"}
_FOLDER_OPTIONS = _MAY_BE_BESIDE if bpy.app.version >= (4, 5, 0) else set()


class VitposeTakes(PropertyGroup):
    """Settings of recording and baking of a scene."""

    if TYPE_CHECKING:
        folder: str
        seconds: float
        mode: str
        preset: str
        lifter: str
        range: str
        start: float
        end: float
        rate: str
        fps: float
        begin: str
        person: int
        target: str
        parts: set[str]
        action: str
        format: str
    else:
        folder: StringProperty(
            name="Folder",
            description=(
                "Where takes are kept; //takes is beside this file. Empty is the "
                "extension's own folder, which all files share"
            ),
            subtype="DIR_PATH",
            options=_FOLDER_OPTIONS,
        )
        seconds: FloatProperty(
            name="Seconds",
            description="How much Keep Last keeps; up to five minutes are on disk",
            default=KEEP_LAST,
            min=1.0,
            max=300.0,
            precision=0,
            step=100,
            unit="TIME_ABSOLUTE",
        )
        mode: EnumProperty(
            name="Motion",
            description="Whether the take is baked as it was seen, or made better",
            items=MODES,
            default="LIVE",
        )
        preset: EnumProperty(
            name="Smoothing",
            description="How calm the motion is, at the price of how much detail",
            items=PRESETS,
            default="BALANCED",
        )
        lifter: EnumProperty(
            name="Depth",
            description="What makes the flat keypoints three-dimensional",
            items=LIFTERS,
            default="LEARNED",
        )
        range: EnumProperty(
            name="Range",
            description="Which part of the take is baked",
            items=RANGES,
            default="ALL",
        )
        start: FloatProperty(
            name="From",
            description="Second of the take where the baked part begins",
            default=0.0,
            min=0.0,
            unit="TIME_ABSOLUTE",
        )
        end: FloatProperty(
            name="To",
            description="Second of the take where the baked part ends",
            default=10.0,
            min=0.0,
            unit="TIME_ABSOLUTE",
        )
        rate: EnumProperty(
            name="Keys",
            description="How many keys a second has",
            items=RATES,
            default="SCENE",
        )
        fps: FloatProperty(
            name="Keys a Second",
            description="How many keys a second of the take becomes [Hz]",
            default=12.0,
            min=1.0,
            soft_max=120.0,
            max=1000.0,
        )
        begin: EnumProperty(
            name="Begin At",
            description="Where on the timeline the baked part begins",
            items=BEGINS,
            default="START",
        )
        person: IntProperty(
            name="Person",
            description=(
                "Number of the person in the take; 0 takes the one that the character "
                "followed, or who was seen most"
            ),
            default=0,
            min=0,
        )
        target: EnumProperty(
            name="Into",
            description="Where the keys go. Existing actions are never changed",
            items=TARGETS,
            default="ACTION",
        )
        parts: EnumProperty(
            name="Body Parts",
            description="Which bones get keys; hold Shift to choose several",
            items=PART_ITEMS,
            options={"ENUM_FLAG"},
            default={item[0] for item in PART_ITEMS},
        )
        action: StringProperty(
            name="Name",
            description="Of the new action; empty calls it after character and take",
        )
        format: EnumProperty(
            name="Format",
            description="What kind of file is written",
            items=FORMATS,
            default="GLB",
        )


def settings(scene: Scene) -> VitposeTakes:
    """Return the take settings of a scene, typed."""
    group: Any = scene.vitpose  # type: ignore[attr-defined]
    return cast(VitposeTakes, group.takes)


register, unregister = bpy.utils.register_classes_factory((VitposeTakes,))
