# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds hips, spine, neck and head of a body whose limbs are known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .structure_body import Body
from .structure_limbs import bell, unit

_FAR = 0.6  # Of the trunk: what carries legs and spine from farther is no hip bone.
_NECK = 0.04  # Of the trunk above the shoulders: the bone that carries arms is a neck.
_CHEST = -0.12  # Below this it belongs to the spine, though arms hang on another bone.
_HEAD = 0.34  # Where a head's joint is above the shoulders, against the trunk.
_SKULL = 0.42  # Length of a head against the trunk.


@dataclass(frozen=True)
class Trunk:
    """The joints of the middle line, -1 for a missing head."""

    hips: int
    spine: tuple[int, ...]
    neck: tuple[int, ...]
    head: int


def find_trunk(body: Body) -> Trunk:
    """Return the middle line of a body."""
    return _TrunkSearch(body).trunk()


class _TrunkSearch:
    def __init__(self, body: Body) -> None:
        self.body, self.tree = body, body.tree
        self.tops = [limb.top for pair in (body.legs, body.arms) for limb in pair.limbs]
        self.length = max(float(np.linalg.norm(body.trunk)), 1e-6)
        self.up = unit(body.trunk)
        self.near = 0.25 * self.length
        # An animal's head is ahead and above.
        self.onwards = self.up if body.is_upright else unit(self.up + body.up)
        self.across = unit(unit(body.legs.across) + unit(body.arms.across))

    def trunk(self) -> Trunk:
        hips, path = self._with_tail(*self._hips_and_path())
        beyond = self._head_chain(path)
        chest = path[-1]
        spine = path[1:]
        upright = self.body.is_upright
        while upright and len(beyond) > 1 and self.height(beyond[0]) < _CHEST:
            spine.append(beyond.pop(0))
        if not beyond:
            if spine and self.height(chest) > -0.1 and self._carries_more(chest):
                return Trunk(hips, tuple(spine[:-1]), (), chest)
            return Trunk(hips, tuple(spine), (), -1)
        place = self._head_place(beyond)
        neck = beyond[:place]
        above = self.height(chest) > _NECK and self.body.is_upright
        if above and len(spine) > 1 and spine[-1] == chest:
            neck.insert(0, spine.pop())
        return Trunk(hips, tuple(spine), tuple(neck), beyond[place])

    def _hips_and_path(self) -> tuple[int, list[int]]:
        """Return the hips and the way from them to what carries the arms."""
        tree, legs, arms = self.tree, self.body.legs.attach, self.body.arms.attach
        met = tree.meeting(legs, arms) if min(legs, arms) >= 0 else -1
        if met < 0:  # Legs or arms hang on nothing: the trunk is what has a root.
            chain = tree.ancestors(arms if arms >= 0 else legs)[::-1]
            return chain[0], chain
        path = tree.path(met, arms)
        middle = self.body.legs.middle
        far = float(np.linalg.norm(tree.points[met] - middle))
        if far > _FAR * self.length and legs != met:
            near = float(np.linalg.norm(tree.points[legs] - middle))
            if near < far / 2:
                return legs, [legs, *path[1:]]
        above = tree.parents[met]
        if above >= 0 and self.body.is_upright:
            # Old bipeds hang the thighs on the spine, above the bone that is the hips.
            rise, rest = self.height(met) + 1, self.height(above) + 1
            if rise > 0.06 and abs(rest) < 0.7 * rise:
                return above, [above, *path]
        return met, path

    def _with_tail(self, hips: int, path: list[int]) -> tuple[int, list[int]]:
        """Return hips and path with the joint above that carries a tail as well."""
        above = self.tree.parents[hips]
        if above < 0 or self.tree.distance(above, hips) > 0.4 * self.length:
            return hips, path
        tails = [
            row
            for row in self.tree.children[above]
            if row != hips
            and self.tree.reaches[row] > 0.3 * self.length
            and self.tree.distance(above, row) < 0.3 * self.length
            and not self._carries(row, path)
        ]
        return (above, [above, *path]) if len(tails) == 1 else (hips, path)

    def _carries(self, row: int, others: Sequence[int]) -> bool:
        return any(self.tree.carries(row, other) for other in [*others, *self.tops])

    def height(self, row: int) -> float:
        """Return how far a joint is above the shoulders, against the trunk."""
        offset = self.tree.points[row] - self.body.arms.middle
        return float(offset @ self.up) / self.length

    def _aside(self, row: int) -> float:
        offset = self.tree.points[row] - self.body.arms.middle
        return abs(float(offset @ self.across)) / self.length

    def _is_free(self, row: int) -> bool:
        return not any(self.tree.carries(row, top) for top in self.tops)

    def _carries_more(self, chest: int) -> bool:
        """Return whether something other than limbs hangs on the chest."""
        children = self.tree.children[chest]
        return any(
            self._is_free(child) and self.height(child) > 0.1 for child in children
        )

    def _head_chain(self, path: Sequence[int]) -> list[int]:
        """Return the joints from the chest's child towards the top of the head."""
        start = self._best_start(path)
        chain = [start] if start >= 0 else []
        while chain and (following := self._next(chain[-1])) >= 0:
            chain.append(following)
        return chain

    def _best_start(self, path: Sequence[int]) -> int:
        best, most = -1, -4.0
        for steps, carrier in enumerate(reversed(path)):
            for row in self.tree.children[carrier]:
                if row in path or not self._is_free(row) or self._has_twin(row):
                    continue
                score = self._start_score(row) - 0.7 * steps
                if score > most:
                    best, most = row, score
        return best

    def _start_score(self, row: int) -> float:
        """Return how much a joint looks like the one that neck or head start with."""
        tree = self.tree
        below = list(tree.below(row))
        offsets = (tree.points[below] - self.body.arms.middle) / self.length
        top = float((offsets @ self.onwards).max())
        if top < -0.05:
            return -99.0
        size = float(np.log(len(below)))
        if not self.body.is_upright:
            return size + float(bell(self._aside(row), 0.1)) + min(top, 1.0)
        front = offsets[0] - (offsets[0] @ self.up) * self.up
        front = front - (front @ self.across) * self.across
        score = bell(self.height(row) - 0.15, 0.2) + bell(self._aside(row), 0.1)
        score += bell(float(np.linalg.norm(front)), 0.2)
        return float(score) + 0.3 * size + min(top, 1.0)

    def _has_twin(self, row: int) -> bool:
        """Return whether another branch mirrors this one, as eyes do."""
        tree = self.tree
        middle = tree.points[list(tree.below(row))].mean(axis=0)
        aside = (middle - self.body.arms.middle) @ self.across
        mirrored = middle - 2 * aside * self.across
        return any(
            tree.sizes[other] == tree.sizes[row]
            and np.linalg.norm(
                tree.points[list(tree.below(other))].mean(axis=0) - mirrored
            ) < 0.1 * self.length
            for other in tree.children[tree.parents[row]]
            if other != row and self._is_free(other)
        )  # fmt: skip

    def _is_feature(self, row: int) -> bool:
        """Return whether a joint is a part of a face rather than the way to the top."""
        tree, parent = self.tree, self.tree.parents[row]
        if not self.body.is_upright:
            return tree.sizes[row] < 0.5 * (tree.sizes[parent] - 1)
        leaves = [r for r in tree.children[parent] if not tree.children[r]]
        return row in leaves and len(leaves) > 1 and tree.lengths[row] < self.near

    def _is_one_of_many(self, row: int) -> bool:
        """Return whether more than two branches are like this one, as hair is."""
        tree = self.tree
        siblings = tree.children[tree.parents[row]]
        reach = tree.reaches[row] + 0.01
        alike = [
            other
            for other in siblings
            if 0.7 < (tree.reaches[other] + 0.01) / reach < 1.4
            and tree.sizes[other] == tree.sizes[row] > 1
        ]
        return len(alike) > 3

    def _next(self, row: int) -> int:
        """Return the child by which the middle line goes on upwards, -1 for none."""
        best, most = -1, 0.0
        for child in self.tree.children[row]:
            link = self.tree.points[child] - self.tree.points[row]
            length = float(np.linalg.norm(link))
            rise = float(link @ self.onwards)
            central = self._aside(child) < 0.12 and not self._has_twin(child)
            if not central or rise < 0.5 * length or self._is_one_of_many(child):
                continue
            if self._is_feature(child):
                continue
            score = rise / self.length + 0.2 * np.log(1 + self.tree.sizes[child])
            if length > 0.01 * self.length and score > most:
                best, most = child, score
        return best

    def _head_place(self, chain: Sequence[int]) -> int:
        """Return which joint of the chain above the chest is the head."""
        scores = [self._head_score(chain, place) for place in range(len(chain))]
        if len(chain) > 2 and not self.tree.children[chain[-1]]:
            # Skulls are longer than the bones of a neck.
            last, before = self.tree.lengths[[chain[-1], chain[-2]]]
            longer = float(np.log2(last / max(before, 1e-6) / 1.3))
            scores[-1] -= 1.2 * min(max(longer, 0.0), 1.0)
        return int(np.argmax(scores))

    def _head_score(self, chain: Sequence[int], place: int) -> float:
        """Return how much a joint of the chain above the chest looks like the head."""
        tree, row, following = self.tree, chain[place], chain[place + 1 :]
        others = tree.sizes[row] - 1 - (tree.sizes[following[0]] if following else 0)
        score = 0.6 * float(np.log(1 + others))
        if self.body.is_upright:
            score += float(bell(self.height(row) - _HEAD, 0.13))
        if not following:
            return score
        if place == 0:
            score -= 0.6  # Most bodies have a neck.
        # What goes on above is the top of the skull.
        rest = float(tree.along[chain[-1]] - tree.along[row]) / self.length
        has_face = others > 1
        if rest < 0.15:
            return score - (0.0 if has_face else 1.2)
        doubt = float(bell(np.log(rest / _SKULL), 0.65)) - 0.35
        return score + doubt * (0.3 if has_face else 1.0)
