# SPDX-License-Identifier: GPL-3.0-or-later
"""Real bone names of many programs: each family gets its own map, and all its roles."""

import json
import struct
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from tests.rig_names import NAMED
from tests.rig_names_unmapped import UNMAPPED
from vitpose_blender.core.errors import RigError
from vitpose_blender.core.rig import REQUIRED_ROLES, RigMap, choose_rig_map
from vitpose_blender.data_files import data_folder

SIDES = ("left", "right")
LIMBS = ("clavicle", "upper_arm", "forearm", "hand", "thigh", "shin", "foot", "toe")
MAIN = ("hips", "spine", "neck", "head", *(f"{s}_{p}" for s in SIDES for p in LIMBS))
LACKING = {  # What these rigs do not have, without the side.
    "Perception Neuron": {"toe"},
    "Perception Neuron, prefixed": {"toe"},
    "MakeHuman": {"toe"},
    "MakeHuman OpenPose": {"spine", "neck", "hand"},
    "Poser": {"toe"},
    "KayKit": {"neck", "clavicle"},
    "Quaternius": {"toe"},
    "BVH of limbs": {"toe"},
}
MAPS = {
    path.stem: RigMap.from_toml(path)
    for path in sorted(data_folder("rigs").glob("*.toml"))
}
FILES = {  # Below the folder of characters.
    "mpfb2_glb/male_adult__mixamo.glb": "mixamo",
    "mpfb2_glb/male_heavy__mixamo_unity.glb": "mixamo",
    "mpfb2_glb/female_adult__ue4_game_engine.glb": "unreal",
    "mpfb2_glb/boy_child__cmu_mb.glb": "cmu",
    "mpfb2_glb/female_tall__rigify_metarig.glb": "rigify_metarig",
    "mpfb2_glb/female_old_short__openpose.glb": "openpose",
    "kaykit/mannequin_v2/manny_med_mod.gltf": "kaykit",
    "kaykit/anim/Med_General.glb": "kaykit",
    "vrm/Example.vrm": "vrm_addon",
    "vrm/in/sphere.vrm": "vrm_addon",
    "vrm/in/triangle.vrm": "vrm_addon",
    "vrm/out_4.5/basic_armature_vrm1.vrm": "vrm_addon",
    "vrm/out_4.5/blend/non_humanoid.vrm": "vrm",
}

each_rig = pytest.mark.parametrize("rig", NAMED)


def main_roles(rig: str) -> set[str]:
    """Return the main roles that the rig has."""
    lacking = LACKING.get(rig, set())
    return {role for role in MAIN if role.removeprefix("left_").removeprefix("right_")
            not in lacking}  # fmt: skip


def node_names(path: Path) -> list[str]:
    """Return the names of a glTF's nodes; bones are among them."""
    data = path.read_bytes()
    if data[:4] == b"glTF":
        (length,) = struct.unpack_from("<I", data, 12)
        data = data[20 : 20 + length]
    nodes = json.loads(data).get("nodes", [])
    return list(dict.fromkeys(node["name"] for node in nodes if "name" in node))


@each_rig
def test_a_family_gets_its_own_map_with_all_its_roles(rig):
    family, bones = NAMED[rig]

    chosen = choose_rig_map(MAPS.values(), bones.names)

    assert chosen is MAPS[family]
    assert main_roles(rig) <= chosen.resolve(bones.names).keys()


@each_rig
def test_a_map_finds_bones_of_the_right_side_once_each(rig):
    family, bones = NAMED[rig]
    side_of = dict(zip(bones.names, bones.sides))

    found = MAPS[family].resolve(bones.names)

    used = [name for names in found.values() for name in names]
    assert len(used) == len(set(used))
    for role, names in found.items():
        side = role.split("_")[0] if role.startswith(SIDES) else ""
        assert {side_of[name] for name in names} <= {side}, role


@each_rig
def test_a_map_goes_down_the_limbs(rig):
    family, bones = NAMED[rig]
    parent_of = dict(zip(bones.names, (bones.names[row] for row in bones.parents)))
    parent_of |= {n: "" for n, row in zip(bones.names, bones.parents) if row < 0}

    def above(name: str) -> set[str]:
        return {parent_of[name], *above(parent_of[name])} if parent_of[name] else set()

    found = MAPS[family].resolve(bones.names)
    for side in SIDES:
        limbs = [("clavicle", "upper_arm", "forearm", "hand"), ("thigh", "shin")]
        for limb in limbs:
            chain = [found[f"{side}_{p}"][0] for p in limb if f"{side}_{p}" in found]
            for upper, lower in pairwise(chain):
                assert upper in above(lower)
    for role, names in found.items():
        if not role.endswith("_twist"):
            for upper, lower in pairwise(names):
                assert upper in above(lower), role


@pytest.mark.parametrize(
    "change",
    [
        lambda name, _: f"Hero:{name}",
        lambda name, _: f"Armature|{name}",
        lambda name, _: f"{name}.001",
        lambda name, _: f"x_{name}_skin",
        lambda name, row: f"{name}_{row:02}",
        lambda name, _: name.upper(),
        lambda name, _: name.replace("_", " ").replace(".", "-"),
    ],
    ids=["namespace", "path", "copy", "both", "numbered", "capitals", "separators"],
)
@each_rig
def test_spelling_does_not_matter(rig, change: Callable[[str, int], str]):
    family, bones = NAMED[rig]
    spelled = {name: change(name, row) for row, name in enumerate(bones.names)}

    chosen = choose_rig_map(MAPS.values(), list(spelled.values()))

    wanted = {
        role: tuple(spelled[name] for name in names)
        for role, names in MAPS[family].resolve(bones.names).items()
    }
    assert chosen is MAPS[family]
    assert chosen.resolve(list(spelled.values())) == wanted


@pytest.mark.parametrize("rig", UNMAPPED)
def test_a_map_never_misreads_a_rig_it_was_not_written_for(rig):
    bones, roles = UNMAPPED[rig]
    for rig_map in MAPS.values():
        try:
            found = rig_map.resolve(bones.names)
        except RigError:
            continue
        wrong = {r: found[r] for r in REQUIRED_ROLES if found[r] != roles[r]}
        assert wrong == {}, rig_map.name


@pytest.mark.parametrize("file", FILES)
def test_real_characters_get_their_map(shared, file):
    path = shared / "data" / "rigs" / file
    if not path.is_file():
        pytest.skip(f"{path.name} is not among the shared data")
    assert choose_rig_map(MAPS.values(), node_names(path)) is MAPS[FILES[file]]
