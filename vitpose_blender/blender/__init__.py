# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that imports bpy. Modules register in dependency order."""

from types import ModuleType

import bpy  # noqa: F401  (The wheel has no blf and gpu before it.)

from . import (
    background,
    calibration_overlay,
    calibration_settings,
    capture_settings,
    drop,
    map_slots,
    operators,
    overlay_grip,
    overlay_settings,
    panel_bake,
    panel_bone_map,
    panel_calibration,
    panel_capture,
    panel_export,
    panel_overlay,
    panel_record,
    panel_source,
    panels,
    preferences,
    props,
    session,
    session_guard,
    switched_off,
    take_list,
    take_settings,
)

_MODULES: tuple[ModuleType, ...] = (
    preferences,
    background,
    map_slots,
    capture_settings,
    calibration_settings,
    take_settings,
    overlay_settings,
    props,
    session,
    session_guard,
    switched_off,
    take_list,
    calibration_overlay,
    operators,
    overlay_grip,
    drop,
    panels,
    panel_bone_map,
    panel_source,
    panel_capture,
    panel_overlay,
    panel_calibration,
    panel_record,
    panel_bake,
    panel_export,
)


def register() -> None:
    for module in _MODULES:
        module.register()


def unregister() -> None:
    for module in reversed(_MODULES):
        module.unregister()
