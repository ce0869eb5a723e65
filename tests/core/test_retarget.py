# SPDX-License-Identifier: GPL-3.0-or-later
"""From a person's joints to a character's targets: what must hold for any pose."""

from dataclasses import replace

import numpy as np
import pytest

from tests.humanoid import (
    ROW,
    SIDES,
    humanoid_roles,
    humanoid_skeleton,
    moving,
    random_rotations,
    world_motion,
)
from tests.turns import (
    angles_deg,
    bone_heads,
    bone_turns,
    matrices,
    rest_of,
    turn_angles_deg,
)
from vitpose_blender.core.build_rest import build_rig_rest
from vitpose_blender.core.motion import Memory
from vitpose_blender.core.person_measures import calibrated
from vitpose_blender.core.retarget import bone_target_names, retarget, target_names
from vitpose_blender.core.rotations import about_axis, transpose

FPS = 30.0
SEGMENTS = {  # Role of the bone: where the person's begins and ends.
    "upper_arm": ("shoulder", "elbow", "forearm"),
    "forearm": ("elbow", "wrist", "hand"),
    "thigh": ("hip", "knee", "shin"),
    "shin": ("knee", "ankle", "foot"),
}
MIRROR = np.diag([-1.0, 1.0, 1.0])


def mirrored(xyz):
    names = [
        name.replace("left", "*").replace("right", "left").replace("*", "right")
        for name in ROW
    ]
    return (xyz @ MIRROR)[:, [ROW[name] for name in names]]


def lowest_sole(motion, rest):
    turns, names = bone_turns(motion, rest), bone_target_names(rest)
    heights = []
    for side, sole in zip(SIDES, rest.soles):
        row = names.index(f"{side}_foot")
        points = (sole - rest.heads[row]) @ transpose(turns[:, row])
        heights.append((points + motion.location[:, row, np.newaxis])[..., 2])
    return np.concatenate(heights, axis=1).min(axis=1)


def test_who_stands_as_the_character_does_turns_nothing(rest, standing):
    """Once it is known that the person's trunk leans as little as the character's."""
    person = world_motion(standing[np.newaxis])
    motion = retarget(person, rest, calibrated(person))
    num_bones = len(rest.names)
    np.testing.assert_allclose(motion.location[0, :num_bones], rest.heads, atol=1e-9)
    turns = bone_turns(motion, rest)
    np.testing.assert_allclose(
        turns, np.tile(np.eye(3), (1, num_bones, 1, 1)), atol=0.02
    )


@pytest.mark.parametrize("seed", range(3))
def test_limbs_point_as_the_persons_do(rest, standing, seed):
    xyz = moving(standing, np.arange(90) / FPS, seed)
    heads = bone_heads(retarget(world_motion(xyz), rest), rest)
    for side in SIDES:
        for role, (start, end, following) in SEGMENTS.items():
            ours = heads[f"{side}_{following}"] - heads[f"{side}_{role}"]
            theirs = xyz[:, ROW[f"{side}_{end}"]] - xyz[:, ROW[f"{side}_{start}"]]
            assert angles_deg(ours, theirs).max() < 0.01, f"{side}_{role}"


def test_bones_keep_the_characters_lengths(rest, xyz):
    motion = retarget(world_motion(xyz * 1.3), rest)
    for row, anchor in enumerate(rest.anchors):
        if anchor >= 0:
            moved = motion.location[:, row] - motion.location[:, anchor]
            length = np.linalg.norm(rest.heads[row] - rest.heads[anchor])
            np.testing.assert_allclose(np.linalg.norm(moved, axis=1), length)


def test_a_mirrored_person_gives_the_mirrored_character(rest, xyz):
    path = np.cumsum(np.full((len(xyz), 3), 0.01), axis=0)
    motion = retarget(world_motion(xyz, path=path), rest)
    twin = retarget(world_motion(mirrored(xyz), path=path @ MIRROR), rest)

    heads, twin_heads = bone_heads(motion, rest), bone_heads(twin, rest)
    for name, head in heads.items():
        other = name.replace("left", "*").replace("right", "left")
        twin_head = twin_heads[other.replace("*", "right")]
        np.testing.assert_allclose(twin_head @ MIRROR, head, atol=1e-6)


def test_rolls_and_tails_of_bones_change_no_place(rest, xyz, rng):
    skeleton = humanoid_skeleton()
    num_bones = len(skeleton.names)
    odd = replace(
        skeleton,
        rotations=random_rotations(rng, num_bones),
        tails=skeleton.heads + rng.normal(0, 0.2, (num_bones, 3)),
    )
    odd_rest = rest_of(odd)
    motion, odd_motion = (
        retarget(world_motion(xyz), each) for each in (rest, odd_rest)
    )
    bones = np.s_[:, : len(rest.names)]
    np.testing.assert_allclose(
        odd_motion.location[bones], motion.location[bones], atol=1e-9
    )
    np.testing.assert_allclose(
        bone_turns(odd_motion, odd_rest), bone_turns(motion, rest), atol=1e-6
    )


def test_live_frames_give_what_the_whole_clip_gives(rest, xyz):
    xyz[50:60, ROW["left_wrist"]] = np.nan
    xyz[20:25, ROW["left_elbow"]] = np.nan
    path = np.linspace((0, 0, 0), (1, 0, 0), len(xyz))
    whole = retarget(world_motion(xyz, path=path), rest, Memory(spine_offset=0.01))
    memory = Memory(spine_offset=0.01)
    for frame, t in enumerate(whole.times):
        live = world_motion(xyz[[frame]], times=np.array([t]), path=path[[frame]])
        pose = retarget(live, rest, memory).pose(0)
        np.testing.assert_allclose(pose.location, whole.location[frame], atol=1e-9)
        np.testing.assert_allclose(
            matrices(pose.rotation), matrices(whole.rotation[frame]), atol=1e-9
        )


@pytest.mark.parametrize("share", [0.5, 1.0, 2.0])
def test_the_way_is_scaled_by_the_legs(rest, standing, share):
    """A child's steps become a giant's, in proportion."""
    xyz = np.tile(standing * share, (31, 1, 1))
    path = np.linspace((0, 0, 0), (0.6, -0.3, 9.9), len(xyz))
    heads = bone_heads(retarget(world_motion(xyz, path=path), rest), rest)
    moved = heads["hips"] - heads["hips"][0]
    np.testing.assert_allclose(moved[-1, :2], np.array([0.6, -0.3]) / share)
    np.testing.assert_allclose(moved[:, 2], 0.0, atol=1e-9)


def test_the_lowest_foot_stands_on_the_floor(xyz):
    rest = rest_of(replace(humanoid_skeleton(), floor=0.25))
    motion = retarget(world_motion(xyz), rest)
    np.testing.assert_allclose(lowest_sole(motion, rest), 0.25, atol=1e-9)


def test_a_jump_leaves_the_floor_in_proportion(rest, standing):
    flight = np.sin(np.linspace(0, np.pi, 20)) * 0.4
    xyz = np.tile(standing * 2, (20, 1, 1))
    motion = retarget(world_motion(xyz, clearance=flight), rest)
    np.testing.assert_allclose(lowest_sole(motion, rest), flight / 2, atol=1e-9)


def test_raised_arms_lift_the_shoulders(rest, standing):
    up = standing.copy()
    for side in SIDES:
        shoulder = standing[ROW[f"{side}_shoulder"]]
        for joint, reach in (("elbow", 0.28), ("wrist", 0.53), ("hand", 0.6)):
            up[ROW[f"{side}_{joint}"]] = shoulder + np.array([0, 0, reach])
    motion = retarget(world_motion(np.stack([standing, up]), fps=1.0), rest)
    heads = bone_heads(motion, rest)
    for side in SIDES:
        low, high = heads[f"{side}_upper_arm"]
        assert high[2] > low[2] + 0.02


@pytest.mark.parametrize(
    ("unseen", "roles"),
    [
        (("left_wrist", "left_hand"), ("left_forearm", "left_hand")),
        (("nose", "left_ear", "right_ear"), ("head",)),
        (("right_knee",), ("right_thigh", "right_shin", "right_foot")),
        (("left_heel", "left_toe"), ("left_foot",)),
    ],
    ids=["wrist", "face", "knee", "foot"],
)
def test_what_is_lost_keeps_its_last_turn(rest, xyz, unseen, roles):
    xyz[60:, [ROW[name] for name in unseen]] = np.nan
    motion = retarget(world_motion(xyz), rest)
    assert np.isfinite(motion.location).all()
    turns, names = bone_turns(motion, rest), bone_target_names(rest)
    for role in roles:
        row = names.index(role)
        relative = transpose(turns[:, rest.anchors[row]]) @ turns[:, row]
        assert turn_angles_deg(relative[60:], relative[59]).max() < 1e-5, role


def test_what_was_never_seen_stays_at_rest(rest, xyz):
    xyz[:, [ROW["right_wrist"], ROW["right_elbow"], ROW["right_hand"]]] = np.nan
    motion = retarget(world_motion(xyz), rest)
    turns, names = bone_turns(motion, rest), bone_target_names(rest)
    carrier = turns[:, names.index("right_clavicle")]
    for role in ("right_upper_arm", "right_forearm", "right_hand"):
        assert turn_angles_deg(turns[:, names.index(role)], carrier).max() < 1e-5


def test_a_lost_path_stays_where_it_was(rest, xyz):
    path = np.linspace((0, 0, 0), (1, 0, 0), len(xyz))
    path[40:70] = np.nan
    still = np.tile(xyz[:1], (len(xyz), 1, 1))
    hips = bone_heads(retarget(world_motion(still, path=path), rest), rest)["hips"]
    np.testing.assert_allclose(hips[40:70], np.tile(hips[39], (30, 1)))
    assert hips[70, 0] - hips[69, 0] > 0.2


def test_nothing_known_is_the_rest_pose(rest):
    nothing = np.full((5, len(ROW), 3), np.nan)
    motion = retarget(
        world_motion(
            nothing, path=np.full((5, 3), np.nan), clearance=np.full(5, np.nan)
        ),
        rest,
    )
    expected = np.tile(rest.heads, (5, 1, 1))
    np.testing.assert_allclose(
        motion.location[:, : len(rest.names)], expected, atol=1e-9
    )


def test_progress_comes_in_small_steps_to_the_end(rest, standing):
    told = [0.0]
    retarget(world_motion(standing[np.newaxis]), rest, progress=told.append)
    assert told[-1] == 1.0
    assert max(np.diff(told)) <= 0.25


def test_no_frames_give_no_frames(rest, standing):
    motion = retarget(world_motion(standing[np.newaxis][:0]), rest)
    assert len(motion) == 0
    assert motion.location.shape == (0, len(target_names(rest)), 3)


def test_a_rig_of_only_what_is_required_works(xyz):
    from vitpose_blender.core.rig import REQUIRED_ROLES

    roles = {k: v for k, v in humanoid_roles().items() if k in REQUIRED_ROLES}
    rest = build_rig_rest(humanoid_skeleton(), roles)
    motion = retarget(world_motion(xyz), rest)
    assert np.isfinite(motion.location).all()
    assert np.isfinite(motion.rotation).all()


@pytest.mark.parametrize("top", [1.8, 2.6], ids=["as people", "a big head"])
def test_who_stands_on_the_hands_keeps_the_head_above_the_floor(standing, top):
    upside_down = about_axis(np.array([1.0, 0.0, 0.0]), np.asarray(np.pi))
    rest = rest_of(replace(humanoid_skeleton(), top=top))
    motion = retarget(world_motion(standing[np.newaxis] @ upside_down.T), rest)
    turn = bone_turns(motion, rest)[0, rest.index["head"]]
    crown = np.array([*rest.head("head")[:2], top]) - rest.head("head")
    head = bone_heads(motion, rest)["head"][0] + turn @ crown
    assert head[2] > -1e-9
