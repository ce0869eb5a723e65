# SPDX-License-Identifier: GPL-3.0-or-later
"""The extension's own environment, seen from Blender: where it is, who runs it."""

import os
import sys
from pathlib import Path

import bpy

from ..runtime.environment import Environment
from .user_files import extension_folder

_FOLDER = "runtime"


def environment() -> Environment | None:
    """Return the extension's own environment, which need not be installed yet.

    None where there is no place for one, since this does not run as an extension.
    """
    folder = extension_folder(_FOLDER)
    return Environment(folder) if folder is not None else None


def interpreter() -> tuple[str, tuple[str, ...]]:
    """Return the Python that runs a child process, and more paths for its imports.

    That is the extension's own environment where it is installed, else Blender's
    Python with the paths of this process.
    """
    own = environment()
    if own is not None and own.is_ready():
        return str(own.python), ()
    return str(host_python()), tuple(path for path in sys.path if Path(path).is_dir())


def host_python() -> Path:
    """Return the Python that Blender came with, or runs in.

    `sys.executable` is that in Blender's own builds and in Debian's; where Blender
    found none it is empty or Blender itself, which would open a second window.
    """
    given = Path(sys.executable)
    if sys.executable and given.resolve() != _binary():
        return given
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    names = ("python.exe",) if os.name == "nt" else (f"python{version}", "python3")
    folder = Path(sys.base_prefix) / "bin"
    found = (folder / name for name in names if (folder / name).is_file())
    return next(found, Path(names[-1]))


def _binary() -> Path | None:
    """Return Blender itself; None for the wheel, which is a module of a Python."""
    return Path(bpy.app.binary_path).resolve() if bpy.app.binary_path else None
