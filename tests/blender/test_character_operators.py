# SPDX-License-Identifier: GPL-3.0-or-later
"""Load, pick, detect, bind and remove, as a user's clicks call them."""

import bpy
import numpy as np
import pytest
from bpy.types import Operator, Panel

from tests.blender.rigs import PREFIX, SMALL_AND_TURNED, add_humanoid, farthest, heads
from vitpose_blender.blender import binding, map_editor, props
from vitpose_blender.blender.operators import bone_map, character, map_files, wiggle
from vitpose_blender.blender.operators.common import refusal
from vitpose_blender.data_files import data_folder

MANNEQUIN = data_folder("resources") / "characters" / "mannequin.glb"


def picked():
    return bpy.context.scene.vitpose.armature


def make_active(item):
    bpy.context.view_layer.objects.active = item
    return item


def add_light():
    light = bpy.data.objects.new("Sun", bpy.data.lights.new("Sun", "SUN"))
    bpy.context.scene.collection.objects.link(light)
    return make_active(light)


def contents():
    kinds = (bpy.data.objects, bpy.data.armatures, bpy.data.meshes, bpy.data.actions)
    return [sorted(kind.keys()) for kind in kinds]


def test_loading_picks_and_recognises_the_character():
    bpy.ops.vitpose.load_character(filepath=str(MANNEQUIN))
    assert picked().type == "ARMATURE"
    assert map_editor.missing_roles(map_editor.read_map(picked())) == []
    finding = props.recall(picked())
    assert finding.rig
    assert 0 < finding.confidence <= 1


def test_the_mannequin_comes_along():
    bpy.ops.vitpose.load_mannequin()
    assert map_editor.bone_at(picked(), "hips", 0) == "hips"


def test_loading_adds_to_the_open_file():
    hero = add_humanoid()
    bpy.ops.vitpose.load_mannequin()
    assert hero.name in bpy.context.scene.objects
    assert picked() != hero


@pytest.mark.parametrize("name", ["none.glb", "broken.glb", "notes.txt"])
def test_a_file_that_is_no_character_is_one_sentence(name, tmp_path):
    path = tmp_path / name
    if not name.startswith("none"):
        path.write_bytes(b"nothing of the kind")
    before = contents()
    with pytest.raises(RuntimeError) as caught:
        bpy.ops.vitpose.load_character(filepath=str(path))
    assert name in str(caught.value)
    assert len(str(caught.value).strip().splitlines()) == 1
    assert contents() == before


def test_what_was_detected_is_kept_with_the_file(tmp_path):
    add_humanoid()
    bpy.ops.vitpose.detect()
    finding = props.recall(picked())
    path = str(tmp_path / "kept.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    assert props.recall(picked()) == finding
    assert map_editor.read_map(picked()).bones["hips"] == (f"{PREFIX}Hips",)


def test_detecting_again_brings_back_what_was_edited_away():
    hero = add_humanoid()
    bpy.ops.vitpose.detect()
    whole = map_editor.read_map(hero)
    bpy.ops.vitpose.map_clear()
    bpy.ops.vitpose.detect()
    assert map_editor.read_map(hero) == whole


def test_a_rig_that_is_no_body_keeps_its_map():
    hero = add_humanoid()
    bpy.ops.vitpose.detect()
    whole = map_editor.read_map(hero)
    bpy.ops.object.mode_set(mode="EDIT")
    for bone in list(hero.data.edit_bones)[2:]:
        hero.data.edit_bones.remove(bone)
    bpy.ops.object.mode_set(mode="OBJECT")
    with pytest.raises(RuntimeError, match="bone"):
        bpy.ops.vitpose.detect()
    assert map_editor.read_map(hero) == whole


def test_binding_detects_first_and_removing_leaves_no_constraint():
    hero = add_humanoid()
    bpy.ops.vitpose.bind()
    assert picked() == hero
    assert map_editor.read_map(hero).bones
    assert binding.is_bound(hero)
    bpy.ops.vitpose.unbind()
    assert not binding.is_bound(hero)
    assert not [c for bone in hero.pose.bones for c in bone.constraints]


@pytest.mark.parametrize("seed", [0, 1])
def test_a_bound_character_stands_as_it_did(seed):
    """Until somebody drives it; IK and poles agree with the rest pose."""
    hero = add_humanoid(rng=np.random.default_rng(seed), world=SMALL_AND_TURNED)
    bpy.context.view_layer.update()
    before = heads(hero)
    bpy.ops.vitpose.bind()
    bpy.context.view_layer.update()
    distance, bone = farthest(heads(hero), before)
    assert distance < 1e-3, bone


def test_binding_follows_the_edited_map():
    hero = add_humanoid()
    bpy.ops.vitpose.bind()
    bound = {bone.name for bone in hero.pose.bones if bone.constraints}
    hero.vitpose.bones.head = ""
    bpy.ops.vitpose.bind()
    now = {bone.name for bone in hero.pose.bones if bone.constraints}
    assert bound - now == {f"{PREFIX}Head"}


def test_an_unfinished_map_is_not_bound():
    hero = add_humanoid()
    bpy.ops.vitpose.detect()
    hero.vitpose.bones.left_shin = ""
    with pytest.raises(RuntimeError, match="left_shin"):
        bpy.ops.vitpose.bind()
    assert not binding.is_bound(hero)


def test_the_active_armature_is_offered_and_can_be_picked():
    first, second = add_humanoid("First"), add_humanoid("Second")
    assert props.chosen_armature(bpy.context) == second
    bpy.ops.vitpose.use_active()
    make_active(first)
    assert props.chosen_armature(bpy.context) == second
    bpy.ops.vitpose.use_active()
    assert props.chosen_armature(bpy.context) == first


def test_clicking_on_the_skin_means_its_armature():
    hero = add_humanoid()
    make_active(bpy.data.objects["Skin"])
    assert props.active_armature(bpy.context) == hero


def test_a_character_deleted_from_the_scene_is_not_used():
    hero = add_humanoid()
    bpy.ops.vitpose.use_active()
    bpy.context.scene.collection.objects.unlink(hero)
    assert props.chosen_armature(bpy.context) is None
    assert refusal(bpy.context).startswith("Select the armature of a character")


def test_only_armatures_of_the_scene_can_be_picked():
    hero, light = add_humanoid(), add_light()
    settings = bpy.context.scene.vitpose
    assert props.is_character(settings, hero)
    assert not props.is_character(settings, light)
    assert not props.is_character(bpy.data.scenes.new("Other").vitpose, hero)


def lamp_selected():
    add_light()
    return "'Sun' is a light"


def nothing_selected():
    return "Select the armature of a character, or load one"


def edit_mode():
    make_active(add_humanoid())
    bpy.ops.object.mode_set(mode="EDIT")
    return "'Hero' is in edit mode"


def no_bones():
    data = bpy.data.armatures.new("Empty")
    item = bpy.data.objects.new("Empty", data)
    bpy.context.scene.collection.objects.link(item)
    make_active(item)
    return "'Empty' has no bones"


@pytest.mark.parametrize(
    "situation", [lamp_selected, nothing_selected, edit_mode, no_bones]
)
@pytest.mark.parametrize(
    "operator", ["detect", "bind", "unbind", "wiggle", "bone_colours", "map_clear"]
)
def test_refusals_say_why_in_one_sentence(situation, operator):
    reason = situation()
    before = contents()
    assert reason in refusal(bpy.context)
    with pytest.raises(RuntimeError) as caught:
        getattr(bpy.ops.vitpose, operator)()
    assert reason in str(caught.value)
    assert contents() == before


def test_a_linked_character_is_refused(tmp_path):
    add_humanoid()
    path = str(tmp_path / "library.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(path, link=True) as (_, wanted):
        wanted.objects = ["Hero"]
    linked = wanted.objects[0]
    bpy.context.scene.collection.objects.link(linked)
    make_active(linked)
    assert "'Hero' is linked from library.blend" in refusal(bpy.context)
    with pytest.raises(RuntimeError, match="Make Local"):
        bpy.ops.vitpose.bind()


def operators():
    modules = (character, bone_map, map_files, wiggle)
    return {
        cls
        for module in modules
        for cls in vars(module).values()
        if isinstance(cls, type)
        and issubclass(cls, Operator)
        and cls.__name__.startswith("VITPOSE_OT_")
    }


@pytest.mark.parametrize("cls", sorted(operators(), key=lambda cls: cls.__name__))
def test_operators_explain_themselves(cls):
    assert cls.bl_idname == "vitpose." + cls.__name__.removeprefix("VITPOSE_OT_")
    has_tooltip = len(getattr(cls, "bl_description", "")) > 20
    assert has_tooltip or "description" in vars(cls)
    assert not getattr(cls, "bl_description", "").endswith(".")


def panels():
    return [cls for cls in Panel.__subclasses__() if cls.__name__[:8] == "VITPOSE_"]


def test_panels_are_in_the_sidebars_own_tab():
    assert {cls.__name__ for cls in panels()} >= {
        "VITPOSE_PT_character",
        "VITPOSE_PT_bone_map",
    }
    for cls in panels():
        where = (cls.bl_space_type, cls.bl_region_type, cls.bl_category)
        assert where == ("VIEW_3D", "UI", "ViTPose")
