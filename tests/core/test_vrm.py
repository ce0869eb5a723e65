# SPDX-License-Identifier: GPL-3.0-or-later
"""VRM's humanoid tables: who plays which role, and which tables are not believed."""

import pytest

from tests.humanoid import humanoid_roles
from tests.vrm_files import (
    humanoid_document,
    humanoid_vrm,
    vrm_names,
    with_table,
)
from vitpose_blender.core.files.gltf_file import Gltf
from vitpose_blender.core.files.gltf_import import NODE_MARK, importable
from vitpose_blender.core.files.vrm import read_humanoid

NAMES = [node["name"] for node in humanoid_document()["nodes"]]
TABLE = {vrm: NAMES.index(bone) for bone, vrm in vrm_names().items()}
FINGERS = {
    0: ("ThumbProximal", "ThumbIntermediate", "ThumbDistal"),
    1: ("ThumbMetacarpal", "ThumbProximal", "ThumbDistal"),
}

each_version = pytest.mark.parametrize("version", [0, 1])


def roles(humanoid):
    return {
        role: tuple(NAMES[node] for node in nodes)
        for role, nodes in humanoid.nodes.items()
    }


def read_table(version, table, document=None):
    document = document or humanoid_document(None)
    return read_humanoid(Gltf({**document, **with_table(version, table)}))


def joints(gltf, humanoid="its own"):
    """Return the names of the nodes that the importer will make bones of."""
    found = read_humanoid(gltf) if humanoid == "its own" else humanoid
    document = importable(gltf, found).document
    rows = [row for skin in document.get("skins", []) for row in skin["joints"]]
    return [document["nodes"][row]["name"] for row in rows]


@each_version
def test_every_bone_gets_its_role(version):
    humanoid = read_humanoid(humanoid_vrm(version))
    assert humanoid.name == f"VRM {version}"
    assert humanoid.problem == ""
    assert roles(humanoid) == humanoid_roles()


@each_version
def test_thumbs_have_three_joints_in_either_version(version):
    document = humanoid_document(None)
    hand = NAMES.index("LeftHand")
    table, above = dict(TABLE), hand
    for bone in FINGERS[version]:
        table[f"left{bone}"] = len(document["nodes"])
        document["nodes"][above]["children"].append(len(document["nodes"]))
        above = len(document["nodes"])
        document["nodes"].append({"name": bone, "children": []})
    humanoid = read_table(version, table, document)
    assert humanoid.problem == ""
    assert humanoid.nodes["left_thumb"] == (above - 2, above - 1, above)


def test_other_files_have_no_table():
    assert read_humanoid(humanoid_vrm(None)) is None
    assert read_humanoid(humanoid_vrm(None, extensions={"KHR_lights": {}})) is None
    assert read_humanoid(humanoid_vrm(None, extensions=[])) is None


@each_version
@pytest.mark.parametrize("node", [-1, None])
def test_a_bone_may_be_absent(version, node):
    humanoid = read_table(version, {**TABLE, "jaw": node})
    assert humanoid.problem == ""
    assert "jaw" not in humanoid.nodes


@each_version
def test_unknown_bones_are_passed_over(version):
    humanoid = read_table(version, {**TABLE, "leftWing": 3})
    assert humanoid.problem == ""
    assert roles(humanoid) == humanoid_roles()


@each_version
@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"spine": 12345}, "its spine is a node 12345 that is not there"),
        ({"spine": "2"}, "its spine is a node '2' that is not there"),
        ({"spine": True}, "its spine is a node True that is not there"),
        ({"leftHand": TABLE["rightHand"]}, "to several bones"),
        ({"leftLowerArm": -1}, "it has no leftLowerArm"),
        ({"hips": None}, "it has no hips"),
        (
            {
                "leftLowerArm": TABLE["rightLowerArm"],
                "rightLowerArm": TABLE["leftLowerArm"],
            },
            "its left_forearm does not hang on its left_upper_arm",
        ),
        (
            {"spine": TABLE["chest"], "chest": TABLE["spine"]},
            "its spine does not hang on its hips",
        ),
        (
            {"hips": TABLE["head"], "head": TABLE["hips"]},
            "does not hang on its hips",
        ),
    ],
)
def test_a_table_that_cannot_be_true_is_not_believed(version, change, problem):
    assert problem in read_table(version, {**TABLE, **change}).problem


@pytest.mark.parametrize("table", [None, [], {}, 5, [5], [{}], {"hips": 5}])
@pytest.mark.parametrize("key", ["VRM", "VRMC_vrm"])
def test_a_table_that_is_none_is_not_believed(table, key):
    gltf = humanoid_vrm(None, extensions={key: {"humanoid": {"humanBones": table}}})
    assert "it has no hips" in read_humanoid(gltf).problem
    assert read_humanoid(humanoid_vrm(None, extensions={key: table})).problem


def test_a_bone_named_twice_is_not_believed():
    document = humanoid_document(0)
    rows = document["extensions"]["VRM"]["humanoid"]["humanBones"]
    rows.append({"bone": "hips", "node": TABLE["spine"]})
    assert "it gives hips several nodes" in read_humanoid(Gltf(document)).problem


def test_of_two_tables_the_one_to_be_believed_counts():
    good, bad = with_table(0, TABLE), with_table(1, {"hips": 99})
    both = {**good["extensions"], **bad["extensions"]}
    assert read_humanoid(humanoid_vrm(None, extensions=both)).name == "VRM 0"
    newer = {**good["extensions"], **with_table(1, TABLE)["extensions"]}
    assert read_humanoid(humanoid_vrm(None, extensions=newer)).name == "VRM 1"


# What the importer gets to see.


@each_version
def test_without_a_skin_bones_become_joints_and_meshes_do_not(version):
    bones = [name for name in NAMES if name != "root" and not name.startswith("box")]
    assert sorted(joints(humanoid_vrm(version))) == sorted(bones)


def test_what_hangs_on_the_body_becomes_a_joint():
    document = humanoid_document()
    document["nodes"][NAMES.index("Head")]["children"] += [len(NAMES)]
    document["nodes"] += [{"name": "hair", "children": [len(NAMES) + 1]}]
    document["nodes"] += [{"name": "hair tip"}, {"name": "lamp"}]
    found = joints(Gltf(document))
    assert {"hair", "hair tip"} <= set(found)
    assert "lamp" not in found


def test_a_skin_that_holds_the_body_is_left_alone():
    every = list(range(1, len(TABLE) + 1))
    gltf = humanoid_vrm(skins=[{"joints": every}])
    assert importable(gltf, read_humanoid(gltf)).document["skins"] == [
        {"joints": every}
    ]


def test_a_skin_that_lacks_bones_is_completed():
    found = joints(humanoid_vrm(skins=[{"joints": [1, 2]}]))
    assert "LeftToeBase" in found


def test_a_body_without_a_true_table_still_gets_bones():
    table = {name: node for name, node in TABLE.items() if name != "leftLowerArm"}
    found = joints(humanoid_vrm(None, **with_table(1, table)))
    assert {"LeftForeArm", "RightForeArm", "Hips"} <= set(found)
    assert not [name for name in found if name.startswith("box")]


def test_what_holds_the_body_and_scales_is_no_bone():
    document = humanoid_document(None)
    document["nodes"][0]["scale"] = [0.01, 0.01, 0.01]
    document |= with_table(1, {"hips": TABLE["hips"]})
    found = joints(Gltf(document))
    assert "root" not in found
    assert "Hips" in found


def test_nodes_are_marked_and_keep_what_they_carry():
    document = humanoid_document()
    document["nodes"][1]["extras"] = {"mine": 1}
    document["nodes"][2]["extras"] = "a note"
    gltf = Gltf(document)
    nodes = importable(gltf, read_humanoid(gltf)).document["nodes"]
    assert [node["extras"][NODE_MARK] for node in nodes] == list(range(len(nodes)))
    assert nodes[1]["extras"]["mine"] == 1
    assert "extras" not in gltf.nodes[0]


def test_a_plain_file_stays_itself():
    gltf = humanoid_vrm(None)
    assert importable(gltf, None) is gltf


def test_only_what_changes_the_shape_stays_required():
    required = ["VRM", "VRMC_springBone", "KHR_materials_unlit", "KHR_draco_mesh"]
    gltf = humanoid_vrm(None, extensionsRequired=required)
    kept = importable(gltf, None).document["extensionsRequired"]
    assert kept == ["KHR_draco_mesh"]


def test_several_scenes_become_one():
    scenes = [{"nodes": [0, 1]}, {"name": "empty"}, {"nodes": [1, 2]}]
    gltf = humanoid_vrm(None, scenes=scenes, scene=2)
    document = importable(gltf, None).document
    assert document["scenes"] == [{"nodes": [0, 1, 2]}]
    assert document["scene"] == 0
