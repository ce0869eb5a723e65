# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure a ViTPose on people it never learnt from, rendered and real.

    python3 scripts/nano_evaluate.py
    python3 scripts/nano_evaluate.py --model out/nano/model --sets rendered sports2d_5

The model runs as in the product: from a picture and a box. Sets:

  rendered    held-out character in held-out motion (needs moderngl; see train_nano.py)
  fixed       a few of these that come with the project
  two_people  camera 4, against the man's triangulated joints
  sports2d_5, sports2d_4
              against what two teachers agree on and are sure of (needs ai-edge-litert)

PCK@0.1 is the share of keypoints found within a tenth of the box's longer side. A score
is true when as many of its keypoints are found within a twentieth.
"""

import argparse
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _cli
import _environment

if __name__ == "__main__":
    _environment.activate()

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from nano_sample import Sample
    from vitpose_blender.inference.vitpose import ViTPose

MODEL = _environment.ROOT / "resources" / "models" / "vitpose-nano"
FIXED = _environment.ROOT / "tests" / "data" / "nano"
SETS = ("fixed", "rendered", "two_people", "sports2d_5", "sports2d_4")
STEPS = {"two_people": 2, "sports2d_5": 6, "sports2d_4": 3}
LABELLED = 0.5  # Keypoints whose heatmaps shall peak higher count [1].
PICTURES = 600  # Of `rendered`.
TILES = 8  # In a row of the fixed pictures.
Floats = npt.NDArray[np.float64]


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = _cli.ArgumentParser(__doc__ or "")
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--pictures", type=int, default=PICTURES, help="of `rendered`")
    parser.add_argument("--flip", action="store_true", help="look at mirror images too")
    parser.add_argument("--cache", type=Path, help="folder that keeps made pictures")
    parser.add_argument(
        "--write-fixed",
        action="store_true",
        help="render the pictures of `fixed` anew, and measure nothing",
    )
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument(
        "--shared", type=Path, default=_environment.ROOT.parent / "shared"
    )
    return parser.parse_args()


def samples_of(
    name: str, shared: Path, cache_folder: Path | None, count: int = PICTURES
) -> "list[Sample]":
    """Return the pictures of a set; kept in the cache where there is one.

    Args:
        name: One of `SETS`.
        shared: Folder of the shared test data.
        cache_folder: Keeps what was made; None makes it anew.
        count: How many, of `rendered`.
    """
    from nano_shards import read_samples, write_shard

    if name == "fixed":
        return read_fixed(FIXED)
    cache = cache_folder / name if cache_folder else None
    if cache and cache.with_suffix(".labels.npy").is_file():
        return read_samples(cache)
    samples = _rendered(shared, count) if name == "rendered" else _real(shared, name)
    if cache:
        cache.parent.mkdir(parents=True, exist_ok=True)
        write_shard(cache, samples)
    return samples


def _rendered(shared: Path, count: int, footage: bool = True) -> "list[Sample]":
    from nano_backgrounds import make_bank
    from nano_bodies import load_people
    from nano_pose import HeldOutPoses
    from nano_scenes import SceneSource

    rng = np.random.default_rng(7)
    _, held_out = load_people(shared)
    bank = make_bank(shared if footage else None, 120, rng)
    poses = HeldOutPoses(shared, 7)
    source = SceneSource([(held_out, 1.0)], poses, bank, rng, exact=True)
    return [source.draw() for _ in range(count)]


def _real(shared: Path, name: str) -> "list[Sample]":
    from nano_real import TEST_CAMERA, cut, taught_video, two_people

    step = STEPS[name]
    people = (
        two_people(shared, TEST_CAMERA, step)
        if name == "two_people"
        else taught_video(shared, f"{name}.mp4", step)
    )
    return [cut(image, taught, None) for image, taught in people]


def write_fixed(folder: Path, samples: "list[Sample]") -> None:
    """Write pictures side by side as one file, and their labels."""
    import cv2

    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        np.hstack([s.picture for s in samples[i : i + TILES]])
        for i in range(0, len(samples), TILES)
    ]
    sheet = cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(folder / "people.jpg"), sheet, [cv2.IMWRITE_JPEG_QUALITY, 82])
    labels = [
        {
            "keypoints": np.round(s.keypoints.astype(float), 1).tolist(),
            "heights": np.round(s.heights.astype(float), 1).tolist(),
            "box": np.round(s.box.astype(float), 1).tolist(),
        }
        for s in samples
    ]
    text = json.dumps(labels).replace("}, {", "},\n {") + "\n"
    (folder / "people.json").write_text(text, encoding="utf-8")


def read_fixed(folder: Path) -> "list[Sample]":
    """Return the pictures that come with the project."""
    import cv2

    from nano_sample import HEIGHT, WIDTH, Sample

    sheet = cv2.imread(str(folder / "people.jpg"))[..., ::-1]
    samples = []
    labels = json.loads((folder / "people.json").read_text(encoding="utf-8"))
    for number, label in enumerate(labels):
        top, left = number // TILES * HEIGHT, number % TILES * WIDTH
        picture = sheet[top : top + HEIGHT, left : left + WIDTH]
        arrays = (
            np.array(label[k], dtype=np.float32)
            for k in ("keypoints", "heights", "box")
        )
        samples.append(Sample(np.ascontiguousarray(picture), *arrays))
    return samples


def found_in(model: "ViTPose", samples: "list[Sample]") -> tuple[Floats, Floats]:
    """Return keypoints `(N, 17, 2)` [px] and scores `(N, 17)` by the product's way."""
    from vitpose_blender.core.types import Frame

    xy, score = [], []
    for sample in samples:
        bgr = np.ascontiguousarray(sample.picture[..., ::-1])
        box = sample.box[None].astype(np.float64)
        people = model.estimate(Frame(bgr, 0.0, 0), box)
        xy.append(people[0].xy)
        score.append(people[0].score)
    return np.stack(xy), np.stack(score)


def distances(xy: Floats, samples: "list[Sample]") -> Floats:
    """Return how far keypoints are off, in longer sides of the box, `(N, 17)`."""
    truth = np.stack([s.keypoints for s in samples])
    boxes = np.stack([s.box for s in samples])
    longer = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    away: Floats = np.linalg.norm(xy - truth, axis=-1) / longer[:, None]
    return np.nan_to_num(away, nan=np.inf)


def figures(model: "ViTPose", samples: "list[Sample]") -> dict[str, Any]:
    """Return PCK, and how true scores are."""
    xy, score = found_in(model, samples)
    away = distances(xy, samples)
    heights = np.stack([s.heights for s in samples])
    labelled = np.nan_to_num(heights, nan=0.0) > LABELLED
    hits, close = away < 0.1, away < 0.05
    limbs = labelled.copy()
    limbs[:, :5] = False
    gone = np.nan_to_num(heights, nan=1.0) < 0.5
    result = {
        "pictures": len(samples),
        "keypoints": int(labelled.sum()),
        "pck_0.10": _share(hits[labelled]),
        "pck_0.05": _share(close[labelled]),
        "pck_0.10_visible": _share(hits[np.nan_to_num(heights, nan=0.0) > 0.9]),
        "pck_0.10_body": _share(hits[limbs]),
        "score_labelled": round(float(score[labelled].mean()), 3),
        "reliability": _reliability(score, close, np.isfinite(heights)),
    }
    if gone.any():
        result["score_hidden"] = round(float(score[gone].mean()), 3)
    return result


def _share(hits: npt.NDArray[np.bool_]) -> float:
    return round(float(hits.mean()), 4) if hits.size else float("nan")


def _reliability(
    score: Floats, hits: npt.NDArray[np.bool_], known: npt.NDArray[np.bool_]
) -> list[tuple[float, float, int]]:
    """Return mean score, share of hits and count, by tenths of the score.

    Hidden keypoints count as well: what is guessed must say so.
    """
    bins = np.minimum((score * 10).astype(int), 9)
    rows = []
    for number in range(10):
        chosen = known & (bins == number)
        if chosen.sum() >= 20:
            mean = round(float(score[chosen].mean()), 3)
            rows.append((mean, _share(hits[chosen]), int(chosen.sum())))
    return rows


def forward_time(model: "ViTPose", runs: int = 40) -> float:
    """Return the median time of one person's estimate [ms]."""
    from vitpose_blender.core.types import Frame

    frame = Frame(np.full((720, 1280, 3), 128, dtype=np.uint8), 0.0, 0)
    box = np.array([[500.0, 100.0, 700.0, 600.0]])
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        model.estimate(frame, box)
        times.append(time.perf_counter() - start)
    return float(np.median(times) * 1e3)


def main(arguments: argparse.Namespace) -> int:
    """Print the figures of every set."""
    if arguments.write_fixed:
        write_fixed(FIXED, _rendered(arguments.shared, 48, footage=False))
        return 0
    from vitpose_blender.inference.device import choose_device
    from vitpose_blender.inference.vitpose import ViTPose

    model = ViTPose.load(str(arguments.model), choose_device(), flip=arguments.flip)
    result: dict[str, Any] = {"estimate_ms": round(forward_time(model), 1)}
    print(f"one person: {result['estimate_ms']} ms")
    for name in arguments.sets:
        samples = samples_of(
            name, arguments.shared, arguments.cache, arguments.pictures
        )
        result[name] = row = figures(model, samples)
        shown = {k: v for k, v in row.items() if k != "reliability"}
        print(name, " ".join(f"{k} {v}" for k, v in shown.items()), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    wanted = parse_arguments()
    _cli.run(lambda: main(wanted))
