# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders for what belongs to the user and outlives an update of the extension."""

from pathlib import Path

import bpy

from ..core.errors import OutputError

ROOT_PACKAGE = __package__.rpartition(".")[0]


def user_folder(name: str) -> Path:
    """Return the folder `name` of the user's own files, made where it is missing.

    It is in the extension's user folder, or beside Blender's own data files where the
    package runs without being installed as an extension.

    Args:
        name: `journal`, `takes`, `cameras`, ...

    Raises:
        OutputError: It cannot be made.
    """
    folder = extension_folder(name)
    if folder is None:
        data_files = bpy.utils.user_resource("DATAFILES")
        folder = Path(data_files) / "vitpose_blender" / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"Cannot make the folder {folder} ({error.strerror or error}): make it "
            "yourself, or let Blender's user folder be writable"
        ) from error
    return folder


def extension_folder(name: str) -> Path | None:
    """Return a folder of the installed extension's user; None when not installed."""
    try:
        return Path(bpy.utils.extension_path_user(ROOT_PACKAGE, path=name))
    except ValueError:
        return None
