# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotations in bulk: what holds for any of them, then the places without a way."""

import numpy as np
import pytest

from tests.humanoid import random_rotations
from vitpose_blender.core.rotations import (
    about_axis,
    apply,
    blend,
    body_frame,
    cross,
    dot,
    reject,
    rotation_vector,
    same_hemisphere,
    scale_turn,
    shortest_turn,
    to_quaternion,
    transpose,
    unit,
    without_nan,
)

CLOSE = {"atol": 1e-9}


def directions(rng, *shape):
    return unit(rng.normal(size=(*shape, 3)))


def assert_rotations(matrices):
    identity = np.broadcast_to(np.eye(3), matrices.shape)
    np.testing.assert_allclose(matrices @ transpose(matrices), identity, **CLOSE)
    np.testing.assert_allclose(np.linalg.det(matrices), 1.0, **CLOSE)


def from_quaternion(quaternions):
    """Textbook formula, to check `to_quaternion` against."""
    w, x, y, z = np.moveaxis(quaternions, -1, 0)
    return np.moveaxis(
        np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
                [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
                [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
            ]
        ),
        (0, 1),
        (-2, -1),
    )


@pytest.mark.parametrize("shape", [(), (7,), (4, 3), (0,)], ids=str)
class TestAnyLeadingShape:
    def test_every_maker_makes_rotations(self, rng, shape):
        a, b = directions(rng, *shape), directions(rng, *shape)
        turn = random_rotations(rng, *shape)
        for made in (
            body_frame(a, b),
            shortest_turn(a, b),
            about_axis(a, rng.uniform(-9, 9, shape)),
            scale_turn(turn, 0.3),
            blend(turn, shortest_turn(a, b), 0.7),
        ):
            assert made.shape == (*shape, 3, 3)
            assert_rotations(made)

    def test_the_transpose_undoes_a_turn(self, rng, shape):
        turn, vectors = random_rotations(rng, *shape), rng.normal(size=(*shape, 3))
        np.testing.assert_allclose(
            apply(transpose(turn), apply(turn, vectors)), vectors, **CLOSE
        )

    def test_quaternions_say_the_same_turn(self, rng, shape):
        turn = random_rotations(rng, *shape)
        quaternions = to_quaternion(turn)
        np.testing.assert_allclose(np.linalg.norm(quaternions, axis=-1), 1.0, **CLOSE)
        np.testing.assert_allclose(from_quaternion(quaternions), turn, **CLOSE)

    def test_rotation_vectors_say_the_same_turn(self, rng, shape):
        vector = directions(rng, *shape) * rng.uniform(0, 3.1, (*shape, 1))
        turn = about_axis(unit(vector), np.linalg.norm(vector, axis=-1))
        np.testing.assert_allclose(rotation_vector(turn), vector, atol=1e-7)

    def test_the_shortest_turn_leads_there_across_both(self, rng, shape):
        start, end = directions(rng, *shape), directions(rng, *shape)
        turn = shortest_turn(start, end)
        axis = np.cross(start, end)
        np.testing.assert_allclose(apply(turn, start), end, **CLOSE)
        np.testing.assert_allclose(apply(turn, axis), axis, **CLOSE)

    def test_what_is_left_lies_across_the_axis(self, rng, shape):
        vectors, axis = rng.normal(size=(*shape, 3)), directions(rng, *shape)
        across = reject(vectors, axis)
        np.testing.assert_allclose(np.sum(across * axis, axis=-1), 0.0, **CLOSE)
        np.testing.assert_allclose(
            np.cross(vectors - across, axis), np.zeros((*shape, 3)), **CLOSE
        )


def test_half_turns_have_quaternions_too():
    """The trace is least here: each diagonal entry must get its chance."""
    axes = np.concatenate([np.eye(3), unit(np.array([[1.0, 1, 0], [0, -1, 1]]))])
    half = about_axis(axes, np.full(len(axes), np.pi))
    np.testing.assert_allclose(from_quaternion(to_quaternion(half)), half, **CLOSE)


def test_opposite_vectors_are_joined_by_a_half_turn(rng):
    start = np.concatenate([np.eye(3), -np.eye(3), directions(rng, 20)])
    turn = shortest_turn(start, -start)
    assert_rotations(turn)
    np.testing.assert_allclose(apply(turn, start), -start, **CLOSE)


def test_equal_vectors_need_no_turn(rng):
    start = directions(rng, 20)
    np.testing.assert_allclose(
        shortest_turn(start, start), np.tile(np.eye(3), (20, 1, 1)), **CLOSE
    )


def test_a_part_that_faces_the_camera_upright_is_unturned():
    frame = body_frame(np.array([0.3, 0.0, 0.1]), np.array([0.0, 0.0, 2.0]))
    np.testing.assert_allclose(frame, np.eye(3), **CLOSE)


def test_up_is_kept_and_left_gives_way(rng):
    left, up = directions(rng, 9), directions(rng, 9)
    frame = body_frame(left, up)
    np.testing.assert_allclose(frame[..., 2], up, **CLOSE)
    assert (np.sum(frame[..., 0] * left, axis=-1) > 0).all()


def test_shares_of_a_turn_add_up(rng):
    turn = random_rotations(rng, 9)
    np.testing.assert_allclose(
        scale_turn(turn, 0.25) @ scale_turn(turn, 0.75), turn, **CLOSE
    )
    none = np.tile(np.eye(3), (9, 1, 1))
    np.testing.assert_allclose(scale_turn(turn, 0.0), none, **CLOSE)


def test_several_shares_of_a_blend_are_one_each(rng):
    start, end = random_rotations(rng, 2), random_rotations(rng, 2)
    shares = np.array([0.25, 0.6, 1.0])
    found = blend(start[:, np.newaxis], end[:, np.newaxis], shares)
    for column, share in enumerate(shares):
        np.testing.assert_allclose(found[:, column], blend(start, end, share), **CLOSE)


def test_cross_and_dot_are_numpys(rng):
    first, second = rng.normal(size=(5, 1, 3)), rng.normal(size=(4, 3))
    np.testing.assert_allclose(cross(first, second), np.cross(first, second), **CLOSE)
    np.testing.assert_allclose(dot(first, second), (first * second).sum(-1), **CLOSE)


def test_no_way_has_no_direction():
    found = unit(np.array([[0.0, 0.0, 0.0], [np.nan, 1.0, 0.0], [0.0, -2.0, 0.0]]))
    assert np.isnan(found[0]).all()
    assert np.isnan(found[1]).all()
    np.testing.assert_array_equal(found[2], (0.0, -1.0, 0.0))
    np.testing.assert_array_equal(without_nan(found[0], 7.0), (7.0, 7.0, 7.0))


def test_a_blend_begins_at_the_start_and_ends_at_the_end(rng):
    start, end = random_rotations(rng, 9), random_rotations(rng, 9)
    np.testing.assert_allclose(blend(start, end, 0.0), start, **CLOSE)
    np.testing.assert_allclose(blend(start, end, 1.0), end, **CLOSE)


def test_neighbours_in_time_are_in_one_hemisphere(rng):
    smooth = np.cumsum(rng.normal(0, 0.1, (200, 5, 4)), axis=0)
    smooth[..., 0] += 1
    smooth /= np.linalg.norm(smooth, axis=-1, keepdims=True)
    shuffled = smooth * rng.choice([-1.0, 1.0], (200, 5, 1))

    near = same_hemisphere(shuffled)

    assert (np.sum(near[1:] * near[:-1], axis=-1) >= 0).all()
    np.testing.assert_array_equal(np.abs(near), np.abs(shuffled))
    np.testing.assert_array_equal(near[0], shuffled[0])


def test_no_frames_have_no_hemisphere():
    assert same_hemisphere(np.zeros((0, 4))).shape == (0, 4)


def test_nothing_known_gives_nothing_known(rng):
    unknown, known = np.full(3, np.nan), directions(rng)
    for made in (
        unit(unknown),
        unit(np.zeros(3)),
        body_frame(unknown, known),
        body_frame(known, known),
        shortest_turn(unknown, known),
        shortest_turn(known, unknown),
        about_axis(known, np.array(np.nan)),
        to_quaternion(np.full((3, 3), np.nan)),
        rotation_vector(np.full((3, 3), np.nan)),
        blend(np.eye(3), np.full((3, 3), np.nan), 0.5),
    ):
        assert np.isnan(made).any()
        assert not np.isfinite(made).all(axis=-1).any()


def test_one_unknown_does_not_spoil_its_neighbours(rng):
    start, end = directions(rng, 3), directions(rng, 3)
    whole = to_quaternion(shortest_turn(start, end))
    start[1] = np.nan
    with_gap = to_quaternion(shortest_turn(start, end))
    assert np.isnan(with_gap[1]).all()
    np.testing.assert_array_equal(with_gap[[0, 2]], whole[[0, 2]])
