# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators of the preferences: the runtime, models, the Doctor."""

import bpy
from bpy.types import Context, Event, Operator

from ...runtime.install import Request, remove
from ...runtime.packages import NEEDS
from ...runtime.plan import make_plan
from .. import access, doctor, models, runtime
from ..background import background
from ..preferences import prefs
from ..session import live
from .common import OperatorReturn, reports_errors

ONLINE = (
    "Allow Online Access is off: switch it on below, or in Preferences, System, Network"
)


def busy() -> str:
    """Return why no job can start now, in a sentence; empty if one can."""
    return f"{background.title} is running" if background.is_running else ""


def install_refusal() -> str:
    """Return why the runtime cannot be installed now; empty if it can."""
    if runtime.environment() is None:
        return "The runtime belongs to the installed extension: install its zip first"
    if live.is_running:
        return "Stop the capture first: it may run from the runtime"
    if not prefs().wheels_folder.strip() and not bpy.app.online_access:
        return ONLINE + "; or choose a wheels folder"
    return busy()


class VITPOSE_OT_install_runtime(Operator):
    bl_idname = "vitpose.install_runtime"
    bl_label = "Install Runtime"
    bl_description = (
        "Make the extension's own Python environment, with PyTorch for this machine, "
        "transformers and OpenCV. Needs no administrator and changes nothing of "
        "Blender's. Runs in the background; a cancelled one goes on where it was"
    )

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = install_refusal()
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def invoke(self, context: Context, event: Event) -> OperatorReturn:
        if prefs().wheels_folder.strip():
            return self.execute(context)
        return access.window_manager().invoke_props_dialog(self, width=420)

    def draw(self, context: Context) -> None:
        layout = self.layout
        assert layout is not None
        for line in cost(runtime.install_request()):
            layout.label(text=line)

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        background.start(runtime.install_job(), str)
        return {"FINISHED"}


def cost(request: Request) -> tuple[str, ...]:
    """Return what a user agrees to before packages are fetched, line by line."""
    plan = make_plan(request.host, request.accelerator, NEEDS)
    return (
        f"Packages for {request.accelerator.upper()} are downloaded from the Python",
        f"package index and PyTorch's: about {plan.download / 1e9:.1f} GB. They need",
        f"{plan.disk / 1e9:.1f} GB on the disk meanwhile.",
    )


class VITPOSE_OT_cancel_job(Operator):
    bl_idname = "vitpose.cancel_job"
    bl_label = "Cancel"
    bl_description = "End what runs in the background; what was downloaded is kept"

    @classmethod
    def poll(cls, context: Context) -> bool:
        if not background.is_running:
            cls.poll_message_set("Nothing runs in the background")
        return background.is_running

    def execute(self, context: Context) -> OperatorReturn:
        background.cancel()
        return {"FINISHED"}


class VITPOSE_OT_remove_runtime(Operator):
    bl_idname = "vitpose.remove_runtime"
    bl_label = "Remove Runtime"
    bl_description = "Remove the extension's own environment from the disk"

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = busy()
        if live.is_running:
            reason = "Stop the capture first: it may run from the runtime"
        elif not runtime.is_ready():
            reason = reason or "No runtime is installed"
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def invoke(self, context: Context, event: Event) -> OperatorReturn:
        return access.window_manager().invoke_confirm(self, event)

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        own = runtime.environment()
        assert own is not None
        remove(own)
        background.message = "The runtime was removed"
        return {"FINISHED"}


class VITPOSE_OT_download_model(Operator):
    bl_idname = "vitpose.download_model"
    bl_label = "Download Model"
    bl_description = (
        "Fetch the pose model from the Hugging Face hub into the models folder, and "
        "check that it arrived whole. A cancelled download goes on where it was"
    )

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = busy()
        if not models.is_on_the_hub(prefs().model):
            reason = "Give the model's id on the hub, as usyd-community/vitpose-base"
        elif not bpy.app.online_access:
            reason = ONLINE
        if reason:
            cls.poll_message_set(reason)
        return not reason

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        background.start(models.download_job(prefs().model.strip()), str)
        return {"FINISHED"}


class VITPOSE_OT_doctor(Operator):
    bl_idname = "vitpose.doctor"
    bl_label = "Doctor"
    bl_description = (
        "Examine versions, device, model, cameras, folders and permissions. The report "
        "goes to the clipboard and into a text block; it names neither you nor your "
        "home folder"
    )

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = busy()
        if live.is_running:
            reason = "Stop the capture first: the Doctor tries the cameras"
        if reason:
            cls.poll_message_set(reason)
        return not reason

    @reports_errors
    def execute(self, context: Context) -> OperatorReturn:
        background.start(doctor.job(), doctor.publish)
        return {"FINISHED"}


register, unregister = bpy.utils.register_classes_factory(
    (
        VITPOSE_OT_install_runtime,
        VITPOSE_OT_cancel_job,
        VITPOSE_OT_remove_runtime,
        VITPOSE_OT_download_model,
        VITPOSE_OT_doctor,
    )
)
