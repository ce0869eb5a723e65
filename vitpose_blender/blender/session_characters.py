# SPDX-License-Identifier: GPL-3.0-or-later
"""The characters of a live capture: bound, moved, found again, released."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import bpy
from bpy.types import Object

from ..core.errors import CharacterError
from ..core.live_drive import Manner
from ..core.motion import CharacterPose, WorldMotion
from ..core.retarget import rest_targets
from ..core.rig_rest import RigRest
from ..live.config import CaptureConfig, Driven
from . import access, binding, character

log = logging.getLogger(__name__)

_MARK = "live"  # In what binding notes on an armature: a capture did it.
_LOOK_EVERY = 0.5  # Whether an armature is still in a scene, is slow to tell [s].


@dataclass(frozen=True, eq=False)
class Follower:
    """A character of a running capture.

    Attributes:
        name: Of its armature.
        rest: Its driven bones.
        person: Number of the person it follows; 0 before anybody was seen.
        motion: How that person moves, as the character follows it.
    """

    name: str
    rest: RigRest
    person: int
    motion: WorldMotion | None


@dataclass
class _Character:
    """One that is driven; Blender's data is looked up by what is noted here.

    Attributes:
        key: Name of its armature when the capture began.
        name: Its name now.
        uid: What stays when it is renamed, and through undo.
        rest: Its driven bones.
        manner: Whom it follows and how.
        pose: The last pose it was given.
        looked: When it was last seen in a scene, on `time.monotonic` [s].
    """

    key: str
    name: str
    uid: int
    rest: RigRest
    manner: Manner
    pose: CharacterPose | None = None
    looked: float = 0.0

    def find(self) -> Object | None:
        """Return its armature object, whatever it is called by now."""
        armature = access.find_object(self.name)
        is_due = time.monotonic() >= self.looked + _LOOK_EVERY
        if armature is None or armature.session_uid != self.uid or is_due:
            armature = character.find_armature(self.uid)
            self.looked = time.monotonic()
        if armature is not None:
            self.name = armature.name
        return armature


class Characters:
    """All that one capture drives.

    Args:
        driven: Which, and whom they follow.
        config: Of the capture.

    Raises:
        CharacterError: There is no armature of that name, or it cannot be bound.
        RigError: No rig map fits it.
    """

    def __init__(self, driven: Sequence[Driven], config: CaptureConfig) -> None:
        self._keeps_binding = config.keeps_binding
        self._characters = [_read(each, config) for each in driven]
        names = [each.key for each in self._characters]
        if len(set(names)) < len(names):
            raise CharacterError(
                f"{' and '.join(names)}: one character cannot follow two people; give "
                "each person a character"
            )

    def __len__(self) -> int:
        return len(self._characters)

    def runs(self) -> Mapping[str, tuple[RigRest, Manner]]:
        """Return what the thread needs to know of each, by its key."""
        return {each.key: (each.rest, each.manner) for each in self._characters}

    def has(self, armature: Object) -> bool:
        """Whether an armature is one of them."""
        return self.key_of(armature) is not None

    def key_of(self, armature: Object) -> str | None:
        """Return an armature's key; None where it is not one of them."""
        uid = armature.session_uid
        return next((each.key for each in self._characters if each.uid == uid), None)

    def followers(
        self, followed: Mapping[str, int], motions: Mapping[str, WorldMotion]
    ) -> list[Follower]:
        """Return all of them, with whom they follow; see `LiveRun`."""
        return [
            Follower(
                each.name, each.rest, followed.get(each.key, 0), motions.get(each.key)
            )
            for each in self._characters
        ]

    def bind(self) -> None:
        """Bind all of them, or none."""
        try:
            for each in self._characters:
                armature = each.find()
                if armature is not None:
                    self._bind(armature, each.rest)
                    binding.move_targets(armature, rest_targets(each.rest))
        except Exception:
            self.release()
            raise

    def _bind(self, armature: Object, rest: RigRest) -> None:
        """Bind one, with a mark that it is for a capture alone."""
        binding.ensure_binding(armature, rest)
        if not self._keeps_binding:
            armature[binding.KEY][_MARK] = True

    def set_aside(self) -> None:
        """Release all for a moment: their next poses bind them again."""
        if not self._keeps_binding:
            self.release()
            for each in self._characters:
                each.pose = None

    def release(self) -> None:
        """Put back what binding changed on those that are left, and on copies."""
        for each in self._characters:
            armature = each.find()
            if armature is not None and binding.is_bound(armature):
                binding.remove_binding(armature)
        release_strays()
        binding.remove_leftovers()

    def move(self, poses: Mapping[str, CharacterPose], deadline: float) -> list[str]:
        """Give characters their new poses; returns the names of those that are gone.

        Args:
            poses: By key.
            deadline: On `time.monotonic` [s]; who comes after it waits for the next
                tick, and goes first then.
        """
        gone = []
        for each in list(self._characters):
            armature = each.find()
            if armature is None:
                self._characters.remove(each)
                gone.append(each.name)
            elif (pose := poses.get(each.key)) is not None and pose is not each.pose:
                self._move(each, armature, pose)
                if time.monotonic() >= deadline:
                    break
        return gone

    def _move(self, each: _Character, armature: Object, pose: CharacterPose) -> None:
        if not binding.is_bound(armature):  # Undo went back to before it was.
            self._bind(armature, each.rest)
        binding.move_targets(armature, pose)
        each.pose = pose
        self._characters.remove(each)
        self._characters.append(each)


def release_strays(is_driven: Callable[[Object], bool] = lambda _: False) -> None:
    """Release armatures that are bound for a capture which does not drive them.

    Args:
        is_driven: Whether a running capture drives an armature.
    """
    for item in list(bpy.data.objects):
        if item.type != "ARMATURE" or item.library is not None or is_driven(item):
            continue
        bound = item.get(binding.KEY)
        if bound is not None and bound.get(_MARK):
            binding.remove_binding(item)


def _read(driven: Driven, config: CaptureConfig) -> _Character:
    armature = access.find_object(driven.armature)
    if armature is None or armature.type != "ARMATURE":
        names = ", ".join(repr(each.name) for each in character.armatures())
        raise CharacterError(
            f"There is no armature {driven.armature!r}: choose one of "
            f"{names or 'those that you load first'}"
        )
    rest = character.read_rig_rest(armature, driven.rig)
    return _Character(
        armature.name,
        armature.name,
        armature.session_uid,
        rest,
        driven.manner(config),
    )
