# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bone of a character plays which role, read from TOML rig maps."""

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import RigError, VitposeError
from .layouts import SIDES

CENTRE_ROLES = ("hips", "spine", "neck", "head")
LIMB_ROLES = (
    "clavicle", "upper_arm", "forearm", "hand",
    "thigh", "shin", "foot", "toe",
)  # fmt: skip
FINGER_ROLES = ("thumb", "index", "middle", "ring", "pinky")
ROLES = CENTRE_ROLES + tuple(
    f"{side}_{part}" for side in SIDES for part in LIMB_ROLES + FINGER_ROLES
)
# Without these a person cannot be followed; everything else is a refinement.
REQUIRED_ROLES = (
    "hips",
    "spine",
    *(
        f"{side}_{part}"
        for side in SIDES
        for part in ("upper_arm", "forearm", "thigh", "shin", "foot")
    ),
)


@dataclass(frozen=True)
class RigMap:
    """The bone names of one rig family.

    Attributes:
        name: What people call the family.
        bones: Bone names of each role from root to tip; one name for most roles,
            several for spine, neck and fingers.
    """

    name: str
    bones: Mapping[str, tuple[str, ...]]

    @classmethod
    def from_toml(cls, path: Path) -> "RigMap":
        """Read a rig map.

        Raises:
            VitposeError: The file is missing or not a rig map.
        """
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            reason = error.strerror or error
            raise VitposeError(f"Cannot read the rig map {path}: {reason}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise VitposeError(f"{path} is not a rig map: {error}") from error
        bones = table.get("bones")
        if not isinstance(bones, dict):
            raise VitposeError(f"{path} is not a rig map: it has no [bones] table")
        names = {role: _names(path, role, value) for role, value in bones.items()}
        counts = Counter(name for chain in names.values() for name in chain)
        if twice := [name for name, count in counts.items() if count > 1]:
            raise VitposeError(f"{path} gives the bone {twice[0]!r} to several roles")
        return cls(str(table.get("name", path.stem)), names)

    def resolve(self, available: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return the bones of each role that the armature has.

        Whatever stands before every bone name (`mixamorig:`, `Armature|`) is found
        by itself. Chains keep the bones that exist.

        Raises:
            RigError: A required role has no bone; the message names what is missing.
        """
        present = set(available)
        prefix = self._prefix(available)
        found = {}
        for role, names in self.bones.items():
            bones = tuple(prefix + name for name in names if prefix + name in present)
            if bones:
                found[role] = bones
        missing = [
            prefix + name
            for role in REQUIRED_ROLES
            if role not in found
            for name in self.bones.get(role, (f"<{role}>",))[:1]
        ]
        if missing:
            raise RigError(missing, available)
        return found

    def score(self, available: Sequence[str]) -> tuple[int, float]:
        """Return how many of the map's bones the armature has, then their share.

        The number counts first: a rig without fingers fits a map with them better
        than one that explains fewer of its bones.
        """
        present = set(available)
        prefix = self._prefix(available)
        names = [name for chain in self.bones.values() for name in chain]
        count = sum(prefix + name in present for name in names)
        return count, count / max(len(names), 1)

    def _prefix(self, available: Sequence[str]) -> str:
        """Return what stands before the map's names in this armature."""
        hips = self.bones.get("hips", ("",))[0]
        present = set(available)
        candidates = {name.removesuffix(hips) for name in available if hips in name}
        names = [name for chain in self.bones.values() for name in chain]
        return max(
            sorted(candidates | {""}, key=len),
            key=lambda prefix: sum(prefix + name in present for name in names),
        )


def _names(path: Path, role: str, value: Any) -> tuple[str, ...]:
    if role not in ROLES:
        raise VitposeError(
            f"{path} names an unknown role {role!r}; roles are {', '.join(ROLES)}"
        )
    names = [value] if isinstance(value, str) else value
    is_list = isinstance(names, list) and names
    if not is_list or not all(isinstance(name, str) and name for name in names):
        raise VitposeError(f"{path}: {role} must be a bone name or a list of them")
    return tuple(names)


def load_rig_maps(folder: Path) -> list[RigMap]:
    """Return the maps of every TOML file in the folder, in order of their names."""
    return [RigMap.from_toml(path) for path in sorted(folder.glob("*.toml"))]


def choose_rig_map(maps: Iterable[RigMap], available: Sequence[str]) -> RigMap:
    """Return the map that fits the armature's bone names best.

    Raises:
        RigError: No map has all required bones; the message compares with the nearest.
    """
    ranked = sorted(maps, key=lambda rig_map: rig_map.score(available), reverse=True)
    for rig_map in ranked:
        try:
            rig_map.resolve(available)
        except RigError:
            continue
        return rig_map
    if not ranked:
        raise VitposeError("There is no rig map to choose from")
    ranked[0].resolve(available)
    raise AssertionError("unreachable: resolve raises for the nearest map")
