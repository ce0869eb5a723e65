# SPDX-License-Identifier: GPL-3.0-or-later
"""The drivers of an armature, by the bone that they act on."""

import re
from collections.abc import Iterator, Mapping, Sequence

import bpy
from bpy.types import FCurve, Object

from .rest_pose import CHANNELS

# What follows a bone in a driver's data path, and the driver.
OfBone = Sequence[tuple[str, FCurve]]
BoneDrivers = Mapping[str, OfBone]

_BONE_PATH = re.compile(r'pose\.bones\["((?:[^"\\]|\\.)*)"\]\.?(.*)', re.DOTALL)
_CONSTRAINT_PATH = re.compile(r'constraints\["((?:[^"\\]|\\.)*)"\]\.(.*)', re.DOTALL)


def bone_path(name: str) -> str:
    """Return the data path of a pose bone, seen from its armature object."""
    return f'pose.bones["{bpy.utils.escape_identifier(name)}"]'


def property_suffix(key: str) -> str:
    """Return what follows a bone in the data path of its custom property."""
    return f'["{bpy.utils.escape_identifier(key)}"]'


def constraint_suffix(name: str, attribute: str) -> str:
    """Return what follows a bone in the data path of its constraint's property."""
    return f'constraints["{bpy.utils.escape_identifier(name)}"].{attribute}'


def split_path(data_path: str) -> tuple[str, str]:
    """Return the bone of a data path and what follows it; empty if it has no bone."""
    found = _BONE_PATH.fullmatch(data_path)
    if found is None:
        return "", ""
    return bpy.utils.unescape_identifier(found[1]), found[2]


def bone_drivers(armature: Object) -> BoneDrivers:
    """Return an armature's drivers that act on its pose bones."""
    found: dict[str, list[tuple[str, FCurve]]] = {}
    for driver in _drivers(armature):
        name, suffix = split_path(driver.data_path)
        if name:
            found.setdefault(name, []).append((suffix, driver))
    return found


def _drivers(armature: Object) -> Iterator[FCurve]:
    if armature.animation_data is not None:
        yield from armature.animation_data.drivers


def drives_transform(suffix: str) -> bool:
    """Whether a driver of a bone's property moves, turns or scales it."""
    return suffix in CHANNELS or suffix == "rotation_mode"


def drives_mute(suffix: str) -> bool:
    """Whether a driver switches a constraint on and off."""
    found = _CONSTRAINT_PATH.fullmatch(suffix)
    return found is not None and found[2] in ("mute", "enabled")
