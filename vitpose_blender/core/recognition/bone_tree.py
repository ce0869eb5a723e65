# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bone hangs on which, asked by row."""

from collections.abc import Iterable, Sequence


class BoneTree:
    """The hierarchy of an armature's bones."""

    def __init__(self, parents: Sequence[int]) -> None:
        """Take in the row of each bone's parent, -1 for none."""
        self.parents = tuple(parents)
        self._above = [self._path_up(row) for row in range(len(parents))]
        self._num_below = [0] * len(parents)
        for above in self._above:
            for row in above:
                self._num_below[row] += 1

    def above(self, row: int) -> list[int]:
        """Return the bones that carry this one, the nearest first."""
        return self._above[row]

    def depth(self, row: int) -> int:
        return len(self._above[row])

    def num_below(self, row: int) -> int:
        return self._num_below[row]

    def is_below(self, row: int, carrier: int) -> bool:
        return carrier in self._above[row]

    def between(self, row: int, carrier: int) -> list[int]:
        """Return the bones from the carrier, without it, up to the row, without it."""
        above = self._above[row]
        return above[: above.index(carrier)][::-1] if carrier in above else []

    def common_carrier(self, rows: Iterable[int]) -> int:
        """Return the nearest bone that carries or is all of the rows, -1 for none."""
        paths = [[row, *self._above[row]] for row in rows]
        if not paths:
            return -1
        shared = set(paths[0]).intersection(*paths[1:])
        return next((row for row in paths[0] if row in shared), -1)

    def _path_up(self, row: int) -> list[int]:
        path: list[int] = []
        row = self.parents[row]
        while row >= 0 and row not in path:
            path.append(row)
            row = self.parents[row]
        return path
