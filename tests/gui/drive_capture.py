# SPDX-License-Identifier: GPL-3.0-or-later
"""Go the whole way in the sidebar, with a real pointer: from nothing to a baked action.

    python3 drive_capture.py OUT

Mannequin, sample clip, Start, Keep Last when it has ended, and Detect Again in what was
kept; keypoints that go on for longer, Start, Record, Stop, Bake, play back, save, open
again. Pictures and Blender's log go to the folder OUT. Ends with 1 if anything is not
as it should be.
"""

import sys
import time
from pathlib import Path

import processes
from gui_blender import Checks, GuiBlender, wait_for
from live_capture import BONES, EXTENSION, HERO, Capture

WAVES = 4.4  # When the person in the clip waves [s].
RECORDED = 4.0  # How much is recorded [s].
LOOK = """
window = bpy.context.window_manager.windows[0]
area = next(a for a in window.screen.areas if a.type == "VIEW_3D")
area.spaces.active.overlay.show_bones = False
area.spaces.active.overlay.show_extras = False
if "Cube" in bpy.data.objects:
    bpy.data.objects["Cube"].hide_set(True)
view = area.spaces.active.region_3d
view.view_rotation, view.view_distance = (0.78, 0.6, 0.1, 0.12), 7.5
view.view_location = (0.6, 0, 0.8)
0
"""
ACTION = """
hero = bpy.context.scene.vitpose.armature
data = hero.animation_data
action = data.action if data else None
[action.name, list(action.frame_range)] if action else None
"""
TAKES = "[item.name for item in bpy.context.window_manager.vitpose_takes.items]"
IN_TAKES = f"""
from {EXTENSION}.blender.take_list import shelf
from {EXTENSION}.core.take import read_take
names = [item.name for item in bpy.context.window_manager.vitpose_takes.items]
takes = [read_take(shelf.library.find(name)) for name in names]
[[take.people, len(take.packets), take.packets[0].t] for take in takes]
"""
CAN_DETECT = "bpy.ops.vitpose.detect_again.poll()"
MODE = "bpy.context.scene.vitpose.takes.mode = {!r}; 0"
FRAME = "bpy.context.scene.frame_current"
PLAYING = "bpy.context.window_manager.windows[0].screen.is_animation_playing"
OVER_VIEW = """
window = bpy.context.window_manager.windows[0]
area = next(a for a in window.screen.areas if a.type == "VIEW_3D")
(area.x + area.width // 4, window.height - area.y - area.height // 2)
"""


class Journey:
    """The way of somebody who uses the panel, station by station.

    Args:
        blender: With the extension, as it opens.
        check: Counts.
    """

    def __init__(self, blender, check):
        self.blender, self.check = blender, check
        self.capture = Capture(blender)
        self.shots = 2

    def character(self):
        self.blender.open_tab("ViTPose")
        self.blender.press("vitpose.load_mannequin")
        hero = wait_for("the mannequin", lambda: self.capture.hero)
        self.blender.ask(LOOK)
        self.check("Mannequin loads a character", hero)

    def source(self):
        self.blender.press("vitpose.sample_clip")
        video = "bpy.context.scene.vitpose.capture.video"
        wait_for("the clip", lambda: self.blender.ask(video).endswith("sample.mp4"))
        self.blender.shot("1 ready")
        self.check("Sample Clip is the source", True)

    def start(self):
        """Press Start and see the mannequin move, beside Blender's own process."""
        name = self.capture.hero
        self.before = self.capture.bones(name)
        self.blender.press("vitpose.start")
        pressed = time.monotonic()
        wait_for("the start", lambda: self.capture.left()["running"])
        self.blender.shot(f"{self.shots} starting")
        self.capture.wait_until_running()
        self.capture.wait_until_moving(name)
        took = time.monotonic() - pressed
        self.check(f"Start: the mannequin moves, after {took:.1f} s", True)
        children = self.capture.left()["children"]
        self.check(f"it runs beside Blender {children}", len(children) == 1)
        self.blender.shot(f"{self.shots} moving")
        self.shots += 1

    def end_of_clip(self):
        """Let the clip end, and keep what was seen although nobody recorded."""
        wait_for("waving", lambda: (self.capture.status()["t"] or 0.0) > WAVES)
        self.blender.shot("2 waving")
        message = self.capture.wait_until_idle(timeout=600)
        self.check(f"the clip's end is told: {message}", "end" in message)
        self.is_as_before()
        self.blender.press("vitpose.keep_last")
        takes = wait_for("the take", lambda: self.blender.ask(TAKES))
        self.check(f"Keep Last makes a take {takes}", len(takes) == 1)

    def detect_again(self):
        """Stop a second look at the clip, then have it to its end."""
        self.blender.ask(MODE.format("SOLVED"))
        self.blender.press("vitpose.detect_again")
        wait_for("the process", lambda: self.capture.left()["children"])
        self.blender.shot("3 detecting")
        self.blender.key("Escape")
        wait_for("its end", lambda: self.blender.ask(CAN_DETECT))
        takes = self.blender.ask(TAKES)
        self.check("Esc stops Detect Again without a take", len(takes) == 1)
        # Blender keeps a button as it was drawn while the pointer is on it: grey.
        self.blender.move(*self.blender.ask(OVER_VIEW))
        self.blender.shot("3 stopped")
        self.blender.press("vitpose.detect_again")
        made = wait_for("the take", lambda: self.blender.ask(TAKES)[1:], timeout=300)
        self.check(f"Detect Again makes a take beside it {made}", len(made) == 1)
        (people, num, begin), (others, more, early) = self.blender.ask(IN_TAKES)
        self.check(f"people keep their numbers {people} {others}", people == others)
        self.check(f"all is looked at, {more} pictures, {num} live", more >= num)
        self.check("it is of the same time", abs(early - begin) < 1)
        self.check("it leaves nothing running", self.capture.is_clean())
        self.blender.ask(MODE.format("LIVE"))

    def record(self):
        """Record a take of keypoints that go on for longer than the clip."""
        long = Path(self.blender.folder).resolve() / "long.json"
        self.capture.set_up(processes.long_recording(long))
        self.start()
        self.blender.press("vitpose.record_start")
        wait_for("recording", lambda: self.capture.status()["is_recording"])
        time.sleep(RECORDED)
        self.blender.shot("4 recording")
        self.blender.press("vitpose.record_stop")
        wait_for("the end", lambda: not self.capture.status()["is_recording"])
        takes = self.blender.ask(TAKES)
        self.check(f"Record makes a take {takes}", len(takes) == 3)
        self.check("recording leaves the capture on", self.capture.left()["running"])

    def stop(self):
        self.blender.press("vitpose.stop")
        message = self.capture.wait_until_idle()
        self.check(f"Stop ends the capture quietly {message}", not message)
        self.is_as_before()
        self.blender.shot("5 stopped")

    def is_as_before(self):
        self.check("the end leaves nothing running", self.capture.is_clean())
        self.check("the end leaves nothing in the file", not self.capture.binding())
        now = self.capture.bones(self.capture.hero)
        self.check("the end puts the pose back", _farthest(now, self.before) < 1e-4)

    def bake(self):
        self.blender.press("vitpose.bake")
        action = wait_for("the action", lambda: self.blender.ask(ACTION))
        wait_for("the end of baking", lambda: not self.capture.binding())
        time.sleep(1)
        self.blender.shot("6 baked")
        first, last = self.poses(action[1])
        self.check(f"Bake makes {action}", action[1][1] - action[1][0] > 24)
        self.check("the action moves the bones", _farthest(first, last) > 0.02)

    def poses(self, frame_range):
        """Return where the bones are at some frames of the action."""
        found = []
        for frame in (int(frame_range[0]), int(sum(frame_range) / 2)):
            self.blender.ask(f"bpy.context.scene.frame_set({frame}); 0")
            found.append(self.capture.bones(self.capture.hero))
        return found

    def play(self):
        """Play back with the space bar, and see each shown frame as it was keyed."""
        self.blender.ask("bpy.context.scene.frame_set(1); 0")
        self.blender.move(*self.blender.ask(OVER_VIEW))
        self.blender.key("space")
        wait_for("playing", lambda: self.blender.ask(PLAYING))
        wait_for("frames", lambda: self.blender.ask(FRAME) > 10)
        self.blender.shot("7 playing")
        self.blender.key("space")
        wait_for("the end", lambda: not self.blender.ask(PLAYING))
        name = self.capture.hero
        frame, shown = self.blender.ask(FRAME), self.capture.bones(name)
        set_again = f"bpy.context.scene.frame_set({frame})\n"
        keyed = self.blender.ask(set_again + BONES.format(name=name))
        self.check("play back shows what is keyed", _farthest(shown, keyed) < 1e-5)

    def reopen(self):
        """Save, open, and find the same motion again."""
        action = self.blender.ask(ACTION)
        poses, takes = self.poses(action[1]), self.blender.ask(TAKES)
        path = str(Path(self.blender.folder).resolve() / "saved.blend")
        self.blender.ask(f"bpy.ops.wm.save_as_mainfile(filepath={path!r}); 0")
        self.blender.ask("bpy.ops.wm.read_homefile(); 0")
        self.blender.ask(f"bpy.ops.wm.open_mainfile(filepath={path!r}); 0")
        wait_for("the file", lambda: self.blender.ask(f"bool({HERO})"))
        self.check("the action is still there", self.blender.ask(ACTION) == action)
        again = self.poses(action[1])
        self.check("it moves as before", max(map(_farthest, poses, again)) < 1e-5)
        self.blender.open_tab("ViTPose")
        self.check("takes are still there", self.blender.ask(TAKES) == takes)
        self.blender.shot("8 opened again")

    def all_stations(self):
        for station in (
            self.character,
            self.source,
            self.start,
            self.end_of_clip,
            self.detect_again,
            self.record,
            self.stop,
            self.bake,
            self.play,
            self.reopen,
        ):
            started = time.monotonic()
            station()
            took = time.monotonic() - started
            print(f"       {station.__name__}: {took:.1f} s", flush=True)  # noqa: T201


def _farthest(some, others):
    """Return how far apart two poses are, at the bone where they differ most [m]."""
    return max(
        sum((p - q) ** 2 for p, q in zip(a, b)) ** 0.5 for a, b in zip(some, others)
    )


def main(folder):
    """Go all the way; returns how many checks failed."""
    check = Checks()
    with GuiBlender(folder) as blender, check.of(blender):
        Journey(blender, check).all_stations()
    return check.sum_up()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) > 0)
