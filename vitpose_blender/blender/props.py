# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panel remembers: which character it is about, and what was found there."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import bpy
from bpy.props import PointerProperty, StringProperty
from bpy.types import Context, Object, PropertyGroup, Scene

from .calibration_settings import VitposeCalibration
from .capture_settings import VitposeCapture
from .map_slots import VitposeBoneMap
from .overlay_settings import VitposeOverlay
from .take_settings import VitposeTakes


@dataclass(frozen=True)
class Finding:
    """What recognising a rig said, kept for the panel.

    Attributes:
        rig: The rig family.
        confidence: In [0, 1].
        reasons: Sentences that say why.
        candidates: Bones that may play a role without one, best first.
    """

    rig: str = ""
    confidence: float = 0.0
    reasons: tuple[str, ...] = ()
    candidates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def is_character(settings: "VitposeSettings", item: Object) -> bool:
    scene = cast(Scene, settings.id_data)
    return item.type == "ARMATURE" and item.name in scene.objects


class VitposeSettings(PropertyGroup):
    if TYPE_CHECKING:
        armature: Object | None
        capture: VitposeCapture
        calibration: VitposeCalibration
        takes: VitposeTakes
        overlay: VitposeOverlay
    else:
        armature: PointerProperty(
            name="Character",
            description="The armature of the character that a person drives",
            type=Object,
            poll=is_character,
        )
        capture: PointerProperty(type=VitposeCapture)
        calibration: PointerProperty(type=VitposeCalibration)
        takes: PointerProperty(type=VitposeTakes)
        overlay: PointerProperty(type=VitposeOverlay)


class VitposeCharacter(PropertyGroup):
    if TYPE_CHECKING:
        bones: Any
        finding: str
    else:
        bones: PointerProperty(type=VitposeBoneMap)
        finding: StringProperty(options={"HIDDEN"})


def settings(scene: Scene) -> VitposeSettings:
    """Return the settings of a scene, typed."""
    return cast(VitposeSettings, scene.vitpose)  # type: ignore[attr-defined]


def character(armature: Object) -> VitposeCharacter:
    """Return what is kept on an armature object, typed."""
    return cast(VitposeCharacter, armature.vitpose)  # type: ignore[attr-defined]


def chosen_armature(context: Context) -> Object | None:
    """Return the armature that the panel is about: the picked one, else the active.

    A picked one that was deleted from the scene does not count.
    """
    scene = context.scene
    if scene is None:
        return None
    picked = settings(scene).armature
    if picked is not None and picked.name in scene.objects:
        return picked
    return active_armature(context)


def active_armature(context: Context) -> Object | None:
    """Return the active armature, or the one that deforms the active mesh."""
    active = context.active_object
    if active is None or active.type == "ARMATURE":
        return active
    return active.find_armature() if active.type == "MESH" else None


def remember(armature: Object, finding: Finding) -> None:
    """Keep on the armature what recognising it said."""
    character(armature).finding = json.dumps(asdict(finding))


def recall(armature: Object) -> Finding:
    """Return what was last said about the armature; nothing where nothing was."""
    return _parse(character(armature).finding)


@lru_cache(maxsize=8)
def _parse(text: str) -> Finding:
    if not text:
        return Finding()
    table = json.loads(text)
    table["reasons"] = tuple(table["reasons"])
    return Finding(**table)


_CLASSES = (VitposeSettings, VitposeCharacter)


def register() -> None:
    for cls in _CLASSES:
        bpy.utils.register_class(cls)
    Scene.vitpose = PointerProperty(type=VitposeSettings)  # type: ignore[attr-defined]
    Object.vitpose = PointerProperty(type=VitposeCharacter)  # type: ignore[attr-defined]


def unregister() -> None:
    del Object.vitpose  # type: ignore[attr-defined]
    del Scene.vitpose  # type: ignore[attr-defined]
    for cls in reversed(_CLASSES):
        bpy.utils.unregister_class(cls)
