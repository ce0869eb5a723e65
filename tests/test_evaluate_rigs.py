# SPDX-License-Identifier: GPL-3.0-or-later
"""The yardstick of `evaluate_rigs.py`: right poses have no fault, each fault shows."""

import numpy as np
import pytest

from tests.humanoid import humanoid_bones, humanoid_skeleton, random_rotations
from tests.script_runs import load_script
from vitpose_blender.core.layouts import CANONICAL
from vitpose_blender.core.motion import WorldMotion
from vitpose_blender.core.rotations import about_axis

FRAMES = 4
BONES = {
    "hips": ("", "Hips"), "chest": ("hips", "Spine2"), "neck": ("chest", "Neck"),
    "head": ("neck", "Head"),
    **{
        f"{side}_{role}": (carrier.replace("*", side), f"{side.capitalize()}{bone}")
        for side in ("left", "right")
        for role, carrier, bone in (
            ("clavicle", "chest", "Shoulder"), ("upper_arm", "*_clavicle", "Arm"),
            ("forearm", "*_upper_arm", "ForeArm"), ("hand", "*_forearm", "Hand"),
            ("thigh", "hips", "UpLeg"), ("shin", "*_thigh", "Leg"),
            ("foot", "*_shin", "Foot"), ("toe", "*_foot", "ToeBase"),
        )
    },
}  # fmt: skip
JOINTS = {"shoulder": "upper_arm", "elbow": "forearm", "wrist": "hand",
          "hip": "thigh", "knee": "shin", "ankle": "foot", "toe": "toe"}  # fmt: skip
LEFT, BACK, UP = np.eye(3)


@pytest.fixture(scope="module")
def figures():
    return load_script("rigs_figures")


@pytest.fixture(scope="module")
def posed_module():
    return load_script("rigs_posed")


def turned(axis, degrees, frames=range(FRAMES)):
    """Return a turn about an axis in some frames and none in the others."""
    angles = np.zeros(FRAMES)
    angles[list(frames)] = np.radians(degrees)
    return about_axis(np.tile(axis, (FRAMES, 1)), angles)


def pose(posed_module, own=None, whole=None):
    """Return the humanoid with some bones turned against what carries them."""
    bones, own = humanoid_bones(), own or {}
    heads, turns, ends = {}, {}, {}
    still = np.tile(np.eye(3), (FRAMES, 1, 1))
    for role, (carrier, name) in BONES.items():
        base = turns.get(carrier, still if whole is None else whole)
        at = bones[BONES[carrier][1]][1] if carrier else np.zeros(3)
        heads[role] = heads.get(carrier, 0.0) + base @ (bones[name][1] - at)
        turns[role] = base @ own.get(role, still)
    for role, (_, name) in BONES.items():
        _, head, tail = bones[name]
        tip = heads[role] + turns[role] @ (tail - head)
        ends[role] = heads.get(posed_module.NEXT.get(role, ""), tip)
    return posed_module.Posed(heads, ends, turns, np.zeros((FRAMES, 1, 4, 4)))


def person(posed):
    """Return the clip of somebody in exactly the character's pose."""
    clips, frames = load_script("rigs_clips"), load_script("rigs_person")
    world = np.full((FRAMES, len(CANONICAL), 3), np.nan)
    world[:, CANONICAL.index["spine"]] = posed.heads["chest"]
    for side in ("left", "right"):
        for joint, role in JOINTS.items():
            world[:, CANONICAL.index[f"{side}_{joint}"]] = posed.heads[f"{side}_{role}"]
        foot = posed.turns[f"{side}_foot"]
        toe = posed.heads[f"{side}_toe"]
        rest = humanoid_bones()[f"{side.capitalize()}Foot"]
        level = (rest[2] - rest[1]) * (1, 1, 0)
        world[:, CANONICAL.index[f"{side}_heel"]] = toe - foot @ level
    turns = (posed.turns[role] for role in ("hips", "chest", "head"))
    zeros = np.zeros((FRAMES, 3))
    motion = WorldMotion(np.arange(FRAMES) / 30, world, zeros, zeros[:, 0])
    return clips.Clip("", "", motion, world, frames.PersonFrames(*turns), world, 30.0)


def measure(figures, posed_module, made, wanted):
    """Return all figures of a pose against the person's."""
    rest = pose(posed_module)
    found = figures.Figures()
    found.add(posed_module.Build(rest, np.concatenate([np.eye(3), -np.eye(3)])), made,
              person(wanted))  # fmt: skip
    return found


def faults(found):
    kinds = ("wrong", "exchanged", "wrung", "jumps")
    counts = {kind: int(getattr(found, kind)[0].sum()) for kind in kinds}
    return {kind: count for kind, count in counts.items() if count}


def test_who_does_as_the_person_has_no_fault(figures, posed_module, rng):
    own = {
        "left_forearm": turned(LEFT, -60),
        "right_thigh": turned(LEFT, -70),
        "right_shin": turned(LEFT, 50),
        "head": turned(UP, 40),
    }
    both = pose(posed_module, own, random_rotations(rng, 1).repeat(FRAMES, axis=0))

    found = measure(figures, posed_module, both, both)

    assert max(np.abs(found.limbs[0]).max(), found.feet[0].max()) < 1e-5
    assert np.abs(found.trunk[0]).max() < 1e-5
    assert faults(found) == {}


def test_a_limb_that_is_off_is_off_by_its_angle(figures, posed_module):
    made = pose(posed_module, {"left_shin": turned(LEFT, 7), "head": turned(UP, 5)})
    found = measure(figures, posed_module, made, pose(posed_module))
    column = list(figures.LIMBS).index("left_shin")
    np.testing.assert_allclose(found.limbs[0][:, column], 7, atol=1e-6)
    np.testing.assert_allclose(found.trunk[0][:, 2], 5, atol=1e-6)


@pytest.mark.parametrize(
    ("bone", "angle"), [("left_shin", -40), ("right_shin", -40), ("left_forearm", 50)]
)
def test_a_joint_that_bends_the_wrong_way_is_found(figures, posed_module, bone, angle):
    both = pose(posed_module, {bone: turned(LEFT, angle, frames=(1, 2))})
    assert faults(measure(figures, posed_module, both, both)) == {"wrong": 2}


def test_a_joint_that_turns_without_its_upper_bone_is_wrong(figures, posed_module):
    """Bones may point right and yet the elbow may bend to the back of the arm."""
    arm = humanoid_bones()["LeftForeArm"][1] - humanoid_bones()["LeftArm"][1]
    along = arm / np.linalg.norm(arm)
    half = turned(along, 180)
    bent = turned(LEFT, -60)
    made = pose(posed_module, {"left_upper_arm": half, "left_forearm": half @ bent})
    wanted = pose(posed_module, {"left_forearm": bent})

    found = measure(figures, posed_module, made, wanted)

    assert found.limbs[0].max() < 1e-5
    assert faults(found).keys() == {"wrong", "wrung"}


def test_exchanged_sides_are_found(figures, posed_module):
    up = {side: {f"{side}_upper_arm": turned(BACK, sign * 110),
                 f"{side}_forearm": turned(BACK, sign * 40)}
          for side, sign in (("left", -1), ("right", 1))}  # fmt: skip
    made, wanted = (pose(posed_module, up[side]) for side in ("right", "left"))
    assert faults(measure(figures, posed_module, made, wanted))["exchanged"] == FRAMES


def test_a_flip_is_a_twist_in_one_frame(figures, posed_module):
    arm = humanoid_bones()["LeftForeArm"][1] - humanoid_bones()["LeftArm"][1]
    flip = turned(arm / np.linalg.norm(arm), 100, frames=(2, 3))
    made = pose(posed_module, {"left_upper_arm": flip})
    found = measure(figures, posed_module, made, pose(posed_module))
    column = found.roles.index("left_upper_arm")
    assert found.twists[0][2, column] == pytest.approx(100)
    assert np.flatnonzero(found.jumps[0][:, column]).tolist() == [2]


def test_a_trunk_that_turns_with_the_person_is_no_jump(figures, posed_module):
    both = pose(posed_module, whole=turned(UP, 80, frames=(2, 3)))
    assert "jumps" not in faults(measure(figures, posed_module, both, both))
    alone = measure(figures, posed_module, both, pose(posed_module))
    assert alone.jumps[0][2, alone.roles.index("hips")]


def test_a_wrung_thigh_is_found(figures, posed_module):
    leg = humanoid_bones()["RightLeg"][1] - humanoid_bones()["RightUpLeg"][1]
    made = pose(posed_module, {"right_thigh": turned(leg / np.linalg.norm(leg), 100)})
    found = measure(figures, posed_module, made, pose(posed_module))
    assert found.wrung[0][:, list(figures.TWISTED).index("right_thigh")].all()


def test_scrambling_changes_names_and_order_only():
    maps = load_script("rigs_maps")
    skeleton = humanoid_skeleton()
    truth = {role: name for role, (_, name) in BONES.items()}

    shuffled, renamed = maps.scramble(skeleton, truth, seed=3)

    assert set(shuffled.names).isdisjoint(skeleton.names)
    assert all(parent < row for row, parent in enumerate(shuffled.parents))
    for role, name in truth.items():
        old, new = skeleton.names.index(name), shuffled.names.index(renamed[role])
        np.testing.assert_array_equal(shuffled.heads[new], skeleton.heads[old])
        parents = [(skeleton, old), (shuffled, new)]
        places = [s.heads[s.parents[row]].tolist() for s, row in parents]
        assert places[0] == places[1] or skeleton.parents[old] == -1


def test_the_same_clips_come_every_time_from_every_category(shared):
    clips = load_script("rigs_clips")
    first, again = (clips.Library(shared / "data" / "mocap").varied(14) for _ in "ab")
    assert [clip.name for clip in first] == [clip.name for clip in again]
    assert len({clip.category for clip in first}) == 14
    assert all(clip.world[..., 2].min() > -0.2 for clip in first)
