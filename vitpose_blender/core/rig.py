# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bone of a character plays which role, read from TOML rig maps."""

import json
import math
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeGuard

from .errors import RigError, VitposeError
from .layouts import SIDES
from .recognition.name_match import NameMatch

BODIES = ("biped", "quadruped")
CENTRE_ROLES = ("hips", "spine", "neck", "head", "jaw", "tail")
LIMB_ROLES = (
    "clavicle", "upper_arm", "forearm", "hand",
    "thigh", "shin", "foot", "toe",
)  # fmt: skip
TWIST_ROLES = ("upper_arm_twist", "forearm_twist", "thigh_twist", "shin_twist")
FINGER_ROLES = ("thumb", "index", "middle", "ring", "pinky")
SIDE_ROLES = (*LIMB_ROLES, "eye", *TWIST_ROLES, *FINGER_ROLES)
ROLES = CENTRE_ROLES + tuple(f"{side}_{part}" for side in SIDES for part in SIDE_ROLES)
# Several bones play these roles together, from root to tip; one plays any other.
CHAIN_ROLES = (
    "spine",
    "neck",
    "tail",
    *(f"{side}_{part}" for side in SIDES for part in TWIST_ROLES + FINGER_ROLES),
)
# Without these a body cannot be followed; everything else is a refinement. Front legs
# play the roles of arms.
REQUIRED_ROLES = (
    "hips",
    *(
        f"{side}_{part}"
        for side in SIDES
        for part in ("upper_arm", "forearm", "thigh", "shin")
    ),
)
MAX_INT = 2**31 - 1  # Of a custom property.
ALIKE = 0.9  # What a name counts that is only alike, against 1.
MAX_BYTES = 1_000_000  # A map is a page of names; more is not one.

Value = bool | int | float | str


@dataclass(frozen=True)
class RigMap:
    """The bone names of one rig family.

    Attributes:
        name: What people call the family.
        bones: Bone names of each role. Those of `CHAIN_ROLES` go from root to tip; of
            any other the first counts that an armature has.
        body: One of `BODIES`.
        properties: Custom properties of pose bones that hold while the character is
            driven, by bone name and property.
    """

    name: str
    bones: Mapping[str, tuple[str, ...]]
    body: str = "biped"
    properties: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)

    @classmethod
    def from_toml(cls, path: Path) -> "RigMap":
        """Read a rig map.

        Raises:
            VitposeError: The file is missing or not a rig map.
        """
        try:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except OSError as error:
            reason = error.strerror or error
            raise VitposeError(f"Cannot read the rig map {path}: {reason}") from error
        if len(data) > MAX_BYTES:
            raise VitposeError(f"{path} is not a rig map: it is larger than 1 MB")
        try:
            table = tomllib.loads(data.decode("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise VitposeError(f"{path} is not a rig map: {error}") from error
        return cls.from_table({"name": path.stem, **table}, str(path))

    @classmethod
    def from_table(cls, table: Any, source: str) -> "RigMap":
        """Read a rig map from a table such as `to_table` returns.

        Args:
            table: What was parsed; nothing in it is taken for granted.
            source: What errors call it.

        Raises:
            VitposeError: The table is not a rig map.
        """
        if not isinstance(table, dict):
            raise VitposeError(f"{source} is not a rig map: it is not a table")
        name, body = table.get("name"), table.get("body", "biped")
        if not _is_text(name) or not name.strip():
            raise VitposeError(f"{source} is not a rig map: its name is not a text")
        if body not in BODIES:
            raise VitposeError(
                f"{source}: body is {body!r}, but must be {' or '.join(BODIES)}"
            )
        bones = _bones(table, source)
        return cls(name.strip(), bones, body, _properties(table, source))

    def to_table(self) -> dict[str, Any]:
        """Return the map as plain values, which `from_table` reads."""
        bones = {role: self.bones[role] for role in ROLES if role in self.bones}
        return {
            "name": self.name,
            "body": self.body,
            "bones": {
                role: list(names) if role in CHAIN_ROLES or names[1:] else names[0]
                for role, names in bones.items()
            },
            "properties": {name: dict(p) for name, p in self.properties.items()},
        }

    def to_toml(self) -> str:
        """Return the map as the text of a file that `from_toml` reads."""
        table = self.to_table()
        lines = [f"name = {_toml(self.name)}"]
        if self.body != "biped":
            lines.append(f"body = {_toml(self.body)}")
        lines += ["", "[bones]"]
        lines += [f"{role} = {_toml(names)}" for role, names in table["bones"].items()]
        if self.properties:
            lines += ["", "[properties]"]
        lines += [
            f"{_toml(bone)} = {{ {_inline(values)} }}"
            for bone, values in self.properties.items()
        ]
        return "\n".join(lines) + "\n"

    def resolve(self, available: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return the bones of each role that the armature has, no bone twice.

        Whatever stands before or after every bone name (`mixamorig:`, `Armature|`) is
        found by itself; capitals, separators and wide letters do not matter where they
        tell no bones apart. Chains keep the bones that exist.

        Raises:
            RigError: A required role has no bone; the message names what is missing.
        """
        match = self._match(available)
        found = self._found(match)
        missing = [role for role in REQUIRED_ROLES if role not in found]
        if missing:
            prefix = match.prefix(self._names())
            names = [self.bones.get(role, (f"<{role}>",))[0] for role in missing]
            raise RigError((prefix + name for name in names), available)
        return found

    def score(self, available: Sequence[str]) -> tuple[float, float]:
        """Return how much of the armature the map explains, then how much of the map.

        The first is the number of bones that get a role, a little less for names that
        are only alike; it counts first: a rig without fingers fits a map with them
        better than one that explains fewer of its bones. The second is its share of
        what the map could explain.
        """
        match = self._match(available)
        found = {bone for bones in self._found(match).values() for bone in bones}
        exact = {
            bone
            for name in self._names()
            if (bone := match.find(name)) in found and match.is_exact(bone, name)
        }
        weight = len(exact) + ALIKE * len(found - exact)
        chains = (
            len(names) for role, names in self.bones.items() if role in CHAIN_ROLES
        )
        singles = sum(role not in CHAIN_ROLES for role in self.bones)
        return weight, weight / max(sum(chains) + singles, 1)

    def fits_controls(self, available: Sequence[str]) -> bool:
        """Whether the armature is a control rig whose switches the map knows.

        Such a rig also has bones that only follow, under the names of other maps.
        """
        return bool(self.properties) and self.properties.keys() <= set(available)

    def _match(self, available: Sequence[str]) -> NameMatch:
        required = [
            name for role in REQUIRED_ROLES for name in self.bones.get(role, ())
        ]
        return NameMatch(available, [*required, *self._names()])

    def _names(self) -> list[str]:
        return [name for names in self.bones.values() for name in names]

    def _found(self, match: NameMatch) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        taken: set[str] = set()
        for role, names in self.bones.items():
            bones = dict.fromkeys(filter(None, map(match.find, names)))
            free = [bone for bone in bones if bone not in taken]
            if free:
                found[role] = tuple(free if role in CHAIN_ROLES else free[:1])
                taken |= set(found[role])
        return found


def _bones(table: Mapping[str, Any], source: str) -> dict[str, tuple[str, ...]]:
    bones = table.get("bones")
    if not isinstance(bones, dict):
        raise VitposeError(f"{source} is not a rig map: it has no [bones] table")
    chains = {role: _names(source, role, value) for role, value in bones.items()}
    counts = Counter(name for chain in chains.values() for name in chain)
    if twice := [name for name, count in counts.items() if count > 1]:
        raise VitposeError(f"{source} gives the bone {twice[0]!r} to several roles")
    return chains


def _names(source: str, role: str, value: Any) -> tuple[str, ...]:
    if role not in ROLES:
        raise VitposeError(
            f"{source} names an unknown role {role!r}; roles are {', '.join(ROLES)}"
        )
    names = [value] if isinstance(value, str) else value
    is_list = isinstance(names, list | tuple) and names
    if not is_list or not all(_is_text(name) for name in names):
        raise VitposeError(f"{source}: {role} must be a bone name or a list of them")
    return tuple(names)


def _properties(table: Mapping[str, Any], source: str) -> dict[str, dict[str, Value]]:
    properties = table.get("properties", {})
    tables = properties.items() if isinstance(properties, dict) else [("", None)]
    for bone, values in tables:
        plain = (
            _is_text(bone)
            and isinstance(values, dict)
            and all(_is_text(key) and _is_value(value) for key, value in values.items())
        )
        if not plain:
            raise VitposeError(
                f"{source}: [properties] must give each bone a table of values, "
                'such as "hand.L" = { IK_FK = 1.0 }'
            )
    return {bone: dict(values) for bone, values in properties.items()}


def _is_text(value: Any) -> TypeGuard[str]:
    """Return whether it is a text, not empty, that a file and Blender can hold."""
    return (
        isinstance(value, str)
        and bool(value)
        and not any(char == "\0" or "\ud800" <= char <= "\udfff" for char in value)
    )


def _is_value(value: Any) -> bool:
    """Return whether a custom property can have it."""
    if isinstance(value, str):
        return value == "" or _is_text(value)
    if isinstance(value, int):
        return -MAX_INT <= value <= MAX_INT
    return isinstance(value, float) and math.isfinite(value)


def _toml(value: Value | list[str]) -> str:
    """Return a value as TOML, whose texts, numbers and lists are JSON's but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _inline(values: Mapping[str, Value]) -> str:
    return ", ".join(f"{_toml(key)} = {_toml(value)}" for key, value in values.items())


def load_rig_maps(folder: Path) -> list[RigMap]:
    """Return the maps of every TOML file in the folder, in order of their names."""
    return [RigMap.from_toml(path) for path in sorted(folder.glob("*.toml"))]


def fitting_rig_maps(maps: Iterable[RigMap], available: Sequence[str]) -> list[RigMap]:
    """Return the maps whose required bones an armature has, the best fitting first."""
    fitting = [rig_map for rig_map in maps if _resolves(rig_map, available)]
    return sorted(fitting, key=lambda each: _fit(each, available), reverse=True)


def choose_rig_map(maps: Iterable[RigMap], available: Sequence[str]) -> RigMap:
    """Return the map that fits the armature's bone names best.

    Raises:
        RigError: No map has all required bones; the message compares with the nearest.
    """
    maps = list(maps)
    if not maps:
        raise VitposeError("There is no rig map to choose from")
    if fitting := fitting_rig_maps(maps, available):
        return fitting[0]
    max(maps, key=lambda each: _fit(each, available)).resolve(available)
    raise AssertionError("unreachable: resolve raises for the nearest map")


def _fit(rig_map: RigMap, available: Sequence[str]) -> tuple[bool, tuple[float, float]]:
    return rig_map.fits_controls(available), rig_map.score(available)


def _resolves(rig_map: RigMap, available: Sequence[str]) -> bool:
    try:
        rig_map.resolve(available)
    except RigError:
        return False
    return True
