# SPDX-License-Identifier: GPL-3.0-or-later
"""One pose as keys at the current frame, in the action that a character plays."""

from dataclasses import replace

import numpy as np
from bpy.types import Object

from ..core.errors import CharacterError
from ..core.rig_rest import RigRest
from ..core.steps import finish
from ..core.take import Take
from . import access, actions, animate, bake, binding, character, own_action
from .session_bake import BakeOptions, take_motion


def key_live(armature: Object, options: BakeOptions) -> int:
    """Key the pose of an armature that is bound; returns the number of bones.

    Raises:
        CharacterError: None of the wanted bones is driven.
        RigError: No rig map fits the character.
    """
    return _key(armature, character.read_rig_rest(armature, options.rig), options)


def key_take(armature: Object, take: Take, options: BakeOptions) -> int:
    """Key the pose that a bake would have at the current frame.

    Args:
        armature: The character; it is bound meanwhile, unless it was.
        take: As it was recorded.
        options: Of the bake.

    Returns:
        The number of bones.

    Raises:
        TakeError: The take holds nothing of that person.
        RigError: No rig map fits the character.
    """
    rest = character.read_rig_rest(armature, options.rig)
    scene, name, was_bound = access.scene(), armature.name, binding.is_bound(armature)
    passed = (scene.frame_current - options.first_frame) / animate.scene_fps()
    t = float(np.clip(options.between[0] + passed, 0.0, take.duration))
    moment = replace(options, between=(t, t))
    motion = finish(take_motion(take, rest, name, moment))
    binding.ensure_binding(armature, rest)
    try:
        binding.move_targets(armature, motion.pose(0))
        count = _key(armature, rest, options)
    finally:
        if not was_bound:
            binding.remove_binding(armature)
    scene.frame_set(scene.frame_current, subframe=scene.frame_subframe)
    return count


def _key(armature: Object, rest: RigRest, options: BakeOptions) -> int:
    """Add keys to the armature's own action; other keys stay as they are."""
    frame = access.scene().frame_current_final
    poses = bake.evaluated_pose(armature)[np.newaxis]
    keying = bake.Keying(options.action, roles=options.roles)
    wanted = keying.bones(armature, rest)
    action = own_action.ensure_action(armature, options.action)
    bones = set()
    for channel in bake.channels(armature.name, rest, poses, wanted):
        former = actions.value_at(action, channel.path, frame)
        values = bake.nearest(channel, former)
        actions.write_curves(
            action,
            channel.path,
            np.array([frame]),
            values,
            channel.bone,
            actions.BEZIER,
        )
        bones.add(channel.bone)
    if not bones:
        raise CharacterError(
            f"No bone of {armature.name!r} is driven: choose other body parts, or "
            "start the capture again"
        )
    return len(bones)
