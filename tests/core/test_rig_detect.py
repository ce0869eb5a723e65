# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigs are recognised by names that go with the joints, and by joints where none do."""

from dataclasses import replace

import numpy as np
import pytest

from tests.animal import animal_bones, animal_roles
from tests.humanoid import humanoid_bones, humanoid_roles
from tests.placed_rigs import PLACED, placed_rig
from tests.puppets import disguise
from tests.skeletons import Shape, humanoid
from vitpose_blender.core.errors import RigError
from vitpose_blender.core.recognition.rig_agreement import exchange_sides
from vitpose_blender.core.recognition.rig_detect import BY_JOINTS, BY_WORDS, detect_rig
from vitpose_blender.core.rig import RigMap, load_rig_maps
from vitpose_blender.core.skeleton import Skeleton
from vitpose_blender.data_files import data_folder

LIMBS = ("upper_arm", "forearm", "hand", "thigh", "shin", "foot")


@pytest.fixture(scope="module")
def maps():
    return load_rig_maps(data_folder("rigs"))


def skeleton_of(bones) -> Skeleton:
    """Return the skeleton of bones by name: parent, head and tail."""
    names = list(bones)
    parents = [names.index(parent) if parent else -1 for parent, _, _ in bones.values()]
    heads, tails = (np.array([each[k] for each in bones.values()]) for k in (1, 2))
    return Skeleton(
        names, parents, heads, tails, np.tile(np.eye(3), (len(names), 1, 1))
    )


def rename(skeleton, new_names):
    """Return the skeleton with some names changed."""
    return replace(skeleton, names=[new_names.get(n, n) for n in skeleton.names])


@pytest.fixture
def person():
    """A person with Mixamo's names."""
    return skeleton_of(humanoid_bones("mixamorig:"))


def nameless(skeleton):
    return replace(skeleton, names=[f"Bone.{k}" for k in range(len(skeleton.names))])


def roles_by_row(skeleton, bones):
    rows = {name: row for row, name in enumerate(skeleton.names)}
    return {role: [rows[name] for name in names] for role, names in bones.items()}


def test_names_and_joints_that_agree_leave_no_doubt(maps, person):
    found = detect_rig(person, maps)
    assert (found.rig, found.body, found.confidence) == ("Mixamo", "biped", 1.0)
    assert "joints and names agree" in found.reasons


def test_the_same_bones_are_found_without_names(maps, person):
    hidden = nameless(person)
    named, found = detect_rig(person, maps), detect_rig(hidden, maps)
    assert found.rig == BY_JOINTS
    assert found.confidence > 0.9
    assert roles_by_row(hidden, found.bones) == roles_by_row(person, named.bones)


def test_animals_have_names_or_not(maps):
    skeleton = skeleton_of(animal_bones())
    found = detect_rig(skeleton, maps)
    assert found.body == "quadruped"
    assert found.bones == animal_roles()


def test_words_do_where_no_map_fits(maps, person):
    words = {"UpLeg": "Thigh_of_the", "ForeArm": "Lower_arm_of", "Leg": "Shin_to"}
    names = {}
    for name in person.names:
        said = name.removeprefix("mixamorig:")
        for old, new in words.items():
            said = said.replace(old, new) if said.endswith(old) else said
        names[name] = said
    found = detect_rig(rename(person, names), [])
    assert found.rig == BY_WORDS
    assert found.bones["left_shin"] == ("LeftShin_to",)


def test_names_on_the_wrong_limbs_are_refuted(maps, person):
    """All names are there, but arms are called legs and legs arms."""
    prefix = "mixamorig:"
    pairs = [("Arm", "UpLeg"), ("ForeArm", "Leg"), ("Hand", "Foot")]
    swaps = {}
    for side in ("Left", "Right"):
        for one, other in pairs:
            arm, leg = f"{prefix}{side}{one}", f"{prefix}{side}{other}"
            swaps |= {arm: leg, leg: arm}
    found = detect_rig(rename(person, swaps), maps)
    assert found.rig == BY_JOINTS
    assert found.bones["left_forearm"] == ("mixamorig:LeftLeg",)
    assert any("names of Mixamo are not believed" in r for r in found.reasons)


def test_a_forearm_that_carries_its_upper_arm_is_refuted(maps, person):
    names = {f"mixamorig:{s}Arm": f"mixamorig:{s}ForeArm" for s in ("Left", "Right")}
    names |= {new: old for old, new in names.items()}
    found = detect_rig(rename(person, names), maps)
    assert found.bones["left_upper_arm"] == ("mixamorig:LeftForeArm",)
    assert any("carries" in reason for reason in found.reasons)


def exchanged_names(skeleton):
    flip = {"Left": "Right", "Right": "Left"}
    return rename(skeleton, {
        name: name.replace(side, flip[side])
        for name in skeleton.names
        for side in flip
        if side in name
    })  # fmt: skip


def test_sides_follow_the_shape_where_it_is_clear(maps, person):
    found = detect_rig(exchanged_names(person), maps)
    assert found.bones["left_forearm"] == ("mixamorig:RightForeArm",)
    assert any("left side right" in reason for reason in found.reasons)


def flat_person():
    """A person in one plane: nothing tells its front."""
    bones = {
        name: (parent, head * (1, 0, 1), tail * (1, 0, 1))
        for name, (parent, head, tail) in humanoid_bones().items()
        if not name.endswith("ToeBase")
    }
    return skeleton_of(bones)


def test_sides_follow_the_names_where_the_shape_says_nothing(maps):
    for skeleton in (flat_person(), exchanged_names(flat_person())):
        found = detect_rig(skeleton, maps)
        assert found.bones["left_forearm"] == ("LeftForeArm",)
        assert found.confidence > 0.8


def test_a_body_without_front_and_names_is_refused_rather_than_guessed(maps):
    """A guess would turn some characters about; a name with a side is enough."""
    with pytest.raises(
        RigError, match=r"Nothing tells which side of 'Bone\.0' is left"
    ):
        detect_rig(nameless(flat_person()), maps)


def test_a_body_without_front_that_lies_anyhow_is_refused(maps):
    skeleton = nameless(flat_person())
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    lying = replace(skeleton, heads=skeleton.heads @ turn, tails=skeleton.tails @ turn)
    with pytest.raises(
        RigError, match=r"Nothing tells which side of 'Bone\.0' is left"
    ):
        detect_rig(lying, maps)


def test_sides_in_names_are_asked_where_nothing_else_tells():
    names = {
        name: f"b_{row}_{side}" if (side := name[0]) in "LR" else f"b_{row}"
        for row, name in enumerate(flat_person().names)
    }
    skeleton = rename(flat_person(), names)
    found = detect_rig(skeleton, [])
    assert found.rig == BY_JOINTS
    assert all(found.bones[f"left_{part}"][0].endswith("_L") for part in LIMBS)
    assert "the names decide which side is left" in found.reasons


def test_the_table_of_the_file_comes_first(maps, person):
    table = {
        role: tuple(f"mixamorig:{name}" for name in names)
        for role, names in humanoid_roles().items()
    }
    found = detect_rig(person, maps, table)
    assert found.rig == "VRM"
    assert found.bones == table


def test_a_table_with_wrong_bones_is_not_believed(maps, person):
    table = detect_rig(person, maps).bones
    wrong = {**table, "left_forearm": table["head"], "right_forearm": table["neck"],
             "left_shin": table["hips"], "right_shin": table["spine"][:1],
             "left_thigh": table["left_toe"], "hips": table["left_toe"],
             "left_upper_arm": table["left_hand"]}  # fmt: skip
    found = detect_rig(person, maps, wrong)
    assert found.rig == "Mixamo"
    assert any("VRM are not believed" in reason for reason in found.reasons)


def test_what_a_map_leaves_out_is_completed(maps, person):
    mixamo = next(each for each in maps if each.name == "Mixamo")
    kept = {role: names for role, names in mixamo.bones.items() if "toe" not in role}
    found = detect_rig(person, [RigMap("Small", kept)])
    assert found.bones["left_toe"] == ("mixamorig:LeftToeBase",)
    assert any("'mixamorig:LeftToeBase' is the left toe" in r for r in found.reasons)


def test_roles_without_a_bone_have_candidates(maps, person):
    odd = rename(person, {"mixamorig:LeftToeBase": "x", "mixamorig:RightToeBase": "y"})
    bones = detect_rig(odd, maps).bones
    assert bones["left_toe"] == ("x",)  # By its place.
    lone = rename(skeleton_of(humanoid_bones()), {"Head": "z"})
    found = detect_rig(lone, maps)
    given = {name for names in found.bones.values() for name in names}
    for names in found.candidates.values():
        assert names
        assert not given & set(names)


@pytest.mark.parametrize("family", PLACED)
def test_meaningless_names_of_any_rig_leave_the_joints(maps, rng, family):
    hidden = disguise(placed_rig(PLACED[family]), rng)
    found = detect_rig(hidden.skeleton, maps)
    assert hidden.wrong(found.bones) == []


def test_an_object_that_mirrors_shows_the_other_side(maps, person):
    mirrored = replace(person, world_from_rig=np.diag([-1.0, 1, 1, 1]))
    plain, seen = (detect_rig(each, maps).bones for each in (person, mirrored))
    assert seen == {role: exchange_sides(plain)[role] for role in seen}


def test_no_body_is_one_sentence(maps):
    shape = humanoid(Shape()).skeleton()
    legless = [row for row, name in enumerate(shape.names) if "_" not in name]
    few = Skeleton(
        [shape.names[row] for row in legless],
        [-1] * len(legless),
        shape.heads[legless],
        shape.tails[legless],
        shape.rotations[legless],
    )
    with pytest.raises(RigError) as caught:
        detect_rig(few, maps)
    assert "\n" not in str(caught.value)
    assert "by hand" in str(caught.value)
