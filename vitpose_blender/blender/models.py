# SPDX-License-Identifier: GPL-3.0-or-later
"""The pose model that the preferences name: where it lies, and where it would go."""

from pathlib import Path

import bpy

from ..core.errors import OutputError
from ..runtime.job import Job
from ..runtime.models import Order, fetch_model
from ..runtime.own_code import OwnPython
from . import runtime
from .preferences import prefs
from .user_files import user_folder

BUILT_IN = "vitpose-nano"


def models_folder() -> Path:
    """Return the folder that downloaded models go to.

    Raises:
        OutputError: There is none, and it cannot be made.
    """
    chosen = prefs().models_folder.strip()
    return Path(bpy.path.abspath(chosen)) if chosen else user_folder("models")


def chosen_model() -> str:
    """Return the model to load: its folder where it is downloaded, else its name.

    Empty where the one that comes with the extension is wanted.
    """
    from ..inference.weights import lacking_files

    name = prefs().model.strip()
    if "/" not in name:
        return name
    try:
        folder = models_folder() / name.rsplit("/", 1)[-1]
    except OutputError:
        return name
    return str(folder) if not lacking_files(folder) else name


def network_name() -> str:
    """Return what the network that is chosen is called."""
    return Path(prefs().model.strip() or BUILT_IN).name


def download_job(name: str) -> Job[str]:
    """Return the download of a model of the hub, ready to start.

    Args:
        name: Its id, `owner/name`.

    Raises:
        OutputError: There is no folder for it.
    """
    python, paths = runtime.interpreter()
    folder = models_folder() / name.rsplit("/", 1)[-1]
    order = Order(OwnPython(python, paths), name, folder, bpy.app.online_access)
    title = f"Downloading {name}"
    return Job(title, lambda report, stop: fetch_model(order, report, stop))


def is_on_the_hub(name: str) -> bool:
    """Whether a model's name is one of the hub's, `owner/name`, and no folder's."""
    parts = name.strip().split("/")
    return len(parts) == 2 and all(parts) and not Path(name).expanduser().is_dir()
