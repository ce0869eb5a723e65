# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs inside the Blender under test: evaluates the Python that arrives in a file.

    blender --python inside_blender.py -- FOLDER

A question is `FOLDER/question.py`; its last expression's value comes back as JSON in
`FOLDER/answer.json`. Presses come from a real pointer outside, not from here.
"""

import ast
import json
import sys
import traceback
from pathlib import Path

import bpy

FOLDER = Path(sys.argv[sys.argv.index("--") + 1])
QUESTION, ANSWER = FOLDER / "question.py", FOLDER / "answer.json"
PERIOD = 0.02  # [s]


def evaluate(code):
    *before, last = ast.parse(code).body
    names = {"bpy": bpy}
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


bpy.context.preferences.view.show_splash = False
bpy.app.timers.register(answer, first_interval=0.5, persistent=True)
