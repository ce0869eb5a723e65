# SPDX-License-Identifier: GPL-3.0-or-later
"""Rig maps: names found behind prefixes, maps chosen by fit, errors one can act on."""

import json
import struct

import pytest

from tests.humanoid import humanoid_bones, humanoid_roles
from vitpose_blender.core.errors import RigError, VitposeError
from vitpose_blender.core.rig import (
    REQUIRED_ROLES,
    ROLES,
    RigMap,
    choose_rig_map,
    load_rig_maps,
)
from vitpose_blender.data_files import data_folder

FAMILIES = [path.stem for path in sorted(data_folder("rigs").glob("*.toml"))]
REAL_RIGS = {
    "male_adult__mixamo": "mixamo",
    "male_heavy__mixamo_unity": "mixamo",
    "female_adult__ue4_game_engine": "unreal",
    "boy_child__cmu_mb": "cmu",
    "female_tall__rigify_metarig": "rigify_metarig",
    "female_old_short__openpose": "openpose",
}


@pytest.fixture
def maps():
    return load_rig_maps(data_folder("rigs"))


@pytest.fixture
def mixamo():
    return RigMap.from_toml(data_folder("rigs") / "mixamo.toml")


def glb_node_names(path):
    """Return the names of a GLB's nodes; bones are among them."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    return [node["name"] for node in json.loads(data[20 : 20 + length])["nodes"]]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_shipped_map_names_known_roles_once_each(family):
    rig_map = RigMap.from_toml(data_folder("rigs") / f"{family}.toml")
    names = [name for chain in rig_map.bones.values() for name in chain]
    assert len(names) == len(set(names))
    assert set(REQUIRED_ROLES) <= set(rig_map.bones) <= set(ROLES)


@pytest.mark.parametrize("family", FAMILIES)
def test_both_sides_of_a_shipped_map_are_alike(family):
    bones = RigMap.from_toml(data_folder("rigs") / f"{family}.toml").bones
    for role, names in bones.items():
        if role.startswith("left_"):
            assert len(bones[role.replace("left_", "right_")]) == len(names)


@pytest.mark.parametrize(
    "prefix", ["", "mixamorig:", "mixamorig1:", "Armature|mixamorig1:", "hero_Hips_"]
)
def test_any_prefix_is_found_by_itself(mixamo, prefix):
    available = list(humanoid_bones(prefix))
    assert mixamo.resolve(available) == {
        role: tuple(prefix + name for name in names)
        for role, names in humanoid_roles().items()
    }


def test_other_bones_between_do_not_disturb_the_prefix(mixamo):
    available = [*humanoid_bones("mixamorig:"), "Hips", "HipsHolster", "PropHips"]
    assert mixamo.resolve(available)["hips"] == ("mixamorig:Hips",)


def test_chains_keep_the_bones_that_exist(mixamo):
    available = humanoid_bones().keys() - {"Spine1", "Neck"}
    found = mixamo.resolve(sorted(available))
    assert found["spine"] == ("Spine", "Spine2")
    assert "neck" not in found


def test_the_score_counts_the_names_that_exist(mixamo):
    names = [name for chain in mixamo.bones.values() for name in chain]
    assert mixamo.score([*names, "Tail"]) == (len(names), 1.0)
    assert mixamo.score(names[:13]) == (13, 13 / len(names))
    assert mixamo.score([]) == (0, 0.0)


def test_a_rig_without_fingers_is_still_of_its_family(maps):
    """A smaller map must not win only because less of it is missing."""
    assert choose_rig_map(maps, list(humanoid_bones())).name == "Mixamo"


@pytest.mark.parametrize("character", REAL_RIGS)
def test_real_characters_get_their_map(maps, shared, character):
    path = shared / "data" / "rigs" / "mpfb2_glb" / f"{character}.glb"
    if not path.is_file():
        pytest.skip(f"{path.name} is not among the shared data")
    names = glb_node_names(path)
    by_family = dict(zip(FAMILIES, maps))
    wanted = by_family[REAL_RIGS[character]]
    assert choose_rig_map(maps, names).name == wanted.name


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_is_told_from_the_others(maps, family):
    own = RigMap.from_toml(data_folder("rigs") / f"{family}.toml")
    names = [name for chain in own.bones.values() for name in chain]
    assert choose_rig_map(maps, names).name == own.name


def test_missing_bones_are_named_and_so_are_those_there(mixamo):
    available = sorted(humanoid_bones("m:").keys() - {"m:LeftLeg", "m:RightArm"})
    with pytest.raises(RigError) as caught:
        mixamo.resolve(available)
    assert caught.value.missing == ["m:LeftLeg", "m:RightArm"]
    assert "it has m:Head" in str(caught.value)


def test_a_role_that_the_map_leaves_out_is_named():
    with pytest.raises(RigError, match="<left_thigh>"):
        RigMap("stump", {"hips": ("Hips",)}).resolve(["Hips"])


def test_no_bones_at_all_are_refused(maps):
    with pytest.raises(RigError):
        choose_rig_map(maps, [])


def test_no_maps_at_all_are_refused():
    with pytest.raises(VitposeError, match="no rig map"):
        choose_rig_map([], ["Hips"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[bones\nhips =", "is not a rig map"),
        ("\udcff\udcfe", "is not a rig map"),
        ("name = 'nothing'", r"it has no \[bones\] table"),
        ("bones = 3", r"it has no \[bones\] table"),
        ("[bones]\nwing = 'Wing'", "unknown role 'wing'; roles are hips"),
        ("[bones]\nhips = 3", "hips must be a bone name"),
        ("[bones]\nspine = ['Spine', 3]", "spine must be a bone name"),
        ("[bones]\nhips = ''", "hips must be a bone name"),
        ("[bones]\nspine = []", "spine must be a bone name"),
        ("[bones]\nhips = 'A'\nspine = ['B', 'A']", "gives the bone 'A' to several"),
        ("name = 3\n[bones]", "its name is not a text"),
        ("name = ' '\n[bones]", "its name is not a text"),
        ("body = 'bird'\n[bones]", "body is 'bird', but must be biped or quadruped"),
        ("body = ['biped']\n[bones]", "body is .* but must be biped"),
        ('[bones]\nhips = "a\\u0000"', "hips must be a bone name"),
        ("properties = 3\n[bones]", "must give each bone a table of values"),
        ("[bones]\n[properties]\nhand = 1", "must give each bone a table of values"),
        ("[bones]\n[properties]\nhand = {a = nan}", "must give each bone a table"),
        ("[bones]\n[properties]\nhand = {a = 99999999999}", "must give each bone"),
        ("[bones]\n[properties]\nhand = {a = [1]}", "must give each bone a table"),
        ("[bones]\n[properties]\nhand = {a = 1979-05-27}", "must give each bone"),
        ("x = " + "[" * 5000, "is not a rig map"),
        ("# " + "x" * 1_000_001, "is not a rig map: it is larger than 1 MB"),
    ],
    ids=["syntax", "binary", "no-table", "not-a-table", "role", "number", "mixed",
         "empty", "none", "twice", "name", "blank", "body", "bodies", "nul", "values",
         "value", "nan", "large", "list", "date", "deep", "huge"],
)  # fmt: skip
def test_a_broken_map_is_one_sentence(tmp_path, text, message):
    path = tmp_path / "broken.toml"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(VitposeError, match=message) as caught:
        RigMap.from_toml(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_map_that_is_written_is_read_as_it_was(tmp_path, maps, family):
    rig_map = maps[FAMILIES.index(family)]
    path = tmp_path / "mine.toml"
    path.write_text(rig_map.to_toml(), encoding="utf-8")
    assert RigMap.from_toml(path) == rig_map
    assert RigMap.from_table(json.loads(json.dumps(rig_map.to_table())), "") == rig_map


def test_odd_names_and_values_are_written_as_they_are(tmp_path):
    odd = RigMap(
        name='The "hero"',
        bones={
            "hips": ("a'b", 'c"d', "\\"),
            "spine": ("\t\n", "\x7f", "左足ＩＫ", "🦴"),
            "tail": ("a = [1]", "#"),
        },
        body="quadruped",
        properties={
            "upper.arm L": {"IK FK": 1.0, "é": True, "n": -3, "t": "", "f": 1e20}
        },
    )
    path = tmp_path / "odd.toml"
    path.write_text(odd.to_toml(), encoding="utf-8")
    assert RigMap.from_toml(path) == odd
    kinds = {
        type(value)
        for value in RigMap.from_toml(path).properties["upper.arm L"].values()
    }
    assert kinds == {float, bool, int, str}


def test_of_several_spellings_the_first_that_is_there_counts():
    bones = {role: (f"{role} new", role) for role in REQUIRED_ROLES}
    rig_map = RigMap("two", bones)
    assert rig_map.resolve(list(REQUIRED_ROLES))["hips"] == ("hips",)
    both = [*REQUIRED_ROLES, "hips new"]
    assert rig_map.resolve(both)["hips"] == ("hips new",)


def test_spelling_does_not_matter_unless_it_tells_bones_apart(mixamo):
    available = [name.upper() for name in humanoid_bones("hero_")]
    assert mixamo.resolve(available)["left_shin"] == ("HERO_LEFTLEG",)
    assert mixamo.score(available)[0] < mixamo.score(list(humanoid_bones("hero_")))[0]
    two = [*humanoid_bones(), "Left_Leg", "LEFT LEG"]
    assert mixamo.resolve(two)["left_shin"] == ("LeftLeg",)
    unsure = [name for name in two if name != "LeftLeg"]
    with pytest.raises(RigError, match="no bone 'LeftLeg'"):
        mixamo.resolve(unsure)


def test_no_bone_plays_two_roles():
    names = {role: (role,) for role in REQUIRED_ROLES}
    rig_map = RigMap("same", {**names, "head": ("HIPS",), "spine": ("Hips", "back")})
    found = rig_map.resolve([*REQUIRED_ROLES, "back"])
    assert found["hips"] == ("hips",)
    assert found["spine"] == ("back",)
    assert "head" not in found


def test_a_missing_map_is_named(tmp_path):
    with pytest.raises(VitposeError, match=r"Cannot read the rig map .*none\.toml"):
        RigMap.from_toml(tmp_path / "none.toml")


def test_a_map_without_a_name_is_called_like_its_file(tmp_path):
    path = tmp_path / "hero.toml"
    path.write_text("[bones]\nhips = 'Root'\nspine = ['A', 'B']\n", encoding="utf-8")
    rig_map = RigMap.from_toml(path)
    assert rig_map.name == "hero"
    assert rig_map.bones == {"hips": ("Root",), "spine": ("A", "B")}
