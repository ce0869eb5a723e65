# SPDX-License-Identifier: GPL-3.0-or-later
"""The room of the sample clip: floor, walls, a window's light, some furniture."""

import bpy
import numpy as np
from bpy.types import Material, NodeTree, Object
from mathutils import Vector

WALL_Y = 2.3  # [m]
LEFT_X, RIGHT_X = -4.2, 3.0
HEIGHT = 2.75
WINDOW = (-3.6, -1.6, 1.75)  # Middle of the window, which is out of the picture.

Triple = tuple[float, float, float]


def build_room() -> None:
    """Add the room to the scene."""
    floor = _wood("floor", (0.30, 0.17, 0.09), (0.20, 0.105, 0.055), 7.0)
    wall = plain("wall", (0.66, 0.63, 0.58), 0.9)
    white = plain("white", (0.75, 0.75, 0.74), 0.6)
    box("floor", (0.0, -1.5, -0.05), (12.0, 8.0, 0.1), floor)
    box(
        "back",
        ((LEFT_X + RIGHT_X) / 2, WALL_Y + 0.05, HEIGHT / 2),
        (12, 0.1, HEIGHT),
        wall,
    )
    box("right", (RIGHT_X + 0.05, -1.5, HEIGHT / 2), (0.1, 8.0, HEIGHT), wall)
    box("ceiling", (0.0, -1.5, HEIGHT + 0.05), (12.0, 8.0, 0.1), white)
    box("skirting", (0.0, WALL_Y - 0.01, 0.05), (12.0, 0.02, 0.1), white)
    box("skirting.right", (RIGHT_X - 0.01, -1.5, 0.05), (0.02, 8.0, 0.1), white)
    _furniture(white)
    _lights()


def _furniture(white: Material) -> None:
    oak = _wood("oak", (0.42, 0.27, 0.15), (0.33, 0.20, 0.11), 3.0)
    x, y = 1.75, WALL_Y - 0.22
    box("sideboard", (x, y, 0.42), (1.5, 0.40, 0.56), oak)
    for number in range(3):
        place = (x - 0.495 + 0.495 * number, y - 0.205, 0.42)
        box(f"door{number}", place, (0.48, 0.012, 0.52), oak)
        knob = (place[0] + 0.17, place[1] - 0.012, 0.5)
        box(
            f"knob{number}",
            knob,
            (0.02, 0.02, 0.02),
            plain("brass", (0.5, 0.36, 0.15), 0.3),
        )
    for side in (-0.68, 0.68):
        box("leg", (x + side, y, 0.07), (0.05, 0.3, 0.14), oak)
    _books(x - 0.45, y, 0.70)
    _plant(x + 0.5, y, 0.70)
    _picture(-1.55, 1.62, white)
    _picture(-0.75, 1.55, white)
    box(
        "rug",
        (0.1, 0.0, 0.004),
        (2.6, 1.9, 0.008),
        plain("rug", (0.24, 0.24, 0.26), 1.0),
    )
    box(
        "rug.rim",
        (0.1, 0.0, 0.003),
        (2.75, 2.05, 0.006),
        plain("rim", (0.5, 0.47, 0.42), 1.0),
    )


def _books(x: float, y: float, z: float) -> None:
    rng = np.random.default_rng(3)
    for number in range(9):
        thick, tall = rng.uniform(0.022, 0.045), rng.uniform(0.19, 0.27)
        color = tuple(rng.uniform(0.04, 0.45, 3) * [1.0, 0.8, 0.7])
        cover = plain(f"book{number}", color, 0.7)
        box(
            "book", (x + thick / 2, y, z + tall / 2), (thick - 0.002, 0.16, tall), cover
        )
        x += thick


def _plant(x: float, y: float, z: float) -> None:
    bpy.ops.mesh.primitive_cone_add(
        vertices=32, radius1=0.075, radius2=0.1, depth=0.17, location=(x, y, z + 0.085)
    )
    _paint(bpy.context.object, plain("pot", (0.48, 0.23, 0.14), 0.8))
    leaf_green = plain("leaf", (0.05, 0.16, 0.045), 0.5)
    rng = np.random.default_rng(5)
    for _ in range(26):
        angle, lean = rng.uniform(0, 2 * np.pi), rng.uniform(0.25, 1.05)
        away = Vector(
            (np.cos(angle) * np.sin(lean), np.sin(angle) * np.sin(lean), np.cos(lean))
        )
        length = rng.uniform(0.16, 0.34)
        bpy.ops.mesh.primitive_uv_sphere_add(
            segments=10, ring_count=8, radius=1.0,
            location=Vector((x, y, z + 0.16)) + away * length * 0.6,
        )  # fmt: skip
        leaf = bpy.context.object
        leaf.scale = (0.032, 0.006, length / 2)
        leaf.rotation_euler = away.to_track_quat("Z", "Y").to_euler()
        _paint(leaf, leaf_green)


def _picture(x: float, z: float, white: Material) -> None:
    size = 0.5 if x < -1.0 else 0.36
    box(
        "frame",
        (x, WALL_Y - 0.015, z),
        (size, 0.03, size * 1.3),
        plain("frame", (0.03, 0.03, 0.03), 0.5),
    )
    box("mount", (x, WALL_Y - 0.031, z), (size * 0.9, 0.004, size * 1.18), white)
    tint = (0.10, 0.20, 0.30) if x < -1.0 else (0.45, 0.22, 0.10)
    box(
        "print",
        (x, WALL_Y - 0.034, z),
        (size * 0.6, 0.004, size * 0.8),
        plain(f"print{x}", tint, 0.8),
    )


def _lights() -> None:
    # A large window to the left, outside the picture, and light from the ceiling.
    _area(
        "window",
        WINDOW,
        (90.0, 0.0, -58.0),
        (1.8, 1.6),
        150.0,
        (1.0, 0.96, 0.90),
    )
    _area(
        "sky",
        (0.3, -1.6, HEIGHT - 0.03),
        (0.0, 0.0, 0.0),
        (4.5, 3.5),
        75.0,
        (0.92, 0.96, 1.0),
    )
    world = bpy.data.worlds.new("Room")
    bpy.context.scene.world = world
    world.color = (0.12, 0.13, 0.15)
    _with_nodes(world)
    background = world.node_tree.nodes["Background"]
    background.inputs["Color"].default_value = (0.5, 0.55, 0.62, 1.0)
    background.inputs["Strength"].default_value = 0.35


def _area(
    name: str,
    place: Triple,
    turn: Triple,
    size: tuple[float, float],
    power: float,
    color: Triple,
) -> None:
    data = bpy.data.lights.new(name, "AREA")
    data.shape, data.size, data.size_y = "RECTANGLE", *size
    data.energy, data.color = power, color
    light = bpy.data.objects.new(name, data)
    light.location = place
    light.rotation_euler = tuple(np.radians(turn))
    bpy.context.collection.objects.link(light)


def plain(name: str, color: Triple, roughness: float) -> Material:
    """Return the material `name`, making it if it is not there."""
    material = bpy.data.materials.get(name)
    if material is None:
        material = bpy.data.materials.new(name)
        _with_nodes(material)
        surface = material.node_tree.nodes["Principled BSDF"]
        surface.inputs["Base Color"].default_value = (*color, 1.0)
        surface.inputs["Roughness"].default_value = roughness
        material.diffuse_color = (*color, 1.0)  # What Workbench draws.
    return material


def _with_nodes(block: Material | bpy.types.World) -> None:
    if block.node_tree is None:  # From Blender 5.0 on everything has one.
        block.use_nodes = True


def _wood(name: str, light: Triple, dark: Triple, planks: float) -> Material:
    material = plain(name, light, 0.45)
    tree: NodeTree = material.node_tree
    brick = tree.nodes.new("ShaderNodeTexBrick")
    brick.inputs["Color1"].default_value = (*light, 1.0)
    brick.inputs["Color2"].default_value = (*dark, 1.0)
    brick.inputs["Mortar"].default_value = (*(0.35 * np.array(dark)), 1.0)
    brick.inputs["Scale"].default_value = planks
    brick.inputs["Mortar Size"].default_value = 0.006
    brick.inputs["Brick Width"].default_value = 9.0
    brick.inputs["Row Height"].default_value = 1.0
    where = tree.nodes.new("ShaderNodeTexCoord")
    tree.links.new(where.outputs["Object"], brick.inputs["Vector"])
    surface = tree.nodes["Principled BSDF"]
    tree.links.new(brick.outputs["Color"], surface.inputs["Base Color"])
    return material


def box(name: str, center: Triple, size: Triple, material: Material) -> Object:
    """Add a box with its corners a little rounded by the light only."""
    corners = [
        (x * size[0] / 2, y * size[1] / 2, z * size[2] / 2)
        for x in (-1, 1)
        for y in (-1, 1)
        for z in (-1, 1)
    ]
    faces = [
        (0, 1, 3, 2),
        (4, 6, 7, 5),
        (0, 4, 5, 1),
        (2, 3, 7, 6),
        (0, 2, 6, 4),
        (1, 5, 7, 3),
    ]
    data = bpy.data.meshes.new(name)
    data.from_pydata(corners, [], faces)
    thing = bpy.data.objects.new(name, data)
    thing.location = center
    bpy.context.collection.objects.link(thing)
    _paint(thing, material)
    return thing


def _paint(thing: Object, material: Material) -> None:
    thing.data.materials.clear()
    thing.data.materials.append(material)
