# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture to learn from, rendered or real, and what is to be found in it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vitpose_blender.core.layouts import COCO17

Array = npt.NDArray[np.float32]
WIDTH, HEIGHT = 192, 256  # Of a picture [px].
NUM_KEYPOINTS = len(COCO17)
# Heights of the heatmaps' peaks: what is hidden gets low scores.
VISIBLE, BEHIND_ITSELF, BEHIND_OTHERS, OUT_OF_FRAME = 1.0, 0.6, 0.3, 0.0


@dataclass(frozen=True, eq=False)
class Sample:
    """A picture and what is to be found in it.

    Attributes:
        picture: RGB, `(256, 192, 3)`.
        keypoints: COCO-17 `(17, 2)`; 0 is the centre of the first pixel [px].
        heights: How high the heatmaps shall peak, `(17,)`; NaN where unknown.
        box: What the crop was made for, before padding, as `xyxy` [px].
    """

    picture: npt.NDArray[np.uint8]
    keypoints: Array
    heights: Array
    box: Array
