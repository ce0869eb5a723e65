# SPDX-License-Identifier: GPL-3.0-or-later
"""Save Rigify's metarigs and the rigs it generates from them, each as a .blend file.

Run as a child process by rigify_rigs.py, because Rigify can be switched on only once in
a process and the tests start each time from factory settings:

    python generate_rigify.py FOLDER [KIND ...]

A kind that ends in `-faceless` is generated without its face, which takes seconds.
"""

import os
import sys
from pathlib import Path

import bpy

# isort: split
import addon_utils  # Found only once bpy is imported.


def save_armature(armature, path):
    bpy.data.libraries.write(str(path), {armature}, fake_user=True)


def remove_face(metarig):
    bpy.ops.object.mode_set(mode="EDIT")
    bones = metarig.data.edit_bones
    for bone in (*bones["face"].children_recursive, bones["face"]):
        bones.remove(bone)
    bpy.ops.object.mode_set(mode="OBJECT")


def generate(kind, folder):
    """Save `KIND_metarig.blend` and `KIND.blend`."""
    name, _, wish = kind.partition("-")
    getattr(bpy.ops.object, f"armature_{name}_metarig_add")()
    metarig = bpy.context.object
    if wish == "faceless":
        remove_face(metarig)
    save_armature(metarig, folder / f"{kind}_metarig.blend")
    bpy.ops.pose.rigify_generate()
    save_armature(metarig.data.rigify_target_rig, folder / f"{kind}.blend")
    for item in list(bpy.data.objects):
        bpy.data.objects.remove(item)


def main(folder, kinds):
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    addon_utils.enable("rigify", default_set=True)  # It looks for its preferences.
    for kind in kinds:
        generate(kind, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
    sys.stdout.flush()
    os._exit(0)  # Blender 4.2 crashes on the way out after Rigify.
