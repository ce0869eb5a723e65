# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads glTF files (.glb, .gltf, .vrm) without trusting them, and writes .glb.

Blender's importer takes much for granted: nodes in a ring keep it busy for ever.
"""

import json
import logging
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from ..errors import CharacterError

log = logging.getLogger(__name__)

Table = Mapping[str, Any]

_MAGIC, _VERSION, _HEADER_SIZE = b"glTF", 2, 12
_JSON, _BINARY = b"JSON", b"BIN\0"
# Elements that a file may ask for without holding them; a character needs no more.
_MAX_ZEROS = 20_000_000


@dataclass(frozen=True, eq=False)
class Gltf:
    """The content of a glTF file.

    Attributes:
        document: The JSON.
        binary: The chunk that comes with it in a .glb, empty without.
    """

    document: Table
    binary: bytes = b""

    @property
    def nodes(self) -> Sequence[Table]:
        nodes: Sequence[Table] = self.document.get("nodes", ())
        return nodes


def read_gltf(path: Path) -> Gltf:
    """Return the content of a glTF file of which an importer can make something.

    Raises:
        CharacterError: The file is not a glTF 2.0 file, damaged, contradicts itself, or
            lacks another file.
    """
    try:
        data = path.read_bytes()
        gltf = _parse(data)
        _check(gltf, path.parent)
        _warn_of_missing_pictures(gltf, path)
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or error or type(error).__name__
        raise CharacterError(
            f"{path.name} cannot be read: {reason}; copy or export it again"
        ) from error
    return gltf


def write_glb(path: Path, gltf: Gltf) -> None:
    """Write the content as a .glb file."""
    text = json.dumps(gltf.document, ensure_ascii=False).encode("utf-8")
    chunks = [(_JSON, text + b" " * (-len(text) % 4))]
    if gltf.binary:
        chunks.append((_BINARY, gltf.binary + b"\0" * (-len(gltf.binary) % 4)))
    total = _HEADER_SIZE + sum(8 + len(data) for _, data in chunks)
    with path.open("wb") as file:
        file.write(struct.pack("<4sII", _MAGIC, _VERSION, total))
        for kind, data in chunks:
            file.write(struct.pack("<I4s", len(data), kind) + data)


def with_absolute_uris(gltf: Gltf, folder: Path) -> Gltf:
    """Return the content with other files named so that it can be read from anywhere.

    Args:
        gltf: Names them relative to the folder.
        folder: Where it was read.
    """
    moved = {
        key: [_moved(entry, folder) for entry in gltf.document[key]]
        for key in ("buffers", "images")
        if key in gltf.document
    }
    return Gltf({**gltf.document, **moved}, gltf.binary)


def parents(gltf: Gltf) -> list[int]:
    """Return each node's parent, -1 for roots.

    Raises:
        ValueError: The nodes are no forest.
    """
    found = [-1] * len(gltf.nodes)
    for row, node in enumerate(gltf.nodes):
        children = node.get("children", [])
        for child in children if isinstance(children, list) else [children]:
            if not _is_index(child, len(found)):
                raise ValueError(f"node {row} has a child {child!r} that is not there")
            if found[child] >= 0:
                raise ValueError(f"node {child} has two parents")
            found[child] = row
    _refuse_rings(found)
    return found


def path_to_root(node: int, above: Sequence[int]) -> Iterator[int]:
    """Yield the node, its parent, and so on."""
    while node >= 0:
        yield node
        node = above[node]


def _refuse_rings(above: Sequence[int]) -> None:
    """Every node must hang, by way of its parents, on a root."""
    is_safe = [parent < 0 for parent in above]
    for start in range(len(above)):
        path: list[int] = []
        node = start
        while not is_safe[node]:
            if len(path) > len(above):
                raise ValueError(f"node {start} is its own ancestor")
            path.append(node)
            node = above[node]
        for passed in path:
            is_safe[passed] = True


def _parse(data: bytes) -> Gltf:
    text, binary = _chunks(data) if data.startswith(_MAGIC) else (data, b"")
    document = json.loads(text.decode("utf-8-sig"))
    if not isinstance(document, dict) or not isinstance(document.get("asset"), dict):
        raise ValueError("it is JSON, but not glTF")
    version = document["asset"].get("version")
    if version != "2.0":
        raise ValueError(f"its glTF version is {version!r}, not 2.0")
    return Gltf(document, binary)


def _chunks(data: bytes) -> tuple[bytes, bytes]:
    """Return the JSON and the binary chunk of a .glb."""
    if len(data) < _HEADER_SIZE + 8:
        raise ValueError("it is cut short")
    _, version, total = struct.unpack_from("<4sII", data)
    if version != _VERSION:
        raise ValueError(f"its glTF version is {version}, not 2")
    if total != len(data):
        raise ValueError(f"it has {len(data)} of {total} bytes")
    found: dict[bytes, bytes] = {}
    start = _HEADER_SIZE
    while start + 8 <= total:
        size, kind = struct.unpack_from("<I4s", data, start)
        if start + 8 + size > total:
            raise ValueError("it says that a part is longer than the file")
        found.setdefault(kind, data[start + 8 : start + 8 + size])
        start += 8 + size
    if next(iter(found)) != _JSON:
        raise ValueError("it does not begin with JSON")
    return found[_JSON], found.get(_BINARY, b"")


def _check(gltf: Gltf, folder: Path) -> None:
    for key in ("nodes", "skins", "scenes", "buffers", "images"):
        _tables(gltf.document, key)
    above = parents(gltf)
    for scene in _tables(gltf.document, "scenes"):
        _check_indexes(scene.get("nodes", []), len(above), "a scene")
    for skin in _tables(gltf.document, "skins"):
        _check_indexes(skin.get("joints"), len(above), "a skin")
    for buffer in _tables(gltf.document, "buffers"):
        _check_buffer(buffer, folder)
    for accessor in _tables(gltf.document, "accessors"):
        _check_accessor(accessor)
    for view in _tables(gltf.document, "bufferViews"):
        _check_numbers(view, "byteOffset", "byteLength", "byteStride")


def _tables(document: Table, key: str) -> Sequence[Table]:
    tables = document.get(key, [])
    is_list = isinstance(tables, list)
    if not is_list or not all(isinstance(table, dict) for table in tables):
        raise ValueError(f"its {key} are not what glTF says")
    result: Sequence[Table] = tables
    return result


def _is_index(value: object, count: int) -> bool:
    return type(value) is int and 0 <= value < count


def _check_indexes(values: object, count: int, whose: str) -> None:
    if not isinstance(values, list):
        raise ValueError(f"{whose} lists no nodes")
    for value in values:
        if not _is_index(value, count):
            raise ValueError(f"{whose} names a node {value!r} that is not there")


def _check_numbers(table: Table, *keys: str) -> None:
    for key in keys:
        value = table.get(key, 0)
        if type(value) is not int or value < 0:
            raise ValueError(f"a {key} is {value!r}")


def _check_accessor(accessor: Table) -> None:
    _check_numbers(accessor, "count", "byteOffset")
    if "bufferView" not in accessor and accessor.get("count", 0) > _MAX_ZEROS:
        raise ValueError(
            f"it asks for {accessor['count']} values that it does not hold"
        )


def _check_buffer(buffer: Table, folder: Path) -> None:
    _check_numbers(buffer, "byteLength")
    other = _other_file(buffer, folder)
    if other is not None and not other.is_file():
        raise ValueError(f"it needs {other.name}, which is not beside it")


def _warn_of_missing_pictures(gltf: Gltf, path: Path) -> None:
    others = [
        _other_file(image, path.parent) for image in gltf.document.get("images", ())
    ]
    missing = [other.name for other in others if other and not other.is_file()]
    if missing:
        log.warning("%s: no picture %s beside it", path.name, ", ".join(missing))


def _other_file(entry: Table, folder: Path) -> Path | None:
    """Return the file that a buffer or picture is in, None if it is in this one."""
    uri = entry.get("uri")
    if not isinstance(uri, str) or uri.startswith("data:"):
        return None
    return folder / unquote(uri.replace("\\", "/"))


def _moved(entry: Table, folder: Path) -> Table:
    other = _other_file(entry, folder)
    return {**entry, "uri": quote(str(other.resolve()))} if other else entry
