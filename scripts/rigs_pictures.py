# SPDX-License-Identifier: GPL-3.0-or-later
"""Sheets of characters side by side at the same moments, to be judged with the eye."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import bpy
import cv2
import numpy as np

import _cli
from rigs_cast import Role
from rigs_clips import Clip, Library
from rigs_person import ROW
from rigs_skin import read_skin
from rigs_subject import Subject
from vitpose_blender.blender import access, preview
from vitpose_blender.core.layouts import CANONICAL
from vitpose_blender.core.motion import WorldMotion
from vitpose_blender.core.retarget import retarget
from vitpose_blender.core.rig_rest import RigRest
from vitpose_blender.core.types import FloatArray, ImageArray

CELL_WH = (200, 240)  # [px]
MAX_BYTES = 300_000
_ROWS = 7  # Characters on a sheet.
_MARGIN = 22  # For a title [px].
_GREY = (235, 235, 235)
_STICK = 0.16  # Thickness of a bone without a mesh, of its length.
_LONGEST = 0.7  # Of such a bone, of a leg: some tails are nowhere.
_STICKS = "sticks"
_COLORS = {"": (0.9, 0.9, 0.9), "left": (0.9, 0.3, 0.05), "right": (0.05, 0.25, 0.9)}
# Of a double pyramid: head, four corners, tail.
_CORNERS = 6
_FACES = [
    face for a, b in ((1, 2), (2, 3), (3, 4), (4, 1)) for face in ((0, a, b), (5, b, a))
]


@dataclass(frozen=True)
class Moment:
    """One picture of a clip.

    Attributes:
        title: What to write above it.
        source: Of the motion capture.
        clip: Its name there.
        frame: Of the clip.
        view: How far the person is turned from facing the camera [deg].
    """

    title: str
    source: str
    clip: str
    frame: int
    view: float = 30.0


MOMENTS = (
    Moment("standing", "reactidle", "010_genuine", 20),
    Moment("kick", "deepmimic", "kick", 22, 60),
    Moment("punch", "mesh2motion", "base__Punch_Cross", 12, 50),
    Moment("run", "mesh2motion", "base__Sprint_Loop", 5, 60),
    Moment("on a chair", "mesh2motion", "base__Sitting_Idle_Loop", 10, 50),
    Moment("push-up", "mesh2motion", "addon__Pushup", 20, 70),
    Moment("crawl", "deepmimic", "crawl", 40, 60),
    Moment("arms up", "mesh2motion", "addon__Jumping Jacks", 16, 10),
)


def draw(folder: Path, library: Library, cast: Sequence[Role]) -> None:
    """Write sheets `rigs_1.jpg` and on, with a few characters each."""
    rows = []
    for role in cast:
        if role.manner == "baked":
            subject = role.open()
            rows.append((role.name, character_row(library, subject, subject.bind())))
    for number, first in enumerate(range(0, len(rows), _ROWS), start=1):
        picture = sheet(library, rows[first : first + _ROWS])
        save(folder / f"rigs_{number}.jpg", picture)


def sheet(
    library: Library,
    subjects: Sequence[tuple[str, list[ImageArray]]],
    moments: Sequence[Moment] = MOMENTS,
) -> ImageArray:
    """Return rows of pictures, a row a character, with the person's sticks above."""
    rows = [("the person", [stick_figure(library, moment) for moment in moments])]
    rows += subjects
    width, height = CELL_WH
    lines = []
    for title, pictures in rows:
        line = np.hstack(pictures)
        write(line, title, (4, height - 6))
        lines.append(line)
    head = np.full((_MARGIN, width * len(moments), 3), 40, np.uint8)
    for column, moment in enumerate(moments):
        write(head, moment.title, (column * width + 4, 16))
    return np.vstack([head, *lines])


def write(picture: ImageArray, text: str, place: tuple[int, int]) -> None:
    """Write a line of text into a picture, its lower left corner at `place` [px]."""
    cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, _GREY, 1, 16)


def save(path: Path, picture: ImageArray) -> None:
    """Write a JPEG of at most `MAX_BYTES`."""
    for quality in range(90, 20, -5):
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if len(data) <= MAX_BYTES:
            break
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.tobytes())


def character_row(
    library: Library,
    subject: Subject,
    rest: RigRest,
    moments: Sequence[Moment] = MOMENTS,
) -> list[ImageArray]:
    """Return pictures of a bound character at the moments."""
    if read_skin(subject) is None:
        for item in bpy.data.objects:
            item.hide_render = item.type == "MESH"
        add_sticks(subject)
    for mesh in bpy.data.meshes:
        mend_normals(mesh)
    pictures = []
    with tempfile.TemporaryDirectory() as folder, _cli.hushed():
        frames = preview.render_frames(
            subject.armature, [1.0] * len(moments), Path(folder), CELL_WH
        )
        for moment in moments:
            clip = library.find(moment.source, moment.clip)
            wanted = about_z(facing(clip, moment)) @ np.linalg.inv(subject.build.body)
            turned = turn_motion(
                clip.motion, subject.build.body.T @ wanted @ subject.build.body
            )
            subject.pose(retarget(turned, rest, clip.memory("baked")), moment.frame)
            pictures.append(cv2.imread(str(next(frames))))
        frames.close()
    return pictures


def facing(clip: Clip, moment: Moment) -> float:
    """Return the turn about z that shows the person from the wanted side [rad]."""
    ahead = -clip.frames.pelvis[moment.frame, :, 1]
    if np.hypot(*ahead[:2]) < 0.5:  # Lying: the way from hips to head.
        ahead = clip.frames.pelvis[moment.frame, :, 2]
    return float(np.radians(moment.view - 90) - np.arctan2(ahead[1], ahead[0]))


def about_z(angle: float) -> FloatArray:
    """Return the turn about the vertical by an angle [rad]."""
    sine, cosine = np.sin(angle), np.cos(angle)
    return np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])


def turn_motion(motion: WorldMotion, turn: FloatArray) -> WorldMotion:
    """Return the same motion turned about the vertical."""
    return replace(motion, xyz=motion.xyz @ turn.T, path=motion.path @ turn.T)


def stick_figure(library: Library, moment: Moment) -> ImageArray:
    """Return the person as sticks, seen as the characters are."""
    clip = library.find(moment.source, moment.clip)
    xyz = clip.world[moment.frame] @ about_z(facing(clip, moment)).T
    width, height = CELL_WH
    scale = height / 2.2
    middle = (np.nanmin(xyz[:, 0]) + np.nanmax(xyz[:, 0])) / 2
    x = width / 2 + (xyz[:, 0] - middle) * scale
    y = height * 0.9 - xyz[:, 2] * scale
    picture = np.full((height, width, 3), 60, np.uint8)
    for start, end in CANONICAL.edges:
        points = np.array([[x[start], y[start]], [x[end], y[end]]])
        if np.isfinite(points).all():
            is_left = "left" in CANONICAL.names[end]
            is_right = "right" in CANONICAL.names[end]
            color = (80, 160, 255) if is_left else (255, 160, 80)
            color = color if is_left or is_right else _GREY
            a, b = points.round().astype(int).tolist()
            cv2.line(picture, a, b, color, 2, cv2.LINE_AA)
    nose = np.array([x[ROW["nose"]], y[ROW["nose"]]])
    if np.isfinite(nose).all():
        cv2.circle(picture, nose.round().astype(int).tolist(), 3, _GREY, -1, 16)
    return picture


def add_sticks(subject: Subject) -> None:
    """Give a character a body of its main bones: a thin double pyramid each."""
    rest, longest = subject.build.rest, _LONGEST * subject.build.leg_length
    points = [
        point.tolist()
        for role in rest.roles
        for point in double_pyramid(rest.heads[role][0], rest.ends[role][0], longest)
    ]
    firsts = range(0, len(points), _CORNERS)
    faces = [[first + row for row in face] for first in firsts for face in _FACES]
    mesh = bpy.data.meshes.new(_STICKS)
    mesh.from_pydata(points, [], faces)
    colors = list(_COLORS)
    for color in colors:
        mesh.materials.append(plain_material(_COLORS[color]))
    sides = [role.partition("_")[0] for role in rest.roles]
    numbers = [colors.index(side) if side in _COLORS else 0 for side in sides]
    mesh.polygons.foreach_set("material_index", np.repeat(numbers, len(_FACES)))
    item = bpy.data.objects.new(_STICKS, mesh)
    for first, role in zip(firsts, rest.roles):
        group = item.vertex_groups.new(name=subject.bone(role))
        group.add(list(range(first, first + _CORNERS)), 1.0, "REPLACE")
        access.armature_data(subject.armature).bones[group.name].use_deform = True
    access.scene().collection.objects.link(item)
    modifier = item.modifiers.new(_STICKS, "ARMATURE")
    modifier.object = subject.armature  # type: ignore[attr-defined]


def plain_material(color: tuple[float, float, float]) -> bpy.types.Material:
    """Return a new material of one colour."""
    material = bpy.data.materials.new(_STICKS)
    material.use_nodes = True
    shader = material.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = (*color, 1.0)
    return material


def mend_normals(mesh: bpy.types.Mesh) -> None:
    """Drop a mesh's own normals if they point inwards: it would be black."""
    own = mesh.attributes.get("custom_normal")
    normals = np.array([corner.vector for corner in mesh.corner_normals])
    faces = np.array([face.normal for face in mesh.polygons])
    counts = [len(face.vertices) for face in mesh.polygons]
    if own is not None and np.sum(normals * np.repeat(faces, counts, axis=0)) < 0:
        mesh.attributes.remove(own)


def double_pyramid(
    head: FloatArray, tail: FloatArray, longest: float
) -> list[FloatArray]:
    """Return head, the four corners of a waist, and tail of a thin shape."""
    along = tail - head
    along = along * min(longest / np.linalg.norm(along), 1.0)
    across = np.cross(along, np.eye(3)[np.argmin(np.abs(along))])
    across *= _STICK * np.linalg.norm(along) / np.linalg.norm(across)
    beside = np.cross(along, across) / np.linalg.norm(along)
    waist = head + 0.2 * along
    corners = (waist + side for side in (across, beside, -across, -beside))
    return [head, *corners, head + along]
