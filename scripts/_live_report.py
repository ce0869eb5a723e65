# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of `bench_live.py`, and what must be in it.

Imported only where bpy is.
"""

import math
import os
import textwrap

from _live_watch import Measured, median, share
from _sample_camera import FPS

RECORDED = "recording"
_HAS_LOAD = hasattr(os, "getloadavg")  # Windows has none.
WARM_UP = 60.0  # Memory of a soak is compared with that after it [s].

LIMITS = {  # Of the figures; gaps are beyond those of the recording.
    "longest gap while starting [ms]": 150.0,
    "longest gap while running [ms]": 30.0,
    "main thread, a tick, median [ms]": 2.0,
    "main thread, a tick, worst [ms]": 5.0,
    "latency beside the model's time [ms]": 1000 / FPS,
    "first movement [s]": 4.0,
    "stopped in [s]": 1.0,
}
MAX_GROWTH = 20.0  # Of memory in a soak [MB].


def report(engines: dict[str, Measured], facts: dict[str, str]) -> int:
    """Print the table of all captures; returns the exit code.

    Args:
        engines: What was measured of each, by name.
        facts: What else there is to say of each.
    """
    names = list(engines)
    for name in names:
        print(f"{name}: {facts[name]}")
    tables = {name: figures(engines[name]) for name in names}
    print(f"\n{'':42}" + "".join(f"{name:>12}" for name in names))
    for row in tables[names[0]]:
        values = "".join(f"{tables[name][row]:12.2f}" for name in names)
        print(f"{row:42}{values}")
    failed = [
        f"{name}: {row} must be below {limit:g}"
        for name in names
        if name == "process"
        for row, limit in LIMITS.items()
        if not tables[name][row] - _blenders_own(row, tables) < limit
    ]
    print("\n" + ("\n".join(failed) or "all figures are as they must be"))
    return int(bool(failed))


def document_lines(engines: dict[str, Measured], facts: dict[str, str]) -> list[str]:
    """Return the table as it stands in a document; see `report`."""
    tables = {name: figures(engines[name]) for name in engines}
    rows = tables[next(iter(tables))]
    load = f"Load {os.getloadavg()[0]:.0f} at the end. " if _HAS_LOAD else ""
    said = [f"{name}: {facts[name]}." for name in engines if name != RECORDED]
    return [
        f"| | {' | '.join(engines)} |",
        f"| --- |{' ---: |' * len(engines)}",
        *(
            f"| {row} | {' | '.join(_cell(tables[name][row]) for name in engines)} |"
            for row in rows
        ),
        "",
        *textwrap.wrap(load + " ".join(said), 88),
    ]


def _cell(value: float) -> str:
    if math.isnan(value):
        return ""
    return f"{value:.0f}" if value >= 10.0 else f"{value:.2g}"


def _blenders_own(row: str, tables: dict[str, dict[str, float]]) -> float:
    """Return the longest usual gap that Blender makes by itself [ms]."""
    if "gap" not in row:
        return 0.0
    return tables[RECORDED]["gap while running, 95 % [ms]"]


def figures(measured: Measured) -> dict[str, float]:
    """Return the rows of the table."""
    return {
        "longest gap while starting [ms]": share(measured.starting, 1.0),
        "longest gap while running [ms]": share(measured.running, 1.0),
        "gap while running, 95 % [ms]": share(measured.running, 0.95),
        "main thread, a tick, median [ms]": median(measured.ticks),
        "main thread, a tick, worst [ms]": share(measured.ticks, 1.0),
        "of this with a CPU, worst [ms]": share(measured.cpu, 1.0),
        "Blender's update of the scene [ms]": median(measured.updates),
        "latency, median [ms]": median(measured.latencies),
        "latency, 95 % [ms]": share(measured.latencies, 0.95),
        "of this: until the model looks [ms]": median(measured.waits),
        "the model's own time [ms]": median(measured.works),
        "to Blender, into the targets [ms]": median(measured.hands),
        "wait for a tick, place the bones [ms]": median(measured.ends),
        "latency beside the model's time [ms]": median(measured.added),
        "first movement [s]": measured.first,
        "stopped in [s]": measured.stopping,
    }


def judge_soak(rows: list[tuple[float, ...]]) -> int:
    """Print what grew; returns 1 if it is too much, or nothing can be said."""
    warm = [row for row in rows if row[0] >= WARM_UP] or rows
    if len(warm) < 2:
        print("too short to tell")
        return 1
    third = max(len(warm) // 3, 1)
    early, late = warm[:third], warm[-third:]
    # The least of each: a search for people takes memory and gives it back.
    grown = [
        min(row[column] for row in late) - min(row[column] for row in early)
        for column in (1, 2, 3)
    ]
    print(
        f"from the first third to the last, after a minute: Blender {grown[0]:+.1f} "
        f"MB, process {grown[1]:+.1f} MB, latency {grown[2]:+.1f} ms"
    )
    return int(not (grown[0] < MAX_GROWTH and not grown[1] >= MAX_GROWTH))
