# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what capture adds to the models' own time, stage by stage, over a clip.

    python3 scripts/bench_capture.py
    python3 scripts/bench_capture.py dance.mp4 --people all --detector hog

Without --model a ViTPose of random weights is measured: its speed is the real one's.
Since what it finds is noise, the keypoints of --keypoints stand in for its answer,
so that tracking and lifting meet a person; without them people are lost all the time.
Ends with 1 if capture adds more than 5 ms a person. Two times are shown: how long
a stage took (median over the frames), and how long the capturing thread had a CPU in
it (mean). The second decides, because what else the machine does is no work of
capture's; work that other threads do for a stage is only in the first.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _cli
import _environment

if TYPE_CHECKING:
    from vitpose_blender.core.types import FloatArray, Frame, Keypoints2D
    from vitpose_blender.inference.capture import PoseEstimator
    from vitpose_blender.inference.vitpose import ViTPose

VIDEOS = Path(__file__).parents[1] / "resources" / "videos"
LIMIT = 5.0  # What capture may add to a person's pose [ms].
# The time of these is the models', or the video's; capture adds the others.
NOT_ADDED = ("read", "detector", "network")
STAGES = ("read", "detector", "follow", "crop and decode", "network", "lift", "write")


def parse_arguments() -> argparse.Namespace:
    parser = _cli.ArgumentParser(__doc__)
    sample, keypoints = VIDEOS / "sample.mp4", VIDEOS / "sample.keypoints.json"
    parser.add_argument("source", nargs="?", default=sample, help="default: the sample")
    parser.add_argument("--model", help="ViTPose: a folder or hub id on this machine")
    parser.add_argument("--size", default="nano", choices=("nano", "small", "base"))
    parser.add_argument("--detector", default="full-frame")
    parser.add_argument("--people", default="largest")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, mps")
    parser.add_argument("--frames", default=":200", metavar="A:B")
    parser.add_argument("--keypoints", type=Path, default=keypoints, metavar="JSON")
    return parser.parse_args()


@dataclass(frozen=True)
class Times:
    """Times of one stage in one frame.

    Attributes:
        wall: That passed [s].
        cpu: That this thread had a CPU [s].
    """

    wall: float = 0.0
    cpu: float = 0.0

    @classmethod
    def now(cls) -> "Times":
        return cls(time.perf_counter(), time.thread_time())

    def __add__(self, other: "Times") -> "Times":
        return Times(self.wall + other.wall, self.cpu + other.cpu)

    def __sub__(self, other: "Times") -> "Times":
        return Times(self.wall - other.wall, self.cpu - other.cpu)

    def __truediv__(self, count: int) -> "Times":
        return Times(self.wall / count, self.cpu / count)


@dataclass
class Stopwatch:
    """Adds up the times of stages; what runs inside another stage is not its own.

    Attributes:
        stages: Times of each stage in the running frame.
        frames: Times a person of each stage, one entry a frame with people.
    """

    stages: dict[str, Times] = field(default_factory=dict)
    frames: list[dict[str, Times]] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure what is done inside as part of a stage."""
        inside_before = sum(self.stages.values(), Times())
        start = Times.now()
        try:
            yield
        finally:
            elapsed = Times.now() - start
            inside = sum(self.stages.values(), Times()) - inside_before
            self.stages[name] = self.stages.get(name, Times()) + elapsed - inside

    def end_frame(self, num_people: int) -> None:
        """Share the frame's times among its people and start the next."""
        if num_people:
            shares = {name: times / num_people for name, times in self.stages.items()}
            self.frames.append(shares)
        self.stages.clear()

    def typical(self, name: str) -> Times:
        """Return what a stage takes a person: the median that passed, the mean of CPU.

        Where a thread's clock ticks slower than frames come, as on Windows, most
        frames take no CPU time and few a whole tick: only their mean says anything.
        """
        found = [frame.get(name, Times()) for frame in self.frames]
        return Times(
            statistics.median(times.wall for times in found),
            statistics.fmean(times.cpu for times in found),
        )

    def timed(self, name: str, step: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that does the same and is measured."""

        def run(*arguments: Any) -> Any:
            with self.stage(name):
                return step(*arguments)

        return run


class KnownPoses:
    """A pose model that does all the work and then answers what was recorded.

    Args:
        model: Does the work.
        keypoints: The answers by the number of the frame; empty gives the model's.
    """

    def __init__(self, model: "ViTPose", keypoints: "dict[int, Keypoints2D]") -> None:
        self.name = model.name
        self._model = model
        self._keypoints = keypoints

    def estimate(self, frame: "Frame", xyxy: "FloatArray") -> "list[Keypoints2D]":
        """Return a pose for each box."""
        found = self._model.estimate(frame, xyxy)
        known = self._keypoints.get(frame.index)
        return found if known is None else [known] * len(found)


def main(arguments: argparse.Namespace) -> int:
    watch = Stopwatch()
    with tempfile.TemporaryDirectory() as scratch:
        capture(arguments, watch, Path(scratch))
    return report(watch)


def capture(arguments: argparse.Namespace, watch: Stopwatch, scratch: Path) -> None:
    """Capture the clip as scripts/capture.py does, with every stage timed."""
    from vitpose_blender.core.take import TakeHeader, TakeWriter
    from vitpose_blender.inference.camera import FrameRange, open_source

    frames = FrameRange.parse(arguments.frames)
    with (
        open_source(arguments.source, frames) as source,
        TakeWriter(scratch / "bench.take.jsonl", TakeHeader()) as writer,
        _cli.Progress("Capturing", source.num_frames) as progress,
    ):
        estimator = make_estimator(arguments, watch, scratch, source.image_wh)
        write = watch.timed("write", writer.write)
        delivered = iter(source)
        estimator.packets(next(delivered))  # Warms up; what it took is forgotten.
        watch.stages.clear()
        step = watch.timed("read", lambda: next(delivered, None))
        for count, frame in enumerate(iter(step, None), start=2):
            packets = estimator.packets(frame)
            for packet in packets:
                write(packet)
            watch.end_frame(len(packets))
            progress.step(count)


def make_estimator(
    arguments: argparse.Namespace,
    watch: Stopwatch,
    scratch: Path,
    image_wh: tuple[int, int],
) -> "PoseEstimator":
    """Return the estimator of scripts/capture.py, its stages timed."""
    from vitpose_blender.core.camera_model import Camera
    from vitpose_blender.inference.capture import PeopleLifter, PoseEstimator
    from vitpose_blender.inference.detector import make_detector
    from vitpose_blender.inference.device import choose_device
    from vitpose_blender.inference.labels import layout_of_labels
    from vitpose_blender.inference.lifters import LIVE_LIFTER, make_lifter
    from vitpose_blender.inference.network import Network
    from vitpose_blender.inference.people import PersonFinder
    from vitpose_blender.inference.people_choice import PeopleChoice
    from vitpose_blender.inference.vitpose import ViTPose

    device = choose_device(arguments.device)
    folder = model_folder(arguments, scratch)
    network: Any = Network.load(folder, device)
    detector: Any = make_detector(arguments.detector, device)
    model = ViTPose(network, folder.name, layout_of_labels(network.labels))
    finder: Any = PersonFinder(detector, people=PeopleChoice.parse(arguments.people))
    lifter: Any = PeopleLifter(Camera(image_wh), lambda: make_lifter(LIVE_LIFTER))
    known: Any = KnownPoses(model, recorded(arguments, image_wh))
    for stage, owner, method in (
        ("network", network, "heatmaps"),
        ("detector", detector, "detect"),
        ("follow", finder, "boxes"),
        ("follow", finder, "observe"),
        ("crop and decode", known, "estimate"),
        ("lift", lifter, "step"),
    ):
        setattr(owner, method, watch.timed(stage, getattr(owner, method)))
    print(f"{folder.name} on {device.describe()}, people found by {detector.name}")
    return PoseEstimator(finder, known, lifter, Camera(image_wh), "bench")


def model_folder(arguments: argparse.Namespace, scratch: Path) -> Path:
    """Return the folder of the model to measure, made here if it is a random one."""
    from tests.inference.random_vitpose import SIZES, random_vitpose, save_vitpose
    from vitpose_blender.inference.weights import resolve_weights

    if arguments.model:
        return resolve_weights(arguments.model, allow_download=False)
    model = random_vitpose(SIZES[arguments.size])
    return save_vitpose(model, scratch / f"random-{arguments.size}")


def recorded(
    arguments: argparse.Namespace, image_wh: tuple[int, int]
) -> "dict[int, Keypoints2D]":
    """Return one person's recorded keypoints by frame, if the model's mean nothing."""
    from vitpose_blender.inference.recorded import read_recorded

    if arguments.model or not arguments.keypoints.is_file():
        return {}
    take = read_recorded(arguments.keypoints, 30.0, image_wh)
    return {packet.frame: packet.keypoints for packet in take.packets}


def report(watch: Stopwatch) -> int:
    """Print each stage's share; returns the exit code."""
    from vitpose_blender.core.errors import TakeError

    if not watch.frames:
        raise TakeError("Nobody was found in the clip: try another --detector")
    print(f"\nTime a person, over {len(watch.frames)} frames [ms]")
    print(f"    {'':16s} {'wall':>7s} {'CPU':>7s}")
    added = Times()
    for stage in STAGES:
        times, is_added = watch.typical(stage), stage not in NOT_ADDED
        added += times if is_added else Times()
        mark = "+" if is_added else " "
        print(f"  {mark} {stage:16s} {1000 * times.wall:7.2f} {1000 * times.cpu:7.2f}")
    cpu, wall = 1000 * added.cpu, 1000 * added.wall
    verdict = "within" if cpu <= LIMIT else "over"
    print(
        f"Capture adds (+) {cpu:.2f} ms of CPU time a person, {verdict} {LIMIT:g} ms; "
        f"{wall:.2f} ms passed on this machine"
    )
    return int(cpu > LIMIT)


if __name__ == "__main__":
    wanted = parse_arguments()
    _environment.activate()
    _cli.run(lambda: main(wanted))
