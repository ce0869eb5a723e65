# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters driven in Blender, and where the evaluated pose puts their bones."""

from pathlib import Path
from typing import TYPE_CHECKING

import bpy
import numpy as np

import _cli
from rigs_posed import NEXT, Build, Posed, tip, unit
from tests import rig_truth
from vitpose_blender.blender import access, binding, character, load
from vitpose_blender.core.motion import CharacterMotion, Memory
from vitpose_blender.core.retarget import retarget
from vitpose_blender.core.rig_rest import RigRest
from vitpose_blender.core.types import FloatArray

if TYPE_CHECKING:
    from bpy.types import Object
    from mathutils import Vector

    from rigs_clips import Clip


class Subject:
    """A character in the open file, with the bones that are known to be right.

    Attributes:
        name: What tables call it.
        truth: Bones of each main role, from the table written by hand.
        names: Of all bones.
        build: Its main bones at rest, which way it faces, its size.
    """

    def __init__(self, name: str, armature: "Object", truth: dict[str, str]) -> None:
        self.name, self.truth = name, truth
        self._armature_name = armature.name
        bones = access.armature_data(armature).bones
        self.names: list[str] = list(bones.keys())
        chosen = rig_truth.bones_of(truth, set(self.names))
        self._rows = {role: self.names.index(bone) for role, bone in chosen.items()}
        self._rest = np.array([bone.matrix_local for bone in bones])
        self._tips = self._find_tips([bone.tail_local for bone in bones])
        axes = unit(np.array(armature.matrix_world)[:3, :3].T)
        rest = self._posed(self._rest[np.newaxis])
        self.build = Build(rest, np.concatenate([axes, -axes]))

    def _find_tips(self, tails: "list[Vector]") -> dict[str, FloatArray]:
        """Return where each main bone ends at rest, in the world, `(3,)` [m]."""
        world = np.array(self.armature.matrix_world)
        heads = {r: (world @ self._rest[row])[:3, 3] for r, row in self._rows.items()}
        ends = {
            role: (world @ np.append(tails[row], 1.0))[:3]
            for role, row in self._rows.items()
        }
        return {role: tip(role, heads, ends[role]) for role in heads}

    @property
    def armature(self) -> "Object":
        """The character's armature object."""
        return bpy.data.objects[self._armature_name]

    def bone(self, role: str) -> str:
        """Return the name of a main role's bone."""
        return self.names[self._rows[role]]

    def descendants(self, role: str) -> list[int]:
        """Return a role's bone and all that hang on it, as rows of all bones."""
        bone = access.armature_data(self.armature).bones[self._rows[role]]
        below = [bone, *bone.children_recursive]
        return [self.names.index(item.name) for item in below]

    def bind(self, rig: str = "") -> RigRest:
        """Let the extension recognise and bind the character.

        Raises:
            RigError: It cannot.
        """
        rest = character.read_rig_rest(self.armature, rig)
        binding.ensure_binding(self.armature, rest)
        return rest

    def drive(
        self, clip: "Clip", rest: RigRest, memory: Memory, hands_meet: bool = False
    ) -> Posed:
        """Return how the bound character follows a clip.

        Args:
            clip: What the person does.
            rest: The character, as `bind` returned it.
            memory: What is known of the person before.
            hands_meet: Whether hands may meet at the cost of the arms' directions.
        """
        motion = retarget(clip.motion, rest, memory, hands_meet=hands_meet)
        poses = np.empty((len(motion), len(self.names), 4, 4))
        for frame in range(len(motion)):
            self.pose(motion, frame)
            poses[frame] = self._evaluated()
        return self._posed(poses)

    def pose(self, motion: CharacterMotion, frame: int) -> None:
        """Move the targets to one frame and let Blender evaluate it."""
        binding.move_targets(self.armature, motion.pose(frame))
        access.view_layer().update()

    def _evaluated(self) -> FloatArray:
        graph = bpy.context.evaluated_depsgraph_get()
        bones = access.pose_bones(self.armature.evaluated_get(graph))
        flat = np.empty(len(bones) * 16, dtype=np.float32)
        bones.foreach_get("matrix", flat)
        # RNA hands matrices over column by column.
        return flat.reshape(-1, 4, 4).swapaxes(1, 2).astype(np.float64)

    def _posed(self, poses: FloatArray) -> Posed:
        """Return the main roles' bones from all bones' matrices in armature space."""
        world = np.array(self.armature.matrix_world)
        deform = world @ poses @ np.linalg.inv(world @ self._rest)
        heads, ends, turns = {}, {}, {}
        for role, row in self._rows.items():
            heads[role] = (world @ poses[:, row])[:, :3, 3]
            turns[role] = _rotation(deform[:, row, :3, :3])
        for role, row in self._rows.items():
            end = (deform[:, row] @ np.append(self._tips[role], 1.0))[:, :3]
            ends[role] = heads.get(NEXT.get(role, ""), end)
        return Posed(heads, ends, turns, deform)


def open_subject(path: Path, truth: dict[str, str]) -> Subject:
    """Load a character's file into an empty scene.

    Raises:
        CharacterError: It cannot be read or has no skeleton.
    """
    with _cli.hushed():
        load.open_empty_scene()
        armature = load.load_character(path)
    hide_meshes()
    return Subject(path.stem, armature, truth)


def hide_meshes() -> None:
    """Spare Blender from deforming meshes that nobody looks at."""
    for item in bpy.data.objects:
        for modifier in item.modifiers:
            modifier.show_viewport = False


def _rotation(matrices: FloatArray) -> FloatArray:
    """Return the nearest rotations to matrices that may also scale."""
    u, _, vt = np.linalg.svd(matrices)
    return u @ vt
