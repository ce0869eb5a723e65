# SPDX-License-Identifier: GPL-3.0-or-later
"""A search for people while a camera goes on, each part of it in the newest picture."""

import time

import numpy as np

from ..core.types import Detections, ImageArray
from .pose_detector import PoseSearch

SLICE = 0.015  # Of each picture's time, unless a single look takes longer [s].
FREE_SLICE = 0.05  # Of a picture's time in which nobody is seen well [s].
_FEW = 4  # Looks between two looks at the clock there.


class GradualSearch:
    """Spreads a search over pictures: a little in each, beside a motion that goes on.

    Where there is no motion it takes all of the time, yet in parts as well: people are
    found where they are, though the search takes longer than they stay there, and
    whoever waits for the next picture does not wait long.

    Args:
        search: One that has just begun.

    Attributes:
        spent: How long it has taken so far [s].
        took: How long it took in the last picture [s].
    """

    def __init__(self, search: PoseSearch) -> None:
        self.spent = self.took = 0.0
        self._search = search
        self._num_looks = 1  # In the next picture.

    def go_on(self, image: ImageArray, known: Detections) -> Detections | None:
        """Search on in one more picture.

        Args:
            image: The picture, BGR.
            known: Where people are who move on, and need not be found.

        Returns:
            Those and the others; None where there is more to do.
        """
        self.took = 0.0
        if len(known):
            found = self._look(image, self._num_looks, known)
            self._fit(self.took)
        else:
            found = None
            while found is None and self.took < FREE_SLICE:
                found = self._look(image, _FEW, known)
        if found is None:
            return None
        return Detections(
            np.concatenate([known.xyxy, found.xyxy]),
            np.concatenate([known.score, found.score]),
        )

    def _look(
        self, image: ImageArray, num_looks: int, known: Detections
    ) -> Detections | None:
        start = time.monotonic()
        found = self._search.go_on(image, num_looks, known.xyxy)
        took = time.monotonic() - start
        self.took += took
        self.spent += took
        return found

    def _fit(self, took: float) -> None:
        """Take more looks in the next picture where there is time, or less."""
        if took * 2 < SLICE:
            self._num_looks *= 2
        elif took > SLICE:
            self._num_looks = max(self._num_looks // 2, 1)
