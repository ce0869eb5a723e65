# SPDX-License-Identifier: GPL-3.0-or-later
"""A given map goes before the armature's own, and that before what is recognised."""

import bpy
import pytest

from tests.blender.rigs import PREFIX, add_humanoid
from tests.humanoid import humanoid_roles
from vitpose_blender.blender import character, rig_choice
from vitpose_blender.core.errors import CharacterError, RigError
from vitpose_blender.core.recognition.rig_detect import BY_JOINTS
from vitpose_blender.core.rig import RigMap


@pytest.fixture
def hero():
    return add_humanoid("Hero")


@pytest.fixture
def user_folder(tmp_path, monkeypatch):
    """A folder of the user's own maps, as an installed extension has one."""
    monkeypatch.setattr(rig_choice, "user_folder", lambda: tmp_path)
    return tmp_path


def own_map(name="Own"):
    """A map of the bones that `add_humanoid` makes."""
    roles = {
        r: tuple(PREFIX + n for n in names) for r, names in humanoid_roles().items()
    }
    return RigMap(name, roles)


def rename_all(armature):
    """Take every name away; returns the old ones by the new."""
    old_names = {}
    for number, bone in enumerate(armature.data.bones):
        old_names[f"Bone.{number:03d}"] = bone.name
    for new, old in old_names.items():
        armature.data.bones[old].name = new
    return old_names


def test_the_map_that_was_given_is_taken(hero):
    rig_choice.store_map(hero, own_map())
    found = rig_choice.choose_rig(hero, "mixamo")
    assert (found.rig, found.confidence) == ("Mixamo", 1.0)


def test_a_given_map_that_does_not_fit_is_refused(hero):
    with pytest.raises(RigError, match="no bone 'calf_l'"):
        rig_choice.choose_rig(hero, "unreal")


def test_the_armature_carries_its_map_through_saving(hero, tmp_path):
    rig_choice.store_map(hero, own_map())
    path = str(tmp_path / "hero.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    hero = bpy.data.objects["Hero"]
    assert rig_choice.choose_rig(hero).rig == "Own"
    rig_choice.forget_map(hero)
    assert rig_choice.choose_rig(hero).rig == "Mixamo"
    assert hero.get(rig_choice.MAP_KEY) is None


def test_forgetting_twice_is_nothing(hero):
    rig_choice.forget_map(hero)
    rig_choice.forget_map(hero)


@pytest.mark.parametrize("text", ["{", "[]", '{"name": 3}', 7, "[" * 99_999])
def test_a_broken_map_on_the_armature_is_passed_over(hero, text):
    hero[rig_choice.MAP_KEY] = text
    assert rig_choice.choose_rig(hero).rig == "Mixamo"


def test_a_users_map_goes_before_one_of_the_same_fit(hero, user_folder):
    (user_folder / "own.toml").write_text(own_map().to_toml(), encoding="utf-8")
    assert rig_choice.choose_rig(hero, "own").rig == "Own"
    assert rig_choice.all_maps()[0].name == "Own"


def test_a_users_broken_map_is_logged_and_passed_over(hero, user_folder, caplog):
    (user_folder / "broken.toml").write_text("[bones\n", encoding="utf-8")
    assert rig_choice.choose_rig(hero).rig == "Mixamo"
    assert "broken.toml" in caplog.text


def test_an_unknown_map_is_refused_with_those_there_are(hero, user_folder):
    (user_folder / "own.toml").write_text(own_map().to_toml(), encoding="utf-8")
    with pytest.raises(CharacterError, match=r"no rig map 'octopus'; .* own, "):
        rig_choice.choose_rig(hero, "octopus")


def test_outside_an_extension_there_are_no_maps_of_the_user():
    assert rig_choice.user_folder() is None
    assert rig_choice.user_maps() == {}


def test_without_names_the_same_bones_are_driven(hero):
    named = character.read_rig_rest(hero)
    old_names = rename_all(hero)
    found = rig_choice.choose_rig(hero)
    rest = character.read_rig_rest(hero)
    assert found.rig == BY_JOINTS
    assert {(r, old_names[n]) for r, n in zip(rest.roles, rest.names)} == {
        *zip(named.roles, named.names)
    }


def test_a_mirrored_object_is_driven_as_it_is_seen(hero):
    plain = rig_choice.choose_rig(hero).bones
    hero.scale.x = -1
    bpy.context.view_layer.update()
    assert rig_choice.choose_rig(hero).bones["left_hand"] == plain["right_hand"]
