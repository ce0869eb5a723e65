# SPDX-License-Identifier: GPL-3.0-or-later
"""The user's own files have a folder, installed as an extension or not."""

import bpy
import pytest

from vitpose_blender.blender import user_files
from vitpose_blender.core.errors import OutputError


def test_without_an_installation_it_is_among_blenders_data(user_data):
    folder = user_files.user_folder("takes")
    assert folder == user_data / "vitpose_blender" / "takes"
    assert folder.is_dir()
    assert user_files.extension_folder("takes") is None


def test_an_installed_extension_has_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(
        bpy.utils, "extension_path_user", lambda _package, path: tmp_path / path
    )
    assert user_files.user_folder("journal") == tmp_path / "journal"
    assert (tmp_path / "journal").is_dir()


def test_a_folder_that_cannot_be_made_is_told(user_data):
    (user_data / "vitpose_blender").write_text("in the way", encoding="utf-8")
    with pytest.raises(OutputError, match=r"Cannot make the folder .*takes"):
        user_files.user_folder("takes")
