# SPDX-License-Identifier: GPL-3.0-or-later
"""Smaller pictures."""

import cv2
import numpy as np

from ..core.types import ImageArray


def shrunk(image: ImageArray, longer_side: int) -> ImageArray:
    """Return a picture made smaller, its proportions kept, shape `(h, w, 3)`.

    Args:
        image: Shape `(H, W, 3)`.
        longer_side: Of the result [px]; must not be larger than the picture's.
    """
    height, width = image.shape[:2]
    scale = longer_side / max(height, width)
    wh = max(round(width * scale), 1), max(round(height * scale), 1)
    small = cv2.resize(image, wh, interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8, copy=False)
