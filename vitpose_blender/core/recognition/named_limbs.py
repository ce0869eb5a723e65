# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds arms, legs and fingers by the words in their names and by the hierarchy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .bone_words import FINGERS
from .named_bones import NamedBones

Rows = dict[str, list[int]]  # The rows of each role, without its side.

# What the two long bones of a limb may be named after, the surest first: `arm` is the
# forearm where there is an `upper_arm`, and the upper arm otherwise.
_ARM_READINGS = (
    ("upper_arm", "forearm"), ("upper_arm", "elbow"), ("upper_arm", "arm"),
    ("arm", "forearm"), ("arm", "elbow"),
    ("shoulder", "forearm"), ("shoulder", "elbow"), ("arm", "arm"),
)  # fmt: skip
_LEG_READINGS = (
    ("thigh", "shin"), ("thigh", "knee"), ("thigh", "leg"),
    ("leg", "shin"), ("leg", "knee"),
    ("hip", "shin"), ("hip", "knee"), ("hip", "leg"), ("leg", "leg"),
)  # fmt: skip
NUM_JOINTS = 3  # Of a finger; what follows is its tip.


@dataclass(frozen=True)
class _Bones:
    """The rows of a limb's long bones, and the words they were found by."""

    upper: int
    lower: int
    upper_word: str
    lower_word: str


def find_arm(bones: NamedBones, side: str) -> Rows:
    """Return the rows of an arm's roles without their side; nothing where unsure."""
    arm = _long_bones(bones, side, _ARM_READINGS)
    if arm is None:
        return {}
    rows = {"upper_arm": [arm.upper], "forearm": [arm.lower]}
    rows["clavicle"] = _one(_clavicle(bones, side, arm.upper))
    hand = _end(bones, side, arm, (("hand", "wrist"), ("palm",)))
    rows["hand"] = _one(hand)
    upper_twists, lower_twists = _twists(
        bones, side, arm, hand, ("upper_arm", "forearm", "elbow", "wrist", "hand")
    )
    rows |= {"upper_arm_twist": upper_twists, "forearm_twist": lower_twists}
    rows |= _fingers(bones, side, hand if hand >= 0 else arm.lower)
    return rows


def find_leg(bones: NamedBones, side: str) -> Rows:
    """Return the rows of a leg's roles without their side; nothing where unsure."""
    leg = _long_bones(bones, side, _LEG_READINGS)
    if leg is None:
        return {}
    rows = {"thigh": [leg.upper], "shin": [leg.lower]}
    foot = _end(bones, side, leg, (("foot", "ankle"),))
    rows["foot"] = _one(foot)
    if foot >= 0:
        rows["toe"] = _one(_toe(bones, side, leg, foot))
    upper_twists, lower_twists = _twists(
        bones, side, leg, foot, ("thigh", "shin", "knee", "ankle", "foot")
    )
    rows |= {"thigh_twist": upper_twists, "shin_twist": lower_twists}
    return rows


def _one(row: int) -> list[int]:
    return [row] if row >= 0 else []


def _long_bones(
    bones: NamedBones, side: str, readings: Iterable[tuple[str, str]]
) -> _Bones | None:
    """Return upper and lower bone by the first reading that the armature supports."""
    for upper_word, lower_word in readings:
        lowers = bones.rows(side, (lower_word,))
        uppers = [u for u in bones.rows(side, (upper_word,)) if bones.below(lowers, u)]
        upper = bones.first(uppers)
        lower = bones.first(bones.below(lowers, upper)) if upper >= 0 else -1
        if lower >= 0:
            return _Bones(upper, lower, upper_word, lower_word)
    return None


def _clavicle(bones: NamedBones, side: str, upper: int) -> int:
    above = bones.tree.above(upper)
    for word in ("clavicle", "shoulder"):
        rows = [row for row in bones.rows(side, (word,)) if row in above]
        if rows:
            return bones.first(rows)
    return -1


def _end(
    bones: NamedBones, side: str, limb: _Bones, words: Iterable[tuple[str, ...]]
) -> int:
    """Return the hand or foot by the first words that fit, -1 for none."""
    counted = ((limb.upper_word,),) if limb.upper_word == limb.lower_word else ()
    for named in (*words, *counted):
        rows = bones.below(bones.rows(side, named), limb.lower)
        if rows:
            return bones.first(rows)
    return -1


def _toe(bones: NamedBones, side: str, leg: _Bones, foot: int) -> int:
    """Return the bone that all toes hang on; toes side by side have none.

    A foot that hangs on the ankle begins at the ball.
    """
    for named in (("toe", "ball"), ("foot",), (leg.lower_word,)):
        rows = bones.below(bones.rows(side, named), foot)
        if rows:
            return bones.first(rows, by_size=False)
    return -1


def _twists(
    bones: NamedBones, side: str, limb: _Bones, end: int, words: Sequence[str]
) -> tuple[list[int], list[int]]:
    """Return the bones that take the twist of the upper and of the lower bone.

    They are named so, or are further bones of the same name inside the limb.

    Args:
        bones: All bones.
        side: Whose limb.
        limb: The long bones.
        end: The hand or foot, -1 for none.
        words: The part that surely means the upper bone, then those for the lower.
    """
    lower_words = {*words[1:], limb.lower_word}
    upper_words = {words[0], limb.upper_word} - lower_words
    upper = [
        row
        for row in _along(bones, side, limb.upper, upper_words)
        if row != limb.lower and not bones.tree.is_below(row, limb.lower)
    ]
    lower = [
        row
        for row in _along(bones, side, limb.lower, lower_words)
        if row != end and not bones.tree.is_below(row, end)
    ]
    inside_upper = set(bones.tree.between(limb.lower, limb.upper))
    inside_lower = set(bones.tree.between(end, limb.lower)) if end >= 0 else set()
    upper += _same_word(bones, side, inside_upper, limb.upper_word)
    lower += _same_word(bones, side, inside_lower, limb.lower_word)
    return _in_order(bones, upper), _in_order(bones, lower)


def _along(bones: NamedBones, side: str, row: int, words: Iterable[str]) -> list[int]:
    """Return the twist bones that hang on the bone or beside it."""
    tree = bones.tree
    return [
        twist
        for twist in bones.twists(side, words)
        if tree.is_below(twist, row) or tree.parents[twist] == tree.parents[row]
    ]


def _same_word(bones: NamedBones, side: str, inside: set[int], word: str) -> list[int]:
    return [row for row in bones.rows(side, (word,)) if row in inside]


def _in_order(bones: NamedBones, rows: list[int]) -> list[int]:
    return sorted(
        dict.fromkeys(rows),
        key=lambda row: (bones.tree.depth(row), bones.words[row].number or 0, row),
    )


def _fingers(bones: NamedBones, side: str, hand: int) -> Rows:
    """Return the joints of each finger, root to tip."""
    fingers = {
        finger: bones.chain(bones.below(bones.rows(side, (finger,)), hand))
        for finger in FINGERS
    }
    if len(fingers["thumb"]) < NUM_JOINTS:  # Its metacarpal moves as its first joint.
        bases = bones.below(bones.metacarpals(side, ("thumb",)), hand)
        fingers["thumb"] = bones.chain([*bases, *fingers["thumb"]])
    numbered = _numbered_fingers(bones, side, hand, has_thumb=bool(fingers["thumb"]))
    for finger, rows in numbered.items():
        fingers[finger] = fingers[finger] or rows
    return {finger: rows[:NUM_JOINTS] for finger, rows in fingers.items()}


def _numbered_fingers(bones: NamedBones, side: str, hand: int, has_thumb: bool) -> Rows:
    """Return fingers that are told by number: `Finger0` to `Finger4`, `finger1-1`."""
    rows = bones.below(bones.rows(side, ("finger",)), hand)
    roots = [row for row in rows if not set(bones.tree.above(row)) & set(rows)]
    number_of = {row: bones.words[row].digits[:1] for row in roots}
    if len(set(number_of.values())) < len(roots) or () in number_of.values():
        return {}
    roots.sort(key=lambda row: number_of[row])
    names = FINGERS[1:] if has_thumb else FINGERS
    if len(roots) != len(names):
        return {}
    return {
        finger: bones.chain([root, *bones.below(rows, root)])
        for finger, root in zip(names, roots)
    }
