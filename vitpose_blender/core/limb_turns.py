# SPDX-License-Identifier: GPL-3.0-or-later
"""How a person's arms and legs turn a character's: directions, hinges, hands, feet."""

import numpy as np

from .axis_steps import steady
from .body_frames import between, prefer, trunk_line
from .flexion import natural_flexion
from .layouts import SIDES
from .limb_hinges import hinge_axes
from .limb_rest import Limb
from .motion import Memory, WorldMotion
from .rig_rest import RigRest
from .rotations import (
    about_axis,
    angle_about,
    apply,
    cross,
    dot,
    limb_frame,
    reject,
    shortest_turn,
    transpose,
    unit,
    without_nan,
)
from .trunk_frames import trunk_frames
from .types import FloatArray

# The shoulder blade takes its share of the arm's elevation above this angle: about
# one part in three (scapulohumeral rhythm, Inman 1944), kept lower as a clavicle
# bone also carries the shoulder's muscles [rad].
_SHRUG_FROM, _SHRUG_SHARE = np.radians(50), 0.2
_MOST_OVERSTRETCHED = np.radians(8)  # No joint of a character bends farther back.
# What bends back farther than that does so indeed [rad].
_BACK_INDEED = {"arm": np.radians(25), "leg": np.radians(50)}
# Wrists bend to the first angle; what bends to the second was not a hand [rad].
_WRIST, _NO_WRIST = np.radians(75), np.radians(120)
# Nearer to its rest direction than the first angle a limb has the hinge that the
# character was built with, beyond the second the one that people have [rad].
_AS_BUILT, _AS_PEOPLE = np.radians(10), np.radians(60)

_SEGMENTS = {"arm": ("shoulder", "elbow", "wrist"), "leg": ("hip", "knee", "ankle")}


def limb_turns(
    known: FloatArray, person: WorldMotion, rest: RigRest, limb: Limb, memory: Memory
) -> None:
    """Turn both bones of a limb as the person's are, and their hinge with them.

    Args:
        known: Turns so far, shape `(F, D, 3, 3)`; the two bones are filled in.
        person: The person, facing the character's way.
        rest: The character.
        limb: Which limb.
        memory: Of the frame before; brought up to date.
    """
    root, hinge, tip = (f"{limb.side}_{name}" for name in _SEGMENTS[limb.part])
    way = between(person.xyz, root, hinge)
    upper = unit(rest.to_rig(way))
    lower = unit(rest.to_rig(between(person.xyz, hinge, tip)))
    carrier = known[:, rest.anchors[limb.upper]]
    straight = _straight_hinge(carrier, limb.directions[0], limb.hinge, upper)
    hint = straight
    if rest.body == "biped":
        hint = _habitual_hinge(person.xyz, unit(way), rest, limb, carrier)
    axes = hinge_axes(person.times, (upper, lower), hint, straight, limb, memory)
    if rest.body == "biped":
        lower = _not_overstretched(upper, lower, axes, limb.part)
    below = _steady(person.times, lower, axes, f"{limb.name} lower", memory)
    ways, across = np.stack([upper, lower], axis=1), np.stack([axes, below], axis=1)
    turns = limb_frame(ways, across) @ transpose(limb.frames)
    known[:, [limb.upper, limb.lower]] = turns


def _habitual_hinge(
    xyz: FloatArray, way: FloatArray, rest: RigRest, limb: Limb, carrier: FloatArray
) -> FloatArray:
    """Return the hinge that people's limbs have in that direction, shape `(F, 3)`.

    Near the rest pose it goes over into the one that the character was built with.
    """
    lateral = "shoulder" if limb.part == "arm" else "hip"
    across = between(xyz, f"right_{lateral}", f"left_{lateral}")
    frames = trunk_frames(across, trunk_line(xyz))
    flexion = natural_flexion(apply(frames, way), limb.side, limb.part)
    upper = unit(rest.to_rig(way))
    bends_to = rest.to_rig(apply(transpose(frames), flexion))
    hinge = unit(cross(upper, bends_to))
    from_rest = dot(apply(carrier, limb.directions[0]), upper)
    away = np.arccos(np.clip(from_rest, -1.0, 1.0))
    as_built = np.clip((_AS_PEOPLE - away) / (_AS_PEOPLE - _AS_BUILT), 0.0, 1.0)
    as_built = as_built * as_built * (3.0 - 2.0 * as_built)
    return apply(about_axis(upper, limb.rest_spin * as_built), hinge)


def _straight_hinge(
    carrier: FloatArray, rest_direction: FloatArray, hinge: FloatArray, now: FloatArray
) -> FloatArray:
    """Return the hinge of a limb swung straight from rest, shape `(F, 3)`."""
    carried_direction = apply(carrier, rest_direction)
    carried_hinge = apply(carrier, hinge)
    return apply(shortest_turn(carried_direction, now), carried_hinge)


def _steady(
    times: FloatArray,
    directions: FloatArray,
    axes: FloatArray,
    name: str,
    memory: Memory,
) -> FloatArray:
    """Return the axes without sudden turns about the bone, shape `(F, 3)`."""
    seen = np.isfinite(directions).all(axis=-1) & np.isfinite(axes).all(axis=-1)
    steadied = np.full_like(axes, np.nan)
    if not seen.any():
        return steadied
    wanted, along, t = axes[seen], directions[seen], times[seen]
    first = (unit(reject(wanted[0], along[0])), along[0], -np.inf)
    axis, before, from_t = memory.hinges.get(name, first)
    elapsed = np.maximum(np.diff(t, prepend=from_t), 0.0)
    steadied[seen] = steady(elapsed, along, wanted, (axis, before))
    memory.hinges[name] = (steadied[seen][-1], along[-1], float(t[-1]))
    return steadied


def _not_overstretched(
    upper: FloatArray, lower: FloatArray, axes: FloatArray, part: str
) -> FloatArray:
    """Return where the lower bone points without bending far against its hinge.

    A bit is kept. An elbow keeps the less the more it also bends aside: then it is its
    hinge that is not yet where it should be.
    """
    back = -without_nan(angle_about(axes, upper, lower))
    kept = np.full(len(back), _MOST_OVERSTRETCHED)
    if part == "arm":
        aside = np.arcsin(np.minimum(np.abs(dot(axes, lower)), 1.0))
        kept = np.maximum(kept - without_nan(aside), 0.0)
    excess = np.where(back < _BACK_INDEED[part], back - kept, 0.0)
    is_over = excess > 0.0
    if not is_over.any():
        return lower
    straightened = apply(about_axis(axes, np.maximum(excess, 0.0)), lower)
    return np.where(is_over[:, np.newaxis], straightened, lower)


def hand_turn(
    known: FloatArray, person: WorldMotion, rest: RigRest, side: str, memory: Memory
) -> None:
    """The hand follows the forearm, bent at the wrist as far as the person's is."""
    if f"{side}_hand" not in rest.index:
        return
    limb = _limb(rest, f"{side}_arm")
    xyz = rest.to_rig(person.xyz)
    straight = unit(between(xyz, f"{side}_elbow", f"{side}_wrist"))
    pointing = unit(between(xyz, f"{side}_wrist", f"{side}_hand"))
    bend = shortest_turn(straight, prefer(_within_reach(straight, pointing), straight))
    turns = bend @ known[:, limb.lower]
    frame = limb.frames[1]
    hand = f"{side}_hand"
    known[:, rest.index[hand]] = _steady_turns(person.times, turns, frame, hand, memory)


def _limb(rest: RigRest, name: str) -> Limb:
    return next(limb for limb in rest.limbs if limb.name == name)


def _steady_turns(
    times: FloatArray, turns: FloatArray, frame: FloatArray, name: str, memory: Memory
) -> FloatArray:
    """Return a bone's turns without sudden ones about the bone, `(F, 3, 3)`.

    Args:
        times: Shape `(F,)` [s].
        turns: Away from rest, shape `(F, 3, 3)`.
        frame: Of the bone at rest as `limb_frame` has it, shape `(3, 3)`.
        name: Of the bone, for the memory.
        memory: Of the frame before; brought up to date.
    """
    along = turns @ frame[:, 2]
    across = _steady(times, along, turns @ frame[:, 0], name, memory)
    return limb_frame(along, across) @ frame.T


def _within_reach(straight: FloatArray, pointing: FloatArray) -> FloatArray:
    """Return where a hand points that bends no farther than wrists do, `(F, 3)`.

    What bends farther was seen wrongly, the less credible the farther: it fades.
    """
    angle = np.arccos(np.clip(dot(straight, pointing), -1.0, 1.0))
    if not (angle > _WRIST).any():
        return pointing
    faded = _WRIST * np.maximum(_NO_WRIST - angle, 0.0) / (_NO_WRIST - _WRIST)
    axis = unit(cross(straight, pointing))
    bent = apply(about_axis(axis, np.where(angle > _WRIST, faded, angle)), straight)
    return np.where((angle > _WRIST)[:, np.newaxis], bent, pointing)


def foot_turn(
    known: FloatArray, person: WorldMotion, rest: RigRest, side: str, memory: Memory
) -> None:
    """The foot points from heel to toe; the shin's hinge keeps the sole level."""
    if f"{side}_foot" not in rest.index:
        return
    limb = _limb(rest, f"{side}_leg")
    xyz = rest.to_rig(person.xyz)
    heel, ball, _ = rest.ground_points[SIDES.index(side)][1]
    at_rest = limb_frame(unit(ball - heel), limb.hinge)
    ahead = unit(between(xyz, f"{side}_heel", f"{side}_toe"))
    turns = limb_frame(ahead, apply(known[:, limb.lower], limb.hinge)) @ at_rest.T
    foot = f"{side}_foot"
    known[:, rest.index[foot]] = _steady_turns(
        person.times, turns, at_rest, foot, memory
    )
    if f"{side}_toe" in rest.index:
        known[:, rest.index[f"{side}_toe"]] = known[:, rest.index[foot]]


def clavicle_turn(
    known: FloatArray, xyz: FloatArray, rest: RigRest, side: str, chest: FloatArray
) -> None:
    """The clavicle goes with the chest and lifts when the arm goes up."""
    if f"{side}_clavicle" not in rest.index:
        return
    up = apply(chest, unit(rest.to_rig(rest.trunk[:, 2])))
    outward = rest.trunk[:, 0] * (1.0 if side == "left" else -1.0)
    outward = apply(chest, unit(rest.to_rig(outward)))
    arm = unit(between(xyz, f"{side}_shoulder", f"{side}_elbow"))
    elevation = np.arctan2(np.linalg.norm(cross(up, arm), axis=-1), -dot(up, arm))
    shrug = _SHRUG_SHARE * np.maximum(without_nan(elevation) - _SHRUG_FROM, 0.0)
    lift = about_axis(unit(cross(outward, up)), shrug)
    known[:, rest.index[f"{side}_clavicle"]] = lift @ chest
