# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that imports bpy. Modules register in dependency order."""

from types import ModuleType

from . import (
    capture_settings,
    drop,
    map_slots,
    operators,
    panel_bone_map,
    panels,
    preferences,
    props,
    session,
)

_MODULES: tuple[ModuleType, ...] = (
    preferences,
    map_slots,
    capture_settings,
    props,
    session,
    operators,
    drop,
    panels,
    panel_bone_map,
)


def register() -> None:
    for module in _MODULES:
        module.register()


def unregister() -> None:
    for module in reversed(_MODULES):
        module.unregister()
