# SPDX-License-Identifier: GPL-3.0-or-later
"""From any person's keypoint layout to COCO-17, which the lifter takes."""

import numpy as np

from .errors import VitposeError
from .layouts import COCO17, layout_by_id
from .types import Keypoints2D

# A face may be missing from a person's layout, these may not.
BODY_NAMES = COCO17.names[5:]


def to_coco17(keypoints: Keypoints2D) -> Keypoints2D:
    """Return the COCO-17 keypoints among those of another layout, found by name.

    Args:
        keypoints: Of a person, in any layout.

    Returns:
        The same positions and scores in COCO's order; NaN and score 0 for the
        keypoints that the layout lacks, such as the face in `mpii16`.

    Raises:
        VitposeError: The layout is not a person's: it has no shoulders or hips.
    """
    if keypoints.layout == COCO17.id:
        return keypoints
    layout = layout_by_id(keypoints.layout)
    if not layout.index.keys() >= set(BODY_NAMES):
        raise VitposeError(
            f"The keypoint layout {layout.id!r} is not a person's and cannot be lifted "
            "to a human skeleton: use a model trained on people, such as coco17"
        )
    xy = np.full((len(COCO17), 2), np.nan)
    score = np.zeros(len(COCO17))
    for row, name in enumerate(COCO17.names):
        if name in layout.index:
            xy[row] = keypoints.xy[layout.index[name]]
            score[row] = keypoints.score[layout.index[name]]
    return Keypoints2D(xy, score, keypoints.t, COCO17.id)
