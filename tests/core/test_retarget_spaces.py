# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters in other places, sizes and spaces move alike."""

from dataclasses import replace

import numpy as np
import pytest

from tests.humanoid import (
    ROW,
    SIDES,
    humanoid_skeleton,
    world_motion,
)
from tests.turns import angles_deg, bone_heads, matrices, rest_of
from vitpose_blender.core.retarget import retarget
from vitpose_blender.core.rotations import about_axis, unit

FPS = 30.0


SEGMENTS = {  # Role of the bone: where the person's begins and ends.
    "upper_arm": ("shoulder", "elbow", "forearm"),
    "forearm": ("elbow", "wrist", "hand"),
    "thigh": ("hip", "knee", "shin"),
    "shin": ("knee", "ankle", "foot"),
}
TILT = about_axis(unit(np.array([1.0, 2.0, -0.5])), np.asarray(1.1))
SPACES = {
    "centimetres, y up": 0.01
    * about_axis(np.array([1.0, 0, 0]), np.asarray(np.pi / 2)),
    "mirrored": 0.5 * TILT @ np.diag([-1.0, 1.0, 1.0]),
    "stretched": np.diag([1.0, 1.4, 0.7]),
    "sheared": np.diag([1.0, 1.3, 0.8]) @ TILT @ np.diag([0.02, 0.03, 0.02]),
}


def in_space(skeleton, linear, origin=(1.0, -2.0, 0.3)):
    """Return the same bones of the world, held by an object with another matrix."""
    back = np.linalg.inv(linear)
    world_from_rig = np.eye(4)
    world_from_rig[:3, :3], world_from_rig[:3, 3] = linear, origin
    return replace(
        skeleton,
        heads=(skeleton.heads - origin) @ back.T,
        tails=(skeleton.tails - origin) @ back.T,
        world_from_rig=world_from_rig,
    )


@pytest.mark.parametrize("space", ["centimetres, y up", "mirrored"])
def test_whatever_space_holds_the_bones_they_go_to_the_same_places(rest, xyz, space):
    odd = rest_of(in_space(humanoid_skeleton(), SPACES[space]))
    motion, odd_motion = (retarget(world_motion(xyz), each) for each in (rest, odd))
    bones = np.s_[:, : len(rest.names)]
    np.testing.assert_allclose(
        odd.to_world(odd_motion.location[bones]), motion.location[bones], atol=1e-6
    )


@pytest.mark.parametrize("space", SPACES)
def test_limbs_point_right_in_the_world_even_from_a_sheared_space(rest, xyz, space):
    odd = rest_of(in_space(humanoid_skeleton(), SPACES[space]))
    person = xyz @ odd.facing.T
    heads = bone_heads(retarget(world_motion(xyz), odd), odd)
    for side in SIDES:
        for role, (start, end, following) in SEGMENTS.items():
            first, second = (heads[f"{side}_{name}"] for name in (role, following))
            ours = odd.to_world(second) - odd.to_world(first)
            theirs = person[:, ROW[f"{side}_{end}"]] - person[:, ROW[f"{side}_{start}"]]
            assert angles_deg(ours, theirs).max() < 0.01, f"{side}_{role}"


def test_a_character_that_lies_at_rest_stands_up(rest, xyz):
    """As after an import with the wrong axis: it is the person who says what is up."""
    lying = about_axis(np.array([1.0, 0, 0]), np.asarray(-np.pi / 2))
    skeleton = humanoid_skeleton()
    skeleton = replace(
        skeleton,
        heads=skeleton.heads @ lying.T,
        tails=skeleton.tails @ lying.T,
        rotations=lying @ skeleton.rotations,
    )
    fallen = rest_of(skeleton)
    motion, upright = (
        bone_heads(retarget(world_motion(xyz), each), each) for each in (fallen, rest)
    )
    np.testing.assert_allclose(fallen.facing, np.eye(3), atol=0.2)
    for name, head in upright.items():
        away = head - upright["hips"]
        turned = (motion[name] - motion["hips"]) @ fallen.facing
        # A trunk that leans by a degree at rest is taken for what is upright.
        np.testing.assert_allclose(turned, away, atol=0.02, err_msg=name)


@pytest.mark.parametrize(
    ("yaw", "scale", "shift"),
    [(100.0, 1.0, (0, 0, 0)), (0.0, 0.4, (0, 0, 0)), (-30.0, 7.0, (3, -2, 5))],
    ids=["turned", "small", "everything"],
)
def test_a_character_elsewhere_moves_alike_there(rest, xyz, yaw, scale, shift):
    turn = about_axis(np.array([0.0, 0.0, 1.0]), np.radians(yaw))

    def moved(points):
        return scale * points @ turn.T + shift

    skeleton = humanoid_skeleton()
    elsewhere = rest_of(
        replace(
            skeleton,
            heads=moved(skeleton.heads),
            tails=moved(skeleton.tails),
            rotations=turn @ skeleton.rotations,
            floor=float(shift[2]),
        )
    )
    walk = world_motion(xyz, path=np.linspace((0, 0, 0), (1, 2, 0), len(xyz)))
    here, there = retarget(walk, rest), retarget(walk, elsewhere)

    np.testing.assert_allclose(there.location, moved(here.location), atol=1e-6)
    np.testing.assert_allclose(
        matrices(there.rotation), turn @ matrices(here.rotation), atol=1e-6
    )
