# SPDX-License-Identifier: GPL-3.0-or-later
"""The bones of an armature by what their names say."""

from collections import Counter
from collections.abc import Iterable, Sequence

from .bone_reading import read_bone_name
from .bone_tree import BoneTree
from .name_match import without_running_numbers

_EVERYWHERE = 0.4  # A word in this share of the names is the exporter's or the rig's.


class NamedBones:
    """What the names of an armature's bones say, and how the bones hang together.

    Args:
        names: All bones.
        parents: The row of each bone's parent, -1 for none.
    """

    def __init__(self, names: Sequence[str], parents: Sequence[int]) -> None:
        self.tree = BoneTree(parents)
        self.words = [read_bone_name(name) for name in without_running_numbers(names)]
        counts = Counter(word for bone in self.words for word in set(bone.strange))
        rare = {word for word, n in counts.items() if n < _EVERYWHERE * len(names)}
        self._num_strange = [
            sum(w in rare for w in bone.strange) for bone in self.words
        ]

    def rows(self, side: str, parts: Iterable[str]) -> list[int]:
        """Return the bones of the body that are named so; twist bones are none."""
        return [
            row
            for row in self._named(side, parts)
            if not self.words[row].is_twist and not self.words[row].is_metacarpal
        ]

    def twists(self, side: str, parts: Iterable[str]) -> list[int]:
        """Return the bones that take the twist of bones that are named so."""
        return [row for row in self._named(side, parts) if self.words[row].is_twist]

    def metacarpals(self, side: str, parts: Iterable[str]) -> list[int]:
        return [
            row for row in self._named(side, parts) if self.words[row].is_metacarpal
        ]

    def below(self, rows: Iterable[int], carrier: int) -> list[int]:
        return [row for row in rows if self.tree.is_below(row, carrier)]

    def first(self, rows: Iterable[int], *, by_size: bool = True) -> int:
        """Return the plainest named, nearest to the root; -1 where that is not sure.

        Args:
            rows: Bones that may be meant.
            by_size: Of two alike, take the one that carries more.
        """
        rated = sorted((self._rate(row, by_size), row) for row in rows)
        if not rated or (len(rated) > 1 and rated[0][0] == rated[1][0]):
            return -1
        return rated[0][1]

    def chain(self, rows: Iterable[int]) -> list[int]:
        """Return those of the rows that carry one another, root to tip.

        Where a bone carries several of them, the plainest named goes on, or none.
        """
        left, chain = list(rows), list[int]()
        while left and (row := self.first(left)) >= 0:
            chain.append(row)
            left = self.below(left, row)
        return chain

    def _named(self, side: str, parts: Iterable[str]) -> list[int]:
        wanted = set(parts)
        return [
            row
            for row, bone in enumerate(self.words)
            if bone.part in wanted and bone.side == side and not bone.is_helper
        ]

    def _rate(self, row: int, by_size: bool) -> tuple[int, int, int]:
        size = self.tree.num_below(row) if by_size else 0
        return self._num_strange[row], self.tree.depth(row), -size
