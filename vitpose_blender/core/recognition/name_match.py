# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the bones that a list of names means, however an armature spells them.

Spelling is what exporters change: what stands before or after every name, capitals,
separators, wide letters, and running numbers at the end.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

_SEPARATORS = str.maketrans("", "", " _-.:|")
_RUNNING_NUMBER = re.compile(r"_\d+$")
MOST = 0.8  # Of all names: then it is the exporter's doing.
NUM_ANCHORS = 6  # Names that are compared with every bone to find what is around them.


@lru_cache(maxsize=8192)  # Every map compares the same bones.
def normal_form(name: str) -> str:
    """Return a name without capitals, separators and the width of its letters."""
    wide = unicodedata.normalize("NFKC", name)
    return wide.casefold().translate(_SEPARATORS)


def without_running_numbers(names: Sequence[str]) -> list[str]:
    """Return the names without the number that some exporters give every bone.

    They are recognised by there being one after most names and no two alike:
    `Hips_01`, `Spine_02`, `LeftArm_03`.
    """
    numbers = [match[0] for match in map(_RUNNING_NUMBER.search, names) if match]
    if len(numbers) < max(MOST * len(names), 4) or len(set(numbers)) < len(numbers):
        return list(names)
    return [_RUNNING_NUMBER.sub("", name) for name in names]


@dataclass(frozen=True)
class Affixes:
    """What stands before and after the names that were looked for, in normal form."""

    before: str = ""
    after: str = ""

    def around(self, name: str) -> str:
        return self.before + normal_form(name) + self.after


class NameMatch:
    """Finds names among the bones of one armature."""

    def __init__(self, available: Sequence[str], wanted: Iterable[str]) -> None:
        """Take in the bones and find out what stands around the wanted names.

        Args:
            available: All bones.
            wanted: The names that will be looked for, the surest ones first.
        """
        self._spelling = dict(zip(available, without_running_numbers(available)))
        self._bones: dict[str, list[str]] = defaultdict(list)
        for bone, spelling in self._spelling.items():
            self._bones[normal_form(spelling)].append(bone)
        self._affixes = self._find_affixes([*dict.fromkeys(wanted)])

    def find(self, name: str) -> str:
        """Return the bone of that name, "" if there is none or it is not sure which."""
        bones = self._bones.get(self._affixes.around(name), [])
        same = [bone for bone in bones if self.is_exact(bone, name)]
        alike = same or bones
        return alike[0] if len(alike) == 1 else ""

    def is_exact(self, bone: str, name: str) -> bool:
        """Return whether the bone spells the name as it is, whatever is around it."""
        return name in self._spelling[bone]

    def prefix(self, names: Iterable[str]) -> str:
        """Return what stands before the names that were found, as it is spelled."""
        before = Counter(
            self._spelling[bone].partition(name)[0]
            for name in names
            if (bone := self.find(name)) and self.is_exact(bone, name)
        )
        return before.most_common(1)[0][0] if before else ""

    def _find_affixes(self, wanted: list[str]) -> Affixes:
        normal = [normal_form(name) for name in wanted]
        candidates = {Affixes()}
        for name in normal[:NUM_ANCHORS]:
            candidates |= set(self._around(name))
        # The shortest of those that explain most.
        return max(
            sorted(candidates, key=lambda a: (len(a.before + a.after), a.before)),
            key=lambda a: sum(
                a.before + name + a.after in self._bones for name in normal
            ),
        )

    def _around(self, name: str) -> Iterable[Affixes]:
        for bone in self._bones:
            start = bone.find(name)
            while start >= 0:
                yield Affixes(bone[:start], bone[start + len(name) :])
                start = bone.find(name, start + 1)
