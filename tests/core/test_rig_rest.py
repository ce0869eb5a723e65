# SPDX-License-Identifier: GPL-3.0-or-later
"""A character at rest: what joint heads alone say about trunk, limbs and feet."""

from dataclasses import replace

import numpy as np
import pytest

from tests.humanoid import humanoid_roles, humanoid_skeleton, random_rotations
from vitpose_blender.core.build_rest import build_rig_rest
from vitpose_blender.core.errors import RigError
from vitpose_blender.core.limb_rest import rest_hinge
from vitpose_blender.core.rotations import about_axis, apply, unit

UP = np.array([0.0, 0.0, 1.0])


def rest_of(skeleton=None, **roles):
    known = humanoid_roles() | roles
    return build_rig_rest(
        skeleton or humanoid_skeleton(), {k: v for k, v in known.items() if v}
    )


def turned(skeleton, rotation):
    return replace(
        skeleton,
        heads=skeleton.heads @ rotation.T,
        tails=skeleton.tails @ rotation.T,
        rotations=rotation @ skeleton.rotations,
    )


def flexed(directions, hinge, angle):
    return apply(about_axis(hinge, np.asarray(angle)), directions[1])


@pytest.mark.parametrize("degrees", [0, 90, 180, -37])
def test_the_character_is_understood_whichever_way_it_faces(degrees):
    yaw = about_axis(UP, np.radians(degrees))
    straight, rest = rest_of(), rest_of(turned(humanoid_skeleton(), yaw))

    np.testing.assert_allclose(rest.facing, yaw, atol=1e-9)
    np.testing.assert_allclose(rest.trunk, yaw @ straight.trunk, atol=1e-9)
    assert rest.leg_length == pytest.approx(straight.leg_length)
    for ours, theirs in zip(rest.limbs, straight.limbs):
        np.testing.assert_allclose(ours.hinge, yaw @ theirs.hinge, atol=1e-9)
    for ours, theirs in zip(rest.soles, straight.soles):
        np.testing.assert_allclose(ours, theirs @ yaw.T, atol=1e-9)


def test_axes_and_tails_say_nothing_about_the_body(rng):
    skeleton = humanoid_skeleton()
    num_bones = len(skeleton.names)
    odd = replace(
        skeleton,
        rotations=random_rotations(rng, num_bones),
        tails=skeleton.heads + rng.normal(size=(num_bones, 3)),
    )
    straight, rest = rest_of(), rest_of(odd)
    np.testing.assert_array_equal(rest.trunk, straight.trunk)
    for ours, theirs in zip(rest.limbs, straight.limbs):
        np.testing.assert_array_equal(ours.directions, theirs.directions)
        np.testing.assert_array_equal(ours.hinge, theirs.hinge)


def test_the_pole_lies_where_the_pole_angle_says(rng):
    skeleton = humanoid_skeleton()
    skeleton = replace(skeleton, rotations=random_rotations(rng, len(skeleton.names)))
    rest = rest_of(skeleton)
    for limb in rest.limbs:
        x, y, z = rest.rotations[limb.upper].T
        pole = np.cos(limb.pole_angle) * x + np.sin(limb.pole_angle) * z
        np.testing.assert_allclose(pole, limb.pole_axis, atol=1e-9)
        assert abs(limb.pole_axis @ y) < 1e-9


def test_elbows_flex_forwards_and_knees_backwards():
    rest = rest_of()
    for limb in rest.limbs:
        way = 1.0 if limb.name.endswith("leg") else -1.0
        bent = flexed(limb.directions, limb.hinge, np.radians(30))
        assert way * (bent - limb.directions[1])[1] > 0.2, limb.name


@pytest.mark.parametrize("way", [1.0, -1.0])
def test_a_clearly_bent_rest_pose_shows_its_own_hinge(way):
    """Whatever anatomy says: an animal's hind leg bends the other way."""
    directions = unit(np.array([[0.0, 0.0, -1.0], [0.0, way, -1.0]]))
    hinge = rest_hinge(directions, np.array([0.0, 1.0, 0.0]))
    np.testing.assert_allclose(hinge, (way, 0, 0), atol=1e-9)


def test_a_straight_limb_follows_anatomy():
    directions = np.array([[0.0, 0.0, -1.0], [0.0, 0.0, -1.0]])
    hinge = rest_hinge(directions, np.array([0.0, 1.0, 0.0]))
    bent = flexed(directions, hinge, np.pi / 2)
    np.testing.assert_allclose(bent, (0, 1, 0), atol=1e-9)


def test_every_bone_hangs_on_its_nearest_driven_ancestor():
    rest = rest_of(neck=(), left_clavicle=())
    carrier = {
        name: rest.names[anchor] if anchor >= 0 else ""
        for name, anchor in zip(rest.names, rest.anchors)
    }
    assert carrier["Hips"] == ""
    assert carrier["Spine"] == "Hips"
    assert carrier["Head"] == "Spine2"
    assert carrier["LeftArm"] == "Spine2"
    assert carrier["RightArm"] == "RightShoulder"


def test_bones_come_after_those_that_carry_them():
    rest = rest_of()
    assert all(anchor < row for row, anchor in enumerate(rest.anchors))


def test_feet_stand_on_the_floor_with_the_heel_behind():
    rest = rest_of(replace(humanoid_skeleton(), floor=0.013))
    for sole in rest.soles:
        np.testing.assert_allclose(sole[:, 2], 0.013)
        assert (np.diff(sole[:, 1]) < 0).all()


def test_a_foot_without_toes_still_has_a_sole():
    rest = rest_of(left_toe=(), right_toe=())
    for sole in rest.soles:
        assert (np.diff(sole[:, 1]) < 0).all()


def test_a_forearm_without_a_hand_ends_at_its_tail():
    whole, stump = rest_of(), rest_of(left_hand=(), right_hand=())
    for ours, theirs in zip(stump.limbs, whole.limbs):
        np.testing.assert_allclose(ours.directions, theirs.directions)


def test_a_bone_that_does_not_exist_is_named():
    with pytest.raises(RigError, match="no bone 'Tail'"):
        rest_of(head=("Tail",))
