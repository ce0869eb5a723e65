# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure a live capture in Blender: what holds the window up, and how late it is.

    python3 scripts/bench_live.py --write
    python3 scripts/bench_live.py --engine process --seconds 60 --characters 2
    python3 scripts/bench_live.py --source 0 --model folder/of/vitpose
    python3 scripts/bench_live.py --soak 20
    blender --python scripts/bench_live.py -- --quit

Without --source the sample video is served as a network camera by another process.
Both engines run one after the other, and before them recorded keypoints, which need
neither camera nor model: what is slow then is Blender's own. In a window Blender calls
the session's timer; else a loop does and updates the scene, as a window does when it
draws. --soak runs one engine for long and shows whether memory or latency grow.

Ends with 1 if a figure is not as it must be; those of gaps between ticks are judged
beyond the gaps of the recording.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # Blender does not add it.

import argparse
import itertools
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import _cli
import _document
import _environment
from _sample_camera import FPS

if TYPE_CHECKING:
    from _live_watch import Measured, Watch
    from vitpose_blender.live.config import CaptureConfig, Driven

DOCUMENT = _environment.ROOT / "docs" / "performance.md"
RESOURCES = _environment.ROOT / "resources"
MANNEQUIN = RESOURCES / "characters" / "mannequin.glb"
KEYPOINTS = RESOURCES / "videos" / "sample.keypoints.json"
PATIENCE = 60.0  # For the first movement [s].
SAMPLE_EVERY = 30.0  # Of a soak [s].


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """Return what a command line says."""
    parser = _cli.ArgumentParser(__doc__)
    parser.add_argument("--source", help="a camera's index, an address, a video")
    parser.add_argument(
        "--model", default="", help="ViTPose: a folder or hub id on this machine"
    )
    parser.add_argument("--detector", default="auto")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, mps")
    parser.add_argument("--engine", choices=("both", "process", "thread"))
    parser.add_argument("--python", default="", help="that runs the process")
    parser.add_argument("--character", type=Path, default=MANNEQUIN, metavar="FILE")
    parser.add_argument("--characters", type=int, default=1, metavar="N")
    parser.add_argument("--seconds", type=float, default=20.0, metavar="N")
    parser.add_argument("--soak", type=float, metavar="MINUTES")
    parser.add_argument(
        "--bare",
        action="store_true",
        help="a small 3D view that is soon drawn: no overlays, no smooth edges, "
        "meshes as boxes",
    )
    parser.add_argument("--quit", action="store_true", help="Blender, at the end")
    parser.add_argument("--write", action="store_true", help=f"update {DOCUMENT.name}")
    return parser.parse_args(arguments)


class Bench:
    """All that one call measures, in slices between which Blender may go on.

    Attributes:
        code: The exit code, once it is over.
        engines: Name and measurements of each capture.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.code = 0
        self.engines: dict[str, Measured] = {}
        self._arguments = arguments
        self._facts: dict[str, str] = {}

    def slices(self) -> Iterator[None]:
        """Measure; yields after every look at the clock."""
        from _live_watch import noted
        from vitpose_blender.live.config import CaptureConfig

        arguments = self._arguments
        driven = load_characters(arguments)
        with ExitStack() as stack:
            scratch = stack.enter_context(tempfile.TemporaryDirectory())
            source = stack.enter_context(camera(arguments))
            stack.enter_context(noted())
            config = CaptureConfig(
                source=source,
                journal=Path(scratch) / "journal",
                model=arguments.model,
                device=arguments.device,
                detector=arguments.detector,
                python=arguments.python,
                python_paths=packages_of(arguments.python),
            )
            if arguments.soak:
                engine = "thread" if arguments.engine == "thread" else "process"
                yield from self._soak(replace(config, engine=engine), driven)
                return
            yield from self._compare(config, driven)
        from _live_report import document_lines, report

        self.code = report(self.engines, self._facts)
        if arguments.write:
            lines = document_lines(self.engines, self._facts)
            _document.write_table(DOCUMENT, "live", lines)

    def _compare(
        self, config: "CaptureConfig", driven: "list[Driven]"
    ) -> Iterator[None]:
        from _live_report import RECORDED

        wanted = self._arguments.engine or "both"
        recording = replace(config, source=str(KEYPOINTS), fps=FPS, engine="thread")
        yield from self._capture(RECORDED, recording, driven)
        for engine in ("process", "thread"):
            if wanted in ("both", engine):
                own = replace(config, engine=engine)
                yield from self._capture(engine, own, driven)

    def _capture(
        self, name: str, config: "CaptureConfig", driven: "list[Driven]"
    ) -> Iterator[None]:
        """Capture for some seconds after the first movement."""
        from _live_report import RECORDED
        from _live_watch import Watch
        from vitpose_blender.blender.session import live

        seconds = min(self._arguments.seconds, 8.0 if name == RECORDED else 1e9)
        watch = Watch(live)
        live.start(config, driven)
        yield from until(lambda: watch.measured.first == watch.measured.first, PATIENCE)
        yield from until(lambda: False, seconds)
        status = live.status()
        watch.close()
        yield from until(lambda: not live._worker.is_alive, 5.0)  # type: ignore[union-attr]
        self.engines[name] = watch.measured
        self._facts[name] = (
            f"{status.device or 'no model'}, {status.fps:.1f} poses a second, "
            f"{status.num_frames} pictures looked at, {status.num_journalled} packets "
            f"in the journal, {status.num_dropped} pictures passed over"
            + (f"; {status.message}" if status.message else "")
            + "; from the start on [s]: "
            + ", ".join(f"{stage} {t:.1f}" for stage, t in watch.stages.items())
        )

    def _soak(self, config: "CaptureConfig", driven: "list[Driven]") -> Iterator[None]:
        """Capture for minutes, and tell what grows."""
        from _live_report import judge_soak
        from _live_watch import Watch
        from vitpose_blender.blender.session import live

        watch = Watch(live)
        live.start(config, driven)
        yield from until(lambda: watch.measured.first == watch.measured.first, PATIENCE)
        rows: list[tuple[float, ...]] = []
        begun = time.monotonic()
        print("    s   Blender MB  process MB  latency ms  dropped", flush=True)
        while live.is_running and time.monotonic() < begun + 60 * self._arguments.soak:
            watch.forget()
            yield from until(lambda: False, SAMPLE_EVERY)
            rows.append((time.monotonic() - begun, *sample(watch)))
            print(
                f"{rows[-1][0]:5.0f}   {rows[-1][1]:10.1f}  {rows[-1][2]:10.1f}  "
                f"{rows[-1][3]:10.1f}  {live.status().num_dropped:7}",
                flush=True,
            )
        status = live.status()
        watch.close()
        print(f"{status.num_frames} pictures, {status.message or 'stopped as wanted'}")
        self.code = judge_soak(rows) or int(bool(status.message))


def sample(watch: "Watch") -> tuple[float, float, float]:
    """Return memory of Blender and of the process [MB], and the latency [ms]."""
    from _live_watch import children, median, memory

    child = memory(children[-1].pid) if children else float("nan")
    return memory(os.getpid()), child, median(watch.measured.latencies)


def until(holds: "object", seconds: float) -> Iterator[None]:
    """Yield until something holds, or so much time has passed, or nothing runs."""
    from vitpose_blender.blender.session import live

    end = time.monotonic() + seconds
    while time.monotonic() < end and not holds() and live.is_running:  # type: ignore[operator]
        yield


def load_characters(arguments: argparse.Namespace) -> "list[Driven]":
    """Load the character as often as wanted; all of them follow the same person."""
    from vitpose_blender.blender import load
    from vitpose_blender.live.config import Driven

    with _cli.hushed():
        if in_background():
            load.open_empty_scene()
        armatures = [
            load.load_character(arguments.character)
            for _ in range(arguments.characters)
        ]
    if arguments.bare:
        show_boxes()
    return [Driven(armature.name) for armature in armatures]


def show_boxes() -> None:
    """Have meshes follow their bones as ever, but only their boxes drawn."""
    import bpy

    for item in bpy.data.objects:
        if item.type == "MESH":
            item.display_type = "BOUNDS"


@contextmanager
def camera(arguments: argparse.Namespace) -> Iterator[str]:
    """Serve the sample as a camera unless there is a source."""
    if arguments.source:
        yield arguments.source
        return
    script = Path(__file__).with_name("_sample_camera.py")
    command = [arguments.python or sys.executable, str(script)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.stdin.close()
            server.terminate()


def packages_of(python: str) -> tuple[str, ...]:
    """Return where another interpreter has its packages; none for our own."""
    if not python:
        return ()
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    told = subprocess.run([python, "-c", code], capture_output=True, check=True)
    return (told.stdout.decode().strip(),)


def in_background() -> bool:
    import bpy

    return bool(bpy.app.background)


def main(arguments: argparse.Namespace) -> int:
    """Measure without a window."""
    from vitpose_blender.blender import session

    session.register()
    bench = Bench(arguments)
    due = time.monotonic()
    for _ in bench.slices():
        if session.live.is_running:
            session.live._tick()
        due = max(due + session.TICK, time.monotonic())
        time.sleep(max(due - time.monotonic(), 0.0))
    return bench.code


def in_a_window(arguments: argparse.Namespace) -> None:
    """Measure while Blender's window goes on, from a timer."""
    import bpy

    sys.path.insert(0, str(_environment.ROOT))
    import _window_drawing
    import vitpose_blender
    from vitpose_blender.blender import session
    from vitpose_blender.blender.overlay_settings import settings

    vitpose_blender.register()
    settings(bpy.context.scene).show = False  # Its own drawing is measured elsewhere.
    bench = Bench(arguments)
    drawn = _window_drawing.Drawing()
    slices = itertools.chain(drawn.slices(is_bare=arguments.bare), bench.slices())

    def go_on() -> float | None:
        try:
            next(slices)
        except StopIteration:
            if arguments.quit:
                bpy.ops.wm.quit_blender()
            return None
        except Exception as error:
            print(f"Error: {error}", flush=True)
            raise
        return session.TICK if drawn.is_known else 0.0

    bpy.app.timers.register(go_on, first_interval=1.0)


if __name__ == "__main__":
    if "bpy" in sys.modules:  # Blender runs us.
        own = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []
        in_a_window(parse_arguments(own))
    else:
        wanted = parse_arguments(sys.argv[1:])
        _environment.activate()
        _cli.run(lambda: main(wanted))
