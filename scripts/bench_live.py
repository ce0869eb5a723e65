# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure a live capture in Blender: what holds the window up, and how late it is.

    python3 scripts/bench_live.py
    python3 scripts/bench_live.py --size small --characters 2 --seconds 60
    python3 scripts/bench_live.py --source 0 --model folder/of/vitpose

Without --source the sample video is served as a network camera by another process.
Without --model a ViTPose of random weights is measured: its speed is the real one's,
and the sample's recorded keypoints stand in for its answer, so that the character
moves as it would. There is no window: a loop calls the session's timer in its stead
and updates the scene, which a window does when it draws. Ends with 1 if the main
thread's own work a tick is 2 ms or more (median) or 5 ms or more (worst).
"""

import argparse
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _cli
import _environment

if TYPE_CHECKING:
    from vitpose_blender.blender.session import LiveSession
    from vitpose_blender.live.config import CaptureConfig, Driven

RESOURCES = _environment.ROOT / "resources"
MANNEQUIN = RESOURCES / "characters" / "mannequin.glb"
VIDEO = RESOURCES / "videos" / "sample.mp4"
KEYPOINTS = RESOURCES / "videos" / "sample.keypoints.json"
FPS = 30.0  # Of the camera that is served [Hz].
MEDIAN_LIMIT, WORST_LIMIT = 2.0, 5.0  # Of the main thread's own work a tick [ms].
PATIENCE = 60.0  # For the first picture [s].


def parse_arguments() -> argparse.Namespace:
    parser = _cli.ArgumentParser(__doc__)
    parser.add_argument("--source", help="a camera's index, an address, a video")
    parser.add_argument("--model", help="ViTPose: a folder or hub id on this machine")
    parser.add_argument("--size", default="nano", choices=("nano", "small", "base"))
    parser.add_argument("--detector", default="full-frame")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, mps")
    parser.add_argument("--character", type=Path, default=MANNEQUIN, metavar="FILE")
    parser.add_argument("--characters", type=int, default=1, metavar="N")
    parser.add_argument("--seconds", type=float, default=20.0, metavar="N")
    return parser.parse_args()


@dataclass
class Measured:
    """Times of one capture.

    Attributes:
        ticks: Of the main thread in each tick in which something moved [s].
        cpu: That it had a CPU in those [s].
        idle: In each tick without news [s].
        updates: That Blender took for the bones after those ticks [s].
        latencies: From a picture's grab until the bones were in place [s].
        waits: From when a pose was ready until the bones were in place [s].
        first: From the start until the first movement [s].
        stopping: That stopping took [s].
    """

    ticks: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)
    updates: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    first: float = 0.0
    stopping: float = 0.0


def main(arguments: argparse.Namespace) -> int:
    from vitpose_blender.blender import session
    from vitpose_blender.live.config import CaptureConfig

    session.register()
    driven = load_characters(arguments)
    with tempfile.TemporaryDirectory() as scratch, camera(arguments) as source:
        config = CaptureConfig(
            source=source,
            journal=Path(scratch) / "journal",
            model=model_folder(arguments, Path(scratch)),
            device=arguments.device,
            detector=arguments.detector,
        )
        if not arguments.model and not arguments.source:
            answer_from_the_recording()
        measured = run(session.live, config, driven, arguments.seconds)
        return report(session.live, measured)


def load_characters(arguments: argparse.Namespace) -> "list[Driven]":
    """Load the character as often as wanted; all of them follow the same person."""
    from vitpose_blender.blender import load
    from vitpose_blender.live.config import Driven

    with _cli.hushed():
        load.open_empty_scene()
        armatures = [
            load.load_character(arguments.character)
            for _ in range(arguments.characters)
        ]
    return [Driven(armature.name) for armature in armatures]


def model_folder(arguments: argparse.Namespace, scratch: Path) -> str:
    """Return the model to measure, made here if it is a random one."""
    if arguments.model:
        return str(arguments.model)
    folder = scratch / f"random-{arguments.size}"
    # In another process: that torch has to be imported here belongs to the start.
    context = multiprocessing.get_context("spawn")
    maker = context.Process(target=make_model, args=(arguments.size, folder))
    maker.start()
    maker.join()
    return str(folder)


def make_model(size: str, folder: Path) -> None:
    """Save a ViTPose of random weights."""
    from tests.inference.random_vitpose import SIZES, random_vitpose, save_vitpose

    save_vitpose(random_vitpose(SIZES[size]), folder)


@contextmanager
def camera(arguments: argparse.Namespace) -> Iterator[str]:
    """Serve the sample as a camera unless there is a source."""
    if arguments.source:
        yield arguments.source
        return
    context = multiprocessing.get_context("spawn")
    address: Any = context.Queue()
    server = context.Process(target=serve, args=(address,), daemon=True)
    server.start()
    try:
        yield address.get(timeout=PATIENCE)
    finally:
        server.terminate()
        server.join()


def serve(address: Any) -> None:
    """Be a network camera that shows the sample over and over."""
    import cv2

    from tests.inference.mjpeg_server import MjpegServer
    from vitpose_blender.inference.camera import open_source

    with open_source(VIDEO) as video:
        pictures = [cv2.imencode(".jpg", frame.image)[1].tobytes() for frame in video]
    server: Any = MjpegServer()
    server._server.handle_error = lambda *_: None  # The camera is let go of at the end.
    address.put(server.url)
    due, number = time.monotonic(), 0
    while True:
        if server.pictures.empty():  # Else nobody is watching, or too slowly.
            server.pictures.put(pictures[number % len(pictures)])
            number += 1
        due += 1 / FPS
        time.sleep(max(due - time.monotonic(), 0.0))


def answer_from_the_recording() -> None:
    """Let the model do its work and then answer what was recorded for the sample."""
    from vitpose_blender.inference.recorded import read_recorded
    from vitpose_blender.inference.vitpose import ViTPose  # Does not import torch yet.

    known = {
        packet.frame: packet.keypoints
        for packet in read_recorded(KEYPOINTS, FPS).packets
    }
    count = max(known) + 1
    find: Any = ViTPose.estimate

    def estimate(model: ViTPose, frame: Any, xyxy: Any) -> Any:
        found = find(model, frame, xyxy)
        keypoints = known.get(frame.index % count)
        if keypoints is None:
            return found
        return [replace(keypoints, t=frame.t)] * len(found)

    ViTPose.estimate = estimate  # type: ignore


def run(
    live: "LiveSession", config: "CaptureConfig", driven: "list[Driven]", seconds: float
) -> Measured:
    """Capture for some seconds after the first movement, ticking as a window does."""
    measured, ready = Measured(), note_when_ready()
    started = time.monotonic()
    live.start(config, driven)
    end = started + PATIENCE
    seen = float("nan")
    while time.monotonic() < end and live.is_running:
        status = step(live, measured, ready, seen)
        if status.t != seen and status.state == "running":
            if not measured.first:
                measured.first = time.monotonic() - started
                end = time.monotonic() + seconds
            seen = status.t
    before = time.monotonic()
    live.stop()
    measured.stopping = time.monotonic() - before
    return measured


def note_when_ready() -> dict[float, float]:
    """Have each moment's time noted when its poses are ready; returns the notes."""
    from vitpose_blender.live.run import LiveRun

    ready: dict[float, float] = {}
    make: Any = LiveRun.step

    def noted(self: LiveRun, seen: Any) -> Any:
        moment = make(self, seen)
        ready[moment.t] = time.monotonic()
        return moment

    LiveRun.step = noted  # type: ignore[method-assign]
    return ready


def step(
    live: "LiveSession", measured: Measured, ready: dict[float, float], seen: float
) -> Any:
    """Do one tick and what a window would do after it."""
    from vitpose_blender.blender import access, session

    start, cpu = time.monotonic(), time.thread_time()
    live.tick()
    cpu, ticked = time.thread_time() - cpu, time.monotonic()
    status = live.status()
    if status.state == "running" and status.t != seen:
        access.view_layer().update()
        placed = time.monotonic()
        measured.ticks.append(ticked - start)
        measured.cpu.append(cpu)
        measured.updates.append(placed - ticked)
        measured.latencies.append(status.latency + placed - ticked)
        measured.waits.append(placed - ready[status.t])
    else:
        measured.idle.append(ticked - start)
    time.sleep(max(session.TICK - (time.monotonic() - start), 0.0))
    return status


def report(live: "LiveSession", measured: Measured) -> int:
    """Print what was measured; returns the exit code."""
    status = live.status()
    if not measured.ticks:
        print(f"Nothing moved: {status.message or 'nobody was seen in time'}")
        return 2
    print(
        f"{status.device}, {len(measured.ticks)} poses shown, {status.fps:.1f} a second"
    )
    print(f"{'[ms]':42} {'median':>8} {'95 %':>8} {'worst':>8}")
    for name, times in (
        ("main thread, a tick that moves", measured.ticks),
        ("of these, with a CPU", measured.cpu),
        ("main thread, a tick without news", measured.idle),
        ("Blender's update of the scene", measured.updates),
        ("pose ready to bones placed", measured.waits),
        ("picture grabbed to bones placed", measured.latencies),
    ):
        print(f"{name:42} {quantiles(times)}")
    print(
        f"{status.num_frames} pictures looked at, {status.num_journalled} packets in "
        f"the journal, {status.num_dropped} pictures passed over"
    )
    print(
        f"first movement after {measured.first:.1f} s, stopped in "
        f"{1000 * measured.stopping:.0f} ms"
    )
    median, worst = statistics.median(measured.ticks), max(measured.ticks)
    return int(1000 * median >= MEDIAN_LIMIT or 1000 * worst >= WORST_LIMIT)


def quantiles(times: list[float]) -> str:
    """Return median, 95th percentile and the worst as a row [ms]."""
    ordered = sorted(times) or [0.0]
    picked = statistics.median(ordered), ordered[int(0.95 * len(ordered))], ordered[-1]
    return " ".join(f"{1000 * value:8.2f}" for value in picked)


if __name__ == "__main__":
    wanted = parse_arguments()
    _environment.activate()
    _cli.run(lambda: main(wanted))
