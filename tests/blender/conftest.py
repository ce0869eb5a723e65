# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests that need bpy share; without it they are skipped."""

import importlib.util
import sys

import pytest

import vitpose_blender


class NeedsBpy(pytest.Module):
    def collect(self):
        pytest.skip("bpy is not installed")


def pytest_pycollect_makemodule(module_path, parent):
    """Keep a test file whose first line imports bpy from being an error without it."""
    if importlib.util.find_spec("bpy") is None:
        return NeedsBpy.from_parent(parent, path=module_path)
    return None


@pytest.fixture(autouse=True)
def user_data(tmp_path_factory, monkeypatch):
    """Let the user's own files be in a folder of the test."""
    folder = tmp_path_factory.mktemp("user-data")
    monkeypatch.setenv("BLENDER_USER_DATAFILES", str(folder))
    return folder


@pytest.fixture(autouse=True)
def addon(user_data):
    """Start each test in an empty file with the add-on registered."""
    import bpy

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    vitpose_blender.register()
    yield
    vitpose_blender.unregister()


@pytest.fixture(scope="session")
def bpy_python() -> str:
    """A Python that can start another Blender by `import bpy`: the wheel's."""
    import bpy

    if bpy.app.binary_path:
        pytest.skip("a real Blender's Python cannot import bpy by itself")
    return sys.executable
