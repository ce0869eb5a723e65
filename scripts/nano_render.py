# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of dressed people by OpenGL, offscreen: a GPU's, or Mesa's in software.

Needs `pip install moderngl` and EGL.
"""

from dataclasses import dataclass

import moderngl
import numpy as np
import numpy.typing as npt

from nano_bodies import Array, Rows

SAMPLES = 4  # Of a pixel; in software one must do, or it takes three times as long.
NEAR, FAR = 0.1, 80.0  # [m]
_FLOATS = 16  # Of a vertex.

VERTEX = """
#version 330
uniform mat4 view;
in vec3 place; in vec3 normal; in vec3 rest; in vec3 color; in vec3 other;
in float garment;
out vec3 n; out vec3 r; out vec3 a; out vec3 b; out vec3 w; flat out int g;
void main() {
    gl_Position = view * vec4(place, 1.0);
    n = normal; r = rest; a = color; b = other; w = place; g = int(garment + 0.5);
}
"""
FRAGMENT = """
#version 330
uniform vec3 light; uniform vec3 sun; uniform vec3 sky; uniform vec3 ground;
uniform vec3 eye; uniform mat2x4 patterns; uniform float person;
in vec3 n; in vec3 r; in vec3 a; in vec3 b; in vec3 w; flat in int g;
out vec4 picture;
float share(vec4 p) {
    int kind = int(p.x + 0.5);
    float s = sin(p.z), c = cos(p.z);
    vec2 q = vec2(c * r.x - s * r.y, s * r.x + c * r.y) * p.y;
    if (kind == 1) return step(0.5, fract(q.y));
    if (kind == 2) return step(0.75, fract(q.y)) ;
    if (kind == 3) return abs(step(0.5, fract(q.x)) - step(0.5, fract(q.y)));
    if (kind == 4) return step(length(fract(q) - 0.5), 0.25);
    if (kind == 5) return smoothstep(-0.2, 0.3, sin(q.x + 2.0 * sin(q.y * 0.7))
                                     * sin(q.y + 1.7 * sin(r.z * p.y)));
    if (kind == 6) return step(length(r.xy - vec2(0.0, 1.2 + 0.1 * s)), 0.1)
                          * step(0.0, r.z);
    return 0.0;
}
void main() {
    vec3 base = a, m = normalize(n);
    if (g > 0) {
        vec4 p = patterns[g - 1];
        base = mix(a, b, share(p));
        vec3 q = r * 55.0;
        m = normalize(m + p.w * vec3(sin(q.y + 2.0 * sin(q.x)), sin(q.z * 1.3 + q.y),
                                     sin(q.x * 1.2 + 1.5 * sin(q.y * 0.6))));
    }
    vec3 to_eye = normalize(eye - w);
    float key = max(dot(m, light), 0.0);
    vec3 shade = mix(ground, sky, 0.5 + 0.5 * m.y) + sun * key;
    float shine = pow(max(dot(m, normalize(light + to_eye)), 0.0), 24.0) * 0.12;
    picture = vec4(base * shade + sun * shine, person);
}
"""
FLAT_VERTEX = """
#version 330
in vec2 corner; out vec2 uv;
void main() { gl_Position = vec4(corner, 0.9999, 1.0); uv = corner * 0.5 + 0.5; }
"""
FLAT_FRAGMENT = """
#version 330
uniform sampler2D picture_of; in vec2 uv; out vec4 picture;
void main() { picture = vec4(texture(picture_of, uv).rgb, 0.0); }
"""
SHADOW_VERTEX = """
#version 330
uniform mat4 view; uniform vec3 light; uniform float floor_y; in vec3 place;
void main() {
    vec3 p = place - light * (place.y - floor_y) / max(light.y, 0.2);
    gl_Position = view * vec4(p, 1.0);
}
"""
SHADOW_FRAGMENT = """
#version 330
uniform float dark; out vec4 picture;
void main() { picture = vec4(dark, dark, dark, 0.0); }
"""


@dataclass(frozen=True, eq=False)
class Surface:
    """Triangles to draw: rows of place, normal, rest, two colours and garment.

    Attributes:
        vertices: Shape `(V, 16)`.
        triangles: Corner rows, `(T, 3)`.
        patterns: Of shirt and trousers, `(2, 4)`.
    """

    vertices: Array
    triangles: Rows
    patterns: Array


@dataclass(frozen=True, eq=False)
class Light:
    """Where light comes from.

    Attributes:
        direction: Toward the sun or lamp, `(3,)`.
        sun, sky, ground: Colours.
        shadow: How bright the floor is in the shadow; 1 for none.
    """

    direction: Array
    sun: Array
    sky: Array
    ground: Array
    shadow: float


class Renderer:
    """Draws into a picture of a fixed size.

    Args:
        width, height: Of the picture [px].
    """

    def __init__(self, width: int, height: int) -> None:
        self._size = (width, height)
        self._context = context = moderngl.create_standalone_context(backend="egl")
        samples = 0 if "llvmpipe" in self.name else SAMPLES
        self._many = context.framebuffer(
            [context.renderbuffer(self._size, 4, samples=samples)],
            context.depth_renderbuffer(self._size, samples=samples),
        )
        self._depth = context.depth_texture(self._size)
        self._one = context.framebuffer(
            [context.renderbuffer(self._size, 4)], self._depth
        )
        self._body = context.program(VERTEX, FRAGMENT)
        self._flat = context.program(FLAT_VERTEX, FLAT_FRAGMENT)
        self._cast = context.program(SHADOW_VERTEX, SHADOW_FRAGMENT)
        self._picture = context.texture(self._size, 3, alignment=1)
        corners = np.array([-1, -1, 1, -1, -1, 1, 1, 1], dtype=np.float32)
        quad = context.buffer(corners.tobytes())
        self._quad = context.vertex_array(self._flat, quad, "corner")
        self._vertices = context.buffer(reserve=4 * _FLOATS * 40000)
        self._arrays: dict[int, tuple[moderngl.VertexArray, ...]] = {}

    @property
    def name(self) -> str:
        """What draws."""
        return str(self._context.info["GL_RENDERER"])

    def draw(
        self,
        background: npt.NDArray[np.uint8],
        people: list[list[Surface]],
        view: Array,
        eye: Array,
        light: Light,
        floor: float,
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], Array]:
        """Return the picture, whose pixel is whose, and the depth.

        Args:
            background: RGB, `(H, W, 3)`.
            people: Surfaces of each person; the first is number 1.
            view: From the world to clip space, `(4, 4)`.
            eye: Where the camera is [m].
            light: See `Light`.
            floor: Height of the ground [m].

        Returns:
            RGB `(H, W, 3)`, numbers `(H, W)` with 0 for the background, and distance
            along the view axis `(H, W)` [m].
        """
        context, (width, height) = self._context, self._size
        self._many.use()
        self._many.clear(depth=1.0)
        self._picture.write(np.ascontiguousarray(background).tobytes())
        self._picture.use(0)
        context.disable(moderngl.DEPTH_TEST | moderngl.CULL_FACE | moderngl.BLEND)
        self._quad.render(moderngl.TRIANGLE_STRIP)
        matrix = np.ascontiguousarray(view.T, dtype=np.float32).tobytes()
        self._set_light(matrix, eye, light, floor)
        if light.shadow < 1:
            context.enable(moderngl.BLEND)
            context.blend_func = moderngl.ZERO, moderngl.SRC_COLOR
            context.blend_equation = moderngl.MIN
            for surfaces in people:
                self._write(surfaces[0])
                self._array(surfaces[0])[1].render()
            context.disable(moderngl.BLEND)
        context.enable(moderngl.DEPTH_TEST)
        for number, surfaces in enumerate(people, start=1):
            for surface in surfaces:
                self._write(surface)
                rows = np.ascontiguousarray(surface.patterns, dtype=np.float32)
                self._body["patterns"].write(rows.tobytes())
                self._body["person"].value = number * 40 / 255
                self._array(surface)[0].render()
        context.copy_framebuffer(self._one, self._many)
        raw = self._one.read(components=4)
        rgba = np.frombuffer(raw, np.uint8).reshape(height, width, 4)
        depth = np.frombuffer(self._depth.read(), np.float32).reshape(height, width)
        distance = NEAR * FAR / (FAR - depth * (FAR - NEAR))
        return rgba[..., :3].copy(), (rgba[..., 3] + 20) // 40, distance

    def _set_light(self, matrix: bytes, eye: Array, light: Light, floor: float) -> None:
        for program in (self._body, self._cast):
            program["view"].write(matrix)
            program["light"].value = tuple(light.direction)
        self._body["eye"].value = tuple(eye)
        for name in ("sun", "sky", "ground"):
            self._body[name].value = tuple(getattr(light, name))
        self._cast["floor_y"].value = floor
        self._cast["dark"].value = light.shadow

    def _write(self, surface: Surface) -> None:
        self._vertices.write(np.ascontiguousarray(surface.vertices).tobytes())

    def _array(self, surface: Surface) -> tuple[moderngl.VertexArray, ...]:
        """Return how to draw triangles lit, and as a shadow; kept for the next time."""
        key = id(surface.triangles)
        if key not in self._arrays:
            corners = surface.triangles.astype(np.int32).tobytes()
            index = self._context.buffer(corners)
            lit = self._context.vertex_array(
                self._body,
                [(self._vertices, "3f 3f 3f 3f 3f 1f", "place", "normal", "rest",
                  "color", "other", "garment")],
                index,
            )  # fmt: skip
            cast = self._context.vertex_array(
                self._cast, [(self._vertices, "3f 52x", "place")], index
            )
            self._arrays[key] = (lit, cast)
        return self._arrays[key]
