# SPDX-License-Identifier: GPL-3.0-or-later
"""Recognise a character's rig, and keep what was found for the panel."""

from bpy.types import Object

from ..core.recognition.rig_detect import Detection
from ..core.rig import REQUIRED_ROLES, RigMap
from . import map_editor, props, rig_choice
from .role_texts import part_of

_MAIN_PARTS = ("spine", "neck", "head", "hand", "foot")


def detect(armature: Object) -> props.Finding:
    """Recognise the rig from nothing and make the result the armature's bone map.

    Raises:
        RigError: No humanoid or four-legged body is in the armature; its map stays.
    """
    former = map_editor.read_map(armature)
    rig_choice.forget_map(armature)
    try:
        detection = rig_choice.choose_rig(armature)
    finally:
        if former.bones:
            map_editor.write_map(armature, former)
    rig_map = RigMap(
        detection.rig, detection.bones, detection.body, detection.properties
    )
    map_editor.write_map(armature, rig_map)
    finding = props.Finding(
        detection.rig,
        detection.confidence,
        tuple(detection.reasons),
        _suggestions(detection),
    )
    props.remember(armature, finding)
    return finding


def _suggestions(detection: Detection) -> dict[str, tuple[str, ...]]:
    """Return what to suggest for roles that have no bone, now or later.

    What a user takes out of the map comes first; bones for small parts that most rigs
    lack would be guesses.
    """
    wanted = {
        role: names
        for role, names in detection.candidates.items()
        if role in REQUIRED_ROLES or part_of(role) in _MAIN_PARTS
    }
    return {**wanted, **detection.bones}


def sentence(finding: props.Finding) -> str:
    """Return in one line what was recognised."""
    return f"Recognised as {finding.rig}, {finding.confidence:.0%} sure"
