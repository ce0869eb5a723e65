# SPDX-License-Identifier: GPL-3.0-or-later
"""Film the sample clip: a path-traced room, and the person drawn over it.

A path tracer on two processor cores cannot draw 300 large pictures in minutes. The
room does not change, so it is traced once; Workbench draws the person, and the soft
shadow on the floor is projected from the very same mesh.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import bpy
import cv2
import numpy as np
import numpy.typing as npt
from bpy.types import Object
from mathutils import Matrix

from mannequin_tube import Array
from sample_floor import Floor
from sample_pose import Posed
from sample_view import View

Picture = npt.NDArray[np.uint8]

WARMTH = np.array([0.90, 0.95, 1.0])  # Blue, green, red.


def ensure_camera(view: View) -> None:
    """Make Blender's camera see what `view` sees."""
    data = bpy.data.cameras.new("Camera")
    data.sensor_fit = "AUTO"
    data.angle = float(np.radians(view.camera.fov))
    camera = bpy.data.objects.new("Camera", data)
    # Blender's cameras look along -z and have y up.
    camera.matrix_world = Matrix(view.world_from_camera @ np.diag([1, -1, -1, 1]))
    bpy.context.collection.objects.link(camera)
    bpy.context.scene.camera = camera


def set_up_render(image_wh: tuple[int, int], threads: int) -> None:
    """Set the size of the pictures, and how many threads may make them."""
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = image_wh
    scene.render.resolution_percentage = 100
    scene.render.threads_mode, scene.render.threads = "FIXED", threads
    scene.render.image_settings.file_format = "PNG"


def render_room(path: Path, samples: int) -> Picture:
    """Path-trace the empty room, once; return its pixels, BGR."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.device, scene.cycles.samples = "CPU", samples
    scene.cycles.use_denoising, scene.cycles.max_bounces = True, 3
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - Medium High Contrast"
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    return cv2.imread(str(path))


def set_up_person(rig: Object, mesh: Object) -> None:
    """Leave nothing but the person in the picture, drawn by Workbench."""
    scene = bpy.context.scene
    for thing in scene.objects:
        thing.hide_render = thing not in (rig, mesh)
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.render.film_transparent = True
    scene.render.image_settings.color_mode = "RGBA"
    scene.view_settings.view_transform = "Standard"
    scene.view_settings.look = "None"
    scene.display.render_aa = "8"
    shading = scene.display.shading
    shading.light, shading.color_type = "STUDIO", "MATERIAL"
    shading.show_specular_highlight = False
    shading.show_shadows = False
    shading.show_cavity, shading.cavity_type = True, "WORLD"


def set_pose(rig: Object, posed: Posed, frame: int) -> None:
    """Put the rig into the pose of one frame."""
    for bone in rig.data.bones:
        rest = np.array(bone.matrix_local)
        turn = posed.turns[bone.name][frame]
        pose_bone = rig.pose.bones[bone.name]
        if bone.parent is None:
            wanted = np.eye(4)
            wanted[:3, :3] = turn @ rest[:3, :3]
            wanted[:3, 3] = posed.heads[bone.name][frame]
            pose_bone.matrix_basis = Matrix(np.linalg.inv(rest) @ wanted)
        else:
            own = posed.turns[bone.parent.name][frame].T @ turn
            basis = rest[:3, :3].T @ own @ rest[:3, :3]
            pose_bone.matrix_basis = Matrix(basis).to_4x4()


def film(
    person: tuple[Object, Object], posed: Posed, view: View, room: Picture
) -> Iterator[Picture]:
    """Yield each frame: the room, the person's shadow, the person; BGR."""
    rig, mesh = person
    set_up_person(rig, mesh)
    floor = Floor(view)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "person.png"
        for frame in range(len(posed.heads["hips"])):
            set_pose(rig, posed, frame)
            bpy.context.scene.render.filepath = str(path)
            bpy.ops.render.render(write_still=True)
            under = room * floor.brightness(*surface(mesh))[..., np.newaxis]
            yield _over(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), under)


def surface(mesh: Object) -> tuple[Array, npt.NDArray[np.int32]]:
    """Return the posed mesh: vertices `(V, 3)` [m] and triangles `(T, 3)`."""
    posed = mesh.evaluated_get(bpy.context.evaluated_depsgraph_get()).to_mesh()
    xyz = np.empty(3 * len(posed.vertices), dtype=np.float32)
    posed.vertices.foreach_get("co", xyz)
    posed.calc_loop_triangles()
    triangles = np.empty(3 * len(posed.loop_triangles), dtype=np.int32)
    posed.loop_triangles.foreach_get("vertices", triangles)
    return xyz.reshape(-1, 3).astype(np.float64), triangles.reshape(-1, 3)


def _over(person: Picture, under: Array) -> Picture:
    """Lay the person, BGRA with alpha not yet multiplied, over the room."""
    alpha = person[..., 3:] / 255.0
    # The room's warm, soft light: a little less contrast, a little more red.
    colors = np.clip(person[..., :3] * WARMTH, 0.0, 255.0)
    return np.rint(alpha * colors + (1.0 - alpha) * under).astype(np.uint8)


def encode(pictures: list[Path], out: Path, fps: int) -> None:
    """Write the pictures as an H.264 video with Blender's own encoder."""
    scene = bpy.data.scenes.new("Edit")
    height, width = cv2.imread(str(pictures[0])).shape[:2]
    scene.render.resolution_x, scene.render.resolution_y = width, height
    scene.render.resolution_percentage = 100
    scene.render.fps, scene.render.fps_base = fps, 1.0
    scene.frame_start, scene.frame_end = 1, len(pictures)
    scene.view_settings.view_transform = "Standard"
    _add_strip(scene, pictures)
    settings = scene.render.image_settings
    if hasattr(settings, "media_type"):  # From Blender 5.0 on.
        settings.media_type = "VIDEO"
    settings.file_format = "FFMPEG"
    scene.render.ffmpeg.format = "MPEG4"
    scene.render.ffmpeg.codec = "H264"
    scene.render.ffmpeg.constant_rate_factor = "HIGH"
    scene.render.ffmpeg.ffmpeg_preset = "BEST"
    scene.render.ffmpeg.gopsize = 30
    scene.render.ffmpeg.audio_codec = "NONE"
    scene.render.use_file_extension = False
    scene.render.filepath = str(out)
    bpy.ops.render.render(animation=True, scene=scene.name)


def _add_strip(scene: bpy.types.Scene, pictures: list[Path]) -> None:
    editor = scene.sequence_editor_create()
    # Called sequences before Blender 4.4.
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    strip = strips.new_image("Clip", str(pictures[0]), channel=1, frame_start=1)
    for picture in pictures[1:]:
        strip.elements.append(picture.name)
    strip.frame_final_duration = len(pictures)
