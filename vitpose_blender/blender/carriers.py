# SPDX-License-Identifier: GPL-3.0-or-later
"""Which undriven bones carry driven ones, and which of them binding must hold still.

A game character's bones simply hang on each other. A control rig moves bones in between
by constraints and drivers of its own, on which its mesh may depend: those are left
alone, and the driven bone below is told its place. Only inside an IK chain, and above
a connected bone, which cannot leave its parent's tail, they are held.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bpy.types import Object, PoseBone

from ..core.rig_rest import RigRest
from . import access
from .bone_drivers import BoneDrivers, drives_transform
from .own_constraints import own_constraints

_ONLY_SCALE = {"COPY_SCALE", "LIMIT_SCALE", "MAINTAIN_VOLUME"}
_ONLY_TURN = {
    *("COPY_ROTATION", "LIMIT_ROTATION", "DAMPED_TRACK", "TRACK_TO", "LOCKED_TRACK"),
    "STRETCH_TO",
}
_NEAR = 1e-3  # Heads are at one place when nearer, in lengths of the bone.


@dataclass(frozen=True)
class Carriers:
    """What each of the bones around the driven ones has to do.

    Attributes:
        links: Undriven bones that must not move against what carries them.
        carrying: All bones above a driven one.
        plain: Undriven ones among them, and controls that those follow by constraints,
            that nothing but their own pose moves.
        located: Driven bones that must be told their place.
        pulled: For a located bone that is connected to its parent: the ancestor that
            can be moved in its stead.
        chains: The bones of each IK chain, from the lower bone up.
    """

    links: frozenset[str]
    carrying: frozenset[str]
    plain: frozenset[str]
    located: frozenset[str]
    pulled: Mapping[str, str]
    chains: tuple[tuple[str, ...], ...]


def find_carriers(armature: Object, rest: RigRest, drivers: BoneDrivers) -> Carriers:
    """Look at all that lies between the driven bones of an armature."""
    bones = access.pose_bones(armature)
    driven = set(rest.names)
    chains = tuple(
        _chain(bones[rest.names[limb.lower]], rest.names[limb.upper])
        for limb in rest.limbs
        if limb.is_chain
    )
    links = {name for chain in chains for name in chain[1:-1]} - driven
    located, pulled = set(), {}
    for name, is_detached in zip(rest.names, rest.detached):
        bone = bones[name]
        path = _undriven_above(bone, driven)
        is_moved = any(_moves_child(each, bone, drivers) for each in path)
        if is_detached:
            located.add(name)
            if leader := _leader(bone, driven):
                pulled[name] = leader[-1].name
                links |= {each.name for each in leader}
        elif is_moved and bone.bone.use_connect:
            links |= {each.name for each in path}
        elif is_moved and not links.issuperset(each.name for each in path):
            located.add(name)
    carrying = {each.name for name in driven for each in bones[name].parent_recursive}
    around = carrying - driven - links
    followed = {name for each in around for name in _followed(bones[each], armature)}
    plain = {
        name
        for name in around | followed - driven - links
        if not _is_moved(bones[name], drivers)
    }
    return Carriers(
        frozenset(links),
        frozenset(carrying),
        frozenset(plain),
        frozenset(located),
        pulled,
        chains,
    )


def _chain(lower: PoseBone, upper: str) -> tuple[str, ...]:
    names = [lower.name, *(parent.name for parent in lower.parent_recursive)]
    return tuple(names[: 1 + names.index(upper)])


def _undriven_above(bone: PoseBone, driven: Iterable[str]) -> list[PoseBone]:
    """Return the bones between a driven one and the next above it, nearest first."""
    path = []
    for parent in bone.parent_recursive:
        if parent.name in driven:
            break
        path.append(parent)
    return path


def _leader(bone: PoseBone, driven: Iterable[str]) -> list[PoseBone]:
    """Return the ancestors up to the first that can be moved, if bone itself cannot.

    There is none where a driven bone comes first.
    """
    above = []
    while bone.bone.use_connect and bone.parent is not None:
        bone = bone.parent
        above.append(bone)
        if bone.name in driven:
            return []
    return above


def _moves_child(bone: PoseBone, child: PoseBone, drivers: BoneDrivers) -> bool:
    """Whether what moves a bone by itself moves the head of one that it carries."""
    if _is_driven(bone, drivers):
        return True
    kinds = {each.type for each in own_constraints(bone) if not each.mute}
    kinds -= _ONLY_SCALE
    distance = (bone.bone.head_local - child.bone.head_local).length
    if distance < _NEAR * bone.bone.length:
        kinds -= _ONLY_TURN
    return bool(kinds)


def _followed(bone: PoseBone, armature: Object) -> Iterator[str]:
    """Iterate over the bones of its own armature that a bone's constraints follow."""
    assert armature.pose is not None
    for each in own_constraints(bone):
        for target in getattr(each, "targets", (each,)):
            name = getattr(target, "subtarget", "")
            is_own = getattr(target, "target", None) == armature
            if is_own and name in armature.pose.bones and not each.mute:
                yield name


def _is_moved(bone: PoseBone, drivers: BoneDrivers) -> bool:
    is_constrained = any(not each.mute for each in own_constraints(bone))
    return is_constrained or _is_driven(bone, drivers)


def _is_driven(bone: PoseBone, drivers: BoneDrivers) -> bool:
    return any(
        drives_transform(suffix) and not driver.mute
        for suffix, driver in drivers.get(bone.name, ())
    )
