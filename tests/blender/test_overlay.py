# SPDX-License-Identifier: GPL-3.0-or-later
"""What the 3D view shows of a capture, as far as it can be tested without a window."""

import logging
from types import SimpleNamespace

import bpy
import numpy as np
import pytest

import vitpose_blender
from tests.blender.live_sources import WAIT, FakeSource, joints_of, moments
from tests.blender.rigs import add_humanoid
from vitpose_blender.blender import (
    access,
    character,
    overlay_figures,
    overlay_ghost,
    overlay_gpu,
    overlay_place,
    overlay_settings,
    session,
)
from vitpose_blender.blender.capture_settings import settings as capture_settings
from vitpose_blender.core.picture_in_picture import PictureView, Rect
from vitpose_blender.live.config import CaptureConfig, Driven
from vitpose_blender.live.run import Preview

VIEW = PictureView(Rect(0, 0, 800, 600), (1280, 720), share=0.5)


@pytest.fixture
def hero():
    return add_humanoid("Hero")


@pytest.fixture
def other():
    return add_humanoid("Other")


@pytest.fixture
def source():
    return FakeSource()


@pytest.fixture
def config(tmp_path):
    return CaptureConfig("fake", tmp_path / "journal")


@pytest.fixture
def live():
    yield session.live
    session.live.stop()


@pytest.fixture
def people(hero):
    rest = character.read_rig_rest(hero)
    return moments(*(joints_of(rest, 0.3, seed) for seed in (0, 9)))


def begin(live, config, source, *driven):
    live.start(config, [Driven(*each) for each in driven], source.open)
    assert source.is_open.wait(WAIT)


def has_timer(overlay):
    return bpy.app.timers.is_registered(overlay._tick)


def assert_nothing_left(overlay):
    assert not overlay.is_drawing
    assert not has_timer(overlay)
    assert overlay.shown is None
    assert overlay._texture is None
    assert overlay._figures is None


def test_it_draws_while_a_capture_runs_and_not_after(
    live, config, source, hero, people
):
    assert_nothing_left(live.overlay)
    begin(live, config, source, ("Hero", 1))
    assert live.overlay.is_drawing
    assert has_timer(live.overlay)
    source.deliver(*people)
    assert live.overlay.tick() is not None
    assert live.overlay.shown is live.preview
    live.stop()
    assert_nothing_left(live.overlay)


def test_another_file_takes_it_away(live, config, source, hero, people):
    begin(live, config, source, ("Hero", 1))
    source.deliver(*people)
    live.overlay.tick()
    bpy.ops.wm.read_homefile(use_empty=True)
    assert_nothing_left(live.overlay)


def test_switching_the_extension_off_takes_it_away(live, config, source, hero):
    begin(live, config, source, ("Hero", 1))
    vitpose_blender.unregister()
    assert_nothing_left(live.overlay)
    vitpose_blender.register()


def test_what_cannot_be_drawn_is_told_once_and_switched_off(
    live, config, source, people, caplog, monkeypatch
):
    calls = []

    def fails(_):
        calls.append(1)
        raise RuntimeError("no such shader")

    class Space:
        class overlay:  # noqa: N801
            show_overlays = True

    monkeypatch.setattr("vitpose_blender.blender.overlay._space", Space)
    begin(live, config, source, ("Hero", 1))
    source.deliver(*people)
    live.overlay.tick()
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            live.overlay._guarded(fails)
            live.overlay.tick()
    assert len(calls) == 1
    assert [each.message for each in caplog.records] == [
        "The capture cannot be shown in the 3D view"
    ]
    assert live.overlay.tick() is None
    assert not live.overlay.is_drawing
    assert live.is_running


def test_people_have_lines_boxes_numbers_and_names(people):
    preview = Preview(None, people[0].packets, 0.0)
    nobody = Preview(None, (), 0.0)
    alone = Preview(None, people[0].packets[:1], 0.0)
    counts = [
        len(overlay_figures.shapes(each, VIEW, frozenset(), None))
        for each in (nobody, alone, preview)
    ]
    assert counts[0] < counts[1] < counts[2]
    texts = overlay_figures.texts(preview, VIEW, {2: "Hero"})
    assert [text for text, *_ in texts] == ["1", "2  Hero"]
    for _, x, y in texts:
        assert VIEW.rect.contains(x, y)
    assert overlay_figures.texts(nobody, VIEW, {})[0][0] == overlay_figures.NOBODY


def test_who_is_followed_or_pointed_at_is_told_by_colour(people):
    preview = Preview(None, people[0].packets, 0.0)
    looks = [
        overlay_figures.shapes(preview, VIEW, followed, pointed).rgba
        for followed, pointed in ((frozenset(), None), ({1}, None), ({1}, 1), ({2}, 1))
    ]
    for number, look in enumerate(looks):
        for other_look in looks[number + 1 :]:
            assert not np.array_equal(look, other_look)


def test_all_lines_stay_on_the_picture(people):
    shapes = overlay_figures.shapes(
        Preview(None, people[0].packets, 0.0), VIEW, frozenset(), None
    )
    low, high = shapes.points[:, :2].min(axis=0), shapes.points[:, :2].max(axis=0)
    rect, width = VIEW.rect, 4.0
    assert (low >= np.array([rect.left, rect.bottom]) - width).all()
    assert (high <= np.array([rect.right, rect.top]) + width).all()


def test_ghosts_go_with_their_characters(live, config, source, hero, other, people):
    begin(live, config, source, ("Hero", 1), ("Other", 2))
    assert overlay_ghost.lines(live.followers(), is_beside=False) is None
    source.deliver(*people)
    before = overlay_ghost.lines(live.followers(), is_beside=False)
    hero.location.x += 3
    other.location.x += 3
    bpy.context.view_layer.update()
    after = overlay_ghost.lines(live.followers(), is_beside=False)
    moved = after.ends - before.ends
    np.testing.assert_allclose(
        moved, np.broadcast_to((3, 0, 0), moved.shape), atol=1e-5
    )


@pytest.fixture
def view_3d():
    """The 3D view of Blender's own layout, its text switched on as it is at first."""
    screen = bpy.data.screens["Layout"]
    area = next(each for each in screen.areas if each.type == "VIEW_3D")
    region = next(each for each in area.regions if each.type == "WINDOW")
    overlay, view = area.spaces.active.overlay, bpy.context.preferences.view
    overlay.show_overlays = overlay.show_text = True
    overlay.show_stats = False
    view.show_view_name = view.show_object_info = True
    view.show_playback_fps = False
    return area, region


def test_blenders_own_text_keeps_its_lines(view_3d):
    area, _ = view_3d
    overlay, view = area.spaces.active.overlay, bpy.context.preferences.view

    def lines():
        return overlay_place.text_lines(*view_3d)

    assert lines() == 2
    overlay.show_stats = True
    assert lines() == 2 + overlay_place._STATISTICS
    overlay.show_text = False
    assert lines() == overlay_place._STATISTICS
    overlay.show_stats, overlay.show_text = False, True
    view.show_object_info = False
    assert lines() == 1
    view.show_view_name = False
    assert lines() == 0
    view.show_playback_fps = True
    assert lines() == 1
    overlay.show_overlays = False
    assert lines() == 0


@pytest.mark.parametrize("is_perspective", [False, True])
@pytest.mark.parametrize("is_along", [False, True])
def test_a_view_along_an_axis_names_its_grid(
    view_3d, is_perspective, is_along, monkeypatch
):
    class Data:
        is_orthographic_side_view = is_along

    Data.is_perspective = is_perspective
    monkeypatch.setattr(overlay_place, "RegionView3D", Data)
    area, region = view_3d
    assert region.data is None  # Without a window.
    alone = overlay_place.text_lines(area, region)
    drawn = overlay_place.text_lines(area, SimpleNamespace(data=Data()))
    assert (drawn > alone) == (is_along and not is_perspective)


def test_it_is_on_by_default_and_the_ghost_is_not():
    chosen = overlay_settings.settings(access.scene())
    assert chosen.show
    assert not chosen.ghost


def test_picking_gives_the_person_to_the_panels_character(
    live, config, source, hero, people
):
    access.scene().vitpose.armature = hero
    begin(live, config, source, ("Hero", 0))
    source.deliver(people[0])
    assert bpy.ops.vitpose.pick_person(person=2) == {"FINISHED"}
    assert capture_settings(access.scene()).person == 2
    source.deliver(*people[1:])
    assert [each.person for each in live.followers()] == [2]
    assert source.wanted == 2


def test_picking_gives_the_person_to_the_active_row(
    live, config, source, hero, other, people
):
    capture = capture_settings(access.scene())
    for armature, person in ((hero, 1), (other, 2)):
        actor = capture.actors.add()
        actor.armature, actor.person = armature, person
    begin(live, config, source, ("Hero", 1), ("Other", 2))
    source.deliver(people[0])
    for row, person in ((0, 2), (1, 1)):
        capture.active_actor = row
        bpy.ops.vitpose.pick_person(person=person)
    assert [actor.person for actor in capture.actors] == [2, 1]
    source.deliver(*people[1:])
    assert [each.person for each in live.followers()] == [2, 1]


def test_a_recording_refuses_another_person(
    live, config, source, hero, people, tmp_path
):
    access.scene().vitpose.armature = hero
    begin(live, config, source, ("Hero", 1))
    live.mark_start(tmp_path / "one.take.jsonl")
    with pytest.raises(RuntimeError, match="stop the recording first"):
        bpy.ops.vitpose.pick_person(person=2)
    assert capture_settings(access.scene()).person == 0


@pytest.mark.parametrize("name", ["pick_person", "resize_picture"])
def test_without_a_picture_there_is_nothing_to_do(live, config, source, hero, name):
    operator = getattr(bpy.ops.vitpose, name)
    assert not operator.poll()
    with pytest.raises(RuntimeError, match="Start the capture first"):
        operator()
    begin(live, config, source, ("Hero", 1))
    assert operator.poll()
    overlay_settings.settings(access.scene()).show = False
    with pytest.raises(RuntimeError, match="Switch Camera Picture on first"):
        operator()


def test_a_texture_holds_the_picture_upside_down_in_other_order():
    image = np.zeros((3, 5, 3), np.uint8)
    image[0, 1] = (51, 102, 255)  # Blue, green, red; in the first row.
    numbers = overlay_gpu.texels(image)
    assert numbers.shape == (3, 5, 4)
    assert numbers.dtype == np.float32
    np.testing.assert_allclose(numbers[2, 1], (1.0, 0.4, 0.2, 1.0), atol=1e-6)
    assert (numbers[..., 3] == 1).all()
    assert numbers[..., :3].sum() == pytest.approx(1.6)
