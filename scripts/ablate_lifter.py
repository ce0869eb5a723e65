# SPDX-License-Identifier: GPL-3.0-or-later
"""Show what each part of the learned lifter buys, by leaving it out.

    python3 scripts/ablate_lifter.py
    python3 scripts/ablate_lifter.py --clips 8 --only "one frame" "no mirror image"
    python3 scripts/ablate_lifter.py --write

Every variant solves the clips of evaluate.py with one part switched off. The network
stays the same: what a part would be worth to one that never had it is not shown.
"""

import argparse
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from unittest import mock

import _cli
import _document
import _environment

if TYPE_CHECKING:
    from evaluation_data import Case

DOCUMENT = _environment.ROOT / "docs" / "accuracy.md"
FIGURES = ("pa_mpjpe_mm", "bone_angle_mean_deg", "acceleration_error_m_s2")
WAYS = ("live", "baked")
GROUPS = {
    "two_people, person 2": "person 2",
    "mocap, held-out subjects": "subjects",
    "mocap, held-out sources": "sources",
}
Patch = tuple[str, Callable[[Any], Callable[..., Any]]]
_INFERENCE, _CORE = "vitpose_blender.inference.", "vitpose_blender.core."


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = _cli.ArgumentParser(__doc__ or "")
    parser.add_argument(
        "--clips", type=int, default=32, help="of mocap; default %(default)s"
    )
    parser.add_argument(
        "--only", nargs="+", choices=tuple(VARIANTS), metavar="VARIANT", default=None
    )
    _document.add_options(parser, DOCUMENT)
    arguments = parser.parse_args()
    if arguments.write and arguments.only:
        parser.error("--write needs every variant: leave out --only")
    return arguments


def one_frame(resample: Callable[..., Any]) -> Callable[..., Any]:
    """Return a `resample` that sees the frame in question only."""

    def seen(*inputs: Any) -> Any:
        xy, score = resample(*inputs)
        kept = score * 0.0
        kept[:, score.shape[1] // 2] = score[:, score.shape[1] // 2]
        return xy, kept

    return seen


def straight_ahead(upright: Callable[..., Any]) -> Callable[..., Any]:
    """Return an `_upright` whose view camera is turned as the real one is."""

    def view(axis: Any, up: Any) -> Any:
        ahead = axis * 0.0
        ahead[:, 2] = 1.0
        return upright(ahead, up)

    return view


def once(run: Callable[..., Any]) -> Callable[..., Any]:
    """Return a `run` that leaves the mirror image out."""
    from vitpose_blender.inference.lift_network import LiftNetwork

    return LiftNetwork.run_once


def unchanged(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that gives back its first argument."""
    return lambda first, *others, **named: first


# What to replace, by the place where it is looked up.
VARIANTS: dict[str, tuple[Patch, ...]] = {
    "everything": (),
    "one frame": ((f"{_INFERENCE}learned_lifter.resample", one_frame),),
    "picture not turned to the person": (
        (f"{_INFERENCE}lift_features._upright", straight_ahead),
    ),
    "no mirror image": ((f"{_INFERENCE}lift_network.LiftNetwork.run", once),),
    "joints not drawn to their rays": (
        (f"{_INFERENCE}learned_lifter._moved", unchanged),
    ),
    "bones of any length": (
        (f"{_INFERENCE}learned_lifter.with_bone_lengths", unchanged),
        (f"{_CORE}pipeline.with_bone_lengths", unchanged),
    ),
    "no joint limits": (
        (f"{_INFERENCE}learned_lifter.limit_joints", unchanged),
        (f"{_CORE}pipeline.limit_joints", unchanged),
    ),
    "joints not filtered": (
        (f"{_CORE}pipeline.calm", lambda calm: lambda times, xyz, cutoff: xyz),
        (f"{_CORE}pipeline.PersonPipeline._calm", lambda calm: lambda self, j: j),
    ),
    "feet not held": ((f"{_CORE}solve._on_one_floor", unchanged),),
}


@contextmanager
def without(patches: tuple[Patch, ...]) -> Iterator[None]:
    """Work with parts of the package replaced."""
    with ExitStack() as stack:
        for place, change in patches:
            owner, _, name = place.rpartition(".")
            target = pkgutil.resolve_name(owner)
            change_to = change(getattr(target, name))
            stack.enter_context(mock.patch.object(target, name, change_to))
        yield


def main(arguments: argparse.Namespace) -> int:
    """Measure every variant and print a table; returns the exit code."""
    if not _document.has_data(arguments.shared):
        return 0
    cases = load_cases(arguments)
    names = arguments.only or list(VARIANTS)
    progress = _cli.Progress("measuring", len(names) * len(cases))
    lines = [
        "| learned lifter | "
        + " | ".join(f"{group}, {way}" for group in GROUPS.values() for way in WAYS)
        + " | slide mm |",
        "| --- |" + " ---: |" * (len(GROUPS) * len(WAYS) + 1),
    ]
    for number, name in enumerate(names):
        with without(VARIANTS[name]):
            cells = measured(cases, arguments, progress, number * len(cases))
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    progress.finish()
    print("\n".join(lines))
    if arguments.write:
        _document.write_table(DOCUMENT, "ablation", lines)
    return 0


def load_cases(arguments: argparse.Namespace) -> "list[Case]":
    """Return the clips to solve."""
    import evaluation_data

    found = [
        *evaluation_data.two_people(arguments.shared),
        *evaluation_data.mocap(arguments.shared, arguments.clips),
    ]
    return [case for case in found if case.group in GROUPS]


def measured(
    cases: "list[Case]",
    arguments: argparse.Namespace,
    progress: _cli.Progress,
    done: int,
) -> list[str]:
    """Return the cells of one variant: each group live and baked, then foot slide."""
    import numpy as np

    import evaluation_figures as figures
    from vitpose_blender.core.filters import PRESETS

    metrics = figures.load_metrics(arguments.shared)
    found: dict[tuple[str, str], list[list[float]]] = {}
    slides: list[float] = []
    for number, case in enumerate(cases, start=1):
        for way in WAYS:
            joints = figures.solve(case, way, PRESETS["balanced"], "learned")
            row = figures.measure(case, joints, metrics)
            found.setdefault((case.group, way), []).append([row[f] for f in FIGURES])
            if way == "baked":
                slides.append(row["foot_slide_mm"])
        progress.step(done + number)
    means = [np.mean(found[group, way], axis=0) for group in GROUPS for way in WAYS]
    cells = [" / ".join(f"{value:.1f}" for value in mean) for mean in means]
    return [*cells, f"{np.nanmean(slides):.1f}"]


if __name__ == "__main__":
    wanted = parse_arguments()
    _environment.activate()
    _cli.run(lambda: main(wanted))
