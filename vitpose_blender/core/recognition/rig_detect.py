# SPDX-License-Identifier: GPL-3.0-or-later
"""Recognises the rig of an armature: which bone plays which role, and how surely.

Asked in this order: the table that the character's file brings along, a map by names,
the words in names, the joints alone. Each is compared with the joints.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..errors import BodyError, RigError
from ..rig import ROLES, RigMap, Value, fitting_rig_maps
from ..skeleton import Skeleton
from .bone_names import roles_from_names
from .rig_agreement import (
    Agreement,
    Bones,
    compare,
    contradictions,
    exchange_sides,
)
from .rig_chains import fit_chains
from .rig_completion import candidates, complete
from .rig_sides import CERTAIN, LIKELY, SURE, faces_as_usual, named_sides
from .rig_structure import Structure, find_structure

BY_JOINTS = "Humanoid by its joints"
ANIMAL_BY_JOINTS = "Animal by its joints"
BY_WORDS = "Humanoid by its names"
ANIMAL_BY_WORDS = "Animal by its names"
_BELIEVED = 0.7  # A body by joints of that confidence can refute names.
# Names of which fewer limb roles than that agree are refuted; words sooner than those
# of a known family.
_REFUTED = {BY_WORDS: 0.8}
_REFUTED_FAMILY = 0.5
_WORST = 0.35  # A body by joints of less confidence is none.


@dataclass(frozen=True)
class Detection:
    """What an armature was recognised as.

    Attributes:
        rig: What people call the rig: the name of a map, or how it was found.
        body: `biped` or `quadruped`.
        bones: Bone names of each role, root to tip.
        confidence: That the roles are right, 0 to 1.
        reasons: What spoke for it, what is missing, what disagrees; no full stops.
        properties: Custom properties of bones that hold while it is driven.
        candidates: Bones that may play a role that has none, best first.
    """

    rig: str
    body: str
    bones: Mapping[str, tuple[str, ...]]
    confidence: float
    reasons: tuple[str, ...] = ()
    properties: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    candidates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def detect_rig(
    skeleton: Skeleton,
    maps: Iterable[RigMap],
    table: Mapping[str, tuple[str, ...]] | None = None,
) -> Detection:
    """Recognise which bone plays which role.

    Args:
        skeleton: The armature at rest.
        maps: The rig maps that may fit, the user's own first.
        table: The character file's own humanoid table, as a VRM has one.

    Raises:
        RigError: No body is in the armature; the message says what is missing.
    """
    return _Detector(skeleton, maps, table).detect()


class _Detector:
    def __init__(
        self, skeleton: Skeleton, maps: Iterable[RigMap], table: Bones | None
    ) -> None:
        self.skeleton, self.maps, self.table = skeleton, list(maps), table
        self.words = roles_from_names(skeleton.names, skeleton.parents)
        self.structure, self.problem = _structure_or_problem(skeleton)
        self.refuted: list[str] = []

    def detect(self) -> Detection:
        found = self._by_table() or self._by_map() or self._by_words()
        found = found or self._by_joints()
        sources = self._sources(found)
        rest = candidates(self.skeleton, found.bones, sources)
        reasons = (*found.reasons, *self.refuted)
        return replace(found, reasons=reasons, candidates=rest)

    def _sources(self, found: Detection) -> list[Bones]:
        joints = [self.structure.bones] if self.structure is not None else []
        return [self.words, *joints]

    def _by_table(self) -> Detection | None:
        if not self.table:
            return None
        reason = "the character's file says so itself"
        return self._checked(
            Detection("VRM", "biped", dict(self.table), 1.0, (reason,))
        )

    def _by_map(self) -> Detection | None:
        for rig_map in fitting_rig_maps(self.maps, self.skeleton.names):
            bones = fit_chains(self.skeleton, rig_map.resolve(self.skeleton.names))
            named = sum(map(len, bones.values()))
            reason = f"{named} bones have the names of {rig_map.name}"
            found = Detection(
                rig_map.name, rig_map.body, bones, 1.0, (reason,), rig_map.properties
            )
            if checked := self._checked(found):
                return checked
        return None

    def _by_words(self) -> Detection | None:
        if not self.words:
            return None
        bones = fit_chains(self.skeleton, self.words)
        reason = "the words in the bones' names say so"
        # People's and animals' bones have the same names; the joints tell them apart.
        joints = self.structure
        is_sure = joints is not None and joints.confidence > _BELIEVED
        body = joints.body if joints is not None and is_sure else "biped"
        rig = ANIMAL_BY_WORDS if body == "quadruped" else BY_WORDS
        return self._checked(Detection(rig, body, bones, 0.9, (reason,)))

    def _checked(self, found: Detection) -> Detection | None:
        """Return names that go with the joints, completed; None if they are refuted."""
        against = list(contradictions(self.skeleton, found.bones))
        is_control_rig = bool(found.properties)
        if self.structure is None or is_control_rig:
            doubt = 0.6 if against else 1.0
            reasons = (*found.reasons, *against)
            return replace(found, confidence=found.confidence * doubt, reasons=reasons)
        agreement = compare(self.skeleton, found.bones, self.structure)
        best = max(agreement.share, agreement.exchanged)
        believed = self.structure.confidence > _BELIEVED
        if believed and (best < _REFUTED.get(found.rig, _REFUTED_FAMILY) or against):
            self._refute(found, agreement, against)
            return None
        return self._completed(self._sided(found, agreement), self.structure)

    def _refute(
        self, found: Detection, agreement: Agreement, against: Sequence[str]
    ) -> None:
        far = agreement.far or tuple(found.bones)
        bone = found.bones[far[0]][0]
        why = (
            against[0] if against else f"{bone!r} is not where its {_words(far[0])} is"
        )
        self.refuted.append(f"the names of {found.rig} are not believed: {why}")

    def _sided(self, found: Detection, agreement: Agreement) -> Detection:
        """Return names with the sides of the body's shape where that is sure."""
        assert self.structure is not None
        sides = self.structure.sides
        if not agreement.is_exchanged:
            share, far = agreement.share, agreement.far
            note = "joints and names agree" if share == 1.0 else ""
        elif sides >= CERTAIN:
            found = replace(found, bones=exchange_sides(found.bones))
            share, far = agreement.exchanged, agreement.far_exchanged
            note = (
                "the names call its left side right: the shape of the body is followed"
            )
        else:
            share, far = agreement.exchanged, agreement.far_exchanged
            share *= 0.6 if sides >= SURE else 0.9
            note = "the names decide which side is left"
            if sides >= SURE:
                note += ", though its shape speaks against them"
        notes = [note] if note else []
        notes += [self._difference(found, role) for role in far]
        confidence = found.confidence * (0.5 + 0.5 * share)
        reasons = (*found.reasons, *notes)
        return replace(found, confidence=confidence, reasons=reasons)

    def _difference(self, found: Detection, role: str) -> str:
        assert self.structure is not None
        named, placed = found.bones[role][0], self.structure.bones.get(role, ("",))[0]
        if not placed:
            return f"{named!r} is not where a {_words(role)} is"
        return f"by names {named!r} is the {_words(role)}, by its joints {placed!r}"

    def _completed(self, found: Detection, structure: Structure) -> Detection:
        bones, reasons = dict(found.bones), list(found.reasons)
        by_joints = structure.bones if structure.confidence > _BELIEVED else {}
        for source, how in ((self.words, "name"), (by_joints, "place")):
            bones, added = complete(bones, source)
            reasons += [
                f"{bones[r][0]!r} is the {_words(r)} by its {how}" for r in added
            ]
        return replace(found, bones=_ordered(bones), reasons=tuple(reasons))

    def _by_joints(self) -> Detection:
        structure = self.structure
        if structure is None:
            raise self.problem or BodyError("No body is in the armature")
        if structure.confidence < _WORST:
            raise BodyError(_no_body(structure))
        rig = BY_JOINTS if structure.body == "biped" else ANIMAL_BY_JOINTS
        bones, share, note = self._joints_sided(structure)
        found = Detection(
            rig,
            structure.body,
            bones,
            structure.confidence * share,
            ("no names are known, so the joints decide", *structure.reasons, *note),
        )
        return self._completed(found, structure)

    def _joints_sided(
        self, structure: Structure
    ) -> tuple[dict[str, tuple[str, ...]], float, list[str]]:
        """Return the bones with sides, how sure those are, and why."""
        named = named_sides(structure)
        if structure.sides >= CERTAIN or (structure.sides >= SURE and named >= 0):
            return structure.bones, structure.sides, []
        if abs(named) > 0.5:
            bones = structure.bones if named > 0 else exchange_sides(structure.bones)
            return bones, 0.9, ["the names decide which side is left"]
        # Guessing from nothing would turn some characters about, and a file that says
        # otherwise than the shape leaves it open.
        is_open = structure.asked_file or not faces_as_usual(structure)
        if structure.sides > LIKELY and not is_open:
            note = "its shape and the way that characters usually face agree"
            return structure.bones, structure.sides, [note]
        raise BodyError(
            f"Nothing tells which side of {structure.bones['hips'][0]!r} is left: "
            "give the bones names with sides, or map them by hand"
        )


def _structure_or_problem(
    skeleton: Skeleton,
) -> tuple[Structure | None, RigError | None]:
    try:
        return find_structure(skeleton), None
    except BodyError as problem:
        return None, problem


def _no_body(structure: Structure) -> str:
    legs, arms = (structure.bones[f"left_{part}"][0] for part in ("thigh", "upper_arm"))
    return (
        f"No body is sure in the armature: the likeliest has legs from {legs!r} and "
        f"arms from {arms!r}; map its bones by hand"
    )


def _words(role: str) -> str:
    return role.replace("_", " ")


def _ordered(bones: Bones) -> dict[str, tuple[str, ...]]:
    return {role: tuple(bones[role]) for role in ROLES if role in bones}
