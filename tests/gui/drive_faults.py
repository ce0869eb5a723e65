# SPDX-License-Identifier: GPL-3.0-or-later
"""Let everything go wrong during a live capture, in a Blender with its window.

    python3 drive_faults.py OUT [ENGINE]

After each fault the capture is over or goes on, as it should, says one sentence about
it, and leaves nothing behind: processes are counted from outside. ENGINE is `process`
or `thread`. Ends with 1 if anything is not as it should be.
"""

import contextlib
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import processes
from gui_blender import Checks, GuiBlender, wait_for
from live_capture import Capture

SIZE_WH = (1000, 700)  # [px]
FPS = 15  # Of the camera [Hz].
EXTENSION = "bl_ext.user_default.vitpose_blender"
UNDO = """
window = bpy.context.window_manager.windows[0]
area = next(a for a in window.screen.areas if a.type == "VIEW_3D")
region = next(r for r in area.regions if r.type == "WINDOW")
with bpy.context.temp_override(window=window, area=area, region=region):
    bpy.ops.ed.{what}()
0
"""
LOAD = """
bpy.ops.vitpose.load_mannequin()
bpy.ops.ed.undo_push(message="Load")
0
"""
SMALL_STEP = """
bpy.context.scene.frame_end += 1
bpy.ops.ed.undo_push(message="A step")
0
"""


class Faults:
    """One scenario a method; each begins and ends in a quiet Blender.

    Args:
        blender: With the extension.
        check: Counts.
        camera: Which is watched.
        engine: Where the capture runs.
    """

    def __init__(self, blender, check, camera, engine):
        self.blender, self.check, self.camera = blender, check, camera
        self.engine = engine
        self.capture = Capture(blender)

    def start(self, source="", model=""):
        """Start with the mannequin, loaded anew where it is gone."""
        if not self.capture.hero:
            self.blender.ask(LOAD)
        hero = self.capture.hero
        self.capture.set_up(source or self.camera.address, self.engine, model)
        self.capture.start()
        return hero

    def run(self, source=""):
        """Start, and wait until the mannequin moves."""
        hero = self.start(source)
        self.capture.wait_until_running()
        self.capture.wait_until_moving(hero)
        return hero

    def ends(self, what, *words):
        """Check that the capture ends, says these words, and leaves nothing."""
        said = self.capture.wait_until_idle()
        is_right = all(word in said for word in words) and bool(said) == bool(words)
        self.check(f"{what}: it ends, and says {said!r}", is_right)
        self.check(f"{what}: nothing is left running", self.capture.is_clean())
        left = self.capture.binding()
        self.check(f"{what}: the file is as before {left or ''}", not left)

    def started_twice(self):
        self.run()
        is_quiet = not self.capture.start() and not self.capture.status()["message"]
        self.check("started twice: nothing happens", is_quiet)
        children = self.capture.children()
        is_right = len(children) == (self.engine == "process")
        self.check(f"started twice: the first goes on {children}", is_right)
        self.capture.stop()
        self.capture.stop()
        self.ends("stopped twice")

    def stopped_at_once(self):
        self.start()
        self.capture.stop()
        self.ends("stopped while starting")

    def undone(self):
        hero = self.run()
        self.blender.ask(SMALL_STEP)
        for what in ("undo", "redo"):
            self.blender.ask(UNDO.format(what=what))
            self.capture.wait_until_moving(hero)
            self.check(f"{what}: it goes on", self.capture.left()["running"])
        self.capture.stop()
        self.ends("undo and redo")

    def renamed(self):
        hero = self.run()
        self.blender.ask(f"bpy.data.objects[{hero!r}].name = 'Somebody'; 0")
        self.capture.wait_until_moving("Somebody")
        self.check("renamed: it goes on", self.capture.left()["running"])
        self.capture.stop()
        self.ends("renamed")

    def deleted(self):
        hero = self.run()
        self.blender.ask(f"bpy.data.objects.remove(bpy.data.objects[{hero!r}]); 0")
        self.ends("deleted", hero, "gone")

    def other_file(self):
        self.run()
        self.blender.ask("bpy.ops.wm.read_homefile(); 0")
        self.ends("another file", "another file was opened")

    def unplugged(self):
        with processes.Camera(FPS) as camera:
            self.run(camera.address)
            camera.unplug()
            self.ends("unplugged", " ")

    def stalled(self):
        with processes.Camera(FPS) as camera:
            self.run(camera.address)
            camera.stall(True)
            self.ends("stalled", " ")

    def no_model(self):
        with tempfile.TemporaryDirectory() as empty:
            self.start(model=empty)
            self.ends("model missing", "odel")

    def no_video(self):
        with tempfile.NamedTemporaryFile(suffix=".mp4") as empty:
            self.start(empty.name)
            self.ends("video broken", Path(empty.name).name)

    def killed(self):
        self.run()
        for pid in processes.children(self.blender.process.pid):
            os.kill(pid, signal.SIGKILL)
        self.ends("child killed", " ")

    def switched_off(self):
        self.run()
        module = f"module={EXTENSION!r}"
        self.blender.ask(f"bpy.ops.preferences.addon_disable({module}); 0")
        pids = processes.children(self.blender.process.pid)
        self.check("switched off: no child is left", not pids)
        left = self.capture.binding()
        self.check(f"switched off: the file is as before {left or ''}", not left)
        self.blender.ask(f"bpy.ops.preferences.addon_enable({module}); 0")
        threads = "import threading\n[each.name for each in threading.enumerate()]"
        self.check(
            "switched off: no thread is left", len(self.blender.ask(threads)) < 3
        )

    def all_in_turn(self):
        """Go through all; what goes wrong in one does not keep the others."""
        scenarios = [
            self.started_twice,
            self.stopped_at_once,
            self.undone,
            self.renamed,
            self.deleted,
            self.other_file,
            self.unplugged,
            self.stalled,
            self.no_model,
            self.no_video,
            *([self.killed] if self.engine == "process" else []),
            self.switched_off,
        ]
        for scenario in scenarios:
            started = time.monotonic()
            try:
                scenario()
            except AssertionError as error:
                self.check(f"{scenario.__name__}: {error}", False)
                self.blender.shot(f"failed {scenario.__name__}")
                self.capture.stop()
            took = time.monotonic() - started
            print(f"       {scenario.__name__}: {took:.1f} s", flush=True)  # noqa: T201


def leave_while_running(faults, how):
    """Check that a Blender that goes takes all it started with it; returns its code."""
    blender = faults.blender
    faults.run()
    pids = processes.children(blender.process.pid)
    how(blender)
    code = blender.process.wait(20)
    what = f"Blender ended with {code} while running"
    try:
        wait_for("the end", lambda: not any(map(processes.is_alive, pids)), 10)
    except AssertionError:
        left = [processes.command_line(each) for each in pids]
        faults.check(f"{what}: nothing goes on {left}", False)
    else:
        faults.check(
            f"{what}: nothing goes on", bool(pids) or faults.engine != "process"
        )
    return code


def quit_blender(blender):
    blender.ask(
        "bpy.app.timers.register(bpy.ops.wm.quit_blender, first_interval=0.3); 0"
    )


def kill_blender(blender):
    blender.process.kill()


@contextlib.contextmanager
def opened(folder, check, camera, engine):
    """Open a Blender with a small window, which is drawn quickly."""
    with GuiBlender(folder, SIZE_WH) as blender:
        blender.open_tab("ViTPose")
        yield Faults(blender, check, camera, engine)


def main(folder, engine="process"):
    """Run all scenarios; returns how many checks failed."""
    check, folder = Checks(), Path(folder)
    with processes.Camera(FPS) as camera:
        with opened(folder, check, camera, engine) as faults:
            faults.all_in_turn()
            raised = faults.blender.tracebacks
            check(f"nothing was raised {raised}", not raised)
            code = leave_while_running(faults, quit_blender)
            check("Blender quits while running", code == 0)
        with opened(folder / "kill", check, camera, engine) as faults:
            leave_while_running(faults, kill_blender)
    return check.sum_up()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) > 0)
