# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that imports bpy. Modules register in dependency order."""

from types import ModuleType

_MODULES: tuple[ModuleType, ...] = ()


def register() -> None:
    for module in _MODULES:
        module.register()


def unregister() -> None:
    for module in reversed(_MODULES):
        module.unregister()
