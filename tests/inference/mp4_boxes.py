# SPDX-License-Identifier: GPL-3.0-or-later
"""Change the header of an .mp4 for tests: how it was held, when frames are shown.

An MP4 is a tree of boxes: 4 bytes length, 4 bytes name, content (ISO/IEC 14496-12).
"""

import struct
from collections.abc import Callable
from pathlib import Path

FOLDERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl"}
ONE = 1 << 16  # 16.16 fixed point.

# The upper left 2x2 of the matrix, row by row, by clockwise turn [deg].
TURNS = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}


def edit_boxes(data: bytes, edit: Callable[[bytes, bytes], bytes | None]) -> bytes:
    """Rebuild the boxes with `edit(name, content)`; None drops a box."""
    out, at = b"", 0
    while at < len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        content = data[at + 8 : at + length]
        at += length
        content = edit_boxes(content, edit) if name in FOLDERS else edit(name, content)
        if content is not None:
            out += struct.pack(">I4s", len(content) + 8, name) + content
    return out


def turn_video(path: Path, degrees: int) -> None:
    """Mark the video as filmed with the camera turned, as telephones do."""
    a, b, c, d = (value * ONE for value in TURNS[degrees])

    def edit(name: bytes, content: bytes) -> bytes:
        if name != b"tkhd":
            return content
        matrix = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
        return content[:40] + matrix + content[76:]

    path.write_bytes(edit_boxes(path.read_bytes(), edit))


def set_durations(path: Path, durations: list[int]) -> None:
    """Make the rate variable: show frame i for `durations[i]` nominal frames."""

    def edit(name: bytes, content: bytes) -> bytes | None:
        if name == b"edts":
            return None  # It would cut the video at its old length.
        if name != b"stts":
            return content
        (step,) = struct.unpack_from(">I", content, 12)
        table = b"".join(struct.pack(">II", 1, step * length) for length in durations)
        return content[:4] + struct.pack(">I", len(durations)) + table

    path.write_bytes(edit_boxes(path.read_bytes(), edit))
