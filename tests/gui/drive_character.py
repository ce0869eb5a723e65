# SPDX-License-Identifier: GPL-3.0-or-later
"""Work the Character panel of an installed extension with a real pointer.

    python3 drive_character.py OUT [CHARACTER]

Load, Detect, Bind, Wiggle, Remove, and what may happen meanwhile; pictures and
Blender's log go to the folder OUT. Ends with 1 if anything is not as it should be.
"""

import functools
import sys
import time
from pathlib import Path

from gui_blender import Checks, GuiBlender, wait_for

MANNEQUIN = Path(__file__).parents[2] / "resources" / "characters" / "mannequin.glb"
LOOK_CLOSELY = """
window = bpy.context.window_manager.windows[0]
area = next(a for a in window.screen.areas if a.type == "VIEW_3D")
region = next(r for r in area.regions if r.type == "WINDOW")
for name in ("Cube", "Light", "Camera"):
    bpy.data.objects[name].hide_set(True)
with bpy.context.temp_override(window=window, area=area, region=region):
    bpy.ops.view3d.view_axis(type="FRONT")
    bpy.ops.view3d.view_selected()
view = area.spaces.active.region_3d
view.view_rotation = (0.84, 0.5, 0.1, 0.17)
area.spaces.active.overlay.show_floor = False
0
"""
HERO = "bpy.context.scene.vitpose.armature"
HAS_MAP = f"bool({HERO} and {HERO}.vitpose.bones.hips)"
CONSTRAINTS = f"sum(len(b.constraints) for b in {HERO}.pose.bones)"
POSE = f"[tuple(v) for b in {HERO}.pose.bones for v in b.matrix_basis]"
EXTENSION = "bl_ext.user_default.vitpose_blender"
# The list of running tests, kept where it outlives the file and the extension. Their
# clock is turned from here, however slowly a screen without a graphics card draws.
KEEP_RUNNING = f"""
import sys
module = sys.modules["{EXTENSION}.blender.operators.wiggle"]
sys.running_wiggles, sys.wiggle_time = module.running, 0.0
if not hasattr(sys, "wiggle_steps"):
    sys.wiggle_steps = module.wiggle.wiggle_steps
module.wiggle.wiggle_steps = (
    lambda armature, now: sys.wiggle_steps(armature, lambda: sys.wiggle_time)
)
0
"""
TURN_CLOCK = """
import sys
sys.wiggle_time += 0.05  # [s]
{turned}
"""
NUM_RUNNING = "import sys\nlen(sys.running_wiggles)"
ROLE = "import sys\nnext((s.moment.role for s in sys.running_wiggles if s.moment), '')"
FILE_BROWSER = """
window = bpy.context.window_manager.windows[0]
area = next((a for a in window.screen.areas if a.type == "FILE_BROWSER"), None)
params = area.spaces.active.params if area else None
if params:
    params.directory, params.filename = {folder!r}.encode(), {name!r}
(area.x + area.width // 2, area.height // 2) if params else None
"""


def load(blender, character):
    """Press Load, and choose the file in Blender's own file browser."""
    blender.ask("bpy.context.preferences.view.filebrowser_display_type = 'SCREEN'; 0")
    blender.press("vitpose.load_character")
    code = FILE_BROWSER.format(folder=str(character.parent), name=character.name)
    spot = wait_for("the file browser", lambda: blender.ask(code))
    time.sleep(1)
    blender.ask(code)
    blender.move(*spot)
    blender.key("Return")
    wait_for("the character", lambda: blender.ask(HAS_MAP))


def wiggle_until(blender, role):
    """Go on with Space until a role moves and its bone is well turned."""
    while (now := wait_for("a role", lambda: blender.ask(ROLE))) != role:
        blender.key("space")
        wait_for(f"what follows {now}", functools.partial(has_passed, blender, now))
    name = blender.ask(f"{HERO}.vitpose.bones.{role}")
    turned = f"{HERO}.pose.bones[{name!r}].matrix_basis.to_quaternion().angle"
    code = TURN_CLOCK.format(turned=turned)
    wait_for(f"{role} to be seen moving", lambda: blender.ask(code) > 0.7)


def has_passed(blender, role):
    return blender.ask(ROLE) != role


def drive(blender, character, check):
    """Go through the panel from top to bottom."""
    blender.open_tab("ViTPose")
    load(blender, character)
    check("Load brings the character in and recognises it", True)
    blender.ask(LOOK_CLOSELY)
    before = blender.ask(POSE)

    blender.ask("bpy.ops.vitpose.map_clear(); 0")
    blender.press("vitpose.detect")
    wait_for("Detect", lambda: blender.ask(HAS_MAP))
    check("Detect fills the bone map", True)
    blender.shot("detected")

    constraints = blender.ask(CONSTRAINTS)
    blender.press("vitpose.bind")
    wait_for("Bind", lambda: blender.ask(CONSTRAINTS) > constraints)
    check("Bind makes constraints", True)
    blender.shot("bound")

    posed = blender.ask(POSE)
    blender.ask(KEEP_RUNNING)
    blender.press("vitpose.wiggle")
    wiggle_until(blender, "left_shin")
    time.sleep(0.5)
    blender.shot("wiggle")
    blender.key("Escape")
    wait_for("the pose", lambda: blender.ask(POSE) == posed)
    check("Esc brings the pose back exactly", True)

    blender.press("vitpose.unbind")
    wait_for("Remove", lambda: blender.ask(CONSTRAINTS) == constraints)
    check("Remove takes every constraint away", blender.ask(POSE) == before)

    blender.press("vitpose.bone_colours")
    time.sleep(0.5)
    blender.shot("colours")
    survive(blender, check)


def survive(blender, check):
    """Start the test again and again, and pull the rug from under it."""
    off = f"bpy.ops.preferences.addon_disable(module={EXTENSION!r}); 0"
    for what, code in (
        ("deleting the armature", f"bpy.data.objects.remove({HERO}); 0"),
        ("loading another file", "bpy.ops.wm.read_homefile(); 0"),
        ("switching the extension off", off),
    ):
        blender.open_tab("ViTPose")
        if not blender.ask(f"bool({HERO})"):
            blender.press("vitpose.load_mannequin")
            wait_for("the mannequin", lambda: blender.ask(HAS_MAP))
        blender.ask(KEEP_RUNNING)
        blender.press("vitpose.wiggle")
        wait_for("the wiggle test", lambda: blender.ask(NUM_RUNNING) == 1)
        time.sleep(1)
        blender.ask(code)
        wait_for(what, lambda: blender.ask(NUM_RUNNING) == 0, timeout=15)
        check(f"{what} ends the wiggle test", True)
        time.sleep(1)


def main(folder, character=MANNEQUIN):
    """Run all checks; returns how many failed."""
    check = Checks()
    with GuiBlender(folder) as blender, check.of(blender):
        drive(blender, Path(character).resolve(), check)
    return check.sum_up()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) > 0)
