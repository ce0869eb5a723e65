# SPDX-License-Identifier: GPL-3.0-or-later
"""Twist bones: each shows its share, none jumps, and lengths stay."""

from dataclasses import replace

import numpy as np
import pytest

from tests.humanoid import (
    humanoid_roles,
    humanoid_skeleton,
    moving,
    person_like,
    world_motion,
)
from vitpose_blender.core.bone_turns import bone_turns
from vitpose_blender.core.build_rest import build_rig_rest
from vitpose_blender.core.motion import Memory
from vitpose_blender.core.retarget import retarget
from vitpose_blender.core.rotations import apply, rotation_vector, transpose

FPS = 30.0
TIMES = np.arange(120) / FPS


def with_twist_bones(segment, following, fractions, is_inside):
    """Return a humanoid whose left arm has twist bones, inside the chain or beside."""
    skeleton, roles = humanoid_skeleton(), humanoid_roles()
    names, parents = list(skeleton.names), list(skeleton.parents)
    main, end = (names.index(roles[f"left_{role}"][0]) for role in (segment, following))
    start, tip = skeleton.heads[main], skeleton.heads[end]
    heads = [start + fraction * (tip - start) for fraction in fractions]
    carrier, twists = main, []
    for head in heads:
        twists.append(f"Twist{len(twists)}")
        parents.append(carrier if is_inside else main)
        names.append(twists[-1])
        carrier = len(names) - 1
        skeleton = replace(
            skeleton,
            heads=np.concatenate([skeleton.heads, [head]]),
            tails=np.concatenate([skeleton.tails, [head + 0.05]]),
            rotations=np.concatenate([skeleton.rotations, [np.eye(3)]]),
        )
    if is_inside:
        parents[end] = carrier
    skeleton = replace(skeleton, names=tuple(names), parents=tuple(parents))
    return build_rig_rest(skeleton, roles | {f"left_{segment}_twist": tuple(twists)})


def turns_of(rest, times=TIMES, seed=1):
    xyz = moving(person_like(rest), times, seed)
    return bone_turns(world_motion(xyz, FPS), rest, Memory())


def twist_between(turns, rest, first, second, segment):
    """Return how far the second bone is turned against the first [rad]."""
    relative = turns[:, second] @ transpose(turns[:, first])
    main, end = rest.index[f"left_{segment[0]}"], rest.index[f"left_{segment[1]}"]
    along = rest.heads[end] - rest.heads[main]
    direction = apply(turns[:, main], along / np.linalg.norm(along))
    vector = rotation_vector(relative)
    np.testing.assert_allclose(  # Nothing but twist.
        np.linalg.norm(np.cross(vector, direction), axis=-1), 0, atol=1e-6
    )
    return np.sum(vector * direction, axis=-1)


def test_a_bone_half_way_shows_half_the_twist_of_the_arm():
    segment = ("upper_arm", "forearm")
    rest = with_twist_bones(*segment, (0.0, 0.5), is_inside=False)
    turns = turns_of(rest)
    at_shoulder, half_way = rest.chain("left_upper_arm_twist")
    elbow = rest.index["left_upper_arm"]
    whole = twist_between(turns, rest, at_shoulder, elbow, segment)
    half = twist_between(turns, rest, half_way, elbow, segment)
    assert np.abs(whole).max() > np.radians(20)
    np.testing.assert_allclose(half, whole / 2, atol=1e-6)


def test_the_last_bone_inside_the_chain_goes_with_the_elbow():
    segment = ("upper_arm", "forearm")
    plain = build_rig_rest(humanoid_skeleton(), humanoid_roles())
    rest = with_twist_bones(*segment, (0.3, 0.6), is_inside=True)
    turns, plain_turns = turns_of(rest), turns_of(plain)
    last = rest.chain("left_upper_arm_twist")[-1]
    np.testing.assert_allclose(
        turns[:, last], plain_turns[:, plain.index["left_upper_arm"]], atol=1e-9
    )


@pytest.mark.parametrize("is_inside", [True, False], ids=["inside", "beside"])
@pytest.mark.parametrize(
    "segment",
    [
        ("upper_arm", "forearm"),
        ("forearm", "hand"),
        ("thigh", "shin"),
        ("shin", "foot"),
    ],
    ids=" ".join,
)
def test_twist_bones_move_no_joint(segment, is_inside):
    plain = build_rig_rest(humanoid_skeleton(), humanoid_roles())
    rest = with_twist_bones(*segment, (0.4, 0.8), is_inside)
    xyz = moving(person_like(plain), TIMES, 2)
    made, wanted = (retarget(world_motion(xyz, FPS), each) for each in (rest, plain))
    for row, name in enumerate(plain.names):
        np.testing.assert_allclose(
            made.location[:, rest.names.index(name)], wanted.location[:, row],
            atol=1e-9,
        )  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_twist_never_jumps(seed):
    rest = with_twist_bones("upper_arm", "forearm", (0.0, 0.5), is_inside=False)
    turns = turns_of(rest, np.arange(300) / FPS, seed)
    for row in rest.chain("left_upper_arm_twist"):
        relative = turns[:, row] @ transpose(turns[:, rest.index["left_upper_arm"]])
        steps = relative[1:] @ transpose(relative[:-1])
        assert np.degrees(np.linalg.norm(rotation_vector(steps), axis=-1)).max() < 45


def test_frame_by_frame_equals_the_clip():
    rest = with_twist_bones("upper_arm", "forearm", (0.0, 0.5), is_inside=False)
    xyz = moving(person_like(rest), TIMES, 3)
    whole = bone_turns(world_motion(xyz, FPS), rest, Memory())
    memory, motion = Memory(), world_motion(xyz, FPS)
    for frame in range(len(TIMES)):
        one = replace(
            motion,
            times=motion.times[frame : frame + 1],
            xyz=motion.xyz[frame : frame + 1],
            path=motion.path[frame : frame + 1],
            clearance=motion.clearance[frame : frame + 1],
        )
        np.testing.assert_allclose(
            bone_turns(one, rest, memory)[0], whole[frame], atol=1e-9
        )
