# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuses a character's file that cannot be one, by its name and first bytes."""

import codecs
import re
import struct
from pathlib import Path

from ..errors import CharacterError

SUFFIXES = (".glb", ".gltf", ".vrm", ".fbx", ".blend")
HEAD_SIZE = 1024  # Enough to know a file by [bytes].

_GLTF, _FBX, _BLEND = "a glTF file", "an FBX file", "a .blend file"
_PACKED = "a compressed file"  # Blender compresses a .blend as a whole.
_WANTED = {
    ".glb": (_GLTF,),
    ".gltf": (_GLTF,),
    ".vrm": (_GLTF,),
    ".fbx": (_FBX,),
    ".blend": (_BLEND, _PACKED),
}
# What a file begins with, and what that makes it.
_BEGINNINGS = (
    (b"glTF", _GLTF),
    (b"{", _GLTF),
    (b"Kaydara FBX Binary", _FBX),
    (b"; FBX", _FBX),
    (b"BLENDER", _BLEND),
    (b"\x28\xb5\x2f\xfd", _PACKED),
    (b"\x1f\x8b", _PACKED),
    (b"PK\x03\x04", "a zip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF"),
    (b"version https://git-lfs", "a Git LFS pointer"),
    (b"<!DOCTYPE html", "a web page"),
    (b"<html", "a web page"),
    (b"<?xml", "an XML file"),
    (b"HIERARCHY", "a BVH file"),
)
# The way out where it is not "export the character again".
_WAYS_OUT = {
    "a zip archive": "unpack it first",
    "a 7z archive": "unpack it first",
    "a RAR archive": "unpack it first",
    "a Git LFS pointer": "fetch the file itself with `git lfs pull`",
    "a web page": "download the file itself",
    _GLTF: "rename it to .glb",
    _FBX: "rename it to .fbx",
    _BLEND: "rename it to .blend",
}
_BLEND_VERSION = re.compile(rb"BLENDER(?:[-_][vV]|\d\d-\d\d[vV])(\d+)")


def check_character_file(path: Path) -> None:
    """Refuse what no importer needs to be asked about.

    Raises:
        CharacterError: There is no such file, it cannot be read, or it is not what its
            name says.
    """
    suffix = path.suffix.lower()
    if path.is_dir():
        raise CharacterError(
            f"There is no character file {path}: it is a folder, name a file in it"
        )
    if not path.is_file():
        raise CharacterError(f"There is no character file {path}: check its name")
    if suffix not in SUFFIXES:
        raise CharacterError(
            f"{path.name} is not a character file Blender reads here; "
            f"use one of {', '.join(SUFFIXES)}"
        )
    head = read_head(path)
    kind = file_kind(head)
    if not head:
        raise CharacterError(f"{path.name} is empty: export the character again")
    if kind not in _WANTED[suffix]:
        way_out = _WAYS_OUT.get(kind, "export the character again")
        raise CharacterError(
            f"{path.name} is {kind}, not {_WANTED[suffix][0]}: {way_out}"
        )


def read_head(path: Path) -> bytes:
    """Return the file's first bytes.

    Raises:
        CharacterError: The file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(HEAD_SIZE)
    except OSError as error:
        reason = error.strerror or error
        raise CharacterError(
            f"Cannot read {path.name}: {reason}; check the file's permissions"
        ) from error


def file_kind(head: bytes) -> str:
    """Return what a file is, in words, by its first bytes."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning) or text.startswith(beginning):
            return kind
    return "a text file" if _is_text(head) else "an unknown kind of file"


def blend_version(head: bytes) -> tuple[int, int] | None:
    """Return which Blender saved a .blend, such as `(4, 5)`; None if it does not say.

    A compressed file does not.
    """
    found = _BLEND_VERSION.match(head)
    return divmod(int(found[1]), 100) if found else None


def fbx_version(head: bytes) -> int:
    """Return the version of an FBX file, such as 7400; 0 if it is a text."""
    if not head.startswith(b"Kaydara"):
        return 0
    (version,) = struct.unpack("<I", head[23:27].ljust(4, b"\0"))
    return int(version)


def _is_text(head: bytes) -> bool:
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return all(letter.isprintable() or letter.isspace() for letter in text)
