# SPDX-License-Identifier: GPL-3.0-or-later
"""How a person's arms and legs turn a character's: directions, hinges, hands, feet."""

import numpy as np

from .body_frames import between, prefer, trunk_line
from .flexion import natural_flexion
from .hinge_path import follow, follow_both_ways
from .layouts import SIDES
from .limb_rest import Limb
from .motion import Memory, WorldMotion
from .rig_rest import RigRest
from .rotations import (
    about_axis,
    angle_about,
    apply,
    body_frame,
    cross,
    limb_frame,
    reject,
    shortest_turn,
    transpose,
    unit,
)
from .trunk_frames import trunk_frames
from .types import FloatArray

# The shoulder blade takes its share of the arm's elevation above this angle: about
# one part in three (scapulohumeral rhythm, Inman 1944), kept lower as a clavicle
# bone also carries the shoulder's muscles [rad].
_SHRUG_FROM, _SHRUG_SHARE = np.radians(50), 0.2
# A limb bent by less than the first angle says nothing of its hinge, beyond the
# second it says all [rad].
_BEND_NONE, _BEND_CLEAR = np.radians(6), np.radians(20)
# A joint that bends against its habit is overstretched up to the first angle, and bends
# that way indeed from the second on; knees hardly ever do [rad].
_OVERSTRETCHED = {"arm": np.radians((9, 13)), "leg": np.radians((35, 50))}
_MOST_OVERSTRETCHED = np.radians(8)  # No joint of a character bends farther back.
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
    rest_upper, rest_lower = limb.directions
    if rest.body == "biped":
        hint = _habitual_hinge(person.xyz, unit(way), rest, limb, carrier)
    else:
        hint = _straight_hinge(carrier, rest_upper, limb.hinge, upper)
    axes = _follow_hinge(person.times, upper, lower, hint, limb, memory)
    if rest.body == "biped":
        lower = _not_overstretched(upper, lower, axes, limb.part)
    known[:, limb.upper] = (
        limb_frame(upper, axes) @ limb_frame(rest_upper, limb.hinge).T
    )
    known[:, limb.lower] = (
        limb_frame(lower, axes) @ limb_frame(rest_lower, limb.hinge).T
    )


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
    from_rest = np.sum(apply(carrier, limb.directions[0]) * upper, axis=-1)
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


def _follow_hinge(
    times: FloatArray,
    upper: FloatArray,
    lower: FloatArray,
    hint: FloatArray,
    limb: Limb,
    memory: Memory,
) -> FloatArray:
    """Return the hinge axis of a limb in every frame, shape `(F, 3)`.

    A bent limb shows its hinge: it is across both bones. A straight one does not, so
    the hinge then moves along with the upper bone and drifts to where people have it.
    In between both count, and near-straight limbs do not flip.
    """
    axes = np.full_like(upper, np.nan)
    seen = np.isfinite(upper).all(axis=-1) & np.isfinite(hint).all(axis=-1)
    if not seen.any():
        return axes
    direction, t = upper[seen], times[seen]
    bend, trust = _shown_hinge(direction, lower[seen], hint[seen], limb.part)
    first = (hint[seen][0], direction[0], -np.inf)
    axis, from_direction, from_t = memory.hinges.get(limb.name, first)
    carried = _carry(axis, from_direction, direction)
    path = follow_both_ways if memory.looks_ahead else follow
    spin = path(
        np.maximum(np.diff(t, prepend=from_t), 0.0),
        angle_about(direction, carried, hint[seen]),
        angle_about(direction, carried, bend),
        trust,
    )
    axes[seen] = unit(reject(apply(about_axis(direction, spin), carried), direction))
    memory.hinges[limb.name] = (axes[seen][-1], direction[-1], float(t[-1]))
    return axes


def _shown_hinge(
    upper: FloatArray, lower: FloatArray, hint: FloatArray, part: str
) -> tuple[FloatArray, FloatArray]:
    """Return the axis about which a limb is bent, and how much it counts, 0 to 1.

    Unknown lower bones show nothing.
    """
    bend = np.nan_to_num(cross(upper, lower))
    cosine = np.nan_to_num(np.sum(upper * lower, axis=-1), nan=1.0)
    angle = np.arctan2(np.linalg.norm(bend, axis=-1), cosine)
    trust = np.clip((angle - _BEND_NONE) / (_BEND_CLEAR - _BEND_NONE), 0.0, 1.0)
    over, indeed = _OVERSTRETCHED[part]
    is_against = np.sum(bend * hint, axis=-1) < 0
    bend = np.where((is_against & (angle < over))[:, np.newaxis], -bend, bend)
    is_unclear = is_against & (angle >= over) & (angle < indeed)
    return bend, np.where(is_unclear, 0.0, trust)


def _not_overstretched(
    upper: FloatArray, lower: FloatArray, axes: FloatArray, part: str
) -> FloatArray:
    """Return where the lower bone points without bending far against its hinge."""
    flexion = np.nan_to_num(angle_about(axes, upper, lower))
    _, indeed = _OVERSTRETCHED[part]
    excess = np.where(flexion > -indeed, -flexion - _MOST_OVERSTRETCHED, 0.0)
    is_over = excess > 0.0
    straightened = apply(about_axis(axes, np.maximum(excess, 0.0)), lower)
    return np.where(is_over[:, np.newaxis], straightened, lower)


def _carry(axis: FloatArray, upper: FloatArray, direction: FloatArray) -> FloatArray:
    """Return an axis across a bone that goes along with it and never turns about it.

    Args:
        axis: At the beginning, shape `(3,)`.
        upper: Where the bone pointed then, shape `(3,)`.
        direction: Where it points in each frame, shape `(F, 3)`.
    """
    swings = shortest_turn(
        np.concatenate([upper[np.newaxis], direction[:-1]]), direction
    )
    carried = np.empty_like(direction)
    for frame, swing in enumerate(swings):
        carried[frame] = axis = swing @ axis
    return carried


def hand_turn(known: FloatArray, xyz: FloatArray, rest: RigRest, side: str) -> None:
    """The hand follows the forearm, bent at the wrist as far as the person's is."""
    if f"{side}_hand" not in rest.index:
        return
    forearm_row, hand_row = (rest.index[f"{side}_{r}"] for r in ("forearm", "hand"))
    forearm = known[:, forearm_row]
    straight = unit(between(xyz, f"{side}_elbow", f"{side}_wrist"))
    pointing = unit(between(xyz, f"{side}_wrist", f"{side}_hand"))
    bend = shortest_turn(straight, prefer(_within_reach(straight, pointing), straight))
    known[:, hand_row] = bend @ forearm


def _within_reach(straight: FloatArray, pointing: FloatArray) -> FloatArray:
    """Return where a hand points that bends no farther than wrists do, `(F, 3)`.

    What bends farther was seen wrongly, the less credible the farther: it fades.
    """
    angle = np.arccos(np.clip(np.sum(straight * pointing, axis=-1), -1.0, 1.0))
    faded = _WRIST * np.maximum(_NO_WRIST - angle, 0.0) / (_NO_WRIST - _WRIST)
    axis = unit(cross(straight, pointing))
    bent = apply(about_axis(axis, np.where(angle > _WRIST, faded, angle)), straight)
    return np.where((angle > _WRIST)[:, np.newaxis], bent, pointing)


def foot_turn(known: FloatArray, xyz: FloatArray, rest: RigRest, side: str) -> None:
    """The foot points from heel to toe; the shin's hinge keeps the sole level."""
    if f"{side}_foot" not in rest.index:
        return
    limb = next(limb for limb in rest.limbs if limb.name == f"{side}_leg")
    heel, ball, _ = rest.ground_points[SIDES.index(side)][1]
    shin = known[:, limb.lower]
    at_rest = body_frame(limb.hinge, unit(ball - heel))
    ahead = unit(between(xyz, f"{side}_heel", f"{side}_toe"))
    foot = rest.index[f"{side}_foot"]
    known[:, foot] = body_frame(apply(shin, limb.hinge), ahead) @ at_rest.T
    if f"{side}_toe" in rest.index:
        known[:, rest.index[f"{side}_toe"]] = known[:, foot]


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
    elevation = np.arctan2(
        np.linalg.norm(cross(up, arm), axis=-1), -np.sum(up * arm, axis=-1)
    )
    shrug = _SHRUG_SHARE * np.clip(np.nan_to_num(elevation) - _SHRUG_FROM, 0.0, None)
    lift = about_axis(unit(cross(outward, up)), shrug)
    known[:, rest.index[f"{side}_clavicle"]] = lift @ chest
