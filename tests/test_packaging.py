# SPDX-License-Identifier: GPL-3.0-or-later
"""The zip that `scripts/build_extension.py` makes, and the data a package finds."""

import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from vitpose_blender import data_files
from vitpose_blender.core.errors import VitposeError

ROOT = Path(__file__).parents[1]

needs_bpy = pytest.mark.skipif(
    importlib.util.find_spec("bpy") is None, reason="the builder comes with bpy"
)


def build(out: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / "build_extension.py", "--out", out],
        check=False,
        env=dict(os.environ, VITPOSE_NO_VENV="1"),
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("packaging") / "new folder" / "extension.zip"
    done = build(out)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@needs_bpy
def test_zip_holds_the_package_and_its_data(archive):
    names = set(zipfile.ZipFile(archive).namelist())

    package = ROOT / "vitpose_blender"
    wanted = {path.relative_to(package) for path in package.rglob("*.py")}
    wanted |= {path.relative_to(ROOT) for path in (ROOT / "rigs").glob("*.toml")}
    wanted |= {
        Path(name)
        for name in (
            "blender_manifest.toml",
            "LICENSE",
            "resources/characters/mannequin.glb",
        )
    }
    assert {path.as_posix() for path in wanted} <= names


@needs_bpy
def test_zip_holds_nothing_that_python_left_behind(archive):
    for name in zipfile.ZipFile(archive).namelist():
        assert "__pycache__" not in name
        assert not name.endswith((".pyc", "~"))


@needs_bpy
def test_same_files_give_the_same_bytes(archive, tmp_path):
    again = tmp_path / "again.zip"
    assert build(again).returncode == 0
    assert again.read_bytes() == archive.read_bytes()


@needs_bpy
def test_place_that_cannot_be_written_gives_one_sentence(tmp_path):
    (tmp_path / "file").write_text("not a folder")

    done = build(tmp_path / "file" / "extension.zip")

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "file" in done.stderr


def test_checkout_finds_its_data_one_level_up():
    assert data_files.data_folder("rigs") == ROOT / "rigs"


def test_data_inside_the_package_come_first(tmp_path, monkeypatch):
    package = tmp_path / "package"
    for folder in (package, tmp_path):
        (folder / "rigs").mkdir(parents=True)
    monkeypatch.setattr(data_files, "PACKAGE", package)

    assert data_files.data_folder("rigs") == package / "rigs"


def test_missing_data_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(data_files, "PACKAGE", tmp_path / "package")
    with pytest.raises(VitposeError, match=r"'rigs'.*install it again"):
        data_files.data_folder("rigs")
