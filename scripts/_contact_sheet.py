# SPDX-License-Identifier: GPL-3.0-or-later
"""Contact sheets: moments of a clip side by side, to be judged with the eye."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import _cli

if TYPE_CHECKING:
    from bpy.types import Object

    from vitpose_blender.core.packet import Packet
    from vitpose_blender.core.take import Take

CELL_WH = (300, 400)  # Of each picture [px].
COLUMNS = 8
_GAP = 4  # [px]
_BACKGROUND = 32
_ROOM = 1.35  # A cell is so much taller than the person in it.
_GROUND = 0.9  # How far down in a cell the person stands.


def make(
    path: Path,
    armature: "Object",
    take: "Take",
    scene: tuple[int, float],
    footage: str | None = None,
) -> None:
    """Render moments of an animated character and put them into one picture.

    Args:
        path: The PNG to write.
        armature: The animated character.
        take: Of the person it follows; says when each moment was.
        scene: First frame of the animation and the scene's rate [Hz].
        footage: The video that was captured; its frames come above the character's.
    """
    first, fps = scene
    times = (np.arange(COLUMNS) + 0.5) / COLUMNS * take.duration
    packets = [
        min(take.packets, key=lambda packet: abs(packet.t - take.packets[0].t - time))
        for time in times
    ]
    start = take.packets[0].t
    frames = [first + (packet.t - start) * fps for packet in packets]
    rows = [render(armature, frames)]
    if footage:
        rows.insert(0, camera_pictures(footage, packets))
    write(path, rows)


def camera_pictures(footage: str, packets: "Sequence[Packet]") -> list["np.ndarray"]:
    """Return the footage around the person at the packets' frames, skeleton drawn."""
    from vitpose_blender.inference.camera import open_source
    from vitpose_blender.inference.overlay import draw_people

    wanted = {packet.frame: packet for packet in packets}
    # One scale for all, or a squat would look as tall as a jump.
    tallest = max((packet.box[3] for packet in packets if packet.box), default=0.0)
    pictures = {}
    with open_source(footage) as source:
        for frame in source:
            if frame.index in wanted:
                packet = wanted[frame.index]
                drawn = draw_people(frame.image, [packet])
                pictures[frame.index] = fit(drawn, packet.box, tallest)
            if len(pictures) == len(wanted):
                break
    empty = np.full((CELL_WH[1], CELL_WH[0], 3), _BACKGROUND, dtype=np.uint8)
    return [pictures.get(packet.frame, empty) for packet in packets]


def open_animated(blend: Path) -> "tuple[Object, float, float]":
    """Open a scene of one animated character.

    Returns:
        Its armature, the first frame of its animation, and the scene's rate [Hz].
    """
    import bpy

    from vitpose_blender.blender import character

    with _cli.hushed():
        bpy.ops.wm.open_mainfile(filepath=str(blend.resolve()))
    (armature,) = character.armatures()
    render = bpy.context.scene.render
    first = armature.animation_data.action.frame_range[0]
    return armature, first, render.fps / render.fps_base


def render(armature: "Object", frames: "Sequence[float]") -> list["np.ndarray"]:
    """Return a BGR picture of the character at each scene frame."""
    import cv2

    from vitpose_blender.blender import preview

    pictures = []
    with (
        tempfile.TemporaryDirectory() as folder,
        _cli.Progress("Rendering", len(frames), "pictures") as progress,
        _cli.hushed(),
    ):
        for path in preview.render_frames(armature, frames, Path(folder), CELL_WH):
            pictures.append(cv2.imread(str(path)))
            progress.step(len(pictures))
    return pictures


def fit(
    picture: "np.ndarray", box: Sequence[float] | None, tallest: float
) -> "np.ndarray":
    """Return the part of a camera picture around a person, as large as a cell.

    Args:
        picture: BGR, shape `(H, W, 3)`.
        box: Left, top, width, height of the person [px]; None shows everything.
        tallest: Height of the person at their full size [px].
    """
    import cv2

    width, height = CELL_WH
    if box is None or tallest <= 0:
        scale = min(width / picture.shape[1], height / picture.shape[0])
        shift = np.zeros(2)
    else:
        scale = height / (tallest * _ROOM)
        feet = np.array([box[0] + box[2] / 2, box[1] + box[3]])
        shift = np.array([width / 2, height * _GROUND]) - feet * scale
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    border = (_BACKGROUND,) * 3
    return cv2.warpAffine(
        picture, matrix, CELL_WH, flags=cv2.INTER_AREA, borderValue=border
    )


def write(path: Path, rows: Sequence[Sequence["np.ndarray"]]) -> None:
    """Write rows of equal pictures as one PNG.

    Raises:
        OutputError: The file cannot be written.
    """
    import cv2

    from vitpose_blender.core.errors import OutputError

    width, height = CELL_WH
    columns = max(len(row) for row in rows)
    size = (len(rows) * (height + _GAP) + _GAP, columns * (width + _GAP) + _GAP, 3)
    sheet = np.full(size, _BACKGROUND, dtype=np.uint8)
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            top, left = _GAP + y * (height + _GAP), _GAP + x * (width + _GAP)
            sheet[top : top + height, left : left + width] = picture
    is_encoded, data = cv2.imencode(".png", sheet)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.tobytes() if is_encoded else b"")
    except OSError as error:
        raise OutputError(f"Cannot write {path}: {error.strerror}") from error
