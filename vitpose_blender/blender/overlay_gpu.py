# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures, flat shapes, lines in space and texts, drawn by the graphics card.

Only shaders that come with Blender, and no wide lines of the card's own, so that it
looks the same on each. To be called while a region is drawn.
"""

from collections.abc import Sequence
from typing import Any, Literal

import blf
import bpy
import gpu
import numpy as np
import numpy.typing as npt

from ..core.flat_shapes import Triangles
from ..core.picture_in_picture import Rect
from ..core.stick_figures import Sticks
from ..core.types import ImageArray

_FONT = 0
# Until 4 shaders answer in linear light, which Blender turns into the screen's; from 5
# on in that of the screen. Seen in 4.3 and 5.2.
_FORMAT: Literal["RGBA8", "SRGB8_A8"] = (
    "RGBA8" if bpy.app.version >= (5, 0, 0) else "SRGB8_A8"
)
_CORNERS = ((0, 0), (1, 0), (0, 1), (1, 1))  # Of a strip of two triangles.


def upload(image: ImageArray, width: float) -> Any:
    """Return a picture as a texture, its first row at the top.

    Args:
        image: BGR, shape `(H, W, 3)`.
        width: As it is shown [px]; where that is small, every second pixel will do.
    """
    step = 2 if 1.5 * width <= image.shape[1] else 1
    numbers = texels(image[::step, ::step])
    height, columns = numbers.shape[:2]
    buffer = gpu.types.Buffer("FLOAT", numbers.size, _numbers(numbers.ravel()))
    return gpu.types.GPUTexture((columns, height), format=_FORMAT, data=buffer)


def texels(image: ImageArray) -> npt.NDArray[np.float32]:
    """Return a picture as a texture's numbers: RGBA, from the bottom up, `(H, W, 4)`.

    Args:
        image: BGR, shape `(H, W, 3)`.
    """
    # Turned around as bytes: as floats it takes ten times as long.
    rgba = np.full((*image.shape[:2], 4), 255, np.uint8)
    rgba[..., :3] = image[::-1, :, ::-1]
    numbers = rgba.astype(np.float32)
    numbers *= np.float32(1 / 255)
    return numbers


def frame_of(rect: Rect, *, is_mirrored: bool) -> Any:
    """Return a rectangle that takes a texture, for `draw_texture`."""
    places = [(1 - x if is_mirrored else x, y) for x, y in _CORNERS]
    corners = vertices(pos=_places(rect), texCoord=np.array(places, np.float32))
    return gpu.types.GPUBatch(type="TRI_STRIP", buf=corners)


def draw_texture(texture: Any, frame: Any, opacity: float) -> None:
    """Draw a texture over what `frame_of` returned."""
    shader = gpu.shader.from_builtin("IMAGE_COLOR")
    shader.bind()
    shader.uniform_sampler("image", texture)
    shader.uniform_float("color", (1.0, 1.0, 1.0, opacity))
    frame.draw(shader)


def draw_rect(rect: Rect, rgba: tuple[float, float, float, float]) -> None:
    """Fill a rectangle with a colour, sRGB."""
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    corners = vertices(pos=_places(rect))
    shader.bind()
    shader.uniform_float("color", rgba)
    gpu.types.GPUBatch(type="TRI_STRIP", buf=corners).draw(shader)


def batch_of(shapes: Triangles) -> Any:
    """Return flat shapes on the graphics card, for `draw_batch`."""
    points = vertices(pos=shapes.points, color=shapes.rgba)
    rows = gpu.types.GPUIndexBuf(type="TRIS", seq=_numbers(shapes.corners))
    return gpu.types.GPUBatch(type="TRIS", buf=points, elem=rows)


def draw_batch(batch: Any) -> None:
    """Draw what `batch_of` returned."""
    batch.draw(gpu.shader.from_builtin("SMOOTH_COLOR"))


def draw_lines(lines: Sticks, width: float) -> None:
    """Draw lines in space, behind what is before them.

    Args:
        lines: In the world [m].
        width: Of each [px].
    """
    shader = gpu.shader.from_builtin("POLYLINE_SMOOTH_COLOR")
    points, colours = lines.ends.reshape(-1, 3), np.repeat(lines.rgba, 2, axis=0)
    ends = vertices(pos=points.astype(np.float32), color=colours.astype(np.float32))
    shader.bind()
    shader.uniform_float("viewportSize", gpu.state.viewport_get()[2:])
    shader.uniform_float("lineWidth", width)
    gpu.types.GPUBatch(type="LINES", buf=ends).draw(shader)


def draw_texts(texts: Sequence[tuple[str, float, float]], size: float) -> None:
    """Write white texts with a shadow.

    Args:
        texts: Each with the place of its lower left corner in the region [px].
        size: Of the letters [px].
    """
    blf.enable(_FONT, blf.SHADOW)
    blf.shadow(_FONT, 5, 0.0, 0.0, 0.0, 1.0)
    blf.size(_FONT, size)
    blf.color(_FONT, 1.0, 1.0, 1.0, 1.0)
    for text, x, y in texts:
        blf.position(_FONT, x, y, 0)
        blf.draw(_FONT, text)
    blf.disable(_FONT, blf.SHADOW)


def vertices(**attributes: npt.NDArray[np.float32]) -> Any:
    """Return points on the graphics card, for a shader.

    Blender 5.2 no longer works out the format that a shader wants.

    Args:
        attributes: By the shader's own names, shape `(P, D)` each.
    """
    form = gpu.types.GPUVertFormat()
    for name, values in attributes.items():
        form.attr_add(id=name, comp_type="F32", len=values.shape[1], fetch_mode="FLOAT")
    count = len(next(iter(attributes.values())))
    buffer = gpu.types.GPUVertBuf(form, count)
    for name, values in attributes.items():
        buffer.attr_fill(name, _numbers(values))
    return buffer


def _places(rect: Rect) -> Any:
    places = [
        (rect.left + x * rect.width, rect.bottom + y * rect.height, 0.0)
        for x, y in _CORNERS
    ]
    return np.array(places, np.float32)


def _numbers(array: npt.NDArray[np.generic]) -> Any:
    """Return an array for a function of `gpu`, whose stubs know only sequences."""
    return np.ascontiguousarray(array)
