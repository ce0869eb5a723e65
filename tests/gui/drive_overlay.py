# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at the camera's picture in the 3D view, and pick a person there by a click.

    python3 drive_overlay.py OUT

Pictures of it in corners and sizes, with the ghost, go to the folder OUT, and how long
drawing takes is printed. Ends with 1 if anything is not as it should be.
"""

import sys
from pathlib import Path

import processes
from gui_blender import Checks, GuiBlender, wait_for
from live_capture import EXTENSION, Capture

FPS = 15  # Of the camera: a screen without a graphics card draws no more [Hz].

LOOK = """
window = bpy.context.window_manager.windows[0]
area = next(a for a in window.screen.areas if a.type == "VIEW_3D")
bpy.data.objects["Cube"].hide_set(True)
view = area.spaces.active.region_3d
view.view_rotation, view.view_distance = (0.78, 0.6, 0.1, 0.12), 7.5
view.view_location = (0.6, 0, 0.8)
0
"""
TIME = f"""
import collections, sys, time
overlay = sys.modules["{EXTENSION}.blender.overlay"]
drawing = sys.modules["{EXTENSION}.blender.overlay_gpu"]
took = bpy.app.driver_namespace["took"] = collections.defaultdict(list)

def timed(owner, name):
    original = getattr(owner, name)

    def measured(*arguments, **options):
        start = time.perf_counter()
        try:
            return original(*arguments, **options)
        finally:
            took[name].append((time.perf_counter() - start) * 1e3)

    setattr(owner, name, measured)

for owner, name in (
    (overlay.Overlay, "_draw_picture"), (overlay.Overlay, "_draw_ghost"),
    (drawing, "upload"), (drawing, "batch_of"), (drawing, "draw_texture"),
    (drawing, "draw_batch"), (drawing, "draw_texts"),
):
    timed(owner, name)
0
"""
TAKEN = """
import numpy as np
took = bpy.app.driver_namespace["took"]
told = {name: (len(ms), float(np.median(ms)), max(ms)) for name, ms in took.items()}
took.clear()
told
"""
COUNT = "len(bpy.app.driver_namespace['took']['{}'])"
# Where the picture and the first person's middle are, from the screen's upper left.
WHERE = f"""
import sys
import numpy as np
place = sys.modules["{EXTENSION}.blender.overlay_place"]
figures = sys.modules["{EXTENSION}.core.stick_figures"]
window = bpy.context.window_manager.windows[0]
with bpy.context.temp_override(window=window):
    view = live.overlay.view(bpy.context)
region = place.home(window)[1]

def on_screen(x, y):
    return [float(region.x + x), float(window.height - region.y - y)]

def middle(packets):
    box = figures.person_box(packets[0]).reshape(2, 2)
    return on_screen(*view.to_region(box.mean(axis=0)))

shown = live.overlay.shown
[on_screen(view.rect.left, view.rect.top), [view.rect.width, view.rect.height],
 on_screen(*view.grip),
 middle(shown.packets) if shown is not None and shown.packets else None
] if view is not None else None
"""
SET = "chosen = bpy.context.scene.vitpose.overlay\n{}\n0"
INVOKE = """
window = bpy.context.window_manager.windows[0]
area = next(a for a in window.screen.areas if a.type == "VIEW_3D")
region = next(r for r in area.regions if r.type == "UI")
with bpy.context.temp_override(window=window, area=area, region=region):
    answer = bpy.ops.vitpose.{}("INVOKE_DEFAULT")
list(answer)
"""
MODALS = "len(bpy.context.window_manager.windows[0].modal_operators)"
PERSON = "bpy.context.scene.vitpose.capture.person"
SIZE = "bpy.context.scene.vitpose.overlay.size"
SELECTED = "[item.name for item in bpy.context.view_layer.objects.selected]"


class Look:
    """Goes through what the picture shows and does.

    Args:
        blender: With the extension.
        check: Counts.
        camera: Which shows somebody for as long as it takes.
    """

    def __init__(self, blender, check, camera):
        self.blender, self.check, self.camera = blender, check, camera
        self.capture = Capture(blender)

    def start(self):
        self.blender.open_tab("ViTPose")
        self.blender.ask("bpy.ops.vitpose.load_mannequin(); 0")
        self.capture.set_up(self.camera.address)
        self.blender.ask(LOOK)
        self.blender.ask(TIME)
        self.check("it starts", self.capture.start())
        self.capture.wait_until_running()
        wait_for("a picture", self.where)
        wait_for("somebody", lambda: self.where()[3])
        self.wait_until_drawn("_draw_picture")
        self.blender.shot("1 running")
        is_drawing = self.capture.ask("live.overlay.is_drawing")
        self.check("the picture is drawn", is_drawing)
        self.tell_times("large")

    def where(self):
        return self.capture.ask(WHERE)

    def set(self, code):
        self.blender.ask(SET.format(code))

    def wait_until_drawn(self, what, times=5):
        """Wait until something was drawn some times anew."""
        self.blender.ask(TAKEN)
        count = COUNT.format(what)
        wait_for(f"{what} to be drawn", lambda: self.blender.ask(count) >= times)

    def tell_times(self, what):
        for name, (count, median, worst) in self.blender.ask(TAKEN).items():
            print(f"       {what}: {name} {count} times, {median:.2f} ms, "  # noqa: T201
                  f"worst {worst:.2f} ms", flush=True)  # fmt: skip

    def corners(self):
        self.set("chosen.ghost = True; chosen.corner = 'TOP_LEFT'; chosen.size = 0.5")
        self.wait_until_drawn("_draw_ghost")
        self.blender.shot("2 top left with a ghost beside")
        self.tell_times("half the view")
        self.set("chosen.ghost_place = 'INSIDE'; chosen.opacity = 0.4")
        self.set("chosen.corner = 'BOTTOM_LEFT'; chosen.size = 0.2")
        self.wait_until_drawn("_draw_ghost")
        self.blender.shot("3 small, pale, ghost in place")
        self.tell_times("small")
        self.set("chosen.corner = 'BOTTOM_RIGHT'; chosen.size = 0.4")
        self.set("chosen.opacity = 1.0; chosen.ghost = False")

    def leave_clicks(self):
        """A click on the picture is one on the view behind it."""
        self.blender.ask(f"bpy.data.objects[{self.capture.hero!r}].select_set(True); 0")
        (left, top), (width, height), *_ = self.where()
        self.blender.click(int(left + 0.9 * width), int(top + 0.9 * height))
        wait_for("the click", lambda: not self.blender.ask(SELECTED))
        self.check("the view behind the picture gets its clicks", True)

    def pick(self):
        before = self.blender.ask(MODALS)
        self.check("picking begins", self.invoke("pick_person") == ["RUNNING_MODAL"])
        wait_for("the pointer to be on somebody", self.point, period=0.0)
        self.blender.shot("4 pointing at somebody")
        wait_for("the click on somebody", self.click_person, period=0.0)
        person = self.blender.ask(PERSON)
        self.check(f"a click picks the person {person}", person > 0)
        wait_for("the end", lambda: self.blender.ask(MODALS) == before)
        self.check("the capture goes on", self.capture.left()["running"])
        self.blender.ask("bpy.context.scene.vitpose.capture.person = 0; 0")
        self.invoke("pick_person")
        self.blender.key("Escape")
        wait_for("the end", lambda: self.blender.ask(MODALS) == before)
        self.check("Esc leaves it as it was", self.blender.ask(PERSON) == 0)

    def invoke(self, operator):
        return self.blender.ask(INVOKE.format(operator))

    def point(self):
        """Put the pointer on the first person; returns who Blender says is meant."""
        middle = self.where()[3]
        if middle is not None:
            self.blender.move(*map(round, middle))
        return self.capture.ask("live.overlay.pointed")

    def click_person(self):
        middle = self.where()[3]
        if middle is not None:
            self.blender.click(*map(round, middle))
        return self.blender.ask(PERSON)

    def resize(self):
        before = self.blender.ask(MODALS)
        self.invoke("resize_picture")
        _, size, grip, _ = self.where()
        self.blender.click(round(grip[0] + 0.3 * size[0]), round(grip[1]))
        wait_for("the end", lambda: self.blender.ask(MODALS) == before)
        size = self.blender.ask(SIZE)
        self.check(f"the pointer sets the size {size:.2f}", abs(size - 0.4) > 0.01)

    def drag(self):
        """Drag the edge across; a hero that is selected stays selected."""
        self.blender.ask(f"bpy.data.objects[{self.capture.hero!r}].select_set(True); 0")
        before, selected = self.blender.ask(SIZE), self.blender.ask(SELECTED)
        (left, top), (width, height), *_ = self.where()
        start = round(left), round(top + 0.5 * height)
        self.blender.point(*start)
        self.blender.shot("5 pointer on the edge")
        self.blender.drag(*start, round(left - 0.4 * width), start[1])
        size = self.blender.ask(SIZE)
        self.check(f"a drag of the edge sets the size {size:.2f}", size > before + 0.02)
        after = self.where()
        self.check("the edge went along", after[0][0] < left - 0.1 * width)
        self.check("the drag selects nothing", self.blender.ask(SELECTED) == selected)

    def stop(self):
        self.capture.stop()
        self.capture.wait_until_idle()
        self.blender.shot("6 stopped")
        left = self.capture.ask("[live.overlay.is_drawing, live.overlay.shown is None]")
        self.check("Stop takes the picture away", left == [False, True])
        self.check("Stop leaves nothing running", self.capture.is_clean())


def main(folder):
    """Look at all of it; returns how many checks failed."""
    check, folder = Checks(), Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    clip = processes.endless_clip(folder / "endless.mp4")
    with (
        processes.Camera(FPS, clip) as camera,
        GuiBlender(folder) as blender,
        check.of(blender),
    ):
        look = Look(blender, check, camera)
        for station in (
            look.start,
            look.corners,
            look.leave_clicks,
            look.pick,
            look.resize,
            look.drag,
            look.stop,
        ):
            station()
    return check.sum_up()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) > 0)
