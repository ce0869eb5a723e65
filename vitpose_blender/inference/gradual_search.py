# SPDX-License-Identifier: GPL-3.0-or-later
"""A search for people beside a motion that goes on: a little in each picture's time."""

import time

import numpy as np

from ..core.types import Detections, ImageArray
from .pose_detector import PoseSearch

SLICE = 0.015  # Of each picture's time, unless a single look takes longer [s].


class GradualSearch:
    """Spreads a search over pictures.

    Args:
        search: One that has just begun.

    Attributes:
        spent: How long it has taken so far [s].
    """

    def __init__(self, search: PoseSearch) -> None:
        self.spent = 0.0
        self._search = search
        self._num_looks = 1  # In the next picture.

    def go_on(self, image: ImageArray, known: Detections) -> Detections | None:
        """Search on in one more picture.

        Args:
            image: The picture, BGR.
            known: Where people are who need not be found.

        Returns:
            Those and the others; None where there is more to do.
        """
        start = time.monotonic()
        found = self._search.go_on(image, self._num_looks, known.xyxy)
        took = time.monotonic() - start
        self.spent += took
        # As many as there is time for, on a quick device too.
        if took * 2 < SLICE:
            self._num_looks *= 2
        elif took > SLICE:
            self._num_looks = max(self._num_looks // 2, 1)
        if found is None:
            return None
        return Detections(
            np.concatenate([known.xyxy, found.xyxy]),
            np.concatenate([known.score, found.score]),
        )
