# SPDX-License-Identifier: GPL-3.0-or-later
"""Render the mannequin from all sides and in poses that ask much of its skin."""

import tempfile
from pathlib import Path

import bpy
import numpy as np
from bpy.types import Object
from mathutils import Matrix, Quaternion, Vector

TILE = (400, 560)  # Width and height of one picture [px].
NUM_COLUMNS = 5

# Turns about a bone's local axes: bone -> (axis, angle [deg]), ...
Pose = dict[str, tuple[tuple[str, float], ...]]


def both(pose: Pose) -> Pose:
    """Add the right side's twin of each left turn."""
    right = {
        f"{bone[:-2]}.R": tuple(
            (axis, angle if axis == "X" else -angle) for axis, angle in turns
        )
        for bone, turns in pose.items()
        if bone.endswith(".L")
    }
    return {**pose, **right}


_FIST = {
    f"{finger}_{link:02d}.L": (("X", angle),)
    for finger in ("index", "middle", "ring", "pinky")
    for link, angle in ((1, 75.0), (2, 95.0), (3, 60.0))
}
_THUMB = {
    "thumb_01.L": (("X", 20.0),),
    "thumb_02.L": (("X", 35.0),),
    "thumb_03.L": (("X", 45.0),),
}

POSES: dict[str, Pose] = {
    "rest": {},
    "overhead": both({"shoulder.L": (("Z", 25.0),), "upper_arm.L": (("Z", 105.0),)}),
    "squat": both(
        {
            "spine": (("X", 15.0),),
            "chest": (("X", 10.0),),
            "thigh.L": (("X", -105.0), ("Z", 12.0)),
            "shin.L": (("X", 125.0),),
            "foot.L": (("X", 28.0),),
            "upper_arm.L": (("X", 60.0),),
        }
    ),
    "sit": both(
        {
            "thigh.L": (("X", -88.0),),
            "shin.L": (("X", 88.0),),
            "upper_arm.L": (("Z", -35.0),),
            "forearm.L": (("X", 80.0),),
        }
    ),
    "fist": both({**_FIST, **_THUMB, "forearm.L": (("X", 140.0),)}),
    "step": {
        "thigh.L": (("X", -50.0),),
        "shin.L": (("X", 30.0),),
        "thigh.R": (("X", 30.0),),
        "shin.R": (("X", 25.0),),
        "toe.R": (("X", 35.0),),
        "upper_arm.L": (("Z", -35.0), ("X", -35.0)),
        "upper_arm.R": (("Z", 35.0), ("X", 45.0)),
        "forearm.L": (("X", 35.0),),
        "forearm.R": (("X", 50.0),),
        "chest": (("Y", 12.0),),
    },
    "t_pose": both({"upper_arm.L": (("Z", 45.0),), "forearm.L": (("Y", 70.0),)}),
}

# Pose, direction the camera looks from [deg, 0 is the front], what it looks at, height.
SHOTS = [
    ("rest", 0, (0.0, 0.0, 0.88), 1.95),
    ("rest", 90, (0.0, 0.0, 0.88), 1.95),
    ("rest", 180, (0.0, 0.0, 0.88), 1.95),
    ("rest", 35, (0.0, 0.0, 0.88), 1.95),
    ("t_pose", 0, (0.0, 0.0, 0.88), 2.6),
    ("overhead", 20, (0.0, 0.0, 1.05), 2.4),
    ("squat", 60, (0.0, 0.0, 0.9), 1.9),
    ("sit", 40, (0.0, 0.0, 0.95), 1.9),
    ("step", 55, (0.0, 0.0, 0.88), 1.95),
    ("squat", 180, (0.0, 0.0, 0.9), 1.9),
    ("rest", 25, (0.0, 0.0, 1.62), 0.42),
    ("rest", 30, (0.62, 0.0, 0.97), 0.36),
    ("fist", 30, (0.2, -0.2, 1.3), 0.9),
    ("overhead", 0, (0.0, 0.0, 1.45), 0.9),
    ("rest", 40, (0.1, -0.05, 0.1), 0.5),
]


def pose_rig(rig: Object, pose: Pose) -> None:
    """Put the rig into `pose`; bones it does not name go back to rest."""
    for bone in rig.pose.bones:
        bone.rotation_mode = "QUATERNION"
        turn = Quaternion()
        for axis, angle in pose.get(bone.name, ()):
            turn = turn @ Quaternion(_AXES[axis], np.radians(angle))
        bone.rotation_quaternion = turn


_AXES = {
    "X": Vector((1.0, 0.0, 0.0)),
    "Y": Vector((0.0, 1.0, 0.0)),
    "Z": Vector((0.0, 0.0, 1.0)),
}


def render_contact_sheet(rig: Object, mesh: Object, path: Path) -> None:
    """Render every shot with Workbench and write them as one picture."""
    camera = _set_up_scene()
    with tempfile.TemporaryDirectory() as folder:
        tiles = []
        for number, shot in enumerate(SHOTS):
            pose_rig(rig, POSES[shot[0]])
            _aim(camera, *shot[1:])
            bpy.context.scene.render.filepath = str(Path(folder) / f"{number}.png")
            bpy.ops.render.render(write_still=True)
            tiles.append(_read(bpy.context.scene.render.filepath))
    pose_rig(rig, {})
    rows = [
        np.concatenate(tiles[start : start + NUM_COLUMNS], axis=1)
        for start in range(0, len(tiles), NUM_COLUMNS)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    # Blender's pictures start with the bottom row.
    _write(np.concatenate(rows[::-1], axis=0), path)


def _set_up_scene() -> Object:
    scene = bpy.context.scene
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.render.resolution_x, scene.render.resolution_y = TILE
    scene.render.resolution_percentage = 100
    scene.render.threads_mode, scene.render.threads = "FIXED", 1
    scene.view_settings.view_transform = "Standard"
    shading = scene.display.shading
    shading.light, shading.color_type = "STUDIO", "MATERIAL"
    shading.show_cavity, shading.cavity_type = True, "BOTH"
    shading.show_shadows, shading.shadow_intensity = True, 0.3
    scene.world = bpy.data.worlds.new("Preview")
    scene.world.color = (0.30, 0.33, 0.37)
    data = bpy.data.cameras.new("Preview")
    data.type = "ORTHO"
    camera = bpy.data.objects.new("Preview", data)
    scene.collection.objects.link(camera)
    scene.camera = camera
    return camera


def _aim(
    camera: Object, azimuth: float, target: tuple[float, float, float], height: float
) -> None:
    turn = Matrix.Rotation(np.radians(azimuth), 3, "Z")
    away = turn @ Vector((0.0, -5.0, 0.6))
    camera.location = Vector(target) + away
    camera.rotation_euler = (-away).to_track_quat("-Z", "Y").to_euler()
    camera.data.ortho_scale = height


def _read(path: str) -> np.ndarray:
    image = bpy.data.images.load(path)
    pixels = np.empty(len(image.pixels), dtype=np.float32)
    image.pixels.foreach_get(pixels)
    bpy.data.images.remove(image)
    return pixels.reshape(TILE[1], TILE[0], 4)


def _write(pixels: np.ndarray, path: Path) -> None:
    height, width = pixels.shape[:2]
    image = bpy.data.images.new("Preview", width, height)
    image.pixels.foreach_set(np.ascontiguousarray(pixels).ravel())
    image.filepath_raw, image.file_format = str(path), "PNG"
    image.save()
    bpy.data.images.remove(image)
