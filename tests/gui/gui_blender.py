# SPDX-License-Identifier: GPL-3.0-or-later
"""A Blender with its window on a screen of its own, worked with a real pointer.

Needs only Python, Xvfb, xdotool, ImageMagick and a `blender` on the path.
"""

import contextlib
import json
import os
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).parent
SIZE_WH = (1280, 900)
TIMEOUT = 120.0  # [s]
PERIOD = 0.01  # Between two looks for an answer [s].
COLUMNS = (0.25, 0.7, 0.86)  # Where a row's buttons are, of its width.
SCROLLS = 4  # How far down a tab may reach, in screens.

OPEN_TAB = """
window = bpy.context.window_manager.windows[0]
area = next(a for a in window.screen.areas if a.type == "VIEW_3D")
area.spaces.active.show_region_ui = True
region = next(r for r in area.regions if r.type == "UI")
area.tag_redraw()
try:
    region.active_panel_category = {tab!r}
except (AttributeError, TypeError):  # There are no tabs before the region was drawn.
    pass
region.active_panel_category == {tab!r}
"""
SIDEBAR = """
window = bpy.context.window_manager.windows[0]
area = next(a for a in window.screen.areas if a.type == "VIEW_3D")
region = next(r for r in area.regions if r.type == "UI")
scale = bpy.context.preferences.system.ui_scale
(region.x, window.height - region.y - region.height, region.width, region.height, scale)
"""


def wait_for(what, is_true, timeout=TIMEOUT, period=0.1):
    """Call until it returns something true, and return that."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        found = is_true()
        if found:
            return found
        time.sleep(period)
    raise AssertionError(f"waited {timeout:.0f} s in vain: {what}")


def _name_of(text):
    """Return what a button is called by what Blender copies of it."""
    if text.startswith("bpy.ops."):
        return text[len("bpy.ops.") :].split("(")[0]
    return "." + text.rpartition(".")[2] if text else ""


def open_screen(size_wh):
    """Open a screen that nobody sees; returns its process and its number."""
    size = "x".join(map(str, (*size_wh, 24)))
    read_end, write_end = os.pipe()
    screen = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write_end), "-screen", "0", size,
         "+extension", "GLX", "-nolisten", "tcp", "-noreset"],
        pass_fds=[write_end], stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        return screen, int(pipe.readline())


class Checks:
    """Says of each check whether it holds, and counts those that do not."""

    def __init__(self):
        self.num_passed = self.num_failed = 0

    def __call__(self, what, is_true):
        self.num_passed += bool(is_true)
        self.num_failed += not is_true
        mark = "ok    " if is_true else "NOT OK"
        print(mark, what, flush=True)  # noqa: T201  Scripts say it.

    @contextlib.contextmanager
    def of(self, blender):
        """Count what gave up waiting, with a picture of it, and what Blender raised."""
        try:
            yield
        except AssertionError as error:
            self(str(error), False)
            blender.shot("failed")
        self(f"nothing was raised {blender.tracebacks}", not blender.tracebacks)

    def sum_up(self):
        """Say the result; returns how many failed."""
        result = f"{self.num_passed} passed, {self.num_failed} failed"
        print(result)  # noqa: T201
        return self.num_failed


class GuiBlender:
    """Starts on entering the context; everything ends on leaving it.

    Args:
        folder: For questions, pictures and the log; made if it is not there.
        size_wh: Of the window; a small one is drawn faster [px].
    """

    def __init__(self, folder, size_wh=SIZE_WH):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._size_wh = size_wh
        self._spots = {}  # Where buttons were met.

    def __enter__(self):
        self._screen, display = open_screen(self._size_wh)
        self._environment = dict(
            os.environ,
            DISPLAY=f":{display}",
            LIBGL_ALWAYS_SOFTWARE="1",
            OMP_NUM_THREADS="1",  # Drawing without a graphics card takes a core.
        )
        log = (self.folder / "blender.log").open("w")
        width, height = map(str, self._size_wh)
        command = ["blender", "-p", "0", "0", width, height]
        inside = ["--python", HERE / "inside_blender.py", "--", self.folder]
        self.process = subprocess.Popen(
            [*command, *inside], env=self._environment, stdout=log, stderr=log
        )
        return self

    def __exit__(self, *_):
        for process in (self.process, self._screen):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()

    def ask(self, code, timeout=TIMEOUT):
        """Return what a piece of Python says inside Blender."""
        answer = self.folder / "answer.json"
        unfinished = self.folder / "question.tmp"
        unfinished.write_text(code, "utf-8")
        unfinished.replace(self.folder / "question.py")
        wait_for(f"an answer to {code[:60]!r}", answer.exists, timeout, PERIOD)
        reply = json.loads(answer.read_text("utf-8"))
        answer.unlink()
        if "error" in reply:
            raise AssertionError(reply["error"])
        return reply["value"]

    def open_tab(self, tab):
        """Show a tab of the 3D view's sidebar, once it is drawn."""
        wait_for(f"the tab {tab}", lambda: self.ask(OPEN_TAB.format(tab=tab)))
        wait_for("the window to be drawn", lambda: self.num_colours() > 2000)

    def num_colours(self):
        """Return how many colours the screen has; few before it is drawn."""
        picture = self._run("import", "-window", "root", "png:-")
        done = subprocess.run(
            ["identify", "-format", "%k", "-"],
            check=False,
            input=picture,
            stdout=subprocess.PIPE,
        )
        return int(done.stdout or 0)

    def shot(self, name, crop=""):
        """Save a picture of the screen, or of a part `WxH+X+Y` of it."""
        path = self.folder / f"{name}.png"
        options = ["-crop", crop, "+repage"] if crop else []
        self._run("import", "-window", "root", *options, path)
        return path

    def move(self, x, y):
        """Put the pointer somewhere; Blender wants to see it arrive."""
        self._run("xdotool", "mousemove", x - 1, y, "mousemove", x, y)

    def key(self, key):
        self._run("xdotool", "key", key)

    def click(self, x, y, button=1):
        """Press and release a mouse button, once Blender has seen the pointer there.

        A button under the pointer lights up at one look after the last one went out,
        and takes a press after that: two moves, and Blender looks after each.
        """
        self.point(x, y)
        self._do(("mousedown", button), ("mouseup", button))

    def point(self, x, y):
        """Put the pointer somewhere, and let Blender see it come and stay."""
        self._do(("mousemove", x - 2, y), ("mousemove", x, y))

    def drag(self, x, y, to_x, to_y):
        """Go somewhere with a pressed button."""
        self.point(x, y)
        half = (x + to_x) // 2, (y + to_y) // 2
        self._do(
            ("mousedown", 1),
            ("mousemove", *half),
            ("mousemove", to_x, to_y),
            ("mouseup", 1),
        )

    def _do(self, *steps):
        """Let Blender see one thing after another."""
        for step in steps:
            self._run("xdotool", *step)
            self.ask("0")
            time.sleep(0.1)

    def scroll(self, clicks):
        """Turn the mouse wheel over the sidebar: down, or up where negative."""
        left, top, width, height, _ = self.ask(SIDEBAR)
        self.move(int(left + 0.5 * width), int(top + 0.5 * height))
        wheel = ["click", "--repeat", abs(clicks), "--delay", 10]
        self._run("xdotool", *wheel, 5 if clicks > 0 else 4)
        self.ask("0")
        time.sleep(0.4)

    def find_button(self, name):
        """Return where in the sidebar an operator's or a property's button is.

        It is found by pointing, wherever the layout put it; scrolls to it.

        Args:
            name: Such as `wm.save`, or the end of a property's path such as `.mirror`.
        """
        for start in (None, 12, -60, *(12,) * SCROLLS):
            if start is not None:
                self.scroll(start)
            spot = self._look_for(name)
            if spot:
                return spot
        self.shot(f"no button {name}")
        raise AssertionError(f"the sidebar has no button {name}")

    def _look_for(self, name):
        """Return where a button is in what is shown of the sidebar; None without it.

        Looks first where it was last time, then down one column after the other.
        """
        left, top, width, height, scale = self.ask(SIDEBAR)
        rows = range(int(top + 6 * scale), int(top + height), int(13 * scale))
        columns = [[(int(left + share * width), y) for y in rows] for share in COLUMNS]
        last = self._spots.get(name)
        for places in [[last] * 2] * bool(last) + columns:
            for spot in self._names_at(places).get(name, ()):
                if name in self._names_at([spot] * 2):  # It is no echo of another row.
                    self._spots[name] = spot
                    return spot
        return None

    def _names_at(self, places):
        """Return what is under the pointer at places: a list of these by name.

        At each the pointer moves twice: the button before goes out, then one lights up.
        """
        chain = [
            f"mousemove {left} {y} key --delay 4 k"
            for x, y in places
            for left in (x - 2, x)
        ]
        self.ask("noted.clear(); 0")
        self._run("xdotool", "-", given="\n".join(chain))
        wait_for("what is there", lambda: self.ask("len(noted)") >= len(chain))
        spots = {}
        for x, y, text in self.ask("noted"):
            if _name_of(text):
                spots.setdefault(_name_of(text), []).append((x, y))
        return spots

    def press(self, operator):
        """Click the sidebar's button of an operator; returns where it is."""
        spot = self.find_button(operator)
        self.click(*spot)
        return spot

    @property
    def tracebacks(self):
        """What Blender's log says was raised."""
        log = (self.folder / "blender.log").read_text("utf-8", errors="replace")
        return log[log.find("Traceback") :] if "Traceback" in log else ""

    def _run(self, *command, given=""):
        return subprocess.run(
            [str(part) for part in command],
            input=given.encode(),
            env=self._environment,
            check=True,
            stdout=subprocess.PIPE,
        ).stdout
