# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs inside the Blender under test: evaluates the Python that arrives in a file.

    blender --python inside_blender.py -- FOLDER

A question is `FOLDER/question.py`; its last expression's value comes back as JSON in
`FOLDER/answer.json`. Presses come from a real pointer outside, not from here; it finds
buttons by pressing K over them, which notes what Blender says is there.
"""

import ast
import json
import sys
import traceback
from pathlib import Path
from typing import ClassVar

import bpy

FOLDER = Path(sys.argv[sys.argv.index("--") + 1])
QUESTION, ANSWER = FOLDER / "question.py", FOLDER / "answer.json"
PERIOD = 0.02  # [s]


class GUI_TEST_OT_note(bpy.types.Operator):  # noqa: N801  Blender wants it so.
    """Notes which operator's or property's button the pointer is over."""

    bl_idname = "gui_test.note"
    bl_label = "Note"
    noted: ClassVar = []  # `(x, y, text)`, in pixels from the top left.

    def invoke(self, context, event):
        manager = context.window_manager
        manager.clipboard = ""
        if bpy.ops.ui.copy_python_command_button.poll():
            bpy.ops.ui.copy_python_command_button()
        elif bpy.ops.ui.copy_data_path_button.poll():
            bpy.ops.ui.copy_data_path_button()
        place = event.mouse_x, context.window.height - event.mouse_y
        self.noted.append([*place, manager.clipboard])
        return {"FINISHED"}


def add_key():
    keymaps = bpy.context.window_manager.keyconfigs.addon.keymaps
    keymap = keymaps.new(name="User Interface")
    # Blender 5.2 hears no function keys from a screen without a keyboard.
    keymap.keymap_items.new(GUI_TEST_OT_note.bl_idname, "K", "PRESS")


def evaluate(code):
    *before, last = ast.parse(code).body
    names = {"bpy": bpy, "noted": GUI_TEST_OT_note.noted}
    exec(compile(ast.Module(before, []), "question", "exec"), names)
    return eval(compile(ast.Expression(last.value), "question", "eval"), names)


def answer():
    if QUESTION.exists():
        code = QUESTION.read_text("utf-8")
        QUESTION.unlink()
        try:
            reply = {"value": evaluate(code)}
        except Exception:  # noqa: BLE001  The test outside must hear of any.
            reply = {"error": traceback.format_exc()}
        unfinished = ANSWER.with_suffix(".tmp")
        unfinished.write_text(json.dumps(reply), "utf-8")
        unfinished.replace(ANSWER)
    return PERIOD


bpy.utils.register_class(GUI_TEST_OT_note)
add_key()
bpy.context.preferences.view.show_splash = False
bpy.app.timers.register(answer, first_interval=0.5, persistent=True)
