# SPDX-License-Identifier: GPL-3.0-or-later
"""The extension's page in Blender's preferences."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal, cast

import bpy
from bpy.props import EnumProperty, StringProperty
from bpy.types import AddonPreferences, Context

from . import access, user_files


class VitposePreferences(AddonPreferences):
    bl_idname = user_files.ROOT_PACKAGE

    if TYPE_CHECKING:
        model: str
        detector: str
        device: Literal["auto", "cpu", "cuda", "mps"]
        engine: Literal["process", "thread"]
        models_folder: str
        wheels_folder: str
    else:
        model: StringProperty(
            name="Pose Model",
            description=(
                "Which ViTPose looks at people: a folder, or an id of the Hugging Face "
                "hub such as usyd-community/vitpose-plus-small. Empty takes the small "
                "one that comes with the extension, which needs no download"
            ),
        )
        detector: StringProperty(
            name="Person Finder",
            description=(
                "Who finds people in the picture: auto, built-in, hog, full-frame, or "
                "a folder or hub id of an object detector"
            ),
            default="auto",
        )
        device: EnumProperty(
            name="Device",
            description="What the models run on",
            items=(
                ("auto", "Automatic", "A graphics card that works, else the CPU"),
                ("cpu", "CPU", "The processor: works everywhere"),
                ("cuda", "CUDA or ROCm", "A graphics card of NVIDIA or AMD"),
                ("mps", "Metal", "The graphics part of an Apple chip"),
            ),
        )
        engine: EnumProperty(
            name="Engine",
            description="Where the models run",
            items=(
                (
                    "process",
                    "Separate Process",
                    "Beside Blender: its window stays smooth, and a crash of a model "
                    "or driver does not end Blender",
                ),
                (
                    "thread",
                    "In Blender",
                    "In a thread of Blender: starts without a second Python, but its "
                    "window may stutter",
                ),
            ),
        )
        models_folder: StringProperty(
            name="Models Folder",
            description=(
                "Where downloaded models are kept. Empty keeps them with the extension"
            ),
            subtype="DIR_PATH",
        )
        wheels_folder: StringProperty(
            name="Wheels Folder",
            description=(
                "A folder with the packages' wheels, to install without a network. "
                "Empty installs from the Python package index"
            ),
            subtype="DIR_PATH",
        )

    def draw(self, context: Context) -> None:
        from .preferences_page import draw_page  # Which reads the preferences itself.

        assert self.layout is not None
        draw_page(self.layout, self)


def prefs() -> VitposePreferences:
    """Return the extension's preferences; their defaults where it is not enabled."""
    addons: Any = access.preferences().addons
    addon = addons.get(user_files.ROOT_PACKAGE)
    if addon is not None and addon.preferences is not None:
        return cast(VitposePreferences, addon.preferences)
    properties = VitposePreferences.bl_rna.properties
    names = VitposePreferences.__annotations__
    values = {name: properties[name].default for name in names}  # type: ignore[attr-defined]
    return cast(VitposePreferences, SimpleNamespace(**values))


register, unregister = bpy.utils.register_classes_factory((VitposePreferences,))
