# SPDX-License-Identifier: GPL-3.0-or-later
"""The page in Blender's preferences, and which Python runs a child."""

import json
import subprocess
import sys
from contextlib import contextmanager

import bpy

from vitpose_blender.blender import runtime
from vitpose_blender.blender.preferences import VitposePreferences, prefs
from vitpose_blender.runtime.environment import Environment, python_version

NAMES = VitposePreferences.__annotations__


@contextmanager
def enabled_page():
    """The page of the add-on as an enabled one."""
    addons = bpy.context.preferences.addons
    addon = addons.new()
    addon.module = VitposePreferences.bl_idname
    yield addon.preferences
    addons.remove(addon)


def test_defaults_serve_where_it_is_not_enabled():
    assert prefs().engine == "process"
    assert prefs().device == "auto"
    assert prefs().detector == "auto"
    assert prefs().model == ""


def test_defaults_are_those_of_the_enabled_page():
    defaults = {name: getattr(prefs(), name) for name in NAMES}
    with enabled_page() as page:
        assert {name: getattr(page, name) for name in NAMES} == defaults


def test_what_is_set_is_what_is_read():
    with enabled_page() as page:
        prefs().engine = "thread"
        assert page.engine == "thread"
    assert prefs().engine == "process"


def test_without_an_environment_a_child_imports_what_blender_does():
    python, paths = runtime.interpreter()
    code = f"import sys; sys.path.extend({list(paths)}); import numpy; print(1)"
    done = subprocess.run([python, "-c", code], check=False, capture_output=True)
    assert done.stdout.split() == [b"1"]


def test_an_installed_environment_runs_the_child(tmp_path, monkeypatch):
    own = Environment(tmp_path)
    monkeypatch.setattr(runtime, "environment", lambda: own)
    assert runtime.interpreter()[0] != str(own.python)

    own.python.parent.mkdir(parents=True)
    own.python.symlink_to(sys.executable)
    stamp = {"python": python_version(), "base": sys.executable}
    own.stamp.write_text(json.dumps(stamp), "utf-8")
    assert runtime.interpreter() == (str(own.python), (str(own.site_packages),))

    own.python.unlink()
    own.python.symlink_to(tmp_path / "gone")
    assert runtime.interpreter()[0] != str(own.python)


def test_blender_itself_is_never_taken_for_a_python(tmp_path, monkeypatch):
    blender = tmp_path / "blender"
    blender.touch()
    monkeypatch.setattr(sys, "executable", str(blender))
    monkeypatch.setattr(runtime, "_binary", lambda: blender)
    assert runtime.host_python() != blender
    monkeypatch.setattr(sys, "executable", "")
    assert runtime.host_python().name
