# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys that hold still what would otherwise show through a baked motion.

Once the binding is gone, the character's own constraints act again, and so do its
properties and the pose it had. The new action says what held instead, by one key each;
other actions are not touched.
"""

import logging
from collections.abc import Iterable

import numpy as np
from bpy.types import Action, Object, PoseBone

from ..core.rig_rest import RigRest
from ..core.types import FloatArray
from . import access, actions, held_state, own_action, rest_pose, switched_off
from .bone_drivers import (
    bone_drivers,
    bone_path,
    constraint_suffix,
    drives_transform,
    property_suffix,
    split_path,
)
from .carriers import find_carriers
from .held_state import BoneRecord
from .own_constraints import find_constraint

log = logging.getLogger(__name__)

_NEGLIGIBLE = 1e-5  # Of a turn [rad], or a size; of places, as a share of the body's.


def write(
    action: Action,
    armature: Object,
    rest: RigRest,
    frames: FloatArray,
    written: set[str],
    wanted: set[str],
) -> None:
    """Key whatever the binding holds still.

    Args:
        action: That the armature plays.
        armature: A bound one.
        rest: Its driven bones.
        frames: Where to put the keys: where the motion begins, and where it ends if
            other keys come after it; shape `(1,)` or `(2,)`.
        written: Data paths that have curves already.
        wanted: Names of the bones that get keys.
    """
    keys = _StillKeys(action, armature, frames, written)
    size = float(np.ptp(rest.heads, axis=0).max())
    for bone, record in held_state.records(armature):
        if bone.name not in wanted:
            continue
        keys.hold_channels(bone, _moved(bone, record, size))
        keys.hold_properties(bone, record.properties)
        for entry in record.constraints:
            keys.switch_off(bone, *entry)
        if any(drives_transform(str(suffix)) for suffix, _ in record.drivers):
            keys.stuck.add(bone.name)
    bones = access.pose_bones(armature)
    for bone in (
        bones[name] for name in rest.posed if name in wanted & set(bones.keys())
    ):
        keys.hold_channels(bone, [rest_pose.rotation_channel(bone)])
    keys.hold_animated(armature, _held(armature, rest) & wanted)
    if keys.stuck:
        log.warning(
            "%s moves %s by drivers, which win over keys: mute them to see the bake "
            "as it was",
            armature.name, ", ".join(sorted(keys.stuck)),
        )  # fmt: skip


def _moved(bone: PoseBone, record: BoneRecord, size: float) -> list[str]:
    """Return the channels that stood elsewhere by more than importers' rounding."""
    return [
        channel
        for channel in rest_pose.CHANNELS
        if channel in record.values
        and not np.allclose(
            record.values[channel],
            getattr(bone, channel),
            atol=_NEGLIGIBLE * (size if channel == "location" else 1.0),
        )
    ]


def _held(armature: Object, rest: RigRest) -> set[str]:
    """Return the bones whose place in the pose counts."""
    carriers = find_carriers(armature, rest, bone_drivers(armature))
    return held_state.still_bones(armature, rest, carriers) | carriers.plain


class _StillKeys:
    """Writes single keys, each data path once.

    Attributes:
        stuck: Names of bones on which keys have no effect.
    """

    def __init__(
        self,
        action: Action,
        armature: Object,
        frames: FloatArray,
        written: set[str],
    ) -> None:
        self.stuck: set[str] = set()
        self._action = action
        self._frames = frames
        self._written = set(written)
        self._drivers = bone_drivers(armature)

    def hold_channels(self, bone: PoseBone, channels: Iterable[str]) -> None:
        """Key channels of a bone as they are."""
        for channel in channels:
            self._key(bone, channel, list(getattr(bone, channel)))

    def hold_properties(self, bone: PoseBone, keys: Iterable[str]) -> None:
        """Key custom properties that are numbers."""
        for key in keys:
            if self._has_driver(bone, property_suffix(key)):
                self.stuck.add(bone.name)
            elif not isinstance(bone.get(key, ""), str):
                self._key(bone, property_suffix(key), [bone[key]])

    def switch_off(self, bone: PoseBone, name: str, place: int) -> None:
        """Key a constraint's influence, or what else takes it out."""
        constraint = find_constraint(bone, name, place)
        if constraint is None:
            return
        influence = constraint_suffix(constraint.name, "influence")
        mute = constraint_suffix(constraint.name, "mute")
        if not self._has_driver(bone, influence):
            self._key(bone, influence, [0.0])
            switched_off.note(self._action, bone, constraint, "influence")
        elif not self._has_driver(bone, mute):
            self._key(bone, mute, [1.0])
            switched_off.note(self._action, bone, constraint, "mute")
        else:
            self.stuck.add(bone.name)

    def hold_animated(self, armature: Object, names: set[str]) -> None:
        """Key what other actions animate: they may play below this one, or before."""
        bones = access.pose_bones(armature)
        for played in list(own_action.played_actions(armature)):
            for path in own_action.animated_paths(played):
                name, suffix = split_path(path)
                if name in names and name in bones and suffix in rest_pose.CHANNELS:
                    self.hold_channels(bones[name], [suffix])

    def _has_driver(self, bone: PoseBone, suffix: str) -> bool:
        return any(suffix == other for other, _ in self._drivers.get(bone.name, ()))

    def _key(self, bone: PoseBone, suffix: str, values: list[float]) -> None:
        dot = "" if suffix.startswith("[") else "."
        path = f"{bone_path(bone.name)}{dot}{suffix}"
        if path not in self._written:
            self._written.add(path)
            rows = np.tile(np.array(values, dtype=float), (len(self._frames), 1))
            actions.write_curves(self._action, path, self._frames, rows, bone.name)
