# SPDX-License-Identifier: GPL-3.0-or-later
"""Binary FBX files whose lengths lie are refused; others pass."""

import struct

import pytest

from vitpose_blender.core.errors import CharacterError
from vitpose_blender.core.files.fbx_file import check_fbx

each_version = pytest.mark.parametrize("version", [7100, 7400, 7500, 7700])


def layout(version):
    return struct.Struct("<QQQB" if version >= 7500 else "<IIIB")


def node(version, start, name, properties=(), children=()):
    """Return the bytes of a node that begins at a place of the file.

    `children` are functions of version and start.
    """
    data = b"".join(b"I" + struct.pack("<i", value) for value in properties)
    body = name + data
    at = start + layout(version).size + len(body)
    inside = b""
    for child in children:
        inside += child(version, at + len(inside))
    if children:
        inside += layout(version).pack(0, 0, 0, 0)
    head = layout(version).pack(at + len(inside), len(properties), len(data), len(name))
    return head + body + inside


def leaf(version, start):
    return node(version, start, b"leaf", (1, 2, 3))


def branch(version, start):
    return node(version, start, b"branch", (), (leaf, leaf))


def fbx(version):
    content = b"Kaydara FBX Binary  \0\x1a\0" + struct.pack("<I", version)
    for part in (leaf, branch, leaf):
        content += part(version, len(content))
    return content + layout(version).pack(0, 0, 0, 0)


def refused(path, content):
    path.write_bytes(content)
    with pytest.raises(CharacterError) as caught:
        check_fbx(path)
    assert "hero.fbx cannot be read: it is cut short or damaged" in str(caught.value)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "hero.fbx"


@each_version
@pytest.mark.parametrize("footer", [b"", b"footer"])
def test_a_whole_file_passes(path, version, footer):
    path.write_bytes(fbx(version) + footer)
    check_fbx(path)


@each_version
def test_wherever_it_is_cut_it_is_refused(path, version):
    content = fbx(version)
    for size in range(27, len(content)):
        refused(path, content[:size])


@each_version
@pytest.mark.parametrize(
    ("number", "value"), [(0, 1), (0, 2**31), (1, 2**31), (2, 1), (2, 2**31)]
)
def test_a_length_that_lies_is_refused(path, version, number, value):
    """The end, the number of properties and their size."""
    content = bytearray(fbx(version))
    size = (layout(version).size - 1) // 3
    content[27 + number * size : 27 + (number + 1) * size] = value.to_bytes(
        size, "little"
    )
    refused(path, bytes(content))


def test_noise_is_refused(path, rng):
    head = fbx(7400)[:27]
    for _ in range(50):
        refused(path, head + rng.integers(1, 256, 200, dtype="uint8").tobytes())
