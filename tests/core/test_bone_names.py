# SPDX-License-Identifier: GPL-3.0-or-later
"""What bones' names say in words: sides, parts, and roles without any map."""

import numpy as np
import pytest

from tests.rig_names import NAMED, RigNames
from tests.rig_names_unmapped import UNMAPPED
from vitpose_blender.core.recognition.bone_names import read_bone_name, roles_from_names
from vitpose_blender.core.rig import ROLES, RigMap
from vitpose_blender.data_files import data_folder

# Every bone carries the name of the joint at its end, which no word says: its legs do
# not hang on what its arms hang on, so nothing is read.
MISNAMED = "MakeHuman OpenPose"
READABLE = [name for name in NAMED if name != MISNAMED]
# Which of two twist bones is the nearer one, names do not say.
UNORDERED = ("twist",)


def truth_of(rig: str) -> dict[str, tuple[str, ...]]:
    family, bones = NAMED[rig]
    path = data_folder("rigs") / f"{family}.toml"
    return RigMap.from_toml(path).resolve(bones.names)


def read(bones: RigNames) -> dict[str, tuple[str, ...]]:
    return roles_from_names(bones.names, bones.parents)


def assert_sides_are_right(roles, bones: RigNames) -> None:
    side_of = dict(zip(bones.names, bones.sides))
    for role, names in roles.items():
        side = role.split("_")[0] if role.startswith(("left_", "right_")) else ""
        assert {side_of[name] for name in names} == {side}, role


@pytest.mark.parametrize(
    ("name", "side", "part"),
    [
        ("mixamorig:LeftHandThumb1", "left", "thumb"),
        ("Lefthand", "left", "hand"),
        ("LHipJoint", "left", "hip"),
        ("lThighBend", "left", "thigh"),
        ("lowerarm_l", "left", "forearm"),
        ("upperarm.r", "right", "upper_arm"),
        ("rhand", "right", "hand"),
        ("handl", "left", "hand"),
        ("RIGHTFOREARM", "right", "forearm"),
        ("Bip01 L UpperArm", "left", "upper_arm"),
        ("J_Bip_R_LowerLeg", "right", "shin"),
        ("LUArm", "left", "upper_arm"),
        ("mKneeLeft", "left", "knee"),
        ("左足首", "left", "ankle"),
        ("右ひじ", "right", "elbow"),
        ("足首.R", "right", "ankle"),
        ("左小指３", "left", "pinky"),
        ("upper_leg.L", "left", "thigh"),
        ("LegUpper_R", "right", "thigh"),
        ("front_thigh.L", "left", "upper_arm"),
        ("BackLowerLeg.L", "left", "shin"),
        ("CC_Base_NeckTwist01", "", "neck"),
        ("MidHip", "", "hip"),
        ("l_midtoe1", "left", "toe"),
        ("LeftHandRingPinky2", "left", "pinky"),
        ("lowerjaw", "", "jaw"),
        ("Root_M", "", "centre"),
        ("armor", "", ""),
        ("Handlebar", "", ""),
        ("Bone.001", "", ""),
        ("", "", ""),
    ],
)
def test_side_and_part_are_read_in_many_conventions(name, side, part):
    said = read_bone_name(name)
    assert (said.side, said.part) == (side, part)


@pytest.mark.parametrize(
    "name",
    ["ik_foot_l", "左足ＩＫ", "Bip01 HeadNub", "thigh_parent.L", "MCH-hand.L",
     "upperJaw", "LeftHand_end", "Head_Hat", "Hair_L", "skirt_01", "hand_ctrl.R",
     "PoleTarget.L", "CC_Base_L_ElbowShareBone", "l_eyelidupper", "LeftHand_RightGrip"],
)  # fmt: skip
def test_controls_ends_and_clothes_are_no_bones_of_the_body(name):
    assert read_bone_name(name).is_helper


def test_a_name_of_both_sides_has_none():
    assert read_bone_name("LeftHand_RightHand").side == ""


@pytest.mark.parametrize(
    ("name", "number"),
    [("Spine2", 2), ("Bip01 L Toe0", 0), ("finger2-3.L", 3), ("f_index.02.L", 2),
     ("親指１", 1), ("Hips", None)],
)  # fmt: skip
def test_numbers_count_along_a_chain(name, number):
    assert read_bone_name(name).number == number


def test_twist_and_palm_bones_say_so():
    assert read_bone_name("CC_Base_L_ThighTwist01").is_twist
    assert read_bone_name("左腕捩").is_twist
    assert read_bone_name("LeftForeArmRoll").is_twist
    assert read_bone_name("index_metacarpal_l").is_metacarpal
    assert read_bone_name("c_index1_base.l").is_metacarpal
    assert not read_bone_name("CC_Base_L_Index1").is_metacarpal


@pytest.mark.parametrize("rig", READABLE)
def test_known_rigs_are_read_without_their_maps(rig):
    """Feet that do not hang on shins are the only roles that may stay open."""
    truth, roles = truth_of(rig), read(NAMED[rig][1])

    assert {
        r: n for r, n in roles.items() if r in truth and set(n) != set(truth[r])
    } == {}
    assert {role for role in truth if role not in roles} <= (
        {"left_foot", "right_foot"} if rig == "Quaternius" else _few_fingers(rig)
    )
    for role in set(truth) & set(roles):
        assert roles[role] == truth[role] or role.endswith(UNORDERED)


def _few_fingers(rig: str) -> set[str]:
    return {"left_index", "right_index"} if rig == "CMU" else set()


def test_names_that_mislead_give_nothing():
    assert read(NAMED[MISNAMED][1]) == {}


@pytest.mark.parametrize("rig", UNMAPPED)
def test_conventions_that_no_map_knows_are_read(rig):
    bones, roles = UNMAPPED[rig]
    assert read(bones) == roles


@pytest.mark.parametrize("rig", [*READABLE, *UNMAPPED])
def test_a_wrong_side_is_never_given_however_many_names_are_lost(rig):
    bones = NAMED[rig][1] if rig in NAMED else UNMAPPED[rig][0]
    rng = np.random.default_rng(0)
    for share in (0.0, 0.1, 0.3, 0.6):
        lost = rng.random(len(bones.names)) < share
        names = tuple(
            f"Bone.{row:03}" if gone else name
            for row, (name, gone) in enumerate(zip(bones.names, lost))
        )
        roles = roles_from_names(names, bones.parents)
        assert_sides_are_right(roles, RigNames(names, bones.parents, bones.sides))
        assert roles.keys() <= set(ROLES)
        used = [name for chain in roles.values() for name in chain]
        assert len(used) == len(set(used))


@pytest.mark.parametrize(
    "change",
    [str.upper, str.lower, "Hero_{}".format, "{}_jnt".format, "DEF-{}".format],
    ids=["capitals", "small", "prefix", "joint", "deform"],
)  # fmt: skip
@pytest.mark.parametrize("rig", READABLE)
def test_spelling_changes_no_side_and_few_roles(rig, change):
    bones = NAMED[rig][1]
    names = tuple(change(name) for name in bones.names)

    roles = roles_from_names(names, bones.parents)

    assert_sides_are_right(roles, RigNames(names, bones.parents, bones.sides))
    was = {role: tuple(map(change, chain)) for role, chain in read(bones).items()}
    assert {role: was[role] for role in roles if role in was} == {
        role: roles[role] for role in roles if role in was
    }
    assert len(roles) >= 0.9 * len(was)


@pytest.mark.parametrize("rig", READABLE)
def test_the_order_of_bones_does_not_matter(rig):
    bones = NAMED[rig][1]
    order = np.random.default_rng(1).permutation(len(bones.names))
    place = {int(row): index for index, row in enumerate(order)} | {-1: -1}

    shuffled = roles_from_names(
        [bones.names[row] for row in order],
        [place[bones.parents[row]] for row in order],
    )

    assert shuffled == read(bones)


def test_helpers_beside_the_body_are_passed_over():
    bones = NAMED["Mixamo without prefix"][1]
    extra = {"LeftArm_ik": "Hips", "LeftHandWeapon": "LeftHand", "Head_Hat": "Head",
             "LeftLegArmor": "LeftLeg", "HipsHolster": "Hips",
             "RightUpLeg_ctrl": "Hips", "Tunic_RightArm": "RightArm"}  # fmt: skip
    carriers = [bones.names.index(carrier) for carrier in extra.values()]

    roles = roles_from_names([*bones.names, *extra], [*bones.parents, *carriers])

    assert roles == read(bones)


@pytest.mark.parametrize(
    ("names", "parents"),
    [
        ([], []),
        (["Bone"], [-1]),
        (["Hips", "LeftUpLeg", "LeftLeg"], [-1, 0, 1]),
        (["Hips", "Hips.001", "Spine"], [1, 0, 1]),
    ],
    ids=["empty", "one", "one leg", "circle"],
)
def test_what_is_no_body_gives_nothing(names, parents):
    assert roles_from_names(names, parents) == {}
