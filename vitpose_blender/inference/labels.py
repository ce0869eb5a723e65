# SPDX-License-Identifier: GPL-3.0-or-later
"""Which keypoint layout a model speaks, read from the labels in its config."""

import re
from collections.abc import Sequence

from ..core.errors import VitposeError
from ..core.layouts import (
    AIC14,
    AP10K17,
    COCO17,
    COCO_WHOLEBODY133,
    LAYOUTS,
    MPII16,
    Layout,
    layout_by_id,
)

# What ViTPose models are trained on; unnamed labels are told apart by their number.
_TRAINED_ON = (COCO17, COCO_WHOLEBODY133, MPII16, AIC14, AP10K17)
_NUM_NAMED = 23  # Points of faces and hands have no agreed names: body and feet do.
_SIDES = {"l": "left", "r": "right"}
_ENDS = {"f": "front", "b": "back"}
_FILLERS = {"label", "keypoint", "kpt", "joint", "landmark", "point", "of"}


def layout_of_labels(labels: Sequence[str], layout_id: str = "") -> Layout:
    """Return the layout that a model's labels describe.

    Hub models write `L_Eye`, `left_eye` or only `LABEL_1` for the same point.

    Args:
        labels: One name a keypoint, in the order of the heatmaps.
        layout_id: The layout to use whatever the labels say; empty to read them.

    Raises:
        VitposeError: The labels are no known layout, or `layout_id` does not exist
            or has another number of keypoints.
    """
    if layout_id:
        layout = layout_by_id(layout_id)
        if len(layout) != len(labels):
            raise VitposeError(
                f"The model has {len(labels)} keypoints, but layout {layout_id!r} "
                f"has {len(layout)}; choose another model or layout"
            )
        return layout
    candidates = _candidates(labels)
    if candidates:
        return candidates[0]
    first = ", ".join(labels[:3])
    known = ", ".join(f"{layout.id} ({len(layout)})" for layout in _TRAINED_ON)
    raise VitposeError(
        f"The model's {len(labels)} keypoint labels ({first}, ...) are no known "
        f"layout; choose a model with one of {known}, or name the layout yourself"
    )


def _candidates(labels: Sequence[str]) -> list[Layout]:
    words = [_words(label) for label in labels]
    if not any(words):
        return [layout for layout in _TRAINED_ON if len(layout) == len(labels)]
    return [
        layout
        for layout in LAYOUTS.values()
        if len(layout) == len(labels)
        and all(
            _same_point(mine, _words(name))
            for mine, name in zip(words[:_NUM_NAMED], layout.names)
        )
    ]


def _words(label: str) -> frozenset[str]:
    """Split a label into words, sides spelled out; `LABEL_7` has none."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", label)
    words = re.findall(r"[a-z]+", spaced.lower())
    return frozenset(
        _SIDES.get(word, _ENDS.get(word, word))
        for word in words
        if word not in _FILLERS
    )


def _same_point(mine: frozenset[str], known: frozenset[str]) -> bool:
    """Whether one name says no more than the other: `head` and `head_top`."""
    sides = frozenset(_SIDES.values())
    if mine & sides != known & sides or not mine - sides:
        return False
    return mine <= known or known <= mine
