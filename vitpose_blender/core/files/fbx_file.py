# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuses a binary FBX whose lengths lie before Blender's add-on believes them.

It makes room for as many properties as a node says it has, be they billions.
"""

import struct
from pathlib import Path

from ..errors import CharacterError
from .character_file import fbx_version

_HEADER_SIZE = 27  # Of the file [bytes].
_WIDE = 7500  # From this version on, lengths are 64 bits wide.


def check_fbx(path: Path) -> None:
    """Refuse a binary FBX that is cut short or damaged.

    Raises:
        CharacterError: A node goes on beyond what holds it.
    """
    data = path.read_bytes()
    layout = struct.Struct("<QQQB" if fbx_version(data) >= _WIDE else "<IIIB")
    try:
        _check_nodes(data, layout)
    except (ValueError, struct.error) as error:
        raise CharacterError(
            f"{path.name} cannot be read: it is cut short or damaged; "
            "copy or export it again"
        ) from error


def _check_nodes(data: bytes, layout: struct.Struct) -> None:
    """Walk over all nodes; one that is all zeros ends a list of them."""
    ends = [len(data)]
    at = _HEADER_SIZE
    while ends:
        end, num_properties, size, name_size = layout.unpack_from(data, at)
        if end == 0:
            at = ends.pop()
            continue
        after_properties = at + layout.size + name_size + size
        if num_properties > size or not at < after_properties <= end <= ends[-1]:
            raise ValueError(f"a node at {at} ends at {end}")
        if after_properties < end:
            ends.append(end)
        at = after_properties
