# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators: check, call one function, report. No logic lives here."""

from types import ModuleType

from . import (
    bake,
    bone_map,
    calibrate,
    capture,
    character,
    export,
    map_files,
    overlay,
    record,
    runtime,
    takes,
    wiggle,
)

_MODULES: tuple[ModuleType, ...] = (
    character,
    bone_map,
    map_files,
    capture,
    overlay,
    calibrate,
    record,
    takes,
    bake,
    export,
    runtime,
    wiggle,
)


def register() -> None:
    for module in _MODULES:
        module.register()


def unregister() -> None:
    for module in reversed(_MODULES):
        module.unregister()
