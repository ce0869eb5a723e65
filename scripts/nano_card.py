# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw what belongs into the model card: found keypoints, and how true scores are.

    python3 scripts/nano_card.py --figures out/nano/figures.json --cache out/nano/test

Writes `overlays.jpg` (12 pictures of three videos) and `reliability.png` into the
model's folder. The figures and the cache are those of `nano_evaluate.py`.
"""

import argparse
import json
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _cli
import _environment

if __name__ == "__main__":
    _environment.activate()

import cv2
import numpy as np
import numpy.typing as npt

from nano_evaluate import MODEL, found_in, samples_of

if TYPE_CHECKING:
    from nano_sample import Sample

VIDEOS = ("two_people", "sports2d_5", "sports2d_4")
COLORS = {
    "rendered": (40, 40, 40), "two_people": (200, 120, 20),
    "sports2d_5": (30, 140, 30), "sports2d_4": (40, 40, 220),
}  # fmt: skip
SIDE, EDGE = 300, 34  # Of the plot, and around it [px].
DRAWN = 0.2  # Lowest score of a keypoint that is drawn [1].
Bytes = npt.NDArray[np.uint8]


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = _cli.ArgumentParser(__doc__ or "")
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--figures", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument(
        "--shared", type=Path, default=_environment.ROOT.parent / "shared"
    )
    return parser.parse_args()


def overlays(arguments: argparse.Namespace) -> Bytes:
    """Return a row of four pictures of each video, with what the model finds."""
    from vitpose_blender.inference.device import choose_device
    from vitpose_blender.inference.vitpose import ViTPose

    model = ViTPose.load(str(arguments.model), choose_device())
    rows = []
    for name in VIDEOS:
        samples = samples_of(name, arguments.shared, arguments.cache)
        chosen = np.linspace(0, len(samples) - 1, 6).astype(int)[1:5]
        some = [samples[number] for number in chosen]
        found = found_in(model, some)
        rows.append(np.hstack([draw(*one) for one in zip(some, *found)]))
    return np.vstack(rows)


def draw(sample: "Sample", xy: Any, score: Any) -> Bytes:
    """Return a picture with a skeleton on it, left yellow and right blue."""
    from vitpose_blender.core.layouts import COCO17

    picture: Bytes = np.ascontiguousarray(sample.picture[..., ::-1])
    places = np.nan_to_num(xy).round().astype(int).tolist()
    for a, b in COCO17.edges:
        if min(score[a], score[b]) >= DRAWN:
            names = COCO17.names[a] + COCO17.names[b]
            left, right = "left" in names, "right" in names
            color = (80, 255, 80) if left == right else (60, 220, 255)
            color = (255, 160, 60) if right and not left else color
            cv2.line(picture, places[a], places[b], color, 2, cv2.LINE_AA)
    for place, value in zip(places, score):
        if value >= DRAWN:
            cv2.circle(picture, place, 2, (255, 255, 255), -1, cv2.LINE_AA)
    return picture


def reliability(figures: dict[str, Any]) -> Bytes:
    """Return a plot: how often keypoints of each score are within a twentieth."""
    size = SIDE + 2 * EDGE
    plot = np.full((size, size, 3), 255, dtype=np.uint8)

    def place(x: float, y: float) -> tuple[int, int]:
        return round(EDGE + x * SIDE), round(EDGE + (1 - y) * SIDE)

    cv2.rectangle(plot, place(0, 0), place(1, 1), (180, 180, 180), 1)
    cv2.line(plot, place(0, 0), place(1, 1), (210, 210, 210), 1, cv2.LINE_AA)
    text = (cv2.FONT_HERSHEY_SIMPLEX, 0.38)
    for number, (name, color) in enumerate(COLORS.items()):
        rows = figures.get(name, {}).get("reliability", [])
        points = [place(x, y) for x, y, _ in rows]
        for point in points:
            cv2.circle(plot, point, 3, color, -1, cv2.LINE_AA)
        for start, end in pairwise(points):
            cv2.line(plot, start, end, color, 1, cv2.LINE_AA)
        spot = place(0.6, 0.22 - 0.055 * number)
        cv2.putText(plot, name, spot, *text, color, 1, cv2.LINE_AA)
    black = (0, 0, 0)
    cv2.putText(plot, "score", place(0.45, -0.09), *text, black, 1, cv2.LINE_AA)
    spot = place(0.0, 1.03)
    cv2.putText(plot, "share within a twentieth", spot, *text, black, 1, cv2.LINE_AA)
    return plot


def main(arguments: argparse.Namespace) -> int:
    """Write both pictures."""
    figures = json.loads(arguments.figures.read_text(encoding="utf-8"))
    sheet = overlays(arguments)
    quality = [cv2.IMWRITE_JPEG_QUALITY, 80]
    cv2.imwrite(str(arguments.model / "overlays.jpg"), sheet, quality)
    cv2.imwrite(str(arguments.model / "reliability.png"), reliability(figures))
    return 0


if __name__ == "__main__":
    wanted = parse_arguments()
    _cli.run(lambda: main(wanted))
