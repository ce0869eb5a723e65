# SPDX-License-Identifier: GPL-3.0-or-later
"""The bone map of an armature: edited, mirrored, coloured, kept as a file."""

import bpy
import numpy as np
import pytest

from tests.blender.rigs import PREFIX, add_humanoid
from vitpose_blender.blender import bone_colours, map_editor, map_files, map_mirror
from vitpose_blender.blender.map_slots import slot_name, slots
from vitpose_blender.blender.rig_choice import MAP_KEY
from vitpose_blender.blender.role_texts import GROUPS, role_description, role_label
from vitpose_blender.core.errors import OutputError, RigError
from vitpose_blender.core.rig import CHAIN_ROLES, ROLES, RigMap

LEFT_TO_RIGHT = {
    "mixamorig:LeftArm": "mixamorig:RightArm",
    "J_Bip_L_UpperArm": "J_Bip_R_UpperArm",
    "upperarm_l": "upperarm_r",
    "thigh.L.001": "thigh.R.001",
    "Bip01 L Thigh": "Bip01 R Thigh",
    "lThighBend": "rThighBend",
    "ArmL": "ArmR",
    "LEFT_ARM": "RIGHT_ARM",
    "\u5de6\u8155": "\u53f3\u8155",
}


@pytest.fixture
def hero():
    armature = add_humanoid()
    bpy.ops.vitpose.detect()
    return armature


def scramble(armature):
    """Give every bone a name that says nothing; returns the new names by the old."""
    bones = armature.data.bones
    new = {name: f"b{number}" for number, name in enumerate(bones.keys())}
    for old, name in new.items():
        bones[old].name = name
    return new


def everything(armature):
    return {
        bone.name: (
            bone.color.palette,
            *(tuple(getattr(bone.color.custom, c)) for c in ("normal", "active")),
            dict(bone.items()),
        )
        for bone in armature.pose.bones
    }


def test_every_role_is_in_the_panel_once_and_is_explained():
    shown = [role for group in GROUPS for role in group.roles]
    assert sorted(shown) == sorted(ROLES)
    assert len({role_label(role) for role in ROLES}) == len(ROLES)
    assert all(role_description(role) for role in ROLES)


def test_the_panel_shows_what_the_map_says(hero):
    rig_map = map_editor.read_map(hero)
    assert rig_map.bones["spine"] == tuple(f"{PREFIX}Spine{n}" for n in ("", 1, 2))
    for role in ROLES:
        names = rig_map.bones.get(role, ())
        for place in range(slots(role)):
            wanted = names[place] if place < len(names) else ""
            assert getattr(hero.vitpose.bones, slot_name(role, place)) == wanted


def test_choosing_a_bone_in_the_panel_changes_the_map(hero):
    hero.vitpose.bones.head = f"{PREFIX}Neck"
    rig_map = map_editor.read_map(hero)
    assert rig_map.bones["head"] == (f"{PREFIX}Neck",)
    assert "neck" not in rig_map.bones  # A bone plays one role.


def test_a_name_that_is_no_bone_is_not_taken(hero):
    before = hero[MAP_KEY]
    hero.vitpose.bones.head = "Nobody"
    assert hero[MAP_KEY] == before


def test_chains_stay_in_the_order_of_the_hierarchy(hero):
    bones = hero.vitpose.bones
    bones.spine_1 = ""
    assert map_editor.bone_at(hero, "spine", 0) == f"{PREFIX}Spine1"
    bones.spine_3 = f"{PREFIX}Spine"
    names = map_editor.read_map(hero).bones["spine"]
    assert names == tuple(f"{PREFIX}Spine{n}" for n in ("", 1, 2))


def test_an_armature_without_a_map_has_an_empty_one():
    armature = add_humanoid()
    assert map_editor.read_map(armature).bones == {}
    armature[MAP_KEY] = "not JSON"
    assert map_editor.read_map(armature).bones == {}
    assert armature.vitpose.bones.hips == ""


def test_undo_brings_the_map_back(hero):
    bpy.ops.ed.undo_push()
    former = map_editor.read_map(hero).bones["left_hand"]
    bpy.ops.vitpose.map_clear()
    bpy.ops.ed.undo_push()
    assert not map_editor.read_map(hero).bones
    bpy.ops.ed.undo()
    restored = bpy.data.objects["Hero"]
    assert map_editor.read_map(restored).bones["left_hand"] == former


@pytest.mark.parametrize(("left", "right"), LEFT_TO_RIGHT.items())
def test_names_are_mirrored_both_ways(left, right):
    assert right in map_mirror.mirrored_names(left)
    assert left in map_mirror.mirrored_names(right)


def test_names_without_a_side_have_no_twin():
    for name in ("Spine", "hips", "Rotl", "head.001", "Wrl01"):
        assert list(map_mirror.mirrored_names(name)) == []


def without_side(rig_map, side):
    bones = rig_map.bones
    return {role: bones[role] for role in bones if not role.startswith(f"{side}_")}


@pytest.mark.parametrize("source", ["left", "right"])
@pytest.mark.parametrize("has_names", [True, False], ids=["named", "scrambled"])
def test_a_side_is_filled_from_the_other(source, has_names):
    turned = np.random.default_rng(0)
    hero = add_humanoid(rng=turned)
    bpy.ops.vitpose.detect()
    whole = map_editor.read_map(hero)
    if not has_names:
        new = scramble(hero)
        bones = {r: tuple(new[n] for n in names) for r, names in whole.bones.items()}
        whole = RigMap(whole.name, bones)
    other = "right" if source == "left" else "left"
    map_editor.write_map(hero, RigMap("Half", without_side(whole, other)))

    count = map_mirror.mirror(hero, source)

    assert count == sum(role.startswith(f"{source}_") for role in whole.bones)
    assert map_editor.read_map(hero).bones == whole.bones


def test_mirroring_nothing_says_so(hero):
    bpy.ops.vitpose.map_clear()
    assert bpy.ops.vitpose.map_mirror(source="left") == {"CANCELLED"}


def test_a_suggestion_is_taken_by_one_click(hero):
    hero.vitpose.bones.left_shin = ""
    assert map_editor.missing_roles(map_editor.read_map(hero)) == ["left_shin"]
    bpy.ops.vitpose.map_bone(role="left_shin", place=0, bone=f"{PREFIX}LeftLeg")
    assert map_editor.missing_roles(map_editor.read_map(hero)) == []


def test_the_clicked_bone_is_taken(hero):
    hero.data.bones.active = hero.data.bones[f"{PREFIX}Neck"]
    bpy.ops.vitpose.map_bone(role="jaw")
    assert map_editor.bone_at(hero, "jaw", 0) == f"{PREFIX}Neck"
    hero.data.bones.active = None
    with pytest.raises(RuntimeError, match="Click a bone in Pose Mode first"):
        bpy.ops.vitpose.map_bone(role="jaw")


def test_a_bone_that_does_not_exist_is_refused(hero):
    with pytest.raises(RuntimeError, match="no bone 'Nobody'"):
        bpy.ops.vitpose.map_bone(role="jaw", bone="Nobody")


def test_a_map_comes_back_from_a_file(hero, tmp_path):
    path = tmp_path / "mine.toml"
    former = map_editor.read_map(hero)
    bpy.ops.vitpose.map_export(filepath=str(path.with_suffix("")))
    bpy.ops.vitpose.map_clear()
    bpy.ops.vitpose.map_import(filepath=str(path))
    again = map_editor.read_map(hero)
    assert (again.name, again.bones) == ("mine", former.bones)


def test_an_unfinished_map_can_be_shared(hero, tmp_path):
    path = tmp_path / "half.toml"
    hero.vitpose.bones.hips = ""
    bpy.ops.vitpose.map_export(filepath=str(path))
    bpy.ops.vitpose.detect()
    bpy.ops.vitpose.map_import(filepath=str(path))
    assert map_editor.missing_roles(map_editor.read_map(hero)) == ["hips"]


def test_a_map_of_another_rig_is_refused(hero):
    before = hero[MAP_KEY]
    other = RigMap("Other", {role: (f"x{role}",) for role in ROLES})
    with pytest.raises(RigError):
        map_files.apply_map(hero, other)
    assert hero[MAP_KEY] == before


def test_an_empty_map_is_not_written(hero, tmp_path):
    bpy.ops.vitpose.map_clear()
    with pytest.raises(RuntimeError, match="The bone map is empty"):
        bpy.ops.vitpose.map_export(filepath=str(tmp_path / "empty.toml"))
    assert not list(tmp_path.iterdir())


def test_own_maps_are_kept_in_the_extensions_folder(hero, tmp_path, monkeypatch):
    monkeypatch.setattr(map_files.rig_choice, "user_folder", lambda: tmp_path / "rigs")
    hero.vitpose.bones.head = ""
    bpy.ops.vitpose.map_save(name="My rig: 1/2")
    bpy.ops.vitpose.detect()
    assert map_files.map_names()[0] == ("My rig_ 1_2", True)
    assert all(not is_own for _, is_own in map_files.map_names()[1:])
    bpy.ops.vitpose.map_load(rig="My rig_ 1_2")
    assert "head" not in map_editor.read_map(hero).bones


def test_without_an_installed_extension_there_is_no_own_folder(hero, monkeypatch):
    monkeypatch.setattr(map_files.rig_choice, "user_folder", lambda: None)
    with pytest.raises(OutputError, match="export the map to a file"):
        map_files.own_path("mine")


def test_colours_show_the_sides_and_come_back_exactly(hero):
    arm = hero.pose.bones[f"{PREFIX}LeftArm"]
    arm.color.palette = "CUSTOM"
    arm.color.custom.normal = (0.1, 0.7, 0.3)
    hero.pose.bones[f"{PREFIX}Hips"].color.palette = "THEME05"
    hero.data.show_bone_colors = False
    before = everything(hero)

    bpy.ops.vitpose.bone_colours()

    assert hero.data.show_bone_colors
    left, right, none = (
        tuple(hero.pose.bones[PREFIX + name].color.custom.normal)
        for name in ("LeftLeg", "RightLeg", "Hips")
    )
    assert len({left, right, none}) == 3
    bpy.ops.vitpose.bone_colours()
    assert everything(hero) == before
    assert not hero.data.show_bone_colors
    assert not [key for key in hero.keys() if "colour" in key]  # noqa: SIM118


def test_colours_come_back_after_saving_and_renaming(hero, tmp_path):
    before = everything(hero)
    bpy.ops.vitpose.bone_colours()
    hero.data.bones[f"{PREFIX}Head"].name = "Skull"
    path = str(tmp_path / "coloured.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    hero = bpy.data.objects["Hero"]
    bone_colours.hide(hero)
    hero.data.bones["Skull"].name = f"{PREFIX}Head"
    assert everything(hero) == before


def test_colours_follow_the_map(hero):
    bpy.ops.vitpose.bone_colours()
    head = hero.pose.bones[f"{PREFIX}Head"].color.custom
    shown = tuple(head.normal)
    hero.vitpose.bones.head = ""
    assert tuple(head.normal) != shown
    hero.vitpose.bones.head = f"{PREFIX}Head"
    assert tuple(head.normal) == shown


def test_room_for_chains_is_enough_for_long_ones():
    assert all(slots(role) >= 4 for role in CHAIN_ROLES)
    assert slots("spine") >= 10


@pytest.mark.parametrize("text", ["[]", "3", "{", '{"name": 1}'])
def test_a_stored_map_that_is_none_shows_as_empty(hero, text):
    hero[MAP_KEY] = text
    assert not map_editor.read_map(hero).bones
