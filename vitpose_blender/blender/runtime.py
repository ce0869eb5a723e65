# SPDX-License-Identifier: GPL-3.0-or-later
"""The extension's own environment, seen from Blender: where it is, who runs it."""

import os
import sys
from pathlib import Path

import bpy
import numpy as np

from ..core.errors import SetupError
from ..runtime.environment import Environment, python_version
from ..runtime.install import Request, install
from ..runtime.job import Job
from ..runtime.plan import Host, find_accelerator
from .preferences import prefs
from .user_files import extension_folder

_FOLDER = "runtime"


def environment() -> Environment | None:
    """Return the extension's own environment, which need not be installed yet.

    None where there is no place for one, since this does not run as an extension.
    """
    folder = extension_folder(_FOLDER)
    return Environment(folder) if folder is not None else None


def is_ready() -> bool:
    """Whether the extension's own environment is installed and can be used."""
    own = environment()
    return own is not None and own.is_ready()


def interpreter() -> tuple[str, tuple[str, ...]]:
    """Return the Python that runs a child process, and more paths for its imports.

    That is the extension's own environment where it is installed, else Blender's
    Python with the paths of this process.
    """
    own = environment()
    if own is not None and own.is_ready():
        return str(own.python), (str(own.site_packages),)
    return str(host_python()), _paths_here()


def share_with_blender() -> None:
    """Let this process import what the environment has, for the engine in Blender.

    It comes last on the path: Blender's own numpy stays the one that is used.
    """
    own = environment()
    if own is not None and own.is_ready() and str(own.site_packages) not in sys.path:
        sys.path.append(str(own.site_packages))


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


def install_request() -> Request:
    """Return what to install here, by the preferences.

    Raises:
        SetupError: There is no place for it.
    """
    own = environment()
    if own is None:
        raise SetupError(
            "The runtime belongs to the installed extension: install its zip first"
        )
    chosen = prefs()
    wheels = chosen.wheels_folder.strip()
    return Request(
        environment=own,
        host=Host(host_python(), python_version(), np.__version__),
        accelerator="cpu" if chosen.device == "cpu" else find_accelerator(),
        wheels=Path(bpy.path.abspath(wheels)) if wheels else None,
        allow_network=bpy.app.online_access,
        paths=tuple(path for path in _paths_here() if path != str(own.site_packages)),
    )


def install_job() -> Job[str]:
    """Return the installation, ready to start.

    Raises:
        SetupError: There is no place for it.
    """
    request = install_request()
    title = "Installing the runtime"
    return Job(title, lambda report, stop: install(request, report, stop))


def _paths_here() -> tuple[str, ...]:
    return tuple(path for path in sys.path if Path(path).is_dir())


def _binary() -> Path | None:
    """Return Blender itself; None for the wheel, which is a module of a Python."""
    return Path(bpy.app.binary_path).resolve() if bpy.app.binary_path else None
