# SPDX-License-Identifier: GPL-3.0-or-later
"""Says in words what was found in an armature and what is missing."""

from collections.abc import Iterator, Mapping, Sequence

from ..layouts import SIDES
from .structure_body import Body
from .structure_facing import Facing
from .structure_trunk import Trunk

_CLEAR = 0.4  # A clue of that weight is worth naming.
_UNSURE = 2.0  # With less weight, which side is left is a guess.


def structure_reasons(
    body: Body,
    trunk: Trunk,
    facing: Facing,
    bones: Mapping[str, Sequence[str]],
    names: Sequence[str],
) -> Iterator[str]:
    """Yield what was found in an armature and what is missing, without full stops.

    Args:
        body: The limbs that were found.
        trunk: The middle line.
        facing: Which way it faces, the clues for it above 0.
        bones: Bone names of each role.
        names: Of all bones.
    """
    if not body.tree.is_given:
        yield "the hierarchy makes no body, so bones are joined by what is near"
    yield from _missing_in_the_middle(trunk, names)
    for part, plural in (("clavicle", "collar bones"), ("hand", "hands"),
                         ("foot", "feet"), ("toe", "toes")):  # fmt: skip
        if not any(f"{side}_{part}" in bones for side in SIDES):
            yield f"no {plural}"
    yield from facing_reasons(facing)


def _missing_in_the_middle(trunk: Trunk, names: Sequence[str]) -> Iterator[str]:
    carrier = names[trunk.spine[-1] if trunk.spine else trunk.hips]
    if not trunk.spine:
        yield f"no spine: {carrier!r} is hips and trunk in one"
    if trunk.head < 0:
        yield f"no head: nothing goes on above {carrier!r}"
    elif not trunk.neck:
        yield f"no neck: the head {names[trunk.head]!r} hangs on {carrier!r}"


def facing_reasons(facing: Facing) -> Iterator[str]:
    """Yield what tells which way a body faces, and what speaks against it."""
    clear = sorted(facing.clues, key=lambda clue: -abs(clue.weight))
    pro = [clue.name for clue in clear if clue.weight > _CLEAR]
    contra = [clue.name for clue in clear if clue.weight < -_CLEAR]
    if facing.weight < _UNSURE:
        yield "nothing sure tells which way it faces, so left and right are a guess"
    elif pro:
        yield f"which way it faces is told by {_listed(pro)}"
    if pro and contra:
        yield f"against that speak {_listed(contra)}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if names[1:] else names[0]
