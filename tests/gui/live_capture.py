# SPDX-License-Identifier: GPL-3.0-or-later
"""A live capture in the Blender under test: started, watched, seen to have ended."""

import time

import processes
from gui_blender import wait_for

EXTENSION = "bl_ext.user_default.vitpose_blender"
SESSION = f"""
from {EXTENSION}.blender.session import live
"""
SET_UP = """
capture = bpy.context.scene.vitpose.capture
capture.source, capture.{setting} = {kind!r}, {source!r}
capture.fps = 30 if capture.source == "RECORDED" else 0
preferences = bpy.context.preferences.addons[{extension!r}].preferences
preferences.engine, preferences.model = {engine!r}, {model!r}
0
"""
STATUS = """
import dataclasses, math
status = dataclasses.asdict(live.status())
{key: None if isinstance(value, float) and math.isnan(value) else value
 for key, value in status.items()}
"""
HERO = "bpy.context.scene.vitpose.armature"
# Where the bones are, as Blender shows them.
BONES = "[tuple(bone.tail) for bone in bpy.data.objects[{name!r}].pose.bones]"
LEFT = """
import threading
{"threads": [each.name for each in threading.enumerate()
             if each is not threading.main_thread()],
 "ticks": bpy.app.timers.is_registered(live._tick),
 "running": live.is_running}
"""
# Whatever binding makes: constraints on bones, targets.
BINDING = """
sorted(
    [each.name for each in bpy.data.objects if each.name.startswith("VITPOSE_")]
    + [constraint.name for each in bpy.data.objects if each.pose
       for bone in each.pose.bones for constraint in bone.constraints
       if constraint.name.startswith("VITPOSE_")]
)
"""


class Capture:
    """Speaks with the extension's one session.

    Args:
        blender: With the extension, and a character in its panel.
    """

    def __init__(self, blender):
        self.blender = blender

    def ask(self, code):
        return self.blender.ask(SESSION + code)

    def set_up(self, source, engine="process", model=""):
        """Choose a source, as the panel and the preferences would."""
        kind, setting = ("VIDEO", "video")
        if "://" in str(source):
            kind, setting = ("STREAM", "url")
        elif str(source).endswith(".json"):
            kind, setting = ("RECORDED", "recorded")
        code = SET_UP.format(
            extension=EXTENSION,
            setting=setting,
            kind=kind,
            source=str(source),
            engine=engine,
            model=str(model),
        )
        self.blender.ask(code)

    def start(self):
        """Start as a press does; returns whether it was started."""
        return self.blender.ask("list(bpy.ops.vitpose.start())") == ["FINISHED"]

    def stop(self):
        self.blender.ask("bpy.ops.vitpose.stop(); 0")

    @property
    def hero(self):
        return self.blender.ask(f"{HERO}.name if {HERO} else ''")

    def status(self):
        return self.ask(STATUS)

    def bones(self, name):
        return self.blender.ask(BONES.format(name=name))

    def left(self):
        """Return threads, children, timer: what a capture must not leave behind."""
        found = self.ask(LEFT)
        found["children"] = self.children()
        return found

    def children(self):
        """Return the command lines of all that Blender has running."""
        pids = processes.children(self.blender.process.pid)
        return [processes.command_line(pid) for pid in pids]

    def wait_until_running(self, timeout=120):
        """Wait for the first pose; returns how long it took [s]."""
        started = time.monotonic()
        wait_for("the capture to run", self._is_running, timeout)
        return time.monotonic() - started

    def _is_running(self):
        status = self.status()
        if status["state"] == "idle":
            raise AssertionError(f"the capture ended: {status['message']}")
        return status["state"] == "running"

    def wait_until_moving(self, name, timeout=90):
        """Wait until bones are elsewhere than they were."""
        before = self.bones(name)
        wait_for(f"{name} to move", lambda: self._moved(name, before), timeout)

    def _moved(self, name, before):
        now = self.bones(name)
        return max(map(_distance, before, now)) > 0.02  # [m]

    def wait_until_idle(self, timeout=20):
        """Wait until a capture has ended; returns what it said."""
        wait_for("the capture to end", lambda: not self.left()["running"], timeout)
        return self.status()["message"]

    def is_clean(self, timeout=10):
        """Whether neither threads, children nor timers are left from a capture."""
        try:
            wait_for("quiet", lambda: not any(self.left().values()), timeout)
        except AssertionError:
            print("left:", self.left())  # noqa: T201
            return False
        return True

    def binding(self):
        """Return the names of all that binding a character left in the file."""
        return self.blender.ask(BINDING)


def _distance(a, b):
    return sum((p - q) ** 2 for p, q in zip(a, b)) ** 0.5
