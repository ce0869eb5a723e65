# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot be bound is refused in one sentence, and nothing is changed."""

import bpy
import pytest

from tests.blender.fingerprint import differences, fingerprint
from tests.blender.rigs import PREFIX, add_humanoid, check_shows, motion_for
from vitpose_blender.blender import bindable, binding, character
from vitpose_blender.core.errors import CharacterError


@pytest.fixture
def hero():
    """An armature and its rest, read while it was as it should be."""
    armature = add_humanoid()
    return armature, character.read_rig_rest(armature)


def check_refused(armature, rest, words):
    before = fingerprint(bpy.data)
    for attempt in (
        lambda: bindable.check_can_bind(armature),
        lambda: binding.ensure_binding(armature, rest),
    ):
        with pytest.raises(CharacterError, match=words) as caught:
            attempt()
        sentence = str(caught.value)
        assert repr(armature.name) in sentence
        assert "\n" not in sentence
    assert differences(before, fingerprint(bpy.data)) == []


def test_a_lamp_is_refused(hero):
    lamp = bpy.data.objects.new("Lamp", bpy.data.lights.new("Lamp", "POINT"))
    bpy.context.scene.collection.objects.link(lamp)
    check_refused(lamp, hero[1], "is no armature")


def test_an_armature_without_bones_is_refused(hero):
    empty = bpy.data.objects.new("Empty", bpy.data.armatures.new("Empty"))
    bpy.context.scene.collection.objects.link(empty)
    check_refused(empty, hero[1], "has no bones")


def test_edit_mode_is_refused(hero):
    bpy.context.view_layer.objects.active = hero[0]
    bpy.ops.object.mode_set(mode="EDIT")
    check_refused(*hero, "is in edit mode: leave it")


def test_edit_mode_of_an_object_that_shares_the_bones_is_refused(hero):
    armature, rest = hero
    twin = bpy.data.objects.new("Twin", armature.data)
    bpy.context.scene.collection.objects.link(twin)
    bpy.context.view_layer.objects.active = twin
    bpy.ops.object.mode_set(mode="EDIT")
    check_refused(armature, rest, "is in edit mode: leave it")


def test_tweak_mode_is_refused(hero):
    armature, rest = hero
    animation = armature.animation_data_create()
    action = bpy.data.actions.new("Strip")
    animation.nla_tracks.new().strips.new("Strip", 1, action).select = True
    animation.use_tweak_mode = True
    check_refused(armature, rest, "tweak mode")


@pytest.mark.parametrize("scale", [(0, 0, 0), (1, 0, 1), (1e-7, 1, 1)])
def test_no_size_is_refused(hero, scale):
    armature, rest = hero
    armature.scale = scale
    bpy.context.view_layer.update()
    check_refused(armature, rest, "is scaled to nothing")


def test_an_armature_of_another_scene_is_refused(hero):
    armature, rest = hero
    bpy.context.scene.collection.objects.unlink(armature)
    bpy.data.scenes.new("Other").collection.objects.link(armature)
    check_refused(armature, rest, "is not in the open scene")


@pytest.fixture
def library(hero, tmp_path):
    """The armature in a collection of another file; this one is empty."""
    path = tmp_path / "library.blend"
    collection = bpy.data.collections.new("Cast")
    collection.objects.link(hero[0])
    bpy.data.libraries.write(str(path), {collection})
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    return path, hero[1]


def linked(path):
    with bpy.data.libraries.load(str(path), link=True) as (_, wanted):
        wanted.objects = ["Hero"]
    bpy.context.scene.collection.objects.link(bpy.data.objects["Hero"])
    bpy.context.view_layer.update()
    return bpy.data.objects["Hero"]


def test_a_linked_armature_is_refused(library):
    path, rest = library
    check_refused(linked(path), rest, "is linked from library.blend: make it local")


def test_linked_bones_are_refused(library):
    path, rest = library
    armature = linked(path).copy()
    armature.name = "Local"
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.update()
    assert armature.library is None
    check_refused(armature, rest, "is linked from library.blend")


def test_a_library_override_is_refused(library):
    path, rest = library
    armature = linked(path).override_create(remap_local_usages=True)
    bpy.context.view_layer.update()
    check_refused(armature, rest, "overrides a character of another file")


def hide(armature):
    armature.hide_set(True)


def hide_in_viewports(armature):
    armature.hide_viewport = True


def hide_collection(armature):
    armature.users_collection[0].hide_viewport = True


def hide_layer(armature):
    bpy.context.view_layer.layer_collection.children["Cast"].hide_viewport = True


def exclude_layer(armature):
    bpy.context.view_layer.layer_collection.children["Cast"].exclude = True


@pytest.mark.parametrize(
    "conceal", [hide, hide_in_viewports, hide_collection, hide_layer, exclude_layer]
)
def test_a_hidden_armature_is_bound_all_the_same(hero, conceal):
    armature, rest = hero
    cast = bpy.data.collections.new("Cast")
    bpy.context.scene.collection.children.link(cast)
    cast.objects.link(armature)
    bpy.context.scene.collection.objects.unlink(armature)
    conceal(armature)
    before = fingerprint(bpy.data)
    binding.ensure_binding(armature, rest)
    motion = motion_for(rest, 3, fps=2)
    binding.move_targets(armature, motion.pose(2))
    bpy.context.view_layer.update()
    check_shows(armature, rest, motion, 2)
    binding.remove_binding(armature)
    assert differences(before, fingerprint(bpy.data)) == []


def test_a_bone_in_pose_mode_is_no_obstacle(hero):
    armature, rest = hero
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="POSE")
    armature.data.bones.active = armature.data.bones[f"{PREFIX}Head"]
    before = fingerprint(bpy.data)
    binding.ensure_binding(armature, rest)
    assert armature.mode == "POSE"
    binding.remove_binding(armature)
    assert differences(before, fingerprint(bpy.data)) == []
