# SPDX-License-Identifier: GPL-3.0-or-later
"""The wiggle test: every role moves in turn, so that a wrong map is seen at once.

One generator serves the operator in the viewport and blocking scripts. Whatever it
changes on the armature is put back when it ends, in whichever way it ends.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bpy.types import Object, PoseBone
from mathutils import Quaternion

from ..core.rig import RigMap, Value
from . import access, character, map_editor, props
from .own_constraints import PREFIX, ik_chain
from .role_texts import role_label, role_labels
from .wiggle_moves import Move, plan_moves

SECONDS = 2.0  # Of each role [s].

_CHANNELS = (
    "location", "rotation_quaternion", "rotation_euler", "rotation_axis_angle", "scale",
)  # fmt: skip

Pose = dict[str, dict[str, tuple[float, ...]]]


@dataclass(frozen=True)
class Moment:
    """What is to be seen now.

    Attributes:
        role: That moves.
        bones: That play it.
        caption: What a right map shows.
        place: Of the role in the test, from 1.
        count: Of all roles in the test.
    """

    role: str
    bones: tuple[str, ...]
    caption: str
    place: int
    count: int


# Sending True goes on to the next role.
Steps = Generator[Moment, bool | None, None]


def wiggle_steps(
    armature: Object, now: Callable[[], float], seconds: float = SECONDS
) -> Steps:
    """Move one role after the other; yields after each change of the pose.

    It ends early, without an error, when the armature is gone.

    Args:
        armature: Its bone map may be incomplete.
        now: The time [s]; a script that cannot wait gives a clock of its own.
        seconds: Of each role [s].
    """
    rig_map = map_editor.read_map(armature)
    plan = plan_moves(character.read_skeleton(armature), rig_map)
    uid = armature.session_uid
    with _held_still(armature, rig_map) as pose:
        for place, moves in enumerate(plan, start=1):
            started = now()
            while (elapsed := (now() - started) / seconds) < 1.0:
                found = character.find_armature(uid)
                if found is None:
                    return
                move = _show(found, moves, elapsed, pose)
                if (yield _moment(move, place, len(plan))):
                    break
            if found := character.find_armature(uid):
                _write_pose(found, pose, moves[0].bones)


def _moment(move: Move, place: int, count: int) -> Moment:
    return Moment(move.role, move.bones, move.caption, place, count)


def _show(armature: Object, moves: list[Move], elapsed: float, pose: Pose) -> Move:
    """Pose a role's bones as its moves have them after a share of the time."""
    number, phase = divmod(elapsed * len(moves), 1.0)
    move = moves[int(number)]
    angle = move.angle_at(phase)
    _write_pose(armature, pose, move.bones)
    bones = access.pose_bones(armature)
    for name, axis in zip(move.bones, move.axes.tolist()):
        if name in bones:
            turn = Quaternion(axis, angle).to_matrix().to_4x4()
            bones[name].matrix_basis = bones[name].matrix_basis @ turn
    return move


@contextmanager
def _held_still(armature: Object, rig_map: RigMap) -> Iterator[Pose]:
    """Let nothing but us move the armature; yields its pose, which comes back.

    Constraints of a binding are muted, and the character's own that hold the bones of
    the map; the properties hold that the map asks for.
    """
    uid = armature.session_uid
    bones = access.pose_bones(armature)
    pose = {bone.name: _read_channels(bone) for bone in bones}
    muted = _mute_holders(armature, rig_map)
    properties = _set_properties(armature, rig_map.properties)
    try:
        yield pose
    finally:
        found = character.find_armature(uid)
        if found is not None:
            _write_pose(found, pose, pose)
            _set_mute(found, muted, False)
            _set_properties(found, properties)


def _read_channels(bone: PoseBone) -> dict[str, tuple[float, ...]]:
    return {channel: tuple(getattr(bone, channel)) for channel in _CHANNELS}


def _write_pose(armature: Object, pose: Pose, names: Iterable[str]) -> None:
    """Give bones the channels back that they had; one that is gone is passed over."""
    bones = access.pose_bones(armature)
    for bone in (bones[name] for name in names if name in bones):
        for channel, values in pose[bone.name].items():
            setattr(bone, channel, values)


def _mute_holders(armature: Object, rig_map: RigMap) -> list[tuple[str, str]]:
    """Switch off what would hold the bones; returns bones and constraints."""
    wanted = {name for names in rig_map.bones.values() for name in names}
    acting = [
        (bone.name, constraint.name)
        for bone in access.pose_bones(armature)
        for constraint in bone.constraints
        if not constraint.mute
        and (
            constraint.name.startswith(PREFIX)
            or wanted & {held.name for held in (bone, *ik_chain(bone, constraint))}
        )
    ]
    _set_mute(armature, acting, True)
    return acting


def _set_mute(armature: Object, which: list[tuple[str, str]], mute: bool) -> None:
    bones = access.pose_bones(armature)
    for bone_name, constraint_name in which:
        if bone_name in bones:
            constraints = bones[bone_name].constraints
            if constraint_name in constraints:
                constraints[constraint_name].mute = mute


def _set_properties(
    armature: Object, properties: Mapping[str, Mapping[str, Value]]
) -> dict[str, dict[str, Value]]:
    """Set custom properties that bones have; returns their former values."""
    former: dict[str, dict[str, Value]] = {}
    bones = access.pose_bones(armature)
    for bone_name, values in properties.items():
        if bone_name in bones:
            bone = bones[bone_name]
            known = set(values) & set(bone.keys())
            former[bone_name] = {key: bone[key] for key in known}
            for key in known:
                bone[key] = values[key]
    armature.update_tag()  # Drivers do not notice custom properties by themselves.
    return former


def open_roles(armature: Object) -> list[str]:
    """Return one line for each role without a bone that is needed or has candidates.

    The last line names those that the rig just does not have.
    """
    rig_map = map_editor.read_map(armature)
    candidates = {
        role: map_editor.free_bones(armature, names)
        for role, names in props.recall(armature).candidates.items()
    }
    missing = map_editor.missing_roles(rig_map)
    others = [role for role in map_editor.open_roles(rig_map) if role not in missing]
    lines = [_open_role(role, candidates, is_needed=True) for role in missing]
    lines += [
        _open_role(role, candidates, is_needed=False)
        for role in others
        if candidates.get(role)
    ]
    absent = role_labels(role for role in others if not candidates.get(role))
    return lines + ([f"Not in this rig: {', '.join(absent)}"] if absent else [])


def _open_role(
    role: str, candidates: Mapping[str, Sequence[str]], is_needed: bool
) -> str:
    need = " and is needed" if is_needed else ""
    names = ", ".join(candidates.get(role, ())[:3])
    return f"{role_label(role)} has no bone{need}" + (
        f"; perhaps {names}" if names else ""
    )
