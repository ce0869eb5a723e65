# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests that need bpy; without it the whole folder is skipped."""

import pytest

bpy = pytest.importorskip("bpy")

import vitpose_blender  # noqa: E402


@pytest.fixture(autouse=True)
def addon():
    """Start each test in an empty file with the add-on registered."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    vitpose_blender.register()
    yield
    vitpose_blender.unregister()
