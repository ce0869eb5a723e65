# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the default character, resources/characters/mannequin.glb, from nothing.

    .venv/bin/python scripts/make_mannequin.py
    .venv/bin/python scripts/make_mannequin.py --preview out/mannequin.png

The same program always makes the same character.
"""

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import bpy
import numpy as np
from bpy.types import Material, Object
from mathutils import Vector

from mannequin_shape import body_parts
from mannequin_skeleton import BoneRest, rest_bones
from mannequin_tube import Part

ROOT = Path(__file__).resolve().parents[1]
DEFAULT_OUT = ROOT / "resources" / "characters" / "mannequin.glb"

MESH_NAME = "Mannequin"
RIG_NAME = "Mannequin_Rig"

# Linear base colour, roughness.
MATERIALS = {
    "body": ((0.62, 0.60, 0.56), 0.45),
    "joint": ((0.035, 0.038, 0.045), 0.6),
    "accent": ((0.80, 0.24, 0.05), 0.4),
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="the .glb")
    parser.add_argument("--preview", type=Path, help="also render it in poses, .png")
    options = parser.parse_args(arguments)

    bpy.ops.wm.read_factory_settings(use_empty=True)
    rig, mesh = build_mannequin(body_parts(), rest_bones().values())
    export_glb(options.out)
    print(
        f"{options.out}: {len(mesh.data.vertices)} vertices, "
        f"{len(rig.data.bones)} bones, {options.out.stat().st_size / 1000:.0f} kB"
    )
    if options.preview:
        from mannequin_preview import render_contact_sheet

        render_contact_sheet(rig, mesh, options.preview)
        print(options.preview)
    return 0


def build_mannequin(
    parts: Sequence[Part], bones: Iterable[BoneRest]
) -> tuple[Object, Object]:
    """Add the armature and the skinned mesh to the scene; return both."""
    rig = _build_rig(bones)
    mesh = _build_mesh(parts)
    mesh.parent = rig
    modifier = mesh.modifiers.new("Armature", "ARMATURE")
    modifier.object = rig
    bpy.context.view_layer.update()
    return rig, mesh


def export_glb(path: Path) -> None:
    """Write the scene's character without what a plain mesh does not need."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bpy.ops.export_scene.gltf(
        filepath=str(path),
        export_format="GLB",
        export_texcoords=False,
        export_animations=False,
        export_morph=False,
        export_cameras=False,
        export_lights=False,
        export_influence_nb=4,
        export_copyright="CC0-1.0, made by scripts/make_mannequin.py",
    )


def _build_rig(bones: Iterable[BoneRest]) -> Object:
    armature = bpy.data.armatures.new(RIG_NAME)
    rig = bpy.data.objects.new(RIG_NAME, armature)
    bpy.context.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for rest in bones:
        bone = armature.edit_bones.new(rest.name)
        bone.head, bone.tail = Vector(rest.head), Vector(rest.tail)
        bone.align_roll(Vector(rest.z_axis))
        if rest.parent:
            bone.parent = armature.edit_bones[rest.parent]
            gap = (bone.head - bone.parent.tail).length
            bone.use_connect = gap < 1e-6
    bpy.ops.object.mode_set(mode="OBJECT")
    return rig


def _build_mesh(parts: Sequence[Part]) -> Object:
    starts = np.cumsum([0, *(len(part.vertices) for part in parts)])
    data = bpy.data.meshes.new(MESH_NAME)
    data.from_pydata(
        np.concatenate([part.vertices for part in parts]).tolist(),
        [],
        [
            tuple(int(start) + row for row in face)
            for part, start in zip(parts, starts)
            for face in part.faces
        ],
    )
    names = [name for part in parts for name in part.materials]
    order = sorted(set(names), key=names.index)
    for name in order:
        data.materials.append(ensure_material(name))
    data.polygons.foreach_set("material_index", [order.index(name) for name in names])
    data.shade_smooth()
    data.update()
    mesh = bpy.data.objects.new(MESH_NAME, data)
    bpy.context.collection.objects.link(mesh)
    for part, start in zip(parts, starts):
        _skin(mesh, part, int(start))
    return mesh


def _skin(mesh: Object, part: Part, start: int) -> None:
    for bone, weights in part.weights.items():
        group = mesh.vertex_groups.get(bone) or mesh.vertex_groups.new(name=bone)
        for row in np.flatnonzero(weights > 1e-4):
            group.add([start + int(row)], float(weights[row]), "REPLACE")


def ensure_material(name: str) -> Material:
    """Return the mannequin's material `name`, making it if it is not there."""
    material = bpy.data.materials.get(name)
    if material is not None:
        return material
    color, roughness = MATERIALS[name]
    material = bpy.data.materials.new(name)
    if material.node_tree is None:  # From Blender 5.0 on every material has one.
        material.use_nodes = True
    material.diffuse_color = (*color, 1.0)
    material.roughness = roughness
    surface = material.node_tree.nodes["Principled BSDF"]
    surface.inputs["Base Color"].default_value = (*color, 1.0)
    surface.inputs["Roughness"].default_value = roughness
    return material


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # bpy 4.2's exporter crashes the interpreter while it shuts down.
    os._exit(code)
