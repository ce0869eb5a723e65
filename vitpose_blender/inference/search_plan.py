# SPDX-License-Identifier: GPL-3.0-or-later
"""When to search for people: now and then, and sooner where a pose is weak."""

USUAL_RATE = 30.0  # Of a camera [Hz].


class SearchPlan:
    """Counts the frames to the next search.

    A weak pose brings the next search forward; where that does not help, the waits
    between such searches grow, up to half of the regular interval.

    Args:
        every: Frames from one regular search to the next.
        max_share: Of the time that regular searches may take, live; they come less
            often where they are slow. None lets them take what they take.
    """

    def __init__(self, every: int, max_share: float | None = None) -> None:
        self._every = max(every, 1)
        self._max_share = max_share
        self._countdown = 0  # Frames until the next search.
        self._patience = 0  # How many frames a weak pose waits for one.
        self._is_hurried = False

    @property
    def is_due(self) -> bool:
        """Whether it is time."""
        return self._countdown <= 0

    def count(self) -> None:
        """Note that a frame has passed."""
        self._countdown -= 1

    def hurry(self) -> None:
        """Search sooner: somebody is hard to see, or nobody is there."""
        self._countdown = min(self._countdown, self._patience)
        self._is_hurried = True

    def calm(self) -> None:
        """Take back that searching did not help: everybody is seen well."""
        self._patience = 0

    def end(self, spent: float) -> None:
        """Begin to count anew, after a search that took `spent` [s]."""
        if self._is_hurried:
            self._patience = min(2 * self._patience + 1, self._every // 2)
        self._is_hurried = False
        self._countdown = self._every
        if self._max_share is not None:
            num_frames = round(spent / self._max_share * USUAL_RATE)
            self._countdown = max(self._countdown, num_frames)
