# SPDX-License-Identifier: GPL-3.0-or-later
"""Recognise a character's rig, and keep what was found for the panel."""

from bpy.types import Object

from ..core.rig import RigMap
from . import map_editor, props, rig_choice


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
        # Where a user takes a bone out of the map, it is the first to be suggested.
        {**detection.candidates, **detection.bones},
    )
    props.remember(armature, finding)
    return finding


def sentence(finding: props.Finding) -> str:
    """Return in one line what was recognised."""
    return f"Recognised as {finding.rig}, {finding.confidence:.0%} sure"
