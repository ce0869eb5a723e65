# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure a person detector on footage, and how often capture calls it.

    python3 scripts/bench_detector.py --detector hog --reference yolox.onnx a.mp4 b.mp4
    python3 scripts/bench_detector.py --detector hog --pictures out/boxes a.mp4
    python3 scripts/bench_detector.py --keypoints dance.take.jsonl

The first table compares the detector with a better one, a YOLOX network in ONNX, which
stands in for the truth: how many of its people are found (boxes that overlap by 0.4 or
more), how many boxes are on nobody, how well the others fit, and the time a picture.
Without --reference it shows the time and the number of boxes only. With --pictures it
draws both, the reference in green.

The second table replays recorded keypoints (a take, or JSON with --fps and --size)
as if a pose model had found them, and counts how often the policy of capture, to
detect every N frames or when a pose gets weak, would have asked a detector.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import _cli
import _environment

if TYPE_CHECKING:
    import numpy as np

    from vitpose_blender.core.packet import Packet
    from vitpose_blender.core.types import Detections, FloatArray, ImageArray

FOUND = 0.4  # Intersection over union from which a person counts as found.
STRIDES = (8, 16, 32)  # Of YOLOX's three output grids [px].
PERSON = 5  # Column of YOLOX's output: after four of the box and one of any object.


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clips", nargs="*", type=Path, help="videos or picture folders")
    parser.add_argument(
        "--detector", default="auto", help="built-in, hog, full-frame, auto, id"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, mps")
    parser.add_argument("--reference", type=Path, help="YOLOX network, .onnx")
    parser.add_argument("--step", type=positive, default=12, help="take each Nth frame")
    parser.add_argument("--pictures", type=Path, help="folder for frames with boxes")
    parser.add_argument("--keypoints", type=Path, help="recorded keypoints to replay")
    parser.add_argument("--every", type=positive, default=10, help="regular interval")
    parser.add_argument("--fps", type=float, help="rate of the recorded keypoints")
    parser.add_argument("--size", type=picture_size, help="their picture, WxH")
    return parser.parse_args()


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def picture_size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    try:
        return positive(width), positive(height)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a size like 1280x720"
        ) from None


def main(arguments: argparse.Namespace) -> int:
    from vitpose_blender.core.errors import VitposeError

    if not arguments.clips and arguments.keypoints is None:
        raise VitposeError("Nothing to measure: name clips, or --keypoints, see --help")
    if arguments.clips:
        bench_clips(arguments)
    if arguments.keypoints is not None:
        bench_policy(arguments)
    return 0


def bench_clips(arguments: argparse.Namespace) -> None:
    """Print how many people of each clip the detector finds, and how fast."""
    from vitpose_blender.inference.detector import make_detector
    from vitpose_blender.inference.device import choose_device

    detector = make_detector(arguments.detector, choose_device(arguments.device))
    reference = Yolox(arguments.reference) if arguments.reference else None
    print(f"{detector.name}, each {arguments.step}th frame")
    print(f"{'clip':24}{'frames':>7}{'people':>7}{'found':>7}{'false':>7}", end="")
    print(f"{'fit':>6}{'ms':>8}{'CPU ms':>8}")
    for clip in arguments.clips:
        tally = Tally()
        for index, image in pictures(clip, arguments.step):
            start, cpu_start = time.perf_counter(), time.process_time()
            found = detector.detect(image)
            cpu_seconds = time.process_time() - cpu_start
            seconds = time.perf_counter() - start
            truth = reference.boxes(image) if reference else None
            tally.add(found, truth, (seconds, cpu_seconds))
            if arguments.pictures:
                draw(
                    arguments.pictures / f"{clip.stem}_{index:05}.png",
                    image,
                    found,
                    truth,
                )
        print(f"{clip.name:24}{tally}")


def pictures(clip: Path, step: int) -> "Iterator[tuple[int, ImageArray]]":
    from vitpose_blender.inference.camera import open_source

    with open_source(str(clip)) as source:
        for frame in source:
            if frame.index % step == 0:
                yield frame.index, frame.image


class Tally:
    """Counts of one clip."""

    def __init__(self) -> None:
        self.num_people = self.num_found = self.num_boxes = self.num_false = 0
        self.fits: list[float] = []
        self.seconds: list[tuple[float, float]] = []  # By the clock, of the CPU.

    def add(
        self,
        found: "Detections",
        truth: "FloatArray | None",
        seconds: tuple[float, float],
    ) -> None:
        """Count what one frame's detections got right, and how long they took."""
        from vitpose_blender.inference.tracking import box_iou

        self.seconds.append(seconds)
        self.num_boxes += len(found)
        if truth is None:
            return
        overlaps = box_iou(truth, found.xyxy)
        best = overlaps.max(axis=1, initial=0.0)
        self.num_people += len(truth)
        self.num_found += int((best >= FOUND).sum())
        self.num_false += int((overlaps.max(axis=0, initial=0.0) < FOUND).sum())
        self.fits += best[best >= FOUND].tolist()

    def __str__(self) -> str:
        middle = len(self.seconds) // 2
        wall, cpu = (sorted(times)[middle] * 1000 for times in zip(*self.seconds))
        took = f"{wall:8.1f}{cpu:8.1f}"
        if not self.num_people:
            return f"{len(self.seconds):7}{'':7}{self.num_boxes:7}{'':13}{took}"
        fit = sum(self.fits) / max(len(self.fits), 1)
        return (
            f"{len(self.seconds):7}{self.num_people:7}{self.num_found:7}"
            f"{self.num_false:7}{fit:6.2f}{took}"
        )


class Yolox:
    """The yardstick; the product itself does not use it."""

    def __init__(self, path: Path, input_size: int = 416) -> None:
        import cv2

        from vitpose_blender.core.errors import WeightsError

        try:
            self._net: cv2.dnn.Net = cv2.dnn.readNetFromONNX(str(path))
        except cv2.error as error:
            raise WeightsError(
                f"{path} is no network in ONNX: give YOLOX's, or leave out --reference"
            ) from error
        self._size = input_size

    def boxes(self, image: "ImageArray", min_score: float = 0.4) -> "FloatArray":
        """Return the people's boxes, shape `(N, 4)` [px]."""
        import cv2
        import numpy as np

        scale = self._size / max(image.shape[:2])
        small = cv2.resize(image, None, fx=scale, fy=scale)[: self._size, : self._size]
        canvas = np.full((self._size, self._size, 3), 114, dtype=np.uint8)
        canvas[: small.shape[0], : small.shape[1]] = small
        self._net.setInput(cv2.dnn.blobFromImage(canvas))
        output = np.asarray(self._net.forward(), dtype=np.float64)[0]
        corners, strides = self._grid()
        center = (output[:, :2] + corners) * strides / scale
        half = np.exp(output[:, 2:4]) * strides / scale / 2
        score = output[:, 4] * output[:, PERSON]
        xyxy = np.concatenate([center - half, center + half], axis=1)
        xywh = np.concatenate([center - half, 2 * half], axis=1)
        kept = cv2.dnn.NMSBoxes(xywh.tolist(), score.tolist(), min_score, 0.45)
        boxes: FloatArray = xyxy[np.array(kept, dtype=np.int64).reshape(-1)]
        return boxes

    def _grid(self) -> "tuple[np.ndarray, np.ndarray]":
        """Return the cell of each row of the output and the size of its cells."""
        import numpy as np

        corners, strides = [], []
        for stride in STRIDES:
            num_cells = self._size // stride
            y, x = np.mgrid[:num_cells, :num_cells]
            corners.append(np.stack([x, y], axis=-1).reshape(-1, 2))
            strides.append(np.full((num_cells**2, 1), stride))
        return np.concatenate(corners), np.concatenate(strides)


def draw(
    path: Path, image: "ImageArray", found: "Detections", truth: "FloatArray | None"
) -> None:
    import cv2
    import numpy as np

    drawn = image.copy()
    for boxes, color in ((truth, (0, 255, 0)), (found.xyxy, (0, 0, 255))):
        for box in np.round(boxes).astype(int) if boxes is not None else ():
            cv2.rectangle(drawn, box[:2].tolist(), box[2:].tolist(), color, 3)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", drawn)[1].tobytes())


class Replay:
    """Recorded people: a detector that errs never, and the poses in its boxes."""

    name = "recorded"
    every = 10

    def __init__(self) -> None:
        self.packets: list[Packet] = []

    def detect(self, image: "ImageArray") -> "Detections":
        """Return the boxes of the recorded people, whatever the picture shows."""
        import numpy as np

        from vitpose_blender.core.types import Detections

        boxes = [packet.box for packet in self.packets if packet.box is not None]
        xywh = np.array(boxes, dtype=np.float64).reshape(-1, 4)
        xyxy = np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], axis=1)
        return Detections(xyxy, np.ones(len(xyxy)))


def bench_policy(arguments: argparse.Namespace) -> None:
    """Print how often recorded poses make the finder detect, and its own cost."""
    import numpy as np

    from vitpose_blender.core.types import Frame
    from vitpose_blender.inference.people import PersonFinder
    from vitpose_blender.inference.people_choice import PeopleChoice
    from vitpose_blender.inference.recorded import read_recorded

    take = read_recorded(arguments.keypoints, arguments.fps, arguments.size)
    width, height = take.header.image_wh
    blank = np.zeros((height, width, 3), dtype=np.uint8)
    by_frame: dict[int, list[Packet]] = {}
    for packet in take.packets:
        by_frame.setdefault(packet.frame, []).append(packet)
    print(f"\n{arguments.keypoints.name}, regular interval {arguments.every} frames")
    print(f"{'people':10}{'frames':>7}{'detections':>12}{'a frame':>9}{'numbers':>9}")
    for text in ("largest", "all"):
        replay, numbers = Replay(), set()
        finder = PersonFinder(replay, arguments.every, PeopleChoice.parse(text))
        for index, packets in sorted(by_frame.items()):
            replay.packets = packets
            frame = Frame(blank, packets[0].t, index)
            found = finder.boxes(frame)
            poses = [in_box(box, packets).keypoints for box in found.xyxy]
            finder.observe(frame, poses, found.person)
            numbers |= set(found.person)
        share = finder.num_detections / len(by_frame)
        print(f"{text:10}{len(by_frame):7}{finder.num_detections:12}", end="")
        print(f"{share:9.2f}{len(numbers):9}")


def in_box(xyxy: "FloatArray", packets: "list[Packet]") -> "Packet":
    """Return the recorded person who fills a box best."""
    import numpy as np

    from vitpose_blender.inference.tracking import box_iou

    def fill(packet: "Packet") -> float:
        x, y, width, height = packet.box or (0.0, 0.0, 0.0, 0.0)
        box = np.array([[x, y, x + width, y + height]])
        return float(box_iou(xyxy[np.newaxis], box)[0, 0])

    return max(packets, key=fill)


if __name__ == "__main__":
    wanted = options()
    _environment.activate()
    _cli.run(lambda: main(wanted))
