# SPDX-License-Identifier: GPL-3.0-or-later
"""How the extension's page in the preferences looks: the runtime, then choices."""

import bpy
from bpy.types import UILayout

from ..runtime.doctor import Diagnosis
from ..runtime.packages import absent_here
from . import access, models, rig_choice, runtime
from .background import background
from .panel_parts import draw_button, draw_text
from .preferences import VitposePreferences

_ICONS = {"ok": "CHECKMARK", "warn": "ERROR", "fail": "CANCEL"}


def draw_page(layout: UILayout, page: VitposePreferences) -> None:
    """Draw the whole page.

    Args:
        layout: Where it goes.
        page: What it shows and lets choose.
    """
    layout.use_property_split = True
    layout.use_property_decorate = False
    _draw_runtime(layout.box(), page)
    _draw_network(layout.box())
    _draw_models(layout.box(), page)
    _draw_doctor(layout.box())
    _draw_rigs(layout.box())


def _draw_runtime(box: UILayout, page: VitposePreferences) -> None:
    box.label(text="Runtime: what the models run in", icon="SCRIPT")
    own = runtime.environment()
    if runtime.is_ready():
        _draw_text(box, "The extension's own runtime is installed.", "CHECKMARK")
    elif not (absent := absent_here()):
        _draw_text(
            box, "Blender's Python has all packages: nothing to install.", "CHECKMARK"
        )
    else:
        lacks = ", ".join(absent)
        _draw_text(box, f"Not installed. Blender's Python lacks: {lacks}.", "ERROR")
    box.prop(page, "engine")
    box.prop(page, "device")
    box.prop(page, "wheels_folder")
    row = box.row()
    row.operator("vitpose.install_runtime", icon="IMPORT")
    row.operator("vitpose.remove_runtime", icon="TRASH")
    if own is not None and own.log.is_file():
        log = str(own.log)
        draw_button(row, "wm.path_open", "Open Log", "TEXT", filepath=log)
    _draw_job(box)


def _draw_job(box: UILayout) -> None:
    job = background.job
    if job is None:
        return
    if not background.is_running:
        icon = "ERROR" if job.error else "INFO"
        if background.message:
            _draw_text(box, background.message, icon)
        return
    progress = job.progress
    text = f"{job.title}: {progress.text}"
    row = box.row()
    row.progress(factor=progress.share or 0.0, text=text)
    row.operator("vitpose.cancel_job", text="", icon="X")


def _draw_network(box: UILayout) -> None:
    box.label(text="Network", icon="URL")
    box.prop(access.preferences().system, "use_online_access")
    if not bpy.app.online_access:
        _draw_text(
            box,
            "Nothing is fetched while this is off. What comes with the extension, and "
            "a wheels folder, need no network.",
            "INFO",
        )


def _draw_models(box: UILayout, page: VitposePreferences) -> None:
    box.label(text="Models", icon="ARMATURE_DATA")
    box.prop(page, "model")
    box.prop(page, "detector")
    box.prop(page, "models_folder")
    if not page.model.strip():
        _draw_text(
            box, f"In use: {models.BUILT_IN}, which is always here.", "CHECKMARK"
        )
        return
    if models.chosen_model() != page.model.strip():
        _draw_text(box, "Downloaded.", "CHECKMARK")
    elif models.is_on_the_hub(page.model):
        box.operator("vitpose.download_model", icon="IMPORT")


def _draw_doctor(box: UILayout) -> None:
    row = box.row()
    row.label(text="Something does not work?", icon="QUESTION")
    row.operator("vitpose.doctor", icon="VIEWZOOM")
    job = background.job
    found = job.result if job is not None else None
    if not isinstance(found, Diagnosis):
        return
    for finding in found.findings:
        if finding.status != "ok":
            icon = _ICONS[finding.status]
            _draw_text(box, f"{finding.topic}: {finding.text}", icon)
            if finding.way_out:
                _draw_text(box, finding.way_out, "BLANK1")
    if found.worst == "ok":
        _draw_text(box, "All is well.", "CHECKMARK")


def _draw_rigs(box: UILayout) -> None:
    folder = rig_choice.user_folder()
    if folder is not None:
        row = box.row()
        row.label(text=f"Your own bone maps: {folder}", icon="ARMATURE_DATA")
        path = str(folder)
        draw_button(row, "wm.path_open", "", "FILE_FOLDER", filepath=path)


def _draw_text(layout: UILayout, text: str, icon: str) -> None:
    draw_text(layout, bpy.context, text, icon)
