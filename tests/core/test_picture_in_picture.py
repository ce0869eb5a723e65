# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture in a corner: inside, in its proportions, and every click finds back."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from vitpose_blender.core.picture_in_picture import (
    MAX_SHARE,
    MIN_SHARE,
    PictureView,
    Rect,
    free_area,
)

CORNERS = ("TOP_LEFT", "TOP_RIGHT", "BOTTOM_LEFT", "BOTTOM_RIGHT")
AREA = Rect(40.0, 25.0, 900.0, 500.0)
SIZES = [(1280, 720), (480, 640), (3000, 40), (7, 900)]
EVERY_WAY = [
    pytest.param(PictureView(AREA, wh, corner, share, margin, mirrored))
    for wh, corner, share, margin, mirrored in product(
        SIZES, CORNERS, (0.0, 0.3, 1.0, 7.0), (0.0, 12.0, 1e6), (False, True)
    )
]
every_way = pytest.mark.parametrize("view", EVERY_WAY)


def test_a_strip_along_the_top_is_left_free():
    below = AREA.lowered(54.0)
    assert below == (40.0, 25.0, 900.0, 446.0)
    assert AREA.lowered(0.0) == AREA
    assert PictureView(below, (1280, 720), "TOP_LEFT", 1.0).rect.top == AREA.top - 54


def test_a_strip_takes_at_most_half():
    assert AREA.lowered(1e6).height == AREA.height / 2
    assert AREA.lowered(1e6).bottom == AREA.bottom


@every_way
def test_it_is_in_the_area_and_keeps_its_proportions(view):
    rect, (width, height) = view.rect, view.image_wh
    assert rect.width / rect.height == pytest.approx(width / height)
    tiny = 1e-6
    assert AREA.left - tiny <= rect.left < rect.right <= AREA.right + tiny
    assert AREA.bottom - tiny <= rect.bottom < rect.top <= AREA.top + tiny


@every_way
def test_a_click_finds_the_pixel_that_is_shown_there(view, rng):
    pixels = rng.uniform(0, 1, (20, 2)) * (np.array(view.image_wh) - 1)
    for pixel, (x, y) in zip(pixels, view.to_region(pixels), strict=True):
        np.testing.assert_allclose(view.to_picture(x, y), pixel, atol=1e-6)


@every_way
def test_a_click_beside_it_finds_nothing(view):
    rect = view.rect
    middle = (rect.left + rect.right) / 2, (rect.bottom + rect.top) / 2
    assert view.to_picture(rect.left - 1, middle[1]) is None
    assert view.to_picture(rect.right + 1, middle[1]) is None
    assert view.to_picture(middle[0], rect.bottom - 1) is None
    assert view.to_picture(middle[0], rect.top + 1) is None


@every_way
def test_its_corner_stays_and_its_grip_is_opposite(view):
    larger = replace(view, share=1.0)
    rect, grip = view.rect, view.grip
    for anchor in ("LEFT", "RIGHT"):
        if anchor in view.corner:
            side = anchor.lower()
            assert getattr(rect, side) == pytest.approx(getattr(larger.rect, side))
            assert grip[0] != pytest.approx(getattr(rect, side))
    for anchor, side in (("TOP", "top"), ("BOTTOM", "bottom")):
        if anchor in view.corner:
            assert getattr(rect, side) == pytest.approx(getattr(larger.rect, side))
            assert grip[1] != pytest.approx(getattr(rect, side))


@pytest.mark.parametrize("wh", SIZES)
@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize("share", [MIN_SHARE, 0.35, MAX_SHARE])
def test_the_grip_goes_where_it_is_dragged(wh, corner, share):
    wanted = PictureView(AREA, wh, corner, share, 12.0)
    dragged = replace(wanted, share=0.5).resized(*wanted.grip)
    assert dragged.share == pytest.approx(share)
    assert dragged.grip == pytest.approx(wanted.grip)


@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize("step", [(0.2, 0.0), (0.0, 0.2), (0.2, 0.2)])
def test_a_pull_towards_the_middle_makes_it_larger(corner, step):
    view = PictureView(AREA, (1280, 720), corner, 0.4)
    (x, y), rect = view.grip, view.rect
    inwards = 1 if "LEFT" in corner else -1, 1 if "BOTTOM" in corner else -1
    pull = step[0] * rect.width * inwards[0], step[1] * rect.height * inwards[1]
    assert view.resized(x + pull[0], y + pull[1]).share > 0.41
    assert view.resized(x - pull[0], y - pull[1]).share < 0.39


@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize("place", [(-1e5, -1e5), (1e5, 1e5), (490.0, 275.0), (0, 1e5)])
def test_it_stays_in_the_area_wherever_the_grip_is_dragged(corner, place):
    view = PictureView(AREA, (1280, 720), corner, 0.3, 12.0).resized(*place)
    assert MIN_SHARE <= view.share <= MAX_SHARE
    assert AREA.contains(*view.grip)


@pytest.mark.parametrize("corner", CORNERS)
def test_its_inner_edges_meet_in_the_grip_and_reach_round_it(corner):
    view = PictureView(AREA, (640, 480), corner, 0.4)
    upright, lying = view.inner_edges(6.0)
    rect, (x, y) = view.rect, view.grip

    assert upright.contains(x, y)
    assert lying.contains(x, y)
    assert upright.contains(x, rect.bottom)
    assert upright.contains(x, rect.top)
    assert lying.contains(rect.left, y)
    assert lying.contains(rect.right, y)
    middle = rect.left + rect.width / 2, rect.bottom + rect.height / 2
    assert not upright.contains(*middle)
    assert not lying.contains(*middle)
    assert upright.width == lying.height == 6.0


def test_left_is_right_in_a_mirror():
    view = PictureView(AREA, (100, 50))
    left = np.array([10.0, 20.0])
    (x, y), (mirrored_x, mirrored_y) = (
        replace(view, is_mirrored=flag).to_region(left) for flag in (False, True)
    )
    rect = view.rect
    assert x - rect.left == pytest.approx(rect.right - mirrored_x)
    assert x < mirrored_x
    assert y == mirrored_y > rect.bottom + rect.height / 2


def test_unknown_places_stay_unknown():
    view = PictureView(AREA, (100, 50))
    assert np.isnan(view.to_region(np.full((3, 2), np.nan))).all()


def test_bars_take_their_part_of_the_area():
    bars = [
        ("TOP", Rect(0, 470, 800, 30)),
        ("TOP", Rect(0, 440, 800, 30)),
        ("LEFT", Rect(0, 0, 50, 440)),
        ("RIGHT", Rect(600, 0, 200, 440)),
        ("BOTTOM", Rect(0, 0, 800, 20)),
        ("FLOAT", Rect(0, 0, 800, 500)),
    ]
    assert free_area((800, 500), bars) == Rect(50, 20, 550, 420)
    assert free_area((800, 500), []) == Rect(0, 0, 800, 500)


def test_where_bars_leave_nothing_the_whole_region_has_to_do():
    bars = [("LEFT", Rect(0, 0, 300, 500)), ("RIGHT", Rect(200, 0, 300, 500))]
    assert free_area((500, 500), bars) == Rect(0, 0, 500, 500)
