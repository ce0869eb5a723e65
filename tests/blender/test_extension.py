# SPDX-License-Identifier: GPL-3.0-or-later
"""The very zip that users get, installed into a Blender of its own."""

import json
import os
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
BUILD = HERE.parents[1] / "scripts" / "build_extension.py"


@pytest.fixture(scope="module")
def seen(bpy_python, tmp_path_factory):
    """Return the report of a child process that installed and used the extension."""
    folder = tmp_path_factory.mktemp("extension")
    zip_path, report = folder / "extension.zip", folder / "report.json"
    (folder / "repository").mkdir()
    environment = dict(
        os.environ,
        VITPOSE_NO_VENV="1",
        BLENDER_USER_RESOURCES=str(folder / "user"),
    )
    for command in (
        [BUILD, "--out", zip_path],
        [HERE / "install_extension.py", zip_path, folder / "repository", report],
    ):
        done = subprocess.run(
            [bpy_python, *command],
            check=False,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(report.read_text("utf-8"))


@pytest.mark.parametrize("round_", ["first", "second"])
def test_it_can_be_switched_on_and_off(seen, round_):
    assert seen[round_ + " on"]["is_on"]
    assert not seen[round_ + " off"]["is_on"]


def test_registering_imports_nothing_heavy(seen):
    assert seen["first on"]["heavy"] == []


@pytest.mark.parametrize("round_", ["first", "second"])
def test_switching_off_leaves_nothing_behind(seen, round_):
    assert seen[round_ + " after"] == seen["before"]


def test_data_folders_are_installed_with_it(seen):
    for path in map(Path, seen["data"]):
        assert path.parent.name == "vitpose_blender"
        assert path.parent.parent.name == "repository"


def test_the_sidebar_and_the_drop_are_there_while_it_is_on(seen):
    wanted = {"VITPOSE_PT_character", "VITPOSE_PT_bone_map", "VITPOSE_FH_character"}
    assert wanted <= set(seen["offers"])


def test_own_maps_have_a_folder_outside_the_extension(seen):
    folder = Path(seen["own maps"])
    assert folder.name == "rigs"
    assert "user" in folder.parts
    assert "repository" not in folder.parts


def test_every_module_can_be_imported_under_its_installed_name(seen):
    package = HERE.parents[1] / "vitpose_blender"
    in_checkout = {
        ".".join(path.relative_to(package).with_suffix("").parts)
        for path in package.rglob("*.py")
        if path.name != "__init__.py"
    }
    prefix = "bl_ext.trial.vitpose_blender."
    assert in_checkout <= {name.removeprefix(prefix) for name in seen["modules"]}
