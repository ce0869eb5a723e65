# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are not what their names say are told by their first bytes."""

import pytest

from vitpose_blender.core.errors import CharacterError
from vitpose_blender.core.files.character_file import (
    SUFFIXES,
    blend_version,
    check_character_file,
    fbx_version,
    file_kind,
)

FBX = b"Kaydara FBX Binary  \0\x1a\0" + (7400).to_bytes(4, "little")
GOOD = {
    ".glb": b"glTF\2\0\0\0",
    ".gltf": b'\xef\xbb\xbf\n {"asset": {}}',
    ".vrm": b"glTF\2\0\0\0",
    ".fbx": FBX,
    ".blend": b"BLENDER-v405",
}


def refused(path):
    with pytest.raises(CharacterError) as caught:
        check_character_file(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_files_that_begin_well_pass(tmp_path, suffix):
    path = tmp_path / f"hero{suffix.upper()}"
    path.write_bytes(GOOD[suffix])
    check_character_file(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "hero is empty: export the character again"),
        (b"\x89PNG\r\n\x1a\n", "hero is a PNG picture, not "),
        (b"PK\x03\x04", "hero is a zip archive, not "),
        (b"version https://git-lfs.github.com", "with `git lfs pull`"),
        (b"<!DOCTYPE html>", "is a web page, not "),
        ("I am text, é.\n".encode(), "hero is a text file, not "),
        (b"\xff" * 2000, "hero is an unknown kind of file, not "),
        (b"ply\n\0\1\2", "hero is an unknown kind of file, not "),
    ],
)
def test_files_that_begin_otherwise_are_named(tmp_path, suffix, content, sentence):
    path = tmp_path / f"hero{suffix}"
    path.write_bytes(content)
    assert sentence in refused(path).replace(path.name, "hero")


@pytest.mark.parametrize(
    ("name", "content", "way_out"),
    [
        ("hero.glb", FBX, "is an FBX file, not a glTF file: rename it to .fbx"),
        ("hero.fbx", b"glTF", "is a glTF file, not an FBX file: rename it to .glb"),
        ("hero.vrm", b"BLENDER-v405", "not a glTF file: rename it to .blend"),
    ],
)
def test_another_format_is_to_be_renamed(tmp_path, name, content, way_out):
    path = tmp_path / name
    path.write_bytes(content)
    assert way_out in refused(path)


def test_a_compressed_blend_passes(tmp_path):
    path = tmp_path / "hero.blend"
    for beginning in (b"\x28\xb5\x2f\xfd", b"\x1f\x8b"):
        path.write_bytes(beginning + b"...")
        check_character_file(path)


def test_missing_files_and_folders_are_told_apart(tmp_path):
    assert "check its name" in refused(tmp_path / "none.glb")
    (tmp_path / "folder.glb").mkdir()
    assert "it is a folder" in refused(tmp_path / "folder.glb")


def test_another_format_is_refused_with_those_that_work(tmp_path):
    path = tmp_path / "hero.obj"
    path.write_text("v 0 0 0")
    assert "use one of .glb, .gltf, .vrm, .fbx, .blend" in refused(path)


def test_a_letter_cut_in_two_does_not_make_a_text_binary():
    assert file_kind(("x" + "é" * 600).encode()[:1024]) == "a text file"


def test_who_saved_a_blend_is_known():
    assert blend_version(b"BLENDER-v405RENDH") == (4, 5)
    assert blend_version(b"BLENDER_V279") == (2, 79)
    assert blend_version(b"BLENDER17-01v0502") == (5, 2)
    assert blend_version(b"\x28\xb5\x2f\xfd") is None


def test_the_version_of_an_fbx_is_known():
    assert fbx_version(FBX) == 7400
    assert fbx_version(b"; FBX 7.4.0 project file") == 0
    assert fbx_version(FBX[:24]) < 7400
