# SPDX-License-Identifier: GPL-3.0-or-later
"""The pinhole camera: projection and rays undo each other; axes point as designed."""

import numpy as np
import pytest

from vitpose_blender.core.camera_model import Camera


def test_projecting_a_ray_returns_its_pixel(rng):
    camera = Camera((1280, 720), fov=55.0)
    xy = rng.uniform(0, 700, (20, 2))
    depth = rng.uniform(1, 9, (20, 1))
    np.testing.assert_allclose(camera.project(camera.rays(xy) * depth), xy)


@pytest.mark.parametrize("image_wh", [(1280, 720), (720, 1280)])
def test_the_field_of_view_spans_the_longer_side(image_wh):
    camera = Camera(image_wh, fov=90.0)
    assert camera.focal == pytest.approx(640)


def test_points_behind_the_camera_have_no_pixel():
    assert np.isnan(Camera((640, 480)).project(np.array([0.0, 0.0, -1.0]))).all()


@pytest.mark.parametrize("tilt", [0.0, 20.0])
def test_down_in_the_picture_of_a_tilted_camera_is_level_in_the_world(tilt):
    camera = Camera((640, 480), tilt=tilt)
    c, s = np.cos(np.radians(tilt)), np.sin(np.radians(tilt))
    gravity_cam = np.array([0.0, c, s])
    np.testing.assert_allclose(
        camera.world_from_camera @ gravity_cam, (0, 0, -1), atol=1e-12
    )


def test_away_from_the_camera_is_plus_y_in_the_world():
    np.testing.assert_allclose(
        Camera((640, 480)).world_from_camera @ (0, 0, 1), (0, 1, 0)
    )
