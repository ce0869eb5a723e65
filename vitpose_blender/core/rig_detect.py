# SPDX-License-Identifier: GPL-3.0-or-later
"""Recognises the rig of an armature: which bone plays which role, and how surely."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .rig import RigMap, Value, choose_rig_map
from .rig_chains import fit_chains
from .skeleton import Skeleton


@dataclass(frozen=True)
class Detection:
    """What an armature was recognised as.

    Attributes:
        rig: What people call the rig: the name of a map, or how it was found.
        body: `biped` or `quadruped`.
        bones: Bone names of each role, root to tip.
        confidence: That the roles are right, 0 to 1.
        reasons: What spoke for it, what is missing, what disagrees: one sentence each.
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
    if table:
        return Detection("VRM", "biped", dict(table), 1.0)
    chosen = choose_rig_map(maps, skeleton.names)
    bones = fit_chains(skeleton, chosen.resolve(skeleton.names))
    return Detection(chosen.name, chosen.body, bones, 0.9, (), chosen.properties)
