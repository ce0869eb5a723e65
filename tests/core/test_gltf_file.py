# SPDX-License-Identifier: GPL-3.0-or-later
"""glTF files: what is written is read, and no damage does more than a sentence."""

import contextlib
import json
import logging
import struct

import pytest

from tests.vrm_files import TRIANGLE, humanoid_document, humanoid_vrm
from vitpose_blender.core.errors import CharacterError
from vitpose_blender.core.files.gltf_file import (
    Gltf,
    parents,
    path_to_root,
    read_gltf,
    with_absolute_uris,
    write_glb,
)

ASSET = {"asset": {"version": "2.0"}}


@pytest.fixture
def glb(tmp_path):
    path = tmp_path / "hero.glb"
    write_glb(path, humanoid_vrm())
    return path


def write_json(folder, **content):
    path = folder / "hero.gltf"
    path.write_text(json.dumps({**ASSET, **content}))
    return path


def refused(path):
    """Return the sentence with which a file is refused."""
    with pytest.raises(CharacterError) as caught:
        read_gltf(path)
    sentence = str(caught.value)
    assert path.name in sentence
    assert "\n" not in sentence
    assert "; copy or export it again" in sentence
    return sentence


def test_what_is_written_is_read(glb):
    read = read_gltf(glb)
    assert read.document == humanoid_document()
    assert read.binary == TRIANGLE


@pytest.mark.parametrize("size", range(5))
def test_any_length_is_padded(tmp_path, size):
    path = tmp_path / "x.glb"
    write_glb(path, Gltf({**ASSET, "note": "é" * size}, b"x" * size))
    assert path.stat().st_size % 4 == 0
    assert read_gltf(path).binary.rstrip(b"\0") == b"x" * size


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "with a mark"])
def test_json_alone_is_a_file_too(tmp_path, mark):
    path = tmp_path / "hero.gltf"
    path.write_text(mark + json.dumps(ASSET), encoding="utf-8")
    assert read_gltf(path).document == ASSET


def test_wherever_it_is_cut_it_is_refused(glb):
    data = glb.read_bytes()
    for size in [*range(40), *range(40, len(data), 97)]:
        glb.write_bytes(data[:size])
        refused(glb)


def test_random_damage_is_refused_or_harmless(glb, rng):
    data = glb.read_bytes()
    for _ in range(100):
        damaged = bytearray(data)
        for place in rng.integers(0, len(data), 3):
            damaged[place] = rng.integers(256)
        glb.write_bytes(damaged)
        with contextlib.suppress(CharacterError):
            read_gltf(glb)


@pytest.mark.parametrize("place", [8, 12], ids=["of the file", "of its JSON"])
def test_a_huge_length_is_not_believed(glb, place):
    data = bytearray(glb.read_bytes())
    struct.pack_into("<I", data, place, 2**32 - 1)
    glb.write_bytes(data)
    refused(glb)


def test_other_versions_are_named(tmp_path, glb):
    data = bytearray(glb.read_bytes())
    struct.pack_into("<I", data, 4, 1)
    glb.write_bytes(data)
    assert "its glTF version is 1, not 2" in refused(glb)
    path = write_json(tmp_path, asset={"version": "1.0"})
    assert "its glTF version is '1.0'" in refused(path)


@pytest.mark.parametrize("text", ["[]", "3", "{}", '{"asset": 2}'])
def test_other_json_is_not_gltf(tmp_path, text):
    path = tmp_path / "hero.gltf"
    path.write_text(text)
    assert "it is JSON, but not glTF" in refused(path)


def test_json_nested_without_end_is_refused(tmp_path):
    path = tmp_path / "hero.gltf"
    path.write_text('{"asset": ' + "[" * 100_000)
    refused(path)


@pytest.mark.parametrize(
    ("nodes", "reason"),
    [
        ([{"children": [1]}, {"children": [0]}], "is its own ancestor"),
        ([{"children": [0]}], "is its own ancestor"),
        ([{"children": [2]}, {"children": [2]}, {}], "has two parents"),
        ([{"children": [1]}], "a child 1 that is not there"),
        ([{"children": [-1]}], "a child -1 that is not there"),
        ([{"children": ["0"]}], "a child '0' that is not there"),
        ([{"children": 3}], "a child 3 that is not there"),
        ([5], "its nodes are not what glTF says"),
        ({}, "its nodes are not what glTF says"),
    ],
)
def test_nodes_must_make_trees(tmp_path, nodes, reason):
    assert reason in refused(write_json(tmp_path, nodes=nodes))


@pytest.mark.parametrize(
    "content",
    [
        {"scenes": [{"nodes": [7]}]},
        {"scenes": [{"nodes": 0}]},
        {"skins": [{"joints": [7]}]},
        {"skins": [{}]},
        {"skins": "none"},
        {"accessors": [{"count": 10**12, "componentType": 5126, "type": "VEC3"}]},
        {"accessors": [{"count": -1, "bufferView": 0}]},
        {"bufferViews": [{"buffer": 0, "byteLength": 4, "byteStride": -4}]},
        {"buffers": [{"byteLength": "many"}]},
    ],
)
def test_what_would_lead_an_importer_astray_is_refused(tmp_path, content):
    refused(write_json(tmp_path, nodes=[{}], **content))


def test_a_missing_file_is_named(tmp_path):
    path = write_json(tmp_path, buffers=[{"byteLength": 4, "uri": "my%20body.bin"}])
    assert "it needs my body.bin, which is not beside it" in refused(path)
    (tmp_path / "my body.bin").write_bytes(b"1234")
    read_gltf(path)


def test_a_missing_picture_is_only_warned_of(tmp_path, caplog):
    path = write_json(tmp_path, images=[{"uri": "skin.png"}, {"uri": "data:,"}, {}])
    with caplog.at_level(logging.WARNING):
        read_gltf(path)
    assert "no picture skin.png beside it" in caplog.text


def test_moved_content_still_finds_its_files(tmp_path):
    (tmp_path / "my body.bin").write_bytes(b"1234")
    path = write_json(
        tmp_path,
        buffers=[
            {"byteLength": 4, "uri": "my%20body.bin"},
            {"byteLength": 0, "uri": "data:application/octet-stream;base64,"},
        ],
    )
    elsewhere = tmp_path / "else" / "where.glb"
    elsewhere.parent.mkdir()
    write_glb(elsewhere, with_absolute_uris(read_gltf(path), tmp_path))
    read_gltf(elsewhere)


def test_parents_lead_to_the_root():
    gltf = Gltf({"nodes": [{"children": [2]}, {}, {"children": [3]}, {}]})
    above = parents(gltf)
    assert above == [-1, -1, 0, 2]
    assert list(path_to_root(3, above)) == [3, 2, 0]


def test_a_long_chain_is_no_ring():
    nodes = [{"children": [row + 1]} for row in range(20_000)] + [{}]
    assert parents(Gltf({"nodes": nodes}))[-1] == 19_999
