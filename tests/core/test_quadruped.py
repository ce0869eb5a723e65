# SPDX-License-Identifier: GPL-3.0-or-later
"""Animals on four legs are followed as people are, from AP-10K's keypoints."""

from dataclasses import replace

import numpy as np
import pytest

from tests.animal import (
    animal_rest,
    animal_roles,
    animal_skeleton,
    standing_keypoints,
    trotting,
)
from vitpose_blender.core.build_rest import build_rig_rest
from vitpose_blender.core.layouts import AP10K17, SIDES
from vitpose_blender.core.quadruped import quadruped_motion
from vitpose_blender.core.retarget import bone_target_names, retarget
from vitpose_blender.core.rotations import about_axis, unit

TIMES = np.arange(60) / 30.0
SEGMENTS = {
    "upper_arm": ("front_shoulder", "front_elbow", "forearm"),
    "thigh": ("back_hip", "back_knee", "shin"),
}


@pytest.fixture
def rest():
    return animal_rest()


def heads_of(motion, rest):
    return dict(zip(bone_target_names(rest), np.moveaxis(motion.location, 1, 0)))


def angles_deg(a, b):
    cosine = np.sum(unit(a) * unit(b), axis=-1)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def test_an_animal_that_stands_as_the_character_does_turns_nothing(rest):
    motion = retarget(quadruped_motion(TIMES[:1], standing_keypoints()[None]), rest)
    num_bones = len(rest.names)
    np.testing.assert_allclose(motion.location[0, :num_bones], rest.heads, atol=1e-6)


def test_legs_point_as_the_animals_do(rest):
    xyz = trotting(TIMES)
    heads = heads_of(retarget(quadruped_motion(TIMES, xyz), rest), rest)
    for side in SIDES:
        for role, (start, end, following) in SEGMENTS.items():
            ours = heads[f"{side}_{following}"] - heads[f"{side}_{role}"]
            theirs = (
                xyz[:, AP10K17.index[f"{side}_{end}"]]
                - xyz[:, AP10K17.index[f"{side}_{start}"]]
            )
            assert angles_deg(ours, theirs).max() < 0.05, f"{side}_{role}"


def test_the_lowest_paw_is_on_the_ground(rest):
    xyz = trotting(TIMES)
    motion = retarget(quadruped_motion(TIMES, xyz), rest)
    heads = heads_of(motion, rest)
    paws = np.stack([heads[f"{side}_toe"] for side in SIDES])
    assert paws[..., 2].min() > -0.02
    assert paws[..., 2].min(axis=0).max() < 0.2


def test_it_goes_where_the_animal_goes(rest):
    motion = retarget(quadruped_motion(TIMES, trotting(TIMES)), rest)
    hips = heads_of(motion, rest)["hips"]
    np.testing.assert_allclose(hips[-1, 1] - hips[0, 1], -1.2 * TIMES[-1], rtol=0.05)


@pytest.mark.parametrize("yaw", [90.0, 180.0])
def test_a_character_that_faces_elsewhere_trots_there(rest, yaw):
    turn = about_axis(np.array([0.0, 0.0, 1.0]), np.radians(yaw))
    skeleton = animal_skeleton()
    turned = build_rig_rest(
        replace(
            skeleton,
            heads=skeleton.heads @ turn.T,
            tails=skeleton.tails @ turn.T,
            rotations=turn @ skeleton.rotations,
        ),
        animal_roles(),
        body="quadruped",
    )
    motion = quadruped_motion(TIMES, trotting(TIMES))
    ours, theirs = (
        np.stack(list(heads_of(retarget(motion, each), each).values()))
        for each in (turned, rest)
    )
    num_bones = len(rest.names)
    np.testing.assert_allclose(ours[:num_bones], theirs[:num_bones] @ turn.T, atol=1e-6)


def test_what_is_not_seen_stays_as_it_was(rest):
    xyz = trotting(TIMES)
    xyz[20:, AP10K17.index["left_front_paw"]] = np.nan
    xyz[:, AP10K17.index["nose"]] = np.nan
    motion = retarget(quadruped_motion(TIMES, xyz), rest)
    assert np.isfinite(motion.location).all()
