# SPDX-License-Identifier: GPL-3.0-or-later
"""Bones coloured by the role they play; their own colours are kept and come back.

Each bone carries its former colour itself, so that renaming, deleting or saving
bones meanwhile loses nothing.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bpy.types import BoneColor, Object, PoseBone, ThemeBoneColorSet

from ..core.rig import FINGER_ROLES, TWIST_ROLES
from . import access
from .role_texts import part_of, side_of

_KEY = "VITPOSE_colours"  # Custom property: of the armature and of each bone.

Rgb = tuple[float, float, float]

_GREY: Rgb = (0.28, 0.28, 0.28)
_TRUNK: Rgb = (0.95, 0.72, 0.1)
_HEAD: Rgb = (0.65, 0.35, 0.95)
_TAIL: Rgb = (0.2, 0.75, 0.4)
# A side has one hue: legs are darker than arms, small parts paler than both.
_SIDES: dict[str, Rgb] = {"left": (0.1, 0.5, 1.0), "right": (1.0, 0.2, 0.15)}
_LEG_PARTS = ("thigh", "shin", "foot", "toe")
_CHANNELS = ("normal", "select", "active")


def role_colour(role: str) -> Rgb:
    """Return the colour of a role, sRGB."""
    side, part = side_of(role), part_of(role)
    if side:
        return _side_colour(_SIDES[side], part)
    return {"hips": _TRUNK, "spine": _TRUNK, "tail": _TAIL}.get(role, _HEAD)


def _side_colour(hue: Rgb, part: str) -> Rgb:
    if part in _LEG_PARTS:
        return mixed(hue, (0.0, 0.0, 0.0), 0.25)
    if part in FINGER_ROLES + TWIST_ROLES or part == "eye":
        return mixed(hue, (1.0, 1.0, 1.0), 0.5)
    return hue


def mixed(colour: Rgb, other: Rgb, share: float) -> Rgb:
    """Return the colour with a share of another one in it."""
    red, green, blue = (a + (b - a) * share for a, b in zip(colour, other))
    return red, green, blue


def is_shown(armature: Object) -> bool:
    """Whether the armature's bones are coloured by role now."""
    return armature.get(_KEY) is not None


def show(armature: Object, role_bones: Mapping[str, Sequence[str]]) -> None:
    """Colour every bone by its role, grey without one; can be called again."""
    data = access.armature_data(armature)
    if not is_shown(armature):
        armature[_KEY] = data.show_bone_colors
        data.show_bone_colors = True
    roles = {name: role for role, names in role_bones.items() for name in names}
    for bone in access.pose_bones(armature):
        if bone.get(_KEY) is None:
            bone[_KEY] = json.dumps(_read(bone))
        role = roles.get(bone.name)
        _paint(bone, role_colour(role) if role else _GREY)


def hide(armature: Object) -> None:
    """Give every bone the colour back that it had before `show`."""
    for bone in access.pose_bones(armature):
        if bone.get(_KEY) is not None:
            _write(bone, json.loads(bone[_KEY]))
            del bone[_KEY]
    if is_shown(armature):
        access.armature_data(armature).show_bone_colors = bool(armature[_KEY])
        del armature[_KEY]


def _colours(bone: PoseBone) -> tuple[BoneColor, ThemeBoneColorSet]:
    assert bone.color is not None
    assert bone.color.custom is not None
    return bone.color, bone.color.custom


def _paint(bone: PoseBone, colour: Rgb) -> None:
    shown, custom = _colours(bone)
    shown.palette = "CUSTOM"
    custom.normal = colour
    custom.select = mixed(colour, (1.0, 1.0, 1.0), 0.5)
    custom.active = mixed(colour, (1.0, 1.0, 1.0), 0.75)


def _read(bone: PoseBone) -> dict[str, Any]:
    shown, custom = _colours(bone)
    colours = {name: tuple(getattr(custom, name)) for name in _CHANNELS}
    return {"palette": shown.palette, **colours}


def _write(bone: PoseBone, former: dict[str, Any]) -> None:
    shown, custom = _colours(bone)
    for name in _CHANNELS:
        setattr(custom, name, former[name])
    shown.palette = former["palette"]
