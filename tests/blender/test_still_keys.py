# SPDX-License-Identifier: GPL-3.0-or-later
"""A bake shows what the binding showed, whatever the character brings along."""

import logging
from dataclasses import replace

import bpy
import numpy as np
import pytest

from tests.blender.fingerprint import differences, fingerprint
from tests.blender.rigs import (
    PREFIX,
    add_humanoid,
    bake_bound,
    check_plays,
    edit_bones,
    motion_for,
)
from tests.blender.troubles import TROUBLES
from vitpose_blender.blender import actions, binding, character, still_keys


def baked(armature, rest=None):
    rest = character.read_rig_rest(armature, "mixamo") if rest is None else rest
    motion = motion_for(rest, 6, fps=2)
    return rest, motion, bake_bound(armature, rest, motion)


@pytest.mark.parametrize("trouble", sorted(TROUBLES.keys() - {"driven"}))
def test_the_keys_play_the_motion_whatever_the_character_brings_along(trouble):
    armature = add_humanoid(rng=np.random.default_rng(9))
    TROUBLES[trouble](armature)
    rest, motion, action = baked(armature)
    armature.data.pose_position = "POSE"
    check_plays(armature, rest, motion)
    assert armature.animation_data.action == action


def test_drivers_win_over_keys_and_that_is_said(caplog):
    armature = add_humanoid()
    TROUBLES["driven"](armature)
    with caplog.at_level(logging.WARNING):
        baked(armature)
    (record,) = caplog.records
    named = record.message.partition(" moves ")[2].partition(" by ")[0].split(", ")
    parts = ("Head", "LeftArm", "LeftLeg", "RightArm", "Spine")
    assert named == [PREFIX + part for part in parts]


@pytest.mark.parametrize("driven", ["influence", "mute"])
def test_a_constraint_with_a_driver_is_switched_off_by_what_is_free(driven, caplog):
    armature = add_humanoid()
    limit = armature.pose.bones[f"{PREFIX}LeftArm"].constraints.new("LIMIT_ROTATION")
    limit.use_limit_x = limit.use_limit_z = True
    limit.driver_add(driven).driver.expression = {"influence": "0.9", "mute": "0"}[
        driven
    ]
    rest, motion, _ = baked(armature)
    check_plays(armature, rest, motion)
    assert not caplog.records


def test_other_actions_are_not_touched():
    armature = add_humanoid()
    TROUBLES["constrained"](armature)
    TROUBLES["stacked"](armature)
    before = fingerprint(bpy.data)
    baked(armature)
    after = fingerprint(bpy.data)
    paths = [path for path in before if path.startswith("actions[") and "]." in path]
    assert len(paths) > 100
    changed = [path for path in paths if before[path] != after[path]]
    assert {path.rpartition(".")[2] for path in changed} <= {"users", "use_fake_user"}


def test_resting_fingers_and_properties_are_keyed_once():
    armature = add_humanoid()
    with edit_bones(armature) as bones:
        for side in ("Left", "Right"):
            finger, hand = bones.new(f"{side} finger"), bones[f"{PREFIX}{side}Hand"]
            finger.head, finger.tail = hand.tail, 2 * hand.tail - hand.head
            finger.parent = hand
    hand = armature.pose.bones[f"{PREFIX}LeftHand"]
    hand["IK_FK"] = 0.0
    turn = np.array([0.8, 0.6, 0.0, 0.0])
    rest = character.read_rig_rest(armature, "mixamo")
    rest = replace(
        rest,
        posed={"Left finger": turn, "Right finger": turn},
        properties={hand.name: {"IK_FK": 1.0}},
    )
    armature.pose.bones["Left finger"].scale = (1.5,) * 3
    armature.pose.bones["Right finger"].rotation_mode = "XYZ"
    _, motion, action = baked(armature, rest)
    check_plays(armature, rest, motion)
    keyed = {curve.data_path: curve for curve in actions.curves(action)}
    assert len(keyed[f'pose.bones["{hand.name}"]["IK_FK"]'].keyframe_points) == 1
    assert hand["IK_FK"] == 1.0
    fingers = [armature.pose.bones[f"{side} finger"] for side in ("Left", "Right")]
    for finger in fingers:
        np.testing.assert_allclose(
            finger.matrix_basis.to_quaternion(), turn, atol=1e-6, err_msg=finger.name
        )
    assert fingers[0].scale[0] == 1.5


def test_a_characters_own_size_of_head_and_hands_stays():
    armature = add_humanoid()
    for part in ("Head", "LeftHand"):
        armature.pose.bones[PREFIX + part].scale = (1.3, 1.3, 1.4)
    rest, motion, _ = baked(armature)
    check_plays(armature, rest, motion)
    for part in ("Head", "LeftHand"):
        scale = armature.pose.bones[PREFIX + part].matrix.to_scale()
        np.testing.assert_allclose(scale, (1.3, 1.3, 1.4), rtol=1e-5)


@pytest.mark.parametrize("trouble", ["nothing", "animated"])
def test_an_error_while_keys_are_written_brings_all_back(trouble, monkeypatch):
    armature = add_humanoid()
    TROUBLES[trouble](armature)
    before = fingerprint(bpy.data)
    rest = character.read_rig_rest(armature, "mixamo")

    def fail(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(still_keys, "write", fail)
    with pytest.raises(KeyboardInterrupt):
        baked(armature, rest)
    binding.remove_binding(armature)
    assert differences(before, fingerprint(bpy.data)) == []
