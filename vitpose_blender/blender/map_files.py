# SPDX-License-Identifier: GPL-3.0-or-later
"""Bone maps as files: the user's own, those that come along, and ones to share."""

import re
from dataclasses import replace
from pathlib import Path

from bpy.types import Object

from ..core.errors import OutputError, RigError
from ..core.rig import RigMap
from ..data_files import data_folder
from . import access, map_editor, rig_choice

SUFFIX = ".toml"


def map_names() -> list[tuple[str, bool]]:
    """Return the names of all maps, and whether each one is the user's own."""
    folder = rig_choice.user_folder()
    own = _stems(folder) if folder is not None else []
    shipped = [name for name in _stems(data_folder("rigs")) if name not in own]
    return [*((name, True) for name in own), *((name, False) for name in shipped)]


def _stems(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob(f"*{SUFFIX}"))


def own_path(name: str) -> Path:
    """Return the file of the user's own map of that name.

    Raises:
        OutputError: There is no folder for it, as this is not an installed extension.
    """
    folder = rig_choice.user_folder()
    if folder is None:
        raise OutputError(
            "There is no folder for your own maps, as ViTPose is not installed as an "
            "extension: export the map to a file instead"
        )
    stem = re.sub(r"[^\w\- ]+", "_", name).strip(" _") or "map"
    return folder / f"{stem}{SUFFIX}"


def write_file(armature: Object, path: Path, name: str) -> None:
    """Write the armature's map as a file that others can read.

    Args:
        armature: Whose map it is.
        path: Its folder is made; an older file is replaced.
        name: What people call the rig.

    Raises:
        OutputError: The map is empty, or the file cannot be written.
    """
    rig_map = replace(map_editor.read_map(armature), name=name.strip() or path.stem)
    if not rig_map.bones:
        raise OutputError("The bone map is empty: detect or choose bones first")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rig_map.to_toml(), encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"Cannot write {path.name}: {error.strerror or error}; choose a folder "
            "that can be written to"
        ) from error


def apply_map(armature: Object, rig_map: RigMap) -> list[str]:
    """Make a map the armature's own, with the bones that it has.

    Args:
        armature: Whose map is replaced.
        rig_map: Of a rig that may spell its bones a little differently.

    Returns:
        The roles that cannot be missing, but are.

    Raises:
        RigError: None of the map's bones is in the armature.
    """
    available = access.armature_data(armature).bones.keys()
    try:
        bones = rig_map.resolve(available)
    except RigError:
        bones = _that_exist(rig_map, set(available))
        if not bones:
            raise
    map_editor.write_map(armature, replace(rig_map, bones=bones))
    return map_editor.missing_roles(map_editor.read_map(armature))


def _that_exist(rig_map: RigMap, available: set[str]) -> dict[str, tuple[str, ...]]:
    chains = {
        role: tuple(name for name in names if name in available)
        for role, names in rig_map.bones.items()
    }
    return {role: names for role, names in chains.items() if names}
