# SPDX-License-Identifier: GPL-3.0-or-later
"""Fill one side of a bone map from the other, by the names or places of bones."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from bpy.types import Object

from ..core.layouts import SIDES
from ..core.rotations import unit
from ..core.skeleton import Skeleton
from ..core.types import FloatArray
from . import character, map_editor
from .role_texts import part_of, side_of

# What says a side in a name: `left` anywhere; `l` where it stands alone, begins a
# word (`lArm`) or ends the name (`ArmL`); the Chinese and Japanese signs.
_SIDE = re.compile(
    "[Ll]eft|[Rr]ight|LEFT|RIGHT|\u5de6|\u53f3"
    "|(?<![A-Za-z])[lLrR](?![a-z])|(?<=[a-z0-9])[LR]$"
)
_PAIRS = (("left", "right"), ("l", "r"), ("\u5de6", "\u53f3"))
_OTHER = {a: b for pair in _PAIRS for a, b in (pair, pair[::-1])}
IntArray = npt.NDArray[np.intp]

# How far a twin may stand from the mirrored place, as a share of the skeleton's size.
_TOLERANCE = 0.04


def mirror(armature: Object, source: str) -> int:
    """Fill the other side's roles from the `source` side's.

    Args:
        armature: Whose map changes.
        source: `left` or `right`.

    Returns:
        How many roles were filled; a role whose bones have no twins stays as it is.
    """
    rig_map = map_editor.read_map(armature)
    twins = _Twins(character.read_skeleton(armature), rig_map.bones, source)
    target = next(side for side in SIDES if side != source)
    filled = {}
    for role, names in rig_map.bones.items():
        if side_of(role) == source:
            found = tuple(filter(None, map(twins.of, names)))
            if len(found) == len(names):
                filled[f"{target}_{part_of(role)}"] = found
    if filled:
        bones = map_editor.merged(rig_map.bones, filled)
        map_editor.write_map(armature, replace(rig_map, bones=bones))
    return len(filled)


def mirrored_names(name: str) -> Iterator[str]:
    """Yield the names that a bone's twin may have."""
    for mark in _SIDE.finditer(name):
        other = _OTHER[mark[0].lower()]
        if mark[0].isupper():
            other = other.upper()
        elif mark[0].istitle():
            other = other.title()
        yield name[: mark.start()] + other + name[mark.end() :]


class _Twins:
    """Finds the bone on the other side that corresponds to one."""

    def __init__(
        self, skeleton: Skeleton, bones: Mapping[str, tuple[str, ...]], source: str
    ) -> None:
        self._rows = {name: row for row, name in enumerate(skeleton.names)}
        self._ends = np.stack([skeleton.heads, skeleton.tails], axis=1)
        size = float(np.ptp(skeleton.heads, axis=0).max())
        self._reach = size * _TOLERANCE
        centre = self._middle(bones.get("hips", ()))
        sideways = self._middle(
            name
            for role, names in bones.items()
            for name in names
            if side_of(role) == source
        )
        normals = [*np.eye(3), unit(sideways - centre)]
        twins = [self._by_place(centre, normal) for normal in normals]
        self._twins = max(twins, key=lambda rows: int((rows >= 0).sum()))

    def of(self, name: str) -> str | None:
        """Return a bone's twin; None where neither name nor place tells."""
        by_name = (twin for twin in mirrored_names(name) if twin in self._rows)
        found = next(by_name, None)
        if found is None and name in self._rows:
            twin = self._twins[self._rows[name]]
            found = list(self._rows)[twin] if twin >= 0 else None
        return found

    def _middle(self, names: Iterable[str]) -> FloatArray:
        """Return where bones are; in the middle of all if there are none."""
        rows = [self._rows[name] for name in names if name in self._rows]
        middle: FloatArray = self._ends[rows or slice(None), 0].mean(axis=0)
        return middle

    def _by_place(self, centre: FloatArray, normal: FloatArray) -> IntArray:
        """Return which bone stands where each one is mirrored to, -1 for none.

        Args:
            centre: A point on the mirror, shape `(3,)`.
            normal: Across it, shape `(3,)`, unit.
        """
        ends = self._ends
        height = (ends - centre) @ normal
        mirrored = ends - 2 * height[..., np.newaxis] * normal
        apart = np.linalg.norm(mirrored[:, np.newaxis] - ends, axis=-1)
        nearest = apart.sum(axis=-1).argmin(axis=1)
        rows = np.arange(len(ends))
        is_twin = (apart[rows, nearest, 0] < self._reach) & (nearest != rows)
        return np.where(is_twin, nearest, -1)
