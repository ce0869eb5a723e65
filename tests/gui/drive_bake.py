# SPDX-License-Identifier: GPL-3.0-or-later
"""Bake a long take with a real pointer, and measure how the window fares meanwhile.

    python3 drive_bake.py OUT [FRAMES]

A take of FRAMES, of 5 minutes unless told otherwise, is baked halfway and stopped by
Esc, then to its end. Tells the longest pause between two ticks of a timer and between
two drawings of the view, the sidebar and the status bar, how long progress stood, and
how it was before, drawn as often with nothing to do.
Ends with 1 if anything is not as it should be.
"""

import sys
import time
from pathlib import Path

import processes
from gui_blender import Checks, GuiBlender, wait_for
from live_capture import EXTENSION, Capture

SIZE_WH = (1000, 900)  # [px]
FRAMES = 9000
IDLE = 8.0  # [s]
MOST_JUMP = 0.1  # Of progress, from one time it is told to the next.
# What a bake does, and the share of the work that is over then.
PHASES = (("reading and retargeting", 0.28), ("posing", 0.856), ("writing keys", 2.0))
# Keypoints made a take, which is played forwards and backwards until it is long enough.
MAKE_TAKE = f"""
import sys
from dataclasses import replace
from pathlib import Path
from {EXTENSION}.blender.take_list import shelf
from {EXTENSION}.core.filters import PRESETS
from {EXTENSION}.core.packet import dumps
from {EXTENSION}.core.journal_files import write_whole
from {EXTENSION}.core.solve import Joints, solve_take
from {EXTENSION}.core.solved_take import solved_take
from {EXTENSION}.inference.lifters import make_lifter
from {EXTENSION}.inference.recorded import read_recorded

keypoints = read_recorded(Path({{keypoints!r}}), 30.0)
one = keypoints.of_person(keypoints.people[0])
joints = solve_take(one, make_lifter("geometric"), PRESETS["balanced"], Joints.SOLVE)
person = one.packets[0].person
short = solved_take(one, {{{{person: joints}}}}, "geometric", "balanced")

def lines():
    for index in range({{frames}}):
        packet = short.packets[index % len(short.packets)]
        moved = replace(packet.joints, t=index / 30)
        seen = replace(packet.keypoints, t=index / 30)
        yield dumps(replace(packet, frame=index, joints=moved, keypoints=seen))

write_whole(shelf.library.free_path("Long"), short.header, lines())
shelf.refresh("Long")
scene = bpy.context.scene
scene.render.fps, scene.render.fps_base, scene.frame_end = 30, 1.0, {{frames}}
0
"""
METER = f"""
import sys
import time
stepwise = sys.modules["{EXTENSION}.blender.operators.stepwise"]
space = bpy.app.driver_namespace
names = ("tick", "drawn", "sidebar", "status bar", "progress")
space["marks"] = marks = {{name: [] for name in names}}
space["shares"] = shares = []

def tick():
    note("tick")
    share = stepwise.running[0].share if stepwise.running else None
    if share is not None and share not in shares[-1:]:
        shares.append(share)
        note("progress")
    if space.get("draws"):
        for window in bpy.context.window_manager.windows:
            for area in window.screen.areas:
                if area.type == "VIEW_3D":
                    area.tag_redraw()
    return 0.005

def note(name):
    marks[name].append(time.perf_counter())

bpy.app.timers.register(tick)
add = bpy.types.SpaceView3D.draw_handler_add
add(note, ("drawn",), "WINDOW", "POST_PIXEL")
add(note, ("sidebar",), "UI", "POST_PIXEL")
bpy.types.STATUSBAR_HT_header.prepend(lambda header, context: note("status bar"))
0
"""
CLEAR = """
space = bpy.app.driver_namespace
space["draws"] = {draws}
space["shares"].clear()
for each in space["marks"].values():
    each.clear()
0
"""
# Longest pauses [ms], of ticks and of drawings, and how many there were.
PAUSES = """
def pauses(times):
    gaps = sorted((b - a) * 1e3 for a, b in zip(times, times[1:]))
    middle = gaps[len(gaps) // 2] if gaps else 0.0
    most = gaps[int(0.99 * len(gaps))] if gaps else 0.0
    return [len(times), middle, most, gaps[-3:]]

{name: pauses(times) for name, times in bpy.app.driver_namespace["marks"].items()}
"""
SHARE = f"""
import sys
stepwise = sys.modules["{EXTENSION}.blender.operators.stepwise"]
stepwise.running[0].share if stepwise.running else None
"""
JUMP = """
shares = bpy.app.driver_namespace["shares"]
max((b - a for a, b in zip(shares, shares[1:])), default=0.0)
"""
ACTIONS = "[each.name for each in bpy.data.actions]"
LAST_KEY = "max(each.frame_range[1] for each in bpy.data.actions)"


class LongBake:
    """Bakes the one long take.

    Args:
        blender: With the extension.
        check: Counts.
        frames: Of the take.
    """

    def __init__(self, blender, check, frames):
        self.blender, self.check, self.frames = blender, check, frames
        self.capture = Capture(blender)

    def prepare(self):
        self.blender.open_tab("ViTPose")
        self.blender.ask("bpy.ops.vitpose.load_mannequin(); 0")
        path = processes.long_recording(self.blender.folder / "long.json", 1)
        code = MAKE_TAKE.format(keypoints=str(path.resolve()), frames=self.frames)
        self.blender.ask(code, timeout=300)
        self.blender.ask(METER)
        self.before = self.capture.bones(self.capture.hero)

    def idle(self):
        """Draw as often as can be, with nothing to do."""
        self.blender.ask(CLEAR.format(draws=True))
        time.sleep(IDLE)
        self.tell("idle")
        self.blender.ask(CLEAR.format(draws=False))

    def cancelled(self):
        self.blender.press("vitpose.bake")
        wait_for("half of it", lambda: (self.share() or 0.0) > 0.6, timeout=600)
        self.blender.shot("1 baking")
        self.blender.key("Escape")
        wait_for("the end", lambda: self.share() is None)
        self.check("Esc leaves no action", not self.blender.ask(ACTIONS))
        self.is_released("Esc")
        now = self.capture.bones(self.capture.hero)
        self.check("Esc leaves the pose", now == self.before)

    def baked(self):
        self.blender.press("vitpose.bake")
        wait_for("the start", lambda: self.share() is not None)
        self.blender.ask(CLEAR.format(draws=False))
        started, jumps = time.monotonic(), []
        for phase, end in PHASES:
            while (share := self.share()) is not None and share < end:
                time.sleep(0.2)
            jumps.append(self.blender.ask(JUMP))
            self.tell(f"{phase}, after {time.monotonic() - started:.0f} s")
            self.blender.ask(CLEAR.format(draws=False))
        self.blender.shot("2 baked")
        jump = max(jumps)
        self.check(f"progress jumps by at most {jump:.2f}", jump <= MOST_JUMP)
        last = self.blender.ask(LAST_KEY)
        self.check(f"keys reach to {last}", abs(last - self.frames) < 2)
        self.is_released("baked")

    def share(self):
        return self.blender.ask(SHARE, timeout=300)

    def is_released(self, what):
        left = self.capture.binding()
        self.check(f"{what}: the file is as before {left or ''}", not left)

    def tell(self, when):
        for name, (count, middle, most, worst) in self.blender.ask(PAUSES).items():
            pauses = ", ".join(f"{each:.0f}" for each in worst)
            print(  # noqa: T201
                f"       {when}: {name} {count} times, {middle:.0f} ms apart, 99 % "
                f"under {most:.0f} ms, longest {pauses} ms",
                flush=True,
            )


def main(folder, frames=FRAMES):
    """Bake; returns how many checks failed."""
    check = Checks()
    with GuiBlender(folder, SIZE_WH) as blender, check.of(blender):
        bake = LongBake(blender, check, int(frames))
        for station in (bake.prepare, bake.idle, bake.cancelled, bake.baked):
            station()
    return check.sum_up()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]) > 0)
