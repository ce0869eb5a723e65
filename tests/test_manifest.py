# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifest: what Blender asks of it, and the version it alone holds."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def manifest():
    return tomllib.loads((ROOT / "blender_manifest.toml").read_text("utf-8"))


def test_texts_end_without_punctuation(manifest):
    for text in (manifest["tagline"], *manifest["permissions"].values()):
        assert text[-1].isalnum(), text
        assert len(text) <= 64, text  # Blender's limit.


def test_it_asks_for_no_more_than_it_uses(manifest):
    assert set(manifest["permissions"]) == {"camera", "clipboard", "files", "network"}


def test_version_has_a_section_in_the_changelog(manifest):
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert re.search(
        rf"^## {re.escape(manifest['version'])}\b", changelog, re.MULTILINE
    )


def test_version_is_given_nowhere_else(manifest):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["dynamic"] == ["version"]
    assert "version" not in project
    for path in (ROOT / "vitpose_blender").rglob("*.py"):
        text = path.read_text("utf-8")
        assert not re.search(r"^(__version__|bl_info)\b", text, re.MULTILINE), path


def test_licence_is_the_one_that_is_named(manifest):
    assert manifest["license"] == ["SPDX:GPL-3.0-or-later"]
    text = " ".join((ROOT / "LICENSE").read_text("utf-8").split())
    assert text.startswith("GNU GENERAL PUBLIC LICENSE Version 3, 29 June 2007")
