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
    person_like,
    random_rotations,
    world_motion,
)
from vitpose_blender.core.motion import Memory
from vitpose_blender.core.retarget import bone_target_names, retarget, target_names
from vitpose_blender.core.rig_rest import build_rig_rest
from vitpose_blender.core.rotations import about_axis, shortest_turn, transpose, unit

FPS = 30.0
SEGMENTS = {  # Role of the bone: where the person's begins and ends.
    "upper_arm": ("shoulder", "elbow", "forearm"),
    "forearm": ("elbow", "wrist", "hand"),
    "thigh": ("hip", "knee", "shin"),
    "shin": ("knee", "ankle", "foot"),
}
MIRROR = np.diag([-1.0, 1.0, 1.0])


@pytest.fixture
def rest():
    return build_rig_rest(humanoid_skeleton(), humanoid_roles())


@pytest.fixture
def standing(rest):
    return person_like(rest)


@pytest.fixture
def xyz(standing):
    """Four seconds of a person who moves everything."""
    return moving(standing, np.arange(int(4 * FPS)) / FPS)


def rest_of(skeleton):
    return build_rig_rest(skeleton, humanoid_roles())


def matrices(quaternions):
    w, vector = quaternions[..., :1], quaternions[..., 1:]
    angle = 2 * np.arctan2(np.linalg.norm(vector, axis=-1), w[..., 0])
    norms = np.linalg.norm(vector, axis=-1, keepdims=True)
    return about_axis(vector / np.maximum(norms, 1e-12), angle)


def bone_heads(motion, rest):
    """Return where each bone's head is, by role; the first one of chains."""
    names = bone_target_names(rest)
    return {name: motion.location[:, row] for row, name in enumerate(names)}


def bone_turns(motion, rest):
    """Return each bone's turn away from rest, `(F, D, 3, 3)`."""
    rotations = matrices(motion.rotation[:, : len(rest.names)])
    return rotations @ transpose(rest.rotations)


def angles_deg(a, b):
    """Angles between vectors, exact for small ones too."""
    a, b = unit(a), unit(b)
    sine = np.linalg.norm(np.cross(a, b), axis=-1)
    return np.degrees(np.arctan2(sine, np.sum(a * b, axis=-1)))


def turn_angles_deg(a, b):
    half_sine = np.linalg.norm(a - b, axis=(-2, -1)) / np.sqrt(8)
    return np.degrees(2 * np.arcsin(np.minimum(half_sine, 1.0)))


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
    motion = retarget(world_motion(standing[np.newaxis]), rest)
    num_bones = len(rest.names)
    np.testing.assert_allclose(motion.location[0, :num_bones], rest.heads, atol=1e-9)
    turns = bone_turns(motion, rest)
    np.testing.assert_allclose(
        turns, np.tile(np.eye(3), (1, num_bones, 1, 1)), atol=1e-9
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


def test_trunk_and_head_turn_as_the_persons_do(rest, standing):
    """As rigid bodies: every bone of a person turned as a whole turns alike."""
    whole = random_rotations(np.random.default_rng(5), 40)
    motion = retarget(world_motion(standing @ transpose(whole), fps=1.0), rest)
    turns = bone_turns(motion, rest)
    rows = [
        row
        for row, role in enumerate(rest.roles)
        if role in ("hips", "spine", "neck", "head")
    ]
    wanted = np.repeat(whole[:, np.newaxis], len(rows), axis=1)
    np.testing.assert_allclose(turns[:, rows], wanted, atol=1e-6)


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


def test_arms_swung_forwards_keep_their_elbows_down(rest, standing):
    """A straight arm has no hinge of its own: it must not turn about itself."""
    times = np.arange(60) / FPS
    xyz = np.tile(standing, (len(times), 1, 1))
    for side, way in (("left", 1.0), ("right", -1.0)):
        shoulder = standing[ROW[f"{side}_shoulder"]]
        down = np.array([way * 0.1, 0.0, -1.0])
        for frame, share in enumerate(np.linspace(0, 1, len(times))):
            swing = about_axis(np.array([-1.0, 0, 0]), np.radians(-90 * share))
            ahead = swing @ unit(down)
            xyz[frame, ROW[f"{side}_elbow"]] = shoulder + 0.28 * ahead
            xyz[frame, ROW[f"{side}_wrist"]] = shoulder + 0.53 * ahead
            xyz[frame, ROW[f"{side}_hand"]] = shoulder + 0.6 * ahead
    turns = bone_turns(retarget(world_motion(xyz), rest), rest)
    for limb in rest.limbs[:2]:
        elbow_side = np.cross(limb.directions[0], limb.hinge)  # Where it sticks out.
        end = turns[-1, limb.upper] @ elbow_side
        assert abs(end[2]) > 0.5, limb.name


@pytest.mark.parametrize("part", ["arm", "leg"])
def test_noise_on_a_straight_limb_does_not_flip_it(rest, standing, part, rng):
    """Seen by one camera, joints tremble by a centimetre."""
    start, middle, end = {
        "arm": ("shoulder", "elbow", "wrist"), "leg": ("hip", "knee", "ankle")
    }[part]  # fmt: skip
    joint = {name: ROW[f"left_{name}"] for name in (start, middle, end)}
    standing[joint[end]] = 2 * standing[joint[middle]] - standing[joint[start]]
    xyz = np.tile(standing, (300, 1, 1))
    for row in joint.values():
        xyz[:, row] += rng.normal(0, 0.01, (len(xyz), 3))
    turns = bone_turns(retarget(world_motion(xyz, FPS), rest), rest)

    limb = next(limb for limb in rest.limbs if limb.name == f"left_{part}")
    for row, direction in zip((limb.upper, limb.lower), limb.directions):
        now = turns[:, row] @ direction
        swing = shortest_turn(now[:-1], now[1:])
        twist = turn_angles_deg(turns[1:, row], swing @ turns[:-1, row])
        assert twist.max() < 60


def test_an_elbow_bent_anew_the_other_way_turns_the_arm_in_time(rest, standing):
    """The hinge may not jump, but it must arrive."""
    xyz = np.tile(standing, (60, 1, 1))
    shoulder, elbow = (standing[ROW[f"left_{n}"]] for n in ("shoulder", "elbow"))
    upper = unit(elbow - shoulder)
    ahead = unit(np.cross(upper, np.cross((0.0, -1.0, 0.0), upper)))
    xyz[:, ROW["left_wrist"]] = elbow + 0.25 * ahead
    xyz[30:, ROW["left_wrist"]] = elbow - 0.25 * ahead
    xyz[:, ROW["left_hand"]] = xyz[:, ROW["left_wrist"]]
    hinges = {}
    for name, memory in (("live", Memory()), ("clip", None)):
        turns = bone_turns(retarget(world_motion(xyz, FPS), rest, memory), rest)
        limb = rest.limbs[0]
        hinges[name] = turns[:, limb.upper] @ limb.hinge
        turned = angles_deg(hinges[name][20], hinges[name][-1])
        assert turned == pytest.approx(180, abs=1)
    live, clip = hinges["live"], hinges["clip"]
    assert angles_deg(live[:-1], live[1:]).max() <= 900 / FPS + 1e-6
    assert angles_deg(clip[:-1], clip[1:]).max() < 60
    # A clip knows what comes: its elbow never bends the wrong way.
    bend = np.cross(upper, xyz[:, ROW["left_wrist"]] - elbow)
    assert angles_deg(clip, bend).max() < 90


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
        np.testing.assert_allclose(turned, away, atol=0.01, err_msg=name)
