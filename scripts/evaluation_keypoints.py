# SPDX-License-Identifier: GPL-3.0-or-later
"""How well a ViTPose finds keypoints, as a table for the accuracy document."""

import math
from pathlib import Path

NAMES = {
    "rendered": "rendered people never seen, in motion never seen",
    "two_people": "two_people, camera 4, the man",
    "sports2d_5": "sports2d_5, against two teachers",
    "sports2d_4": "sports2d_4, against two teachers",
    "fixed": "48 rendered pictures that come with the project",
}
# What packages are called where they are installed from.
PACKAGES = {"ai_edge_litert": "ai-edge-litert"}


def keypoint_table(
    model: str, shared: Path, cache: Path | None, *, is_whole: bool = False
) -> list[str]:
    """Return PCK and scores on every set that can be made here, as Markdown.

    Args:
        model: Folder or hub id of a ViTPose on this machine.
        shared: Folder of the shared test data.
        cache: Folder that keeps the pictures; None makes them anew.
        is_whole: Whether every set must be there.

    Raises:
        VitposeError: The model cannot be loaded, or a package is missing that a set
            needs while all are wanted.
    """
    import nano_evaluate
    from vitpose_blender.core.errors import VitposeError
    from vitpose_blender.inference.device import choose_device
    from vitpose_blender.inference.vitpose import ViTPose

    network = ViTPose.load(model, choose_device())
    lines = [
        "| on | pictures | PCK@0.1 | PCK@0.05 | score, labelled | score, hidden |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, meaning in NAMES.items():
        try:
            samples = nano_evaluate.samples_of(name, shared, cache)
        except ModuleNotFoundError as error:
            if is_whole:
                package = PACKAGES.get(error.name or "", error.name)
                raise VitposeError(
                    f"Nothing was written, as not every set could be measured: the "
                    f"Python package {package} is missing (pip install {package})"
                ) from error
            lines.append(f"| {meaning} | not measured: needs {error.name} | | | | |")
            continue
        row = nano_evaluate.figures(network, samples)
        hidden = row.get("score_hidden", math.nan)
        cells = (
            f"{row['pictures']}",
            f"{row['pck_0.10']:.3f}",
            f"{row['pck_0.05']:.3f}",
            f"{row['score_labelled']:.2f}",
            f"{hidden:.2f}" if math.isfinite(hidden) else "",
        )
        lines.append(f"| {meaning} | {' | '.join(cells)} |")
    return lines
