# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what a bone's name says in words, without a map of its rig family."""

from collections.abc import Sequence
from dataclasses import dataclass

from .bone_words import FINGERS, PAIRS, PART_WORDS, SIDE_WORDS, words_of

_ON_HANDS = {*FINGERS, "finger", "hand", "wrist", "palm"}
_ON_FEET = {"toe", "foot", "ball", "ankle"}


@dataclass(frozen=True)
class BoneName:
    """What a bone's name says.

    Attributes:
        side: "left" or "right", the character's own; "" for neither.
        part: A key of `PART_WORDS`, "" if none was named. Some parts are names of two
            bones: `arm`, `leg`, `shoulder` and `hip`, or of the joint where a bone
            begins: `knee`, `elbow`, `ankle`, `wrist`.
        digits: The numbers behind the part's word, as they are written; all numbers
            where there are none behind it.
        is_twist: It takes a part of the twist of the bone of that part; some rigs call
            a neck so that is none.
        is_metacarpal: It lies in the palm, before a finger.
        is_helper: It is a control, an end, a thing that is worn: no bone of the body.
        strange: The words that were not understood.
    """

    side: str = ""
    part: str = ""
    digits: tuple[str, ...] = ()
    is_twist: bool = False
    is_metacarpal: bool = False
    is_helper: bool = False
    strange: tuple[str, ...] = ()

    @property
    def number(self) -> int | None:
        """The last number, which counts the bones of a chain."""
        return int(self.digits[-1]) if self.digits else None


def read_bone_name(name: str) -> BoneName:
    """Return what a bone's name says; nothing where it says nothing."""
    words = list(words_of(name))
    said = [meaning for _, meaning in words if meaning]
    sides = {meaning for meaning in said if meaning in SIDE_WORDS}
    meanings = _join_pairs([m for m in said if not m.isdecimal() and m not in sides])
    parts = [meaning for meaning in meanings if meaning in PART_WORDS]
    part, odd = _part(parts)
    behind = meanings[_last_part(meanings) + 1 :]
    return BoneName(
        side=sides.pop() if len(sides) == 1 else "",
        part=part,
        digits=_digits(said),
        is_twist="twist" in meanings and part != "neck",
        is_metacarpal="metacarpal" in meanings
        or ("base" in behind and part in (*FINGERS, "finger")),
        is_helper="helper" in meanings or len(sides) > 1,
        strange=tuple(word for word, meaning in words if meaning is None) + odd,
    )


def _last_part(meanings: Sequence[str]) -> int:
    """Return the place of the last part that was named, -1 for none."""
    return max((i for i, m in enumerate(meanings) if m in PART_WORDS), default=-1)


def _digits(said: Sequence[str]) -> tuple[str, ...]:
    behind = tuple(m for m in said[_last_part(said) + 1 :] if m.isdecimal())
    return behind or tuple(m for m in said if m.isdecimal())


def _join_pairs(meanings: Sequence[str]) -> list[str]:
    """Replace two words that mean one thing together; they may name a twist, too."""
    joined: list[str] = []
    for meaning in meanings:
        joined.append(meaning)
        while pair := PAIRS.get(tuple(joined[-2:])):
            joined[-2:] = pair.split()
    return joined


def _part(parts: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return the part that all named parts together mean, and those that do not fit."""
    fingers = [part for part in parts if part in FINGERS]
    others = [part for part in parts if part not in _ON_HANDS]
    if fingers and not others:
        named = [finger for finger in fingers if finger != "middle"] or fingers
        return named[-1], ()
    if fingers and _ON_FEET & set(others):
        return "toe", tuple(fingers)
    if fingers:
        parts = [part for part in parts if part not in FINGERS]
        return _part(parts)
    named = [part for part in parts if part != "centre"] or list(parts)
    return (named[-1], ()) if named else ("", ())
