# SPDX-License-Identifier: GPL-3.0-or-later
"""A flat figure's front is told by its mesh or its file, and by them only in doubt."""

from dataclasses import replace

import numpy as np
import pytest

from tests.skeletons import Shape, humanoid, stick_figure
from vitpose_blender.core.errors import RigError
from vitpose_blender.core.recognition.rig_detect import detect_rig
from vitpose_blender.core.recognition.rig_sides import CERTAIN, SURE
from vitpose_blender.core.recognition.rig_structure import find_structure

FACING = (1.0, -1.0)  # Towards -Y, as the figure's roles have it, and turned about.


def nameless(skeleton):
    return replace(skeleton, names=[f"bone{k}" for k in range(len(skeleton.names))])


def place(skeleton, turn=None):
    """Return the skeleton with its object turned; its mesh lies in the world."""
    world = np.eye(4)
    world[:3, :3] = turn
    return replace(skeleton, world_from_rig=world, skin=skeleton.skin @ world[:3, :3].T)


def upright_turn(angle, scale=1.0):
    sine, cosine = np.sin(angle), np.cos(angle)
    return scale * np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1.0]])


def left_of(skeleton, facing):
    """Return a place on the left of a figure that faces -Y times `facing`."""
    return skeleton.heads[[skeleton.names.index("left_arm_2")]] * (facing, 1, 1)


def is_left(found, facing):
    expected = "left_arm_1" if facing > 0 else "right_arm_1"
    return found.bones["left_forearm"] == (expected,)


def soles(skeleton, facing, sides=("left", "right")):
    """Return vertices of shoes under the ankles that are longer to the front."""
    ankles = [skeleton.heads[skeleton.names.index(f"{s}_leg_2")] for s in sides]
    grid = np.stack(
        np.meshgrid((-0.03, 0.03), np.linspace(-0.13, 0.05, 7), (-0.05, 0.0)), -1
    )
    shoe = grid.reshape(-1, 3) * (1, facing, 1)
    return np.concatenate([ankle + shoe for ankle in ankles])


@pytest.mark.parametrize("facing", FACING)
@pytest.mark.parametrize("angle", np.linspace(0, 2 * np.pi, 7))
def test_what_the_file_calls_left_decides_for_a_flat_figure(facing, angle):
    skeleton = stick_figure().skeleton()
    declared = replace(skeleton, lefts=left_of(skeleton, facing))
    found = find_structure(place(declared, upright_turn(angle, 3.0)))
    assert is_left(found, facing)
    assert found.sides > SURE
    assert "which way it faces is told by its file" in found.reasons


@pytest.mark.parametrize("facing", FACING)
@pytest.mark.parametrize("angle", np.linspace(0, 2 * np.pi, 7))
def test_soles_tell_the_front_of_a_flat_figure(facing, angle):
    skeleton = stick_figure().skeleton()
    clad = replace(skeleton, skin=soles(skeleton, facing))
    found = find_structure(place(clad, upright_turn(angle, 0.01)))
    assert is_left(found, facing)
    assert found.sides > SURE
    assert "which way it faces is told by the soles" in found.reasons


@pytest.mark.parametrize("facing", FACING)
def test_the_soles_are_believed_rather_than_the_file(facing):
    skeleton = stick_figure().skeleton()
    both = replace(
        skeleton, skin=soles(skeleton, facing), lefts=left_of(skeleton, -facing)
    )
    assert is_left(find_structure(both), facing)


def test_a_body_that_shows_its_front_does_not_ask_the_file():
    skeleton = humanoid(Shape()).skeleton()
    plain = find_structure(skeleton)
    hand = skeleton.heads[[skeleton.names.index(plain.bones["right_hand"][0])]]
    found = find_structure(replace(skeleton, lefts=hand))
    assert found.bones == plain.bones
    assert found.sides == plain.sides > CERTAIN


def test_a_file_that_speaks_against_a_faint_shape_leaves_the_sides_open():
    """Nothing is guessed, though it faces as characters usually do."""
    skeleton = stick_figure().skeleton()
    heads = skeleton.heads.copy()
    for side in ("left", "right"):  # Arms that are held a little forwards.
        heads[skeleton.names.index(f"{side}_arm_2")] += (0, -0.12, 0)
        heads[skeleton.names.index(f"{side}_arm_1")] += (0, -0.06, 0)
    faint = nameless(replace(skeleton, heads=heads))
    shown = find_structure(faint)
    assert 0.6 < shown.sides < SURE
    assert detect_rig(faint, []).bones["left_hand"] == shown.bones["left_hand"]
    against = replace(faint, lefts=heads[[skeleton.names.index("right_arm_2")]])
    with pytest.raises(RigError, match="Nothing tells which side"):
        detect_rig(against, [])


def test_one_shod_foot_tells_nothing():
    skeleton = stick_figure().skeleton()
    found = find_structure(replace(skeleton, skin=soles(skeleton, 1.0, ("left",))))
    assert found.sides == pytest.approx(0.5)


def test_soles_that_contradict_each_other_tell_nothing():
    skeleton = stick_figure().skeleton()
    skin = [soles(skeleton, 1.0, ("left",)), soles(skeleton, -1.0, ("right",))]
    found = find_structure(replace(skeleton, skin=np.concatenate(skin)))
    assert found.sides == pytest.approx(0.5)


def test_round_feet_tell_nothing(rng):
    skeleton = stick_figure().skeleton()
    ball = rng.normal(size=(200, 3))
    ball *= 0.05 / np.linalg.norm(ball, axis=1, keepdims=True)
    ball = np.concatenate([ball, ball * (1, -1, 1)])
    ankles = [
        skeleton.heads[skeleton.names.index(f"{s}_leg_2")] for s in ("left", "right")
    ]
    found = find_structure(
        replace(skeleton, skin=np.concatenate([a + ball for a in ankles]))
    )
    assert found.sides == pytest.approx(0.5, abs=0.01)


def test_marks_on_both_sides_tell_nothing():
    skeleton = stick_figure().skeleton()
    lefts = np.concatenate([left_of(skeleton, facing) for facing in FACING])
    assert find_structure(replace(skeleton, lefts=lefts)).sides == pytest.approx(0.5)


def test_an_object_that_mirrors_leaves_the_files_left_open():
    skeleton = stick_figure().skeleton()
    declared = replace(skeleton, lefts=left_of(skeleton, 1.0))
    mirrored = place(declared, np.diag([-1.0, 1.0, 1.0]))
    assert find_structure(mirrored).sides == pytest.approx(0.5)
