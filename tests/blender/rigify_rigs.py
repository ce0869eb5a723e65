# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigify's own characters for tests: generated once, then put into the open scene."""

import subprocess
from pathlib import Path

import bpy
import numpy as np
import pytest
from mathutils import Quaternion

from tests.blender.rigs import axes, heads
from vitpose_blender.core.layouts import AP10K17, CANONICAL, SIDES
from vitpose_blender.core.rig_rest import RigRest

# The bones of each limb, and the joints between which a person has the first.
_LIMBS = {
    "upper_arm": ("forearm", "shoulder", "elbow"),
    "forearm": ("hand", "elbow", "wrist"),
    "thigh": ("shin", "hip", "knee"),
    "shin": ("foot", "knee", "ankle"),
}
# The same of an animal's legs.
_LEGS = {
    "upper_arm": ("forearm", "front_shoulder", "front_elbow"),
    "thigh": ("shin", "back_hip", "back_knee"),
}
_TRUNK = {"hips": "DEF-spine", "spine": "DEF-spine.003", "head": "DEF-spine.006"}


def generate(folder: Path, python: str, *kinds: str) -> Path:
    """Save the metarigs and generated rigs of some kinds; returns the folder."""
    scripts = Path(bpy.utils.system_resource("SCRIPTS"))
    if not list(scripts.glob("addons*/rigify")):
        pytest.skip("this Blender comes without Rigify")
    script = Path(__file__).with_name("generate_rigify.py")
    done = subprocess.run(
        [python, str(script), str(folder), *kinds],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def add_rig(folder: Path, name: str) -> bpy.types.Object:
    """Put a saved armature, `KIND` or `KIND_metarig`, into the open scene."""
    path = str(folder / f"{name}.blend")
    with bpy.data.libraries.load(path) as (_, wanted):
        wanted.objects = ["metarig" if name.endswith("_metarig") else "rig"]
    (armature,) = wanted.objects
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.update()
    return armature


def keep_deform_bones(armature: bpy.types.Object) -> None:
    """Leave of a generated rig what an export to a game leaves."""
    for bone in armature.pose.bones:
        for constraint in list(bone.constraints):
            bone.constraints.remove(constraint)
    armature.animation_data_clear()
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    for bone in list(armature.data.edit_bones):
        if not bone.name.startswith("DEF-"):
            armature.data.edit_bones.remove(bone)
    bpy.ops.object.mode_set(mode="OBJECT")


def limb_errors(
    armature: bpy.types.Object, person: np.ndarray, rest: RigRest
) -> dict[str, float]:
    """Return how far the deform bones point away from the person's limbs [deg].

    Args:
        armature: A generated human in the pose to be judged.
        person: The person's joints at that moment, shape `(28, 3)` [m].
        rest: The character at rest.
    """
    xyz = person @ rest.facing.T
    return _segment_errors(armature, rest, _LIMBS, dict(zip(CANONICAL.names, xyz)))


def leg_errors(
    armature: bpy.types.Object, animal: np.ndarray, rest: RigRest
) -> dict[str, float]:
    """Return how far the deform bones point away from an animal's legs [deg].

    Args:
        armature: A generated animal in the pose to be judged.
        animal: AP-10K's joints at that moment, shape `(17, 3)` [m].
        rest: The character at rest.
    """
    return _segment_errors(armature, rest, _LEGS, dict(zip(AP10K17.names, animal)))


def _segment_errors(
    armature: bpy.types.Object,
    rest: RigRest,
    segments: dict[str, tuple[str, str, str]],
    joints: dict[str, np.ndarray],
) -> dict[str, float]:
    now, errors = heads(armature), {}
    for side in SIDES:
        for part, (below, *ends) in segments.items():
            first, last = (
                now[_deform_bone(rest, f"{side}_{role}")] for role in (part, below)
            )
            start, end = (joints[f"{side}_{name}"] for name in ends)
            errors[f"{side}_{part}"] = _angle(last - first, end - start)
    return errors


def _deform_bone(rest: RigRest, role: str) -> str:
    driven = rest.names[rest.index[role]]
    return "DEF-" + driven.removeprefix("DEF-").replace("_fk", "")


def trunk_errors(
    armature: bpy.types.Object,
    at_rest: dict[str, np.ndarray],
    rest: RigRest,
    rotations: np.ndarray,
) -> dict[str, float]:
    """Return how far the deform bones of hips, chest and head turn otherwise [deg].

    Args:
        armature: A generated human in the pose to be judged.
        at_rest: What `axes` returned for it at rest.
        rest: The character at rest.
        rotations: Of the targets that it follows, `(w, x, y, z)`, shape `(T, 4)`.
    """
    now, errors = axes(armature), {}
    for role, bone in _TRUNK.items():
        row = rest.chain(role)[-1]
        target = np.array(Quaternion(rotations[row]).to_matrix())
        wanted = target @ rest.rotations[row].T
        errors[role] = _turn_angle((now[bone] @ at_rest[bone].T).T @ wanted)
    return errors


def _angle(these: np.ndarray, those: np.ndarray) -> float:
    across = np.linalg.norm(np.cross(these, those))
    return float(np.degrees(np.arctan2(across, these @ those)))


def _turn_angle(turn: np.ndarray) -> float:
    return float(np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))))
