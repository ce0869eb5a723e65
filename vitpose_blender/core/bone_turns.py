# SPDX-License-Identifier: GPL-3.0-or-later
"""How far each driven bone of a character is turned away from its rest pose."""

import numpy as np

from .body_frames import chest_frame, forward_tilt, head_frame, pelvis_frame
from .layouts import SIDES
from .limb_turns import clavicle_turn, foot_turn, hand_turn, limb_turns
from .motion import Memory, WorldMotion
from .quadruped import neck_frame, rest_neck
from .rig_rest import RigRest
from .rotations import blend, transpose
from .steps import Progress, ignore
from .twist import share_twist
from .types import FloatArray
from .upright import upright_lean

_LIMBS = 0.6  # The share of the work that is over when the limbs are turned.


def bone_turns(
    person: WorldMotion, rest: RigRest, memory: Memory, progress: Progress = ignore
) -> FloatArray:
    """Return each bone's turn away from rest in rig space, `(F, D, 3, 3)`.

    Args:
        person: The person, facing the character's way.
        rest: The character.
        memory: Of the frame before; brought up to date.
        progress: Called with the finished part, in [0, 1].
    """
    num_frames, num_bones = len(person.times), len(rest.names)
    known = np.full((num_frames, num_bones, 3, 3), np.nan)
    is_biped = rest.body == "biped"
    from_upright = rest.upright.T
    if is_biped:
        from_upright = forward_tilt(-upright_lean(person, memory)) @ rest.upright.T
    pelvis = rest.turn_to_rig(pelvis_frame(person.xyz) @ from_upright)
    chest = rest.turn_to_rig(chest_frame(person.xyz) @ from_upright)
    known[:, rest.index["hips"]] = pelvis
    _spread(known, rest.chain("spine"), pelvis, chest)
    _turn_head(known, person, rest, chest, is_biped)
    xyz = rest.to_rig(person.xyz)
    for side in SIDES:
        if is_biped:
            clavicle_turn(known, xyz, rest, side, chest)
        else:
            known[:, rest.chain(f"{side}_clavicle")] = chest[:, np.newaxis]
    for number, limb in enumerate(rest.limbs):
        progress(_LIMBS * number / len(rest.limbs))
        limb_turns(known, person, rest, limb, memory)
    progress(_LIMBS)
    # What is below a quadruped's shin and forearm goes along with them.
    for number, side in enumerate(SIDES if is_biped else ()):
        hand_turn(known, person, rest, side, memory)
        foot_turn(known, person, rest, side, memory)
        progress(_LIMBS + (1 - _LIMBS) * (number + 1) / len(SIDES))
    share_twist(known, person.times, rest, memory)
    return _hold(known, rest.anchors, memory)


def _turn_head(
    known: FloatArray,
    person: WorldMotion,
    rest: RigRest,
    chest: FloatArray,
    is_biped: bool,
) -> None:
    """Turn neck and head; people's necks take their share, animals' lead the way."""
    if is_biped:
        turn = head_frame(person.xyz) @ rest.standing.T
    elif {"neck", "head"} <= set(rest.index):
        turn = neck_frame(person.xyz) @ rest_neck(rest).T
    else:
        return
    turn = rest.turn_to_rig(turn)
    _spread(known, rest.chain("neck"), chest, turn, 0.6 if is_biped else 1.0)
    if "head" in rest.index:
        known[:, rest.index["head"]] = turn


def _spread(
    known: FloatArray,
    chain: list[int],
    start: FloatArray,
    end: FloatArray,
    tip_share: float = 1.0,
) -> None:
    """Share the turn from `start` to `end` evenly along a chain of bones."""
    if chain:
        shares = tip_share * np.arange(1, len(chain) + 1) / len(chain)
        known[:, chain] = blend(start[:, np.newaxis], end[:, np.newaxis], shares)


def _hold(known: FloatArray, anchors: tuple[int, ...], memory: Memory) -> FloatArray:
    """Fill unknown turns with the last one known against the bone that carries it."""
    if len(known) and np.isfinite(known).all():  # As usual: nothing to fill.
        carriers = known[-1, list(anchors)]
        carriers[np.array(anchors) < 0] = np.eye(3)
        memory.turns = transpose(carriers) @ known[-1]
        return known
    turns = known.copy()
    held = np.tile(np.eye(3), (len(anchors), 1, 1))
    if memory.turns is not None:
        held = memory.turns.copy()
    identity = np.tile(np.eye(3), (len(known), 1, 1))
    for row, anchor in enumerate(anchors):
        carrier = turns[:, anchor] if anchor >= 0 else identity
        relative = transpose(carrier) @ known[:, row]
        missing = ~np.isfinite(relative).all(axis=(-1, -2))
        source = np.maximum.accumulate(np.where(missing, -1, np.arange(len(known))))
        filled = np.where(
            (source >= 0)[:, np.newaxis, np.newaxis], relative[source], held[row]
        )
        turns[:, row] = carrier @ filled
        if len(known):
            held[row] = filled[-1]
    memory.turns = held
    return turns
