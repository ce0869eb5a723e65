# SPDX-License-Identifier: GPL-3.0-or-later
"""A live capture in the Blender under test: started, watched, seen to have ended."""

import time

import processes
from gui_blender import wait_for

EXTENSION = "bl_ext.user_default.vitpose_blender"
SESSION = f"""
from {EXTENSION}.blender.session import live
"""
START = """
from pathlib import Path
from {extension}.live.config import CaptureConfig, Driven
config = CaptureConfig(source={source!r}, journal=Path({journal!r}), {options})
live.start(config, [Driven(name) for name in {names!r}])
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
{"threads": sorted(each.name for each in threading.enumerate()),
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
        self._before = self.left()

    def ask(self, code):
        return self.blender.ask(SESSION + code)

    def start(self, source, names=None, options=""):
        """Start a capture as the panel's button does, whatever the panel says."""
        names = [self.hero] if names is None else names
        journal = str(self.blender.folder.resolve() / "journal")
        code = START.format(
            extension=EXTENSION,
            source=str(source),
            journal=journal,
            names=names,
            options=options,
        )
        self.ask(code)

    def stop(self):
        self.ask("live.stop()\n0")

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
        pids = processes.children(self.blender.process.pid)
        found["children"] = [processes.command_line(pid) for pid in pids]
        return found

    def wait_until_running(self, timeout=60):
        """Wait for the first pose; returns how long it took [s]."""
        started = time.monotonic()
        wait_for("the capture to run", self._is_running, timeout)
        return time.monotonic() - started

    def _is_running(self):
        status = self.status()
        if status["state"] == "idle":
            raise AssertionError(f"the capture ended: {status['message']}")
        return status["state"] == "running"

    def wait_until_moving(self, name, timeout=30):
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
            wait_for("quiet", lambda: self.left() == self._before, timeout)
        except AssertionError:
            print("left:", self.left(), "before:", self._before)  # noqa: T201
            return False
        return True

    def binding(self):
        """Return the names of all that binding a character left in the file."""
        return self.blender.ask(BINDING)


def _distance(a, b):
    return sum((p - q) ** 2 for p, q in zip(a, b)) ** 0.5
