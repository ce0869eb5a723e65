# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the people followed the user wants: the largest, all, or one by number."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..core.errors import VitposeError
from .person_box import PersonBox, area

MUCH_LARGER = 1.6  # The area by which another person takes over.
MAX_WAIT = 1.0  # How long the largest person may be away and still be waited for [s].
TRIAL_TIME = 0.5  # Who shows no good pose for this long may be a coat stand [s],
RETRY_TIME = 5.0  # and stands back for this long [s].


@dataclass(frozen=True, slots=True)
class PeopleChoice:
    """Whom to capture.

    Attributes:
        mode: `largest` stays with one person until another is much larger.
        person: The number wanted, if `mode` is `person`.
    """

    mode: Literal["largest", "all", "person"] = "largest"
    person: int = 0

    @classmethod
    def parse(cls, text: str) -> "PeopleChoice":
        """Return what `largest`, `all` or a person's number means.

        Raises:
            VitposeError: `text` is none of these.
        """
        word = text.strip().lower()
        if word == "largest":
            return cls("largest")
        if word == "all":
            return cls("all")
        if word.isascii() and word.isdigit() and int(word) > 0:
            return cls("person", int(word))
        raise VitposeError(
            f"{text!r} does not say which people to capture; use largest, all, or a "
            "person's number such as 1"
        )


class Chooser:
    """Remembers who was chosen and who has proven to be a person.

    A detector takes a coat stand for a person again and again, a pose model does not:
    whoever shows no good pose stands back for a while behind all who do.
    """

    def __init__(self, choice: PeopleChoice) -> None:
        self._choice = choice
        self._proven: set[int] = set()
        self._tried_since: dict[int, float] = {}
        self._doubtful_until: dict[int, float] = {}
        self._largest: int | None = None
        self._chosen_at = self._last_there = 0.0

    def change(self, choice: PeopleChoice) -> None:
        """Want somebody else from now on; from any thread."""
        self._choice = choice

    def note(self, person: int, box: PersonBox) -> None:
        """Learn whether `person` shows a good pose."""
        if not box.is_weak:
            self._proven.add(person)
            self._doubtful_until.pop(person, None)
        elif person not in self._proven:
            since = self._tried_since.setdefault(person, box.t)
            if box.t - since > TRIAL_TIME:
                self._doubtful_until[person] = box.t + RETRY_TIME
                del self._tried_since[person]

    def reconsider(self, followed: Mapping[int, PersonBox], t: float) -> None:
        """After a detection, let a much larger person take over."""
        current = self._largest
        if current is None or current not in followed:
            return
        rival = self._largest_of(followed, t)
        # Whoever is followed is sure to be there, whatever a score says.
        held = MUCH_LARGER * area(followed[current].xyxy)
        if _weight(followed[rival]) > held or self._is_doubtful(current, t):
            self._take(rival, t)

    def choose(self, followed: Mapping[int, PersonBox], t: float) -> tuple[int, ...]:
        """Return the numbers of those to capture now, in order."""
        match self._choice.mode:
            case "person":
                wanted = self._choice.person
                return (wanted,) if wanted in followed else ()
            case "all":
                return tuple(sorted(self._candidates(followed, t)))
            case _:
                return self._choose_largest(followed, t)

    def _choose_largest(
        self, followed: Mapping[int, PersonBox], t: float
    ) -> tuple[int, ...]:
        if self._largest not in followed:
            if not followed or self._is_waiting(t):
                return ()
            self._take(self._largest_of(followed, t), t)
        self._last_there = t
        return () if self._largest is None else (self._largest,)

    def _is_waiting(self, t: float) -> bool:
        """Whether to wait for the one who is away; a mere shadow is not waited for."""
        was_there = self._last_there - self._chosen_at
        away = t - self._last_there
        return self._largest is not None and away < min(was_there, MAX_WAIT)

    def _take(self, person: int, t: float) -> None:
        if person != self._largest:
            self._largest, self._chosen_at = person, t

    def _largest_of(self, followed: Mapping[int, PersonBox], t: float) -> int:
        return max(
            self._candidates(followed, t), key=lambda person: _weight(followed[person])
        )

    def _candidates(self, followed: Mapping[int, PersonBox], t: float) -> list[int]:
        sure = [person for person in followed if not self._is_doubtful(person, t)]
        return sure or list(followed)

    def _is_doubtful(self, person: int, t: float) -> bool:
        return t < self._doubtful_until.get(person, -np.inf)


def _weight(box: PersonBox) -> float:
    """Return the area, less if it is doubtful that a person is there."""
    return area(box.xyxy) * box.score
