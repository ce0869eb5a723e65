# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender knows of itself for the Doctor, and where its report goes."""

import threading
from pathlib import Path

import bpy
import numpy as np

from ..core.errors import OutputError
from ..runtime.doctor import Diagnosis, examine
from ..runtime.doctor_checks import Patient, checks
from ..runtime.job import Job, Report
from ..runtime.own_code import OwnPython
from . import access, models, runtime
from .preferences import prefs
from .user_files import user_folder

TEXT = "VITPOSE_doctor"  # The text block with the report.


def patient() -> Patient:
    """Return whom to examine: this Blender, and the Python that runs the models."""
    chosen, (python, paths) = prefs(), runtime.interpreter()
    return Patient(
        own=OwnPython(python, paths),
        runtime="the extension's runtime" if runtime.is_ready() else "Blender's Python",
        model=models.chosen_model() or models.BUILT_IN,
        device=chosen.device,
        facts={
            "blender": f"{bpy.app.version_string} ({bpy.app.binary_path or 'wheel'})",
            "blender's numpy": np.__version__,
            "engine": chosen.engine,
        },
        folders=_folders(),
        online=bpy.app.online_access,
    )


def _folders() -> dict[str, Path]:
    folders = {}
    for name in ("journal", "takes", "models"):
        try:
            folders[name] = (
                models.models_folder() if name == "models" else (user_folder(name))
            )
        except OutputError as error:
            folders[f"{name} ({error})"] = Path.home()
    return folders


def job() -> Job[Diagnosis]:
    """Return the examination, ready to start."""
    asked = checks(patient())

    def work(report: Report, stop: threading.Event) -> Diagnosis:
        return examine(asked, report, stop)

    return Job("The Doctor", work)


def publish(diagnosis: Diagnosis) -> str:
    """Put the report into a text block and on the clipboard, and say so."""
    block = bpy.data.texts.get(TEXT) or bpy.data.texts.new(TEXT)
    block.from_string(diagnosis.text())
    access.window_manager().clipboard = diagnosis.text()
    return f"The report is on the clipboard, and in the text {TEXT}"
