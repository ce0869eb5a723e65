# SPDX-License-Identifier: GPL-3.0-or-later
"""The startup file's cube makes way for a character; a cube of somebody's own stays."""

import bpy
import pytest

OPS = bpy.ops.vitpose


@pytest.fixture
def cube():
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    return bpy.data.objects["Cube"]


def test_the_untouched_cube_is_hidden_and_kept(cube):
    OPS.load_mannequin()
    assert not cube.visible_get()
    assert cube.hide_render
    assert cube.name in bpy.context.scene.objects


def move(cube):
    cube.location.x = 0.5
    bpy.context.view_layer.update()


def shape(cube):
    cube.data.vertices[0].co.x = 2.0


def modify(cube):
    cube.modifiers.new("Soft", "SUBSURF")


def share(cube):
    other = bpy.data.objects.new("Other", cube.data)
    bpy.context.scene.collection.objects.link(other)


def hold(cube):
    bpy.data.objects["Light"].parent = cube


def animate(cube):
    cube.keyframe_insert("location")


@pytest.mark.parametrize("use", [move, shape, modify, share, hold, animate])
def test_a_cube_that_was_used_stays(cube, use):
    use(cube)
    OPS.load_mannequin()
    assert cube.visible_get()
    assert not cube.hide_render


def test_a_cube_of_a_saved_file_stays(cube, tmp_path):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "mine.blend"))
    OPS.load_mannequin()
    assert bpy.data.objects["Cube"].visible_get()


def test_no_cube_is_needed():
    assert OPS.load_mannequin() == {"FINISHED"}
