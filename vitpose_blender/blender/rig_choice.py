# SPDX-License-Identifier: GPL-3.0-or-later
"""Which map a character's bones follow: a given one, its own, or a recognised one."""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bpy.types import Object

from ..core.errors import CharacterError, RigError, VitposeError
from ..core.recognition.rig_chains import fit_chains
from ..core.recognition.rig_detect import Detection, detect_rig
from ..core.rig import RigMap, load_rig_maps
from ..data_files import data_folder
from . import access, character, user_files

log = logging.getLogger(__name__)

MAP_KEY = "VITPOSE_rig_map"  # The armature's custom property: a map as JSON.
TABLE_KEY = "VITPOSE_humanoid"  # Another one: the map that its file brought along.
USER_MAPS = "rigs"  # The folder of a user's own maps, in the extension's.


def choose_rig(armature: Object, rig: str = "") -> Detection:
    """Return which bone of an armature plays which role.

    Args:
        armature: The character's armature object.
        rig: Name of a map, or the path of a TOML file; empty takes the map that the
            armature carries, or else recognises the rig.

    Raises:
        RigError: The map's bones are not there, or no body is in the armature.
        CharacterError: There is no map of that name.
    """
    if rig:
        given = _by_map(armature, find_rig_map(rig), "the map was given")
        skeleton = character.read_skeleton(armature)
        return replace(given, bones=fit_chains(skeleton, given.bones))
    if own := stored_map(armature):
        return _by_map(armature, own, "the armature carries its own map")
    skeleton = character.read_skeleton(armature)
    return detect_rig(skeleton, all_maps(), _humanoid_table(armature))


def _by_map(armature: Object, rig_map: RigMap, reason: str) -> Detection:
    bones = rig_map.resolve(access.armature_data(armature).bones.keys())
    return Detection(
        rig_map.name, rig_map.body, bones, 1.0, (reason,), rig_map.properties
    )


def _humanoid_table(armature: Object) -> dict[str, tuple[str, ...]] | None:
    """Return what the character's file says of its bones, if they still are there."""
    table = stored_map(armature, TABLE_KEY)
    try:
        names = access.armature_data(armature).bones.keys()
        return table.resolve(names) if table is not None else None
    except RigError:
        return None


def stored_map(armature: Object, key: str = MAP_KEY) -> RigMap | None:
    """Return the map that the armature carries; None if there is none to be read."""
    text = armature.get(key)
    if not isinstance(text, str):
        return None
    try:
        own = RigMap.from_table(json.loads(text), f"the map of {armature.name!r}")
    except (ValueError, RecursionError, VitposeError) as error:
        log.warning(
            "%s has a broken map, which is passed over: %s", armature.name, error
        )
        return None
    return own if own.bones else None


def store_map(armature: Object, rig_map: RigMap, key: str = MAP_KEY) -> None:
    """Let the armature carry a map; it is saved and copied with it."""
    armature[key] = json.dumps(rig_map.to_table(), ensure_ascii=False)


def forget_map(armature: Object) -> None:
    """Let the armature carry no map."""
    if armature.get(MAP_KEY) is not None:
        del armature[MAP_KEY]


def user_folder() -> Path | None:
    """Return the folder of the user's own maps; None when not run as an extension."""
    return user_files.extension_folder(USER_MAPS)


def all_maps() -> list[RigMap]:
    """Return the user's own maps, then those that come with the extension."""
    return [*user_maps().values(), *load_rig_maps(data_folder("rigs"))]


def user_maps() -> dict[str, RigMap]:
    """Return the user's own maps by file name; broken files are passed over."""
    folder = user_folder()
    return dict(_readable_maps(folder)) if folder is not None else {}


def _readable_maps(folder: Path) -> Iterator[tuple[str, RigMap]]:
    for path in sorted(folder.glob("*.toml")):
        try:
            yield path.stem, RigMap.from_toml(path)
        except VitposeError as error:
            log.warning("a rig map is passed over: %s", error)


def find_rig_map(rig: str) -> RigMap:
    """Return the rig map of that file or that name (`mixamo`, `unreal`, ...).

    Raises:
        CharacterError: There is none.
    """
    path = Path(rig)
    if path.suffix.lower() == ".toml" or path.is_file():
        return RigMap.from_toml(path)
    shipped = {path.stem: path for path in data_folder("rigs").glob("*.toml")}
    own = {name.lower(): rig_map for name, rig_map in user_maps().items()}
    if rig.lower() in own:
        return own[rig.lower()]
    if rig.lower() not in shipped:
        raise CharacterError(
            f"There is no rig map {rig!r}; there are "
            f"{', '.join(sorted({*own, *shipped}))}, or give the path of a .toml file"
        )
    return RigMap.from_toml(shipped[rig.lower()])
