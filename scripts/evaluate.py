# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure how true the 3D motion is that comes out of 2D keypoints.

    python3 scripts/evaluate.py
    python3 scripts/evaluate.py --set two_people --details
    python3 scripts/evaluate.py --write
    python3 scripts/evaluate.py --model resources/models/vitpose-nano --cache out/test

With --model it measures a ViTPose instead: how many keypoints it finds within a tenth
and a twentieth of the box. Its sets, and what they need, are those of nano_evaluate.py;
--write wants all of them.
Else there are two sets with a known answer, in the shared data folder:

  two_people  real OpenPose detections of two people by four calibrated cameras
  mocap       held-out motion capture, filmed by random cameras and detected with a
              real detector's faults

Every clip is solved twice: live, a frame at a time, and baked, with past and future.
"""

import argparse
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import _cli
import _document
import _environment

if TYPE_CHECKING:
    from evaluation_data import Case

DOCUMENT = _environment.ROOT / "docs" / "accuracy.md"
SETS = ("two_people", "mocap")
COLUMNS = {
    "coverage": "coverage",
    "mpjpe_mm": "MPJPE mm",
    "pa_mpjpe_mm": "PA-MPJPE mm",
    "bone_angle_mean_deg": "bone angle deg",
    "bone_angle_median_deg": "median",
    "bone_angle_p90_deg": "90 %",
    "acceleration_error_m_s2": "acceleration m/s2",
    "foot_slide_mm": "foot slide mm/frame",
    "bone_variation_percent": "bone variation %",
}

Row = tuple[str, str, int, dict[str, float]]


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = _cli.ArgumentParser(__doc__ or "")
    parser.add_argument("--set", choices=(*SETS, "all"), default="all")
    parser.add_argument(
        "--preset",
        choices=("crisp", "balanced", "smooth"),
        default="balanced",
        help="how calm; default %(default)s",
    )
    parser.add_argument(
        "--clips", type=int, default=32, help="of mocap; default %(default)s"
    )
    parser.add_argument(
        "--lifter",
        choices=_cli.LIFTERS,
        nargs="+",
        default=_cli.LIFTERS,
        help="which lifters to compare; default all",
    )
    parser.add_argument("--details", action="store_true", help="a row for every clip")
    parser.add_argument("--model", help="measure this ViTPose, a folder or hub id")
    parser.add_argument(
        "--cache", type=Path, metavar="FOLDER", help="keeps the pictures of --model"
    )
    _document.add_options(parser, DOCUMENT)
    arguments = parser.parse_args()
    if arguments.write and (arguments.set, arguments.preset) != ("all", "balanced"):
        parser.error("--write needs everything: leave out --set and --preset")
    return arguments


def main(arguments: argparse.Namespace) -> int:
    """Measure and print; returns the exit code."""
    if not _document.has_data(arguments.shared):
        return 0
    if arguments.model:
        return measure_keypoints(arguments)
    measured = measure_all(list(cases(arguments)), arguments)
    accuracy = accuracy_table(summary(measured))
    print("\n".join(accuracy_table(measured) if arguments.details else accuracy))
    presets = preset_table()
    print("", *presets, sep="\n")
    if arguments.write:
        _document.write_table(DOCUMENT, "accuracy", accuracy)
        _document.write_table(DOCUMENT, "presets", presets)
    return 0


def measure_keypoints(arguments: argparse.Namespace) -> int:
    """Measure a ViTPose and print; returns the exit code."""
    from evaluation_keypoints import keypoint_table

    table = keypoint_table(
        arguments.model, arguments.shared, arguments.cache, is_whole=arguments.write
    )
    print(*table, sep="\n")
    if arguments.write:
        _document.write_table(DOCUMENT, "keypoints", table)
    return 0


def cases(arguments: argparse.Namespace) -> "Iterator[Case]":
    """Yield what there is to measure on."""
    import evaluation_data

    if arguments.set in ("two_people", "all"):
        yield from evaluation_data.two_people(arguments.shared)
    if arguments.set in ("mocap", "all"):
        yield from evaluation_data.mocap(arguments.shared, arguments.clips)


def measure_all(found: "list[Case]", arguments: argparse.Namespace) -> list[Row]:
    """Return group, way, name's frames and figures of every case and way."""
    import evaluation_figures as figures
    from vitpose_blender.core.filters import PRESETS

    metrics = figures.load_metrics(arguments.shared)
    progress = _cli.Progress("measuring", len(found))
    rows: list[Row] = []
    for number, case in enumerate(found, start=1):
        for lifter, way in itertools.product(arguments.lifter, ("live", "baked")):
            joints = figures.solve(case, way, PRESETS[arguments.preset], lifter)
            name = f"{case.group}, {case.name}"
            found_here = figures.measure(case, joints, metrics)
            rows.append((name, f"{lifter}, {way}", 1, found_here))
        progress.step(number)
    progress.finish()
    return rows


def summary(rows: list[Row]) -> list[Row]:
    """Return the mean of each group, and each camera of the real recordings."""
    import numpy as np

    groups: dict[tuple[str, str], list[dict[str, float]]] = {}
    single: list[Row] = []
    for name, way, _, figures in rows:
        group = name.rpartition(", ")[0]
        groups.setdefault((group, way), []).append(figures)
        if group.startswith("two_people"):
            single.append((name, way, 1, figures))
    means = []
    for (group, way), members in groups.items():
        known = {
            key: [f[key] for f in members if np.isfinite(f[key])] for key in COLUMNS
        }
        mean = {k: float(np.mean(v)) if v else np.nan for k, v in known.items()}
        means.append((f"**{group}**", way, len(members), mean))
    return means + single


def accuracy_table(rows: list[Row]) -> list[str]:
    """Return figures as a Markdown table."""
    lines = [
        "| on | lifter, way | clips | " + " | ".join(COLUMNS.values()) + " |",
        "| --- | --- | " + " | ".join(["---:"] * (len(COLUMNS) + 1)) + " |",
    ]
    for name, way, count, figures in rows:
        cells = [
            "none" if figures[key] != figures[key] else f"{figures[key]:.{digits}f}"
            for key, digits in zip(COLUMNS, (2, 0, 1, 1, 1, 1, 1, 1, 2))
        ]
        lines.append(f"| {name} | {way} | {count} | " + " | ".join(cells) + " |")
    return lines


def preset_table() -> list[str]:
    """Return delay and jitter of the filter presets as a Markdown table."""
    from evaluation_figures import preset_figures

    lines = [
        "| preset | live delay ms | live jitter mm | baked jitter mm |",
        "| --- | ---: | ---: | ---: |",
    ]
    return lines + [
        f"| {name} | {delay:.0f} | {live:.1f} | {baked:.1f} |"
        for name, delay, live, baked in preset_figures()
    ]


if __name__ == "__main__":
    wanted = parse_arguments()
    _environment.activate()
    _cli.run(lambda: main(wanted))
