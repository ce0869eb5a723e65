# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies are recognised from their joints alone, however they are built."""

from dataclasses import replace

import numpy as np
import pytest

from tests.animals import random_animal
from tests.gltf_bones import gltf_skeleton
from tests.placed_rigs import PLACED, placed_rig
from tests.puppets import MAIN, Puppet, at, disguise
from tests.rig_truth import FILES
from tests.skeletons import Shape, humanoid, random_shape, stick_figure
from vitpose_blender.core.errors import BodyError
from vitpose_blender.core.recognition.rig_structure import find_structure
from vitpose_blender.core.skeleton import Skeleton

SURE = 0.9  # Of the sides: then they must be right.
NUM = 25


def random_humanoid(seed, **changes):
    shape = random_shape(np.random.default_rng(seed))
    return humanoid(replace(shape, **changes), seed)


def judge(puppets, **manner):
    """Return the share of main roles that are right; no side may be wrong."""
    right = total = 0
    for seed, puppet in enumerate(puppets):
        hidden = disguise(puppet, np.random.default_rng(seed), **manner)
        found = find_structure(hidden.skeleton)
        assert found.body == puppet.body, seed
        if found.sides > SURE:
            assert not hidden.is_exchanged(found.bones), seed
            wrong = hidden.wrong(found.bones)
        else:
            wrong = hidden.wrong_but_for_sides(found.bones)
        total += len(MAIN)
        right += len(MAIN) - len(wrong)
    return right / total


@pytest.mark.parametrize("mirror", [False, True])
def test_any_humanoid_is_recognised_whatever_hangs_on_it(mirror):
    puppets = [random_humanoid(seed) for seed in range(NUM)]
    assert judge(puppets, mirror=mirror) >= 0.995


def test_joints_that_are_a_little_off_do_little_harm():
    """Every joint moved by 2 % of the height."""
    puppets = [random_humanoid(seed) for seed in range(NUM)]
    assert judge(puppets, jitter=0.02) >= 0.95


def test_a_posed_rest_is_recognised():
    puppets = [random_humanoid(seed, unlike=25.0) for seed in range(NUM)]
    assert judge(puppets) >= 0.99


def test_a_crouching_person_is_no_animal(rng):
    puppets = [
        random_humanoid(
            seed,
            thigh_lift=float(rng.uniform(30, 80)),
            arm_drop=float(rng.choice([30, 60, 80])),
            arm_swing=float(rng.uniform(0, 80)),
            skirt=0,
        )
        for seed in range(NUM)
    ]
    assert judge(puppets) >= 0.99


def test_chibis_and_giants_are_recognised():
    chibi = Shape(legs=0.45, arms=0.6, trunk=0.8, head=3.0, width=1.3)
    giant = Shape(legs=1.4, arms=1.3, trunk=1.2, head=0.5)
    assert judge([humanoid(chibi), humanoid(giant)]) == 1.0


def test_animals_are_recognised_as_such():
    assert judge([random_animal(seed) for seed in range(NUM)]) >= 0.995


def test_bones_that_hang_on_nothing_are_joined_by_nearness():
    plain = {"hair": 0, "skirt": 0, "face": 0, "ik": False, "wings": False}
    puppets = [
        random_humanoid(seed, arm_drop=30.0, split="", hip_offsets=False, **plain)
        for seed in range(NUM)
    ]
    assert judge(puppets, flat=True) >= 0.85


@pytest.mark.parametrize("family", PLACED)
@pytest.mark.parametrize("mirror", [False, True])
def test_the_rigs_of_many_programs_are_recognised(rng, family, mirror):
    hidden = disguise(placed_rig(PLACED[family]), rng, mirror=mirror)
    found = find_structure(hidden.skeleton)
    assert hidden.wrong(found.bones) == []
    assert found.sides > SURE


@pytest.mark.parametrize("file", [name for name in FILES if "/" in name])
def test_real_characters_are_recognised_without_names(shared, file):
    path = shared / "data" / "rigs" / file
    if path.suffix == ".fbx" or not path.is_file():
        pytest.skip(f"{path.name} cannot be read here")
    skeleton = gltf_skeleton(path)
    found = find_structure(skeleton)
    given = {role: names[0] for role, names in found.bones.items()}
    given["chest"] = found.bones.get("spine", ("",))[-1]
    known = {
        role: names
        for role, names in FILES[file].items()
        if set(names.split("|")) & set(skeleton.names)
    }
    if found.sides < SURE:
        known = {role: names for role, names in known.items() if "_" not in role}
    wrong = [r for r, names in known.items() if given.get(r) not in names.split("|")]
    assert wrong == []


def test_names_order_and_place_change_nothing():
    puppet = random_humanoid(3)
    results = []
    for seed in range(3):
        hidden = disguise(puppet, np.random.default_rng(seed))
        back = {n: k for k, names in hidden.roles.items() for n in names}
        found = find_structure(hidden.skeleton).bones
        results.append({r: [back.get(n) for n in names] for r, names in found.items()})
    assert results[0] == results[1] == results[2]


def test_the_size_is_of_the_world(rng):
    skeleton = humanoid(Shape()).skeleton()
    small = replace(skeleton, world_from_rig=np.diag([0.01, 0.01, 0.01, 1]))
    ratio = find_structure(small).size / find_structure(skeleton).size
    np.testing.assert_allclose(ratio, 0.01)


def test_directions_are_of_the_rig():
    skeleton = humanoid(Shape()).skeleton()
    turned = np.eye(4)
    turned[:3, :3] = [[0, -1, 0], [1, 0, 0], [0, 0, 1]]
    found = find_structure(replace(skeleton, world_from_rig=turned))
    np.testing.assert_allclose(found.up, (0, 0, 1), atol=0.05)
    np.testing.assert_allclose(found.forward, (0, -1, 0), atol=0.05)


def test_an_object_that_mirrors_exchanges_the_sides():
    skeleton = humanoid(Shape()).skeleton()
    mirrored = replace(skeleton, world_from_rig=np.diag([-1.0, 1, 1, 1]))
    plain, seen = find_structure(skeleton).bones, find_structure(mirrored).bones
    assert seen["left_forearm"] == plain["right_forearm"]
    assert seen["hips"] == plain["hips"]


def test_a_flat_figure_has_no_sure_sides():
    found = find_structure(stick_figure().skeleton())
    assert found.sides == pytest.approx(0.5)
    assert any("left and right are a guess" in reason for reason in found.reasons)


def test_what_is_missing_is_said():
    shape = Shape(necks=0, clavicle=False, toe=False, hand=False, fingers=0)
    reasons = find_structure(humanoid(shape).skeleton()).reasons
    for part in ("no neck: the head 'head' hangs on 'spine2'", "no toes", "no hands"):
        assert part in reasons


def some_bones(parents, heads):
    heads = np.array(heads, dtype=float)
    names = [f"Bone{row}" for row in range(len(heads))]
    turns = np.tile(np.eye(3), (len(heads), 1, 1))
    return Skeleton(names, parents, heads, heads + 0.1, turns)


def refusal(skeleton):
    with pytest.raises(BodyError) as caught:
        find_structure(skeleton)
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


def test_three_bones_are_no_body():
    bones = some_bones([-1, 0, 1], np.eye(3))
    assert "has only 3 bones" in refusal(bones)


def test_a_chain_is_no_body():
    bones = some_bones(range(-1, 11), [(0, 0, z) for z in range(12)])
    assert "No two chains of bones" in refusal(bones)


def test_legs_alone_are_no_body():
    puppet = Puppet()
    puppet.add("hips", "", at(0, 0, 1))
    for side, sign in (("left", 1), ("right", -1)):
        leg = [at(0.1 * sign, -0.1 * (k > 2), 1 - 0.4 * k) for k in range(4)]
        puppet.chain(f"{side}_leg", "hips", leg)
    sentence = refusal(puppet.skeleton())
    assert "Only one pair of limbs" in sentence
    assert "'left_leg_0'" in sentence


def test_bones_in_a_circle_are_named():
    skeleton = humanoid(Shape()).skeleton()
    parents = [*skeleton.parents]
    parents[0] = 1
    assert "carry each other in a circle" in refusal(replace(skeleton, parents=parents))


def test_bones_in_one_place_are_no_body():
    assert "in one place" in refusal(some_bones([-1] * 9, np.zeros((9, 3))))


def test_a_bone_without_a_place_is_named():
    skeleton = humanoid(Shape()).skeleton()
    heads = skeleton.heads.copy()
    heads[2] = np.nan
    name = repr(skeleton.names[2])
    assert f"The bone {name} has no place" in refusal(replace(skeleton, heads=heads))


def test_two_bodies_in_one_armature_are_refused():
    one = humanoid(Shape()).skeleton()
    aside = at(3, 0, 0)
    both = Skeleton(
        [*one.names, *(f"{name}.001" for name in one.names)],
        [*one.parents, *(p + len(one.names) if p >= 0 else -1 for p in one.parents)],
        np.concatenate([one.heads, one.heads + aside]),
        np.concatenate([one.tails, one.tails + aside]),
        np.concatenate([one.rotations, one.rotations]),
    )
    assert "Two bodies are in the armature" in refusal(both)


def test_bones_of_no_length_do_no_harm():
    skeleton = humanoid(Shape()).skeleton()
    stubs = replace(skeleton, tails=skeleton.heads.copy())
    assert find_structure(stubs).bones == find_structure(skeleton).bones
