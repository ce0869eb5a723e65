# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what finding keypoints costs, beside the network's own time.

    python3 scripts/bench_pose.py --size small --people 4
    python3 scripts/bench_pose.py --model usyd-community/vitpose-base-simple

Without --model a ViTPose of the given size with random weights is measured: its speed
is the real one's. Transformers' (HF) own preparation and decoding are timed in the
same run. On a busy machine the best of the runs says more than their median.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _cli
import _environment

if TYPE_CHECKING:
    from vitpose_blender.core.types import FloatArray, Frame
    from vitpose_blender.inference.decode import HeatmapArray
    from vitpose_blender.inference.device import Device
    from vitpose_blender.inference.network import Network


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", help="ViTPose: a folder or hub id on this machine")
    parser.add_argument("--size", default="small", choices=("nano", "small", "base"))
    parser.add_argument("--classic", action="store_true", help="with --size: decoder")
    parser.add_argument("--people", type=int, default=1, help="in the picture")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, mps")
    parser.add_argument("--runs", type=int, default=20, help="of each measurement")
    return parser.parse_args()


def main(arguments: argparse.Namespace) -> int:
    from vitpose_blender.inference.device import choose_device

    device = choose_device(arguments.device)
    with tempfile.TemporaryDirectory() as scratch:
        folder, name = model_folder(arguments, Path(scratch))
        print(
            f"{name} on {device.describe()}, {arguments.people} in a 1280x720 picture"
        )
        times = measure(folder, device, arguments.people, arguments.runs)
    report(times, arguments.people)
    return 0


def model_folder(arguments: argparse.Namespace, scratch: Path) -> tuple[Path, str]:
    """Return the folder of the model to measure, and what to call it."""
    from tests.inference.random_vitpose import SIZES, random_vitpose, save_vitpose
    from vitpose_blender.inference.weights import resolve_weights

    if arguments.model:
        return resolve_weights(arguments.model, allow_download=False), arguments.model
    shape = replace(SIZES[arguments.size], simple=not arguments.classic)
    decoder = "classic" if arguments.classic else "simple"
    folder = save_vitpose(random_vitpose(shape), scratch / arguments.size)
    return folder, f"random ViTPose, {arguments.size}, {decoder} decoder"


@dataclass
class Stopwatch:
    """Times named steps; each may run many times."""

    seconds: dict[str, list[float]] = field(default_factory=dict)

    def run(self, name: str, step: Callable[[], Any]) -> Any:
        """Return what `step` returns, and remember how long it took."""
        start = time.perf_counter()
        result = step()
        self.seconds.setdefault(name, []).append(time.perf_counter() - start)
        return result


class TimedNetwork:
    """A network whose own time is taken, whoever runs it."""

    def __init__(self, network: "Network", watch: Stopwatch) -> None:
        self.input_wh = network.input_wh
        self._network = network
        self._watch = watch

    def heatmaps(self, *inputs: Any) -> "HeatmapArray":
        """Run the network as `Network.heatmaps` does."""
        heatmaps: HeatmapArray = self._watch.run(
            "network", lambda: self._network.heatmaps(*inputs)
        )
        return heatmaps


def measure(folder: Path, device: "Device", num_people: int, runs: int) -> Stopwatch:
    """Time every step in turn, so that a busy machine slows all of them alike."""
    from vitpose_blender.inference.labels import layout_of_labels
    from vitpose_blender.inference.network import Network
    from vitpose_blender.inference.vitpose import ViTPose

    network = Network.load(folder, device)
    watch = Stopwatch()
    timed: Any = TimedNetwork(network, watch)
    vitpose = ViTPose(timed, folder.name, layout_of_labels(network.labels))
    frame, xyxy = crowd(num_people)
    for _ in range(runs + 1):
        watch.run("estimate", lambda: vitpose.estimate(frame, xyxy))
        heatmaps = ours(watch, network, frame, xyxy)
        by_transformers(watch, heatmaps, frame, xyxy)
    for seconds in watch.seconds.values():
        seconds.pop(0)  # The first of anything also loads, plans and allocates.
    watch.seconds["added"] = [
        whole - own
        for whole, own in zip(watch.seconds["estimate"], watch.seconds["network"])
    ]
    return watch


def crowd(num_people: int) -> "tuple[Frame, FloatArray]":
    """Return a picture and the boxes of people who stand in it at random."""
    import cv2
    import numpy as np

    from vitpose_blender.core.types import Frame

    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (45, 80, 3), dtype=np.uint8)
    image = cv2.resize(small, (1280, 720), interpolation=cv2.INTER_CUBIC)
    height = rng.uniform(250, 650, num_people)
    left = rng.uniform(0, 1280 - 250, num_people)
    top = rng.uniform(0, 720 - height)
    xyxy = np.stack([left, top, left + height * 0.38, top + height], axis=1)
    return Frame(np.asarray(image, dtype=np.uint8), 0.0, 0), xyxy


def ours(
    watch: Stopwatch, network: "Network", frame: "Frame", xyxy: "FloatArray"
) -> "HeatmapArray":
    """Time our crop and our decoding; returns the heatmaps in between."""
    from vitpose_blender.inference.crop import (
        crop_people,
        padded_regions,
        points_in_image,
    )
    from vitpose_blender.inference.decode import decode_heatmaps

    def decoded() -> "FloatArray":
        xy, _ = decode_heatmaps(heatmaps)
        return points_in_image(xy, regions, (heatmaps.shape[3], heatmaps.shape[2]))

    wh = network.input_wh
    regions = padded_regions(xyxy, wh)
    crops = watch.run("our crop", lambda: crop_people(frame.image, regions, wh))
    heatmaps = network.heatmaps(crops)
    watch.run("our decoding", decoded)
    return heatmaps


def by_transformers(
    watch: Stopwatch, heatmaps: "HeatmapArray", frame: "Frame", xyxy: "FloatArray"
) -> None:
    """Time transformers' own preparation and decoding of the same people."""
    from types import SimpleNamespace

    import numpy as np
    import torch
    from transformers.models.vitpose.image_processing_pil_vitpose import (
        VitPoseImageProcessorPil,
    )

    processor = VitPoseImageProcessorPil()
    rgb = np.ascontiguousarray(frame.image[..., ::-1])
    boxes = [np.concatenate([xyxy[:, :2], xyxy[:, 2:] - xyxy[:, :2]], 1).tolist()]
    output = SimpleNamespace(heatmaps=torch.from_numpy(heatmaps))
    watch.run("HF before", lambda: processor(rgb, boxes, return_tensors="pt"))
    watch.run("HF after", lambda: processor.post_process_pose_estimation(output, boxes))


def report(watch: Stopwatch, num_people: int) -> None:
    """Print each step's share a person, and how both sides compare."""
    names = ("network", "our crop", "our decoding", "HF before", "HF after", "added")
    median, best = (
        {name: pick(watch.seconds[name]) * 1e3 / num_people for name in names}
        for pick in (statistics.median, min)
    )
    print(f"{'ms a person':22}{'median':>8}{'best':>8}")
    for name in names[:-1]:
        print(f"{name:22}{median[name]:8.2f}{best[name]:8.2f}")
    print(f"{'capture adds (max 5)':22}{median['added']:8.2f}{best['added']:8.2f}")
    ratios = (
        (of["HF before"] + of["HF after"]) / (of["our crop"] + of["our decoding"])
        for of in (median, best)
    )
    print(f"{'HF over ours':22}{'':2}" + "  ".join(f"{ratio:6.1f}" for ratio in ratios))


if __name__ == "__main__":
    wanted = options()
    _environment.activate()
    _cli.run(lambda: main(wanted))
