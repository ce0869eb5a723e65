# SPDX-License-Identifier: GPL-3.0-or-later
"""Stick figures: lines that are known, in the colours of their side; who is meant."""

import numpy as np
import pytest

from vitpose_blender.core.flat_shapes import SOFT, frame_lines, thick_lines
from vitpose_blender.core.layouts import CANONICAL, COCO17, LAYOUTS
from vitpose_blender.core.packet import Packet
from vitpose_blender.core.stick_figures import (
    FAINT,
    LEFT,
    MIDDLE,
    RIGHT,
    person_at,
    person_box,
    person_sticks,
    side_colours,
    sticks,
)
from vitpose_blender.core.types import Keypoints2D

SIZE = (1280, 720)


def person(number, middle, size=100.0, score=0.9, box=None):
    """Return somebody whose keypoints are on a circle."""
    angles = np.linspace(0, 2 * np.pi, 17, endpoint=False)
    xy = np.array(middle) + size * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return Packet(Keypoints2D(xy, np.full(17, score), 0.0), number, 0, SIZE, box=box)


@pytest.mark.parametrize("layout", [*LAYOUTS.values(), CANONICAL], ids=lambda x: x.id)
def test_sides_have_their_colours_and_change_places(layout):
    colours = side_colours(layout)
    assert len(colours) == len(layout.edges)
    for (start, end), colour in zip(layout.edges, colours.tolist()):
        names = layout.names[start], layout.names[end]
        has_left = any("left" in name for name in names)
        has_right = any("right" in name for name in names)
        wanted = MIDDLE if has_left == has_right else LEFT if has_left else RIGHT
        assert tuple(colour) == wanted


def test_only_what_is_known_is_drawn_and_its_score_is_its_opacity():
    points = np.arange(34.0).reshape(17, 2)
    score = np.full(17, 0.8)
    score[COCO17.index["left_wrist"]] = 0.5
    score[COCO17.index["right_wrist"]] = FAINT / 2
    points[COCO17.index["left_ankle"]] = np.nan
    found = sticks(COCO17, points, score)
    assert len(found) == len(COCO17.edges) - 2
    assert np.isfinite(found.ends).all()
    assert set(found.rgba[:, 3]) == {0.8, 0.5}
    assert (found.rgba[:, 3] == 0.5).sum() == 1


def test_nobody_known_has_no_lines():
    nothing = Packet(
        Keypoints2D(np.full((17, 2), np.nan), np.zeros(17), 0.0), 1, 0, SIZE
    )
    assert len(person_sticks(nothing)) == 0
    assert person_box(nothing) is None
    assert person_at([nothing], np.array([5.0, 5.0])) is None


def test_a_box_is_what_was_found_or_around_the_keypoints():
    assert person_box(person(1, (300, 300), box=(10, 20, 30, 40))).tolist() == [
        10, 20, 40, 60,
    ]  # fmt: skip
    left, top, right, bottom = person_box(person(1, (300, 300)))
    assert max(left, top) < 200
    assert min(right, bottom) > 400


def test_who_is_pointed_at_is_meant():
    two = [person(1, (300, 300)), person(7, (800, 300))]
    assert person_at(two, np.array([300.0, 300.0])) == 1
    assert person_at(two, np.array([800.0, 350.0])) == 7
    assert person_at(two, np.array([800.0, 700.0])) is None
    assert person_at([], np.array([800.0, 300.0])) is None


def test_of_two_who_overlap_the_nearer_skeleton_is_meant():
    behind, before = person(1, (300, 300), 250), person(2, (320, 300), 60)
    assert person_at([behind, before], np.array([375.0, 300.0])) == 2
    assert person_at([behind, before], np.array([545.0, 310.0])) == 1


def test_a_line_has_its_width_and_fades_beside_it(rng):
    ends = rng.uniform(0, 500, (30, 2, 2))
    rgba, width = rng.uniform(0, 1, (30, 4)), rng.uniform(1, 6, 30)
    found = thick_lines(ends, rgba, width)
    points = found.points.reshape(30, 2, 4, 3)
    colours = found.rgba.reshape(30, 2, 4, 4)
    for tip in (0, 1):
        across = np.linalg.norm(points[:, tip, 1] - points[:, tip, 2], axis=1)
        whole = np.linalg.norm(points[:, tip, 0] - points[:, tip, 3], axis=1)
        np.testing.assert_allclose(across, width, atol=1e-3)
        np.testing.assert_allclose(whole, width + 2 * SOFT, atol=1e-3)
        middle = points[:, tip, :, :2].mean(axis=1)
        away = np.linalg.norm(middle - ends[:, tip], axis=1)
        np.testing.assert_allclose(away, width / 2, atol=1e-3)
    assert (colours[:, :, [0, 3], 3] == 0).all()
    np.testing.assert_allclose(
        colours[:, :, 1], np.repeat(rgba[:, None], 2, 1), rtol=1e-6
    )


def test_triangles_cover_a_line_once(rng):
    ends = rng.uniform(0, 500, (5, 2, 2))
    width = np.full(5, 4.0)
    found = thick_lines(ends, np.ones((5, 4)), width)
    corners = found.points[found.corners][..., :2].astype(float)
    sides = corners[:, 1:] - corners[:, :1]
    area = np.abs(np.linalg.det(sides)).sum() / 2
    length = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1) + width
    assert area == pytest.approx((length * (width + 2 * SOFT)).sum(), rel=1e-4)
    assert set(found.corners.ravel()) == set(range(len(found.points)))


def test_lines_without_length_and_no_lines_are_no_trouble():
    point = np.array([[[5.0, 5.0], [5.0, 5.0]]])
    assert np.isfinite(thick_lines(point, np.ones((1, 4)), np.ones(1)).points).all()
    empty = thick_lines(np.empty((0, 2, 2)), np.empty((0, 4)), np.empty(0))
    assert len(empty) == 0


def test_a_frame_goes_around_its_rectangle():
    sides = frame_lines(np.array([[[10.0, 40.0], [30.0, 20.0]]]))
    assert sides.shape == (4, 2, 2)
    np.testing.assert_array_equal(sides[:, 1], np.roll(sides[:, 0], -1, axis=0))
    corners = {tuple(corner) for corner in sides[:, 0].tolist()}
    assert corners == {(10, 20), (10, 40), (30, 20), (30, 40)}
