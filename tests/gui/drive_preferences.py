# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at the preferences of an installed extension, and let the Doctor examine.

    python3 drive_preferences.py OUT

Pictures and Blender's log go to the folder OUT. Ends with 1 if anything is not as it
should be.
"""

import sys

from gui_blender import Checks, GuiBlender, wait_for

EXTENSION = "bl_ext.user_default.vitpose_blender"
SHOW = f"""
window = bpy.context.window_manager.windows[0]
bpy.context.preferences.view.show_splash = False
area = next(a for a in window.screen.areas if a.type == "VIEW_3D")
area.ui_type = "PREFERENCES"
bpy.context.preferences.active_section = "ADDONS"
bpy.context.window_manager.addon_search = "ViTPose"
region = next(r for r in area.regions if r.type == "WINDOW")
with bpy.context.temp_override(window=window, area=area, region=region):
    bpy.ops.preferences.addon_show(module="{EXTENSION}")
0
"""
BACKGROUND = f"""
import sys
background = sys.modules["{EXTENSION}.blender.background"].background
"""
PROGRESS = BACKGROUND + "background.job.progress.text if background.is_running else ''"
MESSAGE = BACKGROUND + "'' if background.is_running else background.message"
REPORT = "bpy.data.texts['VITPOSE_doctor'].as_string()"
WHEELS = f"bpy.context.preferences.addons['{EXTENSION}'].preferences.wheels_folder"


def look(blender, check):
    """Go through the page and what its buttons do."""
    blender.open_tab("ViTPose")  # By then the window is drawn.
    blender.ask(SHOW)
    wait_for("the page", lambda: blender.num_colours() > 500)
    blender.shot("preferences")
    can = blender.ask("bpy.ops.vitpose.install_runtime.poll()")
    check("offline, nothing is installed unasked", not can)

    blender.ask("bpy.ops.vitpose.doctor(); 0")
    wait_for("the examination", lambda: blender.ask(PROGRESS))
    blender.shot("doctor_at_work")
    said = wait_for("the report", lambda: blender.ask(MESSAGE), timeout=400)
    check("the Doctor says where its report is", "clipboard" in said)
    blender.shot("doctor")
    report = blender.ask(REPORT)
    print(report, flush=True)  # noqa: T201
    copied = blender.ask("bpy.context.window_manager.clipboard")
    check("it is on the clipboard", copied == report)
    check("the model works", "a person takes" in report)
    check("nobody's home is named", "/home/" not in report)

    blender.ask(f"{WHEELS} = {str(blender.folder.resolve())!r}; 0")
    (blender.folder / "empty-1-py3-none-any.whl").touch()
    blender.ask("bpy.ops.vitpose.install_runtime(); 0")
    said = wait_for("the installer", lambda: blender.ask(MESSAGE), timeout=200)
    check(f"what is here serves: {said}", said.startswith("Nothing to install"))
    blender.shot("installed")


def main(folder):
    """Look at all of it; returns how many checks failed."""
    check = Checks()
    with GuiBlender(folder) as blender, check.of(blender):
        look(blender, check)
    return check.sum_up()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) > 0)
