# SPDX-License-Identifier: GPL-3.0-or-later
"""Curves written in bulk: what is written is what plays, with slots and without."""

import bpy
import numpy as np
import pytest

from vitpose_blender.blender import actions

FRAMES = np.array([1.0, 2.0, 3.5, 10.0])
VALUES = np.array([[0, 1, 2], [3, 1, 2], [5, -1, 2], [0, 0, 0]], dtype=np.float64)


@pytest.fixture
def cube():
    item = bpy.data.objects.new("Cube", None)
    bpy.context.scene.collection.objects.link(item)
    return item


def test_written_values_play(cube):
    action = actions.new_action(cube, "Move")
    actions.write_curves(action, "location", FRAMES, VALUES, "Cube")
    for frame, value in zip(FRAMES, VALUES):
        bpy.context.scene.frame_set(int(frame), subframe=frame % 1.0)
        np.testing.assert_allclose(cube.location, value, atol=1e-5)


def test_between_keys_it_goes_straight(cube):
    action = actions.new_action(cube, "Move")
    actions.write_curves(action, "location", FRAMES, VALUES, "Cube")
    for curve in actions.curves(action):
        assert {key.interpolation for key in curve.keyframe_points} == {"LINEAR"}
    bpy.context.scene.frame_set(1, subframe=0.5)
    np.testing.assert_allclose(cube.location, VALUES[:2].mean(axis=0), atol=1e-5)


def test_every_column_is_one_curve_in_the_group(cube):
    action = actions.new_action(cube, "Move")
    actions.write_curves(action, "location", FRAMES, VALUES, "Hero")
    actions.write_curves(action, "scale", FRAMES, VALUES, "Hero")
    found = list(actions.curves(action))
    assert [(c.data_path, c.array_index) for c in found] == [
        (path, index) for path in ("location", "scale") for index in range(3)
    ]
    assert {curve.group.name for curve in found} == {"Hero"}
    assert [len(curve.keyframe_points) for curve in found] == [len(FRAMES)] * 6


def test_the_former_action_stays_in_the_file_untouched(cube):
    former = actions.new_action(cube, "Former")
    actions.write_curves(former, "location", FRAMES, VALUES, "Cube")

    action = actions.new_action(cube, "Latter")

    assert cube.animation_data.action == action
    assert former.use_fake_user
    assert [len(c.keyframe_points) for c in actions.curves(former)] == [4, 4, 4]
    assert list(actions.curves(action)) == []


def test_a_name_that_is_taken_makes_another_action(cube):
    first = actions.new_action(cube, "Move")
    second = actions.new_action(cube, "Move")
    assert first != second
    assert {first.name, second.name} == {"Move", "Move.001"}


def test_the_action_is_of_the_kind_this_blender_plays(cube):
    action = actions.new_action(cube, "Move")
    if bpy.app.version < (4, 4):
        assert not hasattr(action, "slots")
    else:
        assert [slot.target_id_type for slot in action.slots] == ["OBJECT"]
        assert cube.animation_data.action_slot == action.slots[0]


def test_no_frames_make_empty_curves(cube):
    action = actions.new_action(cube, "Nothing")
    actions.write_curves(action, "location", FRAMES[:0], VALUES[:0], "Cube")
    assert [len(c.keyframe_points) for c in actions.curves(action)] == [0, 0, 0]
