# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds what hangs on a body's limbs, head and hips: toes, fingers, eyes, a tail."""

from collections.abc import Sequence

import numpy as np

from ..types import FloatArray
from .structure_body import Body
from .structure_facing import Facing
from .structure_limbs import Limb, bell
from .structure_tree import Tree
from .structure_trunk import Trunk

FINGERS = ("thumb", "index", "middle", "ring", "pinky")
_BESIDE = 0.12  # A twist bone lies this near to its segment, against the segment.
_BALL = 0.3  # From the ankle to the toes' joint, against the shin.


def find_clavicle(tree: Tree, arm: Limb) -> int:
    """Return the joint that carries the shoulder, -1 if the trunk does."""
    path = tree.path(arm.top, arm.joints[0])[:-1]
    distances = [float(np.linalg.norm(tree.points[r] - arm.points[0])) for r in path]
    clear = [r for r, far in zip(path, distances) if far > 0.06 * arm.length]
    if not clear:
        return -1
    same = [r for r in clear if tree.distance(r, clear[0]) < 0.02 * arm.length]
    return same[-1]


def find_paw(tree: Tree, leg: Limb) -> int:
    """Return the joint after a hock, -1 if there is none."""
    hock = leg.joints[2]
    children = tree.children[hock] if hock >= 0 else ()
    far = [row for row in children if tree.lengths[row] > 0.1 * leg.segments[1]]
    return max(far, key=lambda row: tree.sizes[row], default=-1)


def find_toe(tree: Tree, leg: Limb, forward: FloatArray) -> int:
    """Return the joint at the ball of a foot, -1 if there is none.

    Args:
        tree: The joints.
        leg: Its end is the ankle.
        forward: The way the body faces.
    """
    ankle = leg.joints[2]
    if ankle < 0:
        return -1
    shin = float(leg.segments[1])
    best, most = -1, -9.0
    for row in tree.below(ankle)[1:]:
        way = tree.points[row] - leg.points[2]
        far = float(np.linalg.norm(way))
        if far < 0.05 * shin or way @ forward < 0.35 * far:
            continue
        steps = tree.depths[row] - tree.depths[ankle] - 1
        score = float(bell(np.log(far / shin / _BALL), 0.4)) - 0.25 * steps
        score += 0.4 * float(np.log(tree.sizes[row]))
        if score > most:
            best, most = row, score
    return best


def find_twists(tree: Tree, upper: int, lower: int) -> tuple[int, ...]:
    """Return the bones that twist between two joints of a limb, root to tip."""
    start, end = tree.points[upper], tree.points[lower]
    way = end - start
    length = float(np.linalg.norm(way))
    between = set(tree.path(upper, lower)[1:-1])
    carriers = [upper, *between]
    aside = {c for carrier in carriers for c in tree.children[carrier]}
    leaves = {row for row in aside - {lower} if not tree.children[row]}
    found = []
    for row in between | leaves:
        offset = tree.points[row] - start
        share = float(offset @ way) / length**2
        distance = float(np.linalg.norm(offset - share * way)) / length
        first = -0.05 if row in between else 0.08
        if first < share < 0.97 and distance < _BESIDE:
            found.append((share, row))
    return tuple(row for _, row in sorted(found))


def find_fingers(tree: Tree, arm: Limb) -> dict[str, tuple[int, ...]]:
    """Return the joints of a hand's fingers by name, as many as can be told apart."""
    hand = arm.joints[2]
    chains = _finger_chains(tree, hand) if hand >= 0 else []
    if len(chains) < 2:
        return {}
    centres = np.array([tree.points[list(chain)].mean(axis=0) for chain in chains])
    bases = np.array([tree.points[chain[0]] for chain in chains]) - arm.points[2]
    along = bases.mean(axis=0)
    thumb = (
        int(np.argmin(bases @ along)) if len(chains) != 4 else _short_one(bases, along)
    )
    rest = [place for place in range(len(chains)) if place != thumb]
    if thumb < 0:
        origin = centres[0] if len(chains) else centres.mean(axis=0)
    else:
        origin = centres[thumb]
    rest.sort(key=lambda place: float(np.linalg.norm(centres[place] - origin)))
    names = FINGERS[1 : 1 + len(rest)]
    found = {name: chains[place] for name, place in zip(names, rest)}
    if thumb >= 0:
        found["thumb"] = chains[thumb]
    return found


def _short_one(bases: FloatArray, along: FloatArray) -> int:
    """Return the thumb among four fingers, -1 if all of them are alike."""
    reaches = bases @ along / max(float(along @ along), 1e-12)
    thumb = int(np.argmin(reaches))
    return thumb if reaches[thumb] < 0.7 else -1


def _finger_chains(tree: Tree, hand: int) -> list[tuple[int, ...]]:
    """Return the joints of each finger, without the bones in the palm."""
    chains = []
    for top in _finger_tops(tree, hand):
        chain = [top]
        while tree.children[chain[-1]]:
            chain.append(max(tree.children[chain[-1]], key=lambda row: tree.sizes[row]))
        chains.append(_three_joints(tree, hand, chain))
    return [chain for chain in chains if chain]


def _finger_tops(tree: Tree, hand: int) -> list[int]:
    """Return where chains of two or more branch off, going through palms."""
    tops = []
    for row in tree.children[hand]:
        longer = [child for child in tree.children[row] if tree.sizes[child] > 1]
        if len(longer) > 1:
            tops += longer
        elif tree.sizes[row] > 1:
            tops.append(row)
    return tops


def _three_joints(tree: Tree, hand: int, chain: Sequence[int]) -> tuple[int, ...]:
    """Return the three joints of a finger out of a chain with palm and tip."""
    if len(chain) <= 3:
        return tuple(chain)
    # A bone in the palm starts near the wrist.
    near, far = (tree.distance(hand, row) for row in chain[:2])
    has_palm = len(chain) > 4 or near < 0.55 * far
    return tuple(chain[1:4] if has_palm else chain[:3])


def find_eyes(tree: Tree, trunk: Trunk, facing: Facing) -> tuple[int, int] | None:
    """Return the left and the right eye: a pair of leaves in the front of the head."""
    head = trunk.head
    if head < 0:
        return None
    left = np.cross(facing.up, facing.forward)
    carriers = [
        head,
        *(c for c in tree.children[head] if tree.distance(c, head) < 1e-4),
    ]
    rows = [c for carrier in carriers for c in tree.children[carrier]]
    offsets = tree.points[rows].reshape(-1, 3) - tree.points[head]
    places = np.stack(
        [offsets @ left, offsets @ facing.forward, offsets @ facing.up], 1
    )
    pairs = []
    for one, place in enumerate(places):
        aside, ahead, above = place
        if aside <= 0 or ahead < 0.8 * aside or above < 0:
            continue
        errors = np.linalg.norm(places * (-1, 1, 1) - place, axis=1)
        other = int(np.argmin(errors))
        if errors[other] < 0.3 * aside and tree.sizes[rows[one]] < 4:
            pairs.append((rows[one], rows[other]))
    return pairs[0] if len(pairs) == 1 else None


def find_jaw(
    tree: Tree, trunk: Trunk, facing: Facing, eyes: tuple[int, int] | None
) -> int:
    """Return the jaw, -1 if there is none: in the middle, below eyes that are known."""
    if trunk.head < 0 or eyes is None:
        return -1
    head, eye = tree.points[trunk.head], tree.points[list(eyes)].mean(axis=0)
    height = float((eye - head) @ facing.up)
    left = np.cross(facing.up, facing.forward)
    found = []
    for row in tree.children[trunk.head]:
        aside, ahead, above = (tree.points[row] - head) @ np.stack(
            [left, facing.forward, facing.up], axis=1
        )
        central = abs(aside) < 0.1 * height
        low = above < 0.5 * height and -0.1 * height < ahead < 2 * height
        apart = tree.distance(row, trunk.head) > 0.05 * height
        if central and low and apart and not tree.carries(row, eyes[0]):
            found.append(row)
    return found[0] if len(found) == 1 else -1


def find_tail(body: Body, trunk: Trunk, facing: Facing) -> tuple[int, ...]:
    """Return the longest chain that leaves the hips backwards in the middle."""
    tree = body.tree
    taken = {*trunk.spine, *(limb.top for limb in body.legs.limbs)}
    across = np.cross(facing.up, facing.forward)
    best: list[int] = []
    for row in {*tree.children[trunk.hips]} - taken:
        if any(tree.carries(row, other) for other in taken):
            continue
        chain = [row]
        while tree.children[chain[-1]]:
            chain.append(max(tree.children[chain[-1]], key=lambda r: tree.sizes[r]))
        offsets = tree.points[chain] - tree.points[trunk.hips]
        backwards = float((offsets @ facing.forward).mean()) < 0
        central = float(np.abs(offsets @ across).max()) < 0.1 * body.size
        if len(chain) > 2 and backwards and central and len(chain) > len(best):
            best = chain
    return tuple(best)
