# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of an animated character, seen as the camera saw the person."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from bpy.types import Camera, Material, Object, SunLight, World
from mathutils import Vector

from ..core.types import FloatArray
from . import access, character

_PREFIX = "VITPOSE_preview_"
_MARGIN = 1.15  # Room around the character, as a share of its height.
_FOV = np.radians(30)  # Long enough that nothing looks bent [rad].
_SAMPLES = 12


def render_frames(
    armature: Object,
    frames: Sequence[float],
    folder: Path,
    size_wh: tuple[int, int] = (360, 480),
) -> Iterator[Path]:
    """Render the character at some frames of the scene; yields each picture's path.

    The camera follows the hips sideways and looks the way the capture's camera did,
    along +Y. Cycles renders on the processor, so no graphics card is needed. The
    scene is as before once the iterator is exhausted.

    Args:
        armature: The character's armature object.
        frames: Scene frames, fractions allowed.
        folder: Where the PNG files go.
        size_wh: Of each picture [px].
    """
    scene = access.scene()
    with _studio(armature, size_wh) as camera:
        for number, frame in enumerate(frames):
            scene.frame_set(int(frame), subframe=frame % 1.0)
            _aim(camera, armature)
            path = folder / f"frame_{number:03d}.png"
            bpy.ops.render.render()
            bpy.data.images["Render Result"].save_render(str(path))
            yield path


@contextmanager
def _studio(armature: Object, size_wh: tuple[int, int]) -> Iterator[Object]:
    """A camera, a light and a floor of our own; yields the camera."""
    scene = access.scene()
    cycles: Any = scene.cycles  # type: ignore[attr-defined]
    frame = scene.frame_current_final
    size = ("resolution_x", "resolution_y", "resolution_percentage")
    with (
        _kept(scene, "camera", "world"),
        _kept(scene.render, "engine", *size),
        _kept(cycles, "samples", "use_denoising"),
    ):
        try:
            height = _height(armature)
            camera = _add_camera(height)
            _add_light()
            _add_floor(height)
            scene.camera = camera
            scene.world = _sky()
            scene.render.engine = "CYCLES"  # type: ignore[assignment]
            cycles.samples, cycles.use_denoising = _SAMPLES, False
            scene.render.resolution_x, scene.render.resolution_y = size_wh
            scene.render.resolution_percentage = 100
            yield camera
        finally:
            _remove_ours()
            scene.frame_set(int(frame), subframe=frame % 1.0)


@contextmanager
def _kept(owner: Any, *names: str) -> Iterator[None]:
    """Give settings their values of before back in the end."""
    before = {name: getattr(owner, name) for name in names}
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(owner, name, value)


def _remove_ours() -> None:
    data = bpy.data
    kinds: tuple[Any, ...] = (
        data.objects, data.cameras, data.lights, data.meshes, data.materials,
        data.worlds,
    )  # fmt: skip
    data.batch_remove([i for kind in kinds for i in kind if i.name.startswith(_PREFIX)])


def _height(armature: Object) -> float:
    skeleton = character.read_skeleton(armature)
    linear, origin = skeleton.world_from_rig[:3, :3], skeleton.world_from_rig[:3, 3]
    tails = skeleton.tails @ linear.T + origin
    tops = [skeleton.world_heads[:, 2].max(), tails[:, 2].max()]
    for mesh in character.skinned_meshes(armature):  # A head may tower over its bone.
        tops += [(mesh.matrix_world @ Vector(c)).z for c in mesh.bound_box]
    return float(max(*tops, skeleton.floor + 0.1) - skeleton.floor)


def _add_camera(height: float) -> Object:
    data = bpy.data.cameras.new(_PREFIX + "camera")
    assert isinstance(data, Camera)
    data.sensor_fit = "VERTICAL"
    data.angle = _FOV
    camera = bpy.data.objects.new(_PREFIX + "camera", data)
    access.scene().collection.objects.link(camera)
    camera["height"] = height
    return camera


def _aim(camera: Object, armature: Object) -> None:
    """Stand before the character, at chest height, looking along +Y."""
    height: float = camera["height"]
    middle = _middle(armature)
    distance = height * _MARGIN / 2 / np.tan(_FOV / 2) * 1.15
    eye = Vector((middle[0], middle[1] - distance, height * 0.62))
    look = Vector((middle[0], middle[1], height * 0.5)) - eye
    camera.location = eye
    camera.rotation_mode = "QUATERNION"
    camera.rotation_quaternion = look.to_track_quat("-Z", "Y")


def _middle(armature: Object) -> FloatArray:
    evaluated = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
    bones = access.pose_bones(evaluated)
    # A root bone may stay behind while the character walks away.
    world = armature.matrix_world
    heads = np.array([world @ bone.head for bone in bones if bone.parent])
    middle: FloatArray = (heads.min(axis=0) + heads.max(axis=0)) / 2
    return middle


def _sky() -> World:
    world = bpy.data.worlds.new(_PREFIX + "sky")
    _set_color(world, "Background", "Color", 0.55)
    return world


def _set_color(owner: World | Material, node: str, socket: str, grey: float) -> None:
    if owner.node_tree is None:  # Before Blender 5.0 nodes are off at first.
        owner.use_nodes = True
    assert owner.node_tree is not None
    inputs: Any = owner.node_tree.nodes[node].inputs
    inputs[socket].default_value = (grey, grey, grey * 1.05, 1.0)


def _add_light() -> Object:
    data = bpy.data.lights.new(_PREFIX + "sun", "SUN")
    assert isinstance(data, SunLight)
    data.energy = 3.0
    light = bpy.data.objects.new(_PREFIX + "sun", data)
    light.rotation_euler = (0.7, 0.2, 0.5)
    access.scene().collection.objects.link(light)
    return light


def _add_floor(height: float) -> Object:
    """A checkered ground, so that steps and slides can be seen."""
    rows = 40
    size = height / 3
    steps = (np.arange(rows + 1) - rows / 2) * size
    x, y = np.meshgrid(steps, steps)
    corners = np.stack([x, y, np.zeros_like(x)], axis=-1).reshape(-1, 3)
    first = (np.arange(rows)[:, np.newaxis] * (rows + 1) + np.arange(rows)).ravel()
    faces = np.stack([first, first + 1, first + rows + 2, first + rows + 1], axis=1)
    mesh = bpy.data.meshes.new(_PREFIX + "floor")
    mesh.from_pydata(corners.tolist(), [], faces.tolist())
    for name, shade in (("dark", 0.2), ("light", 0.28)):
        material = bpy.data.materials.new(f"{_PREFIX}{name}")
        _set_color(material, "Principled BSDF", "Base Color", shade)
        mesh.materials.append(material)
    dark = (np.arange(rows)[:, np.newaxis] + np.arange(rows)).ravel() % 2
    mesh.polygons.foreach_set("material_index", dark.astype(np.int32))
    floor = bpy.data.objects.new(_PREFIX + "floor", mesh)
    access.scene().collection.objects.link(floor)
    return floor
