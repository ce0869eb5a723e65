# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests for crop.py: regions, exact interpolation, and transformers' pictures."""

import numpy as np
import pytest

from vitpose_blender.inference.crop import crop_people, padded_regions, points_in_image

INPUT_WH = (192, 256)


@pytest.fixture
def image(rng):
    return rng.integers(0, 256, (180, 240, 3), dtype=np.uint8)


def test_region_keeps_the_centre_and_has_the_aspect(rng):
    xyxy = rng.uniform(0, 100, (20, 4))
    xyxy[:, 2:] += xyxy[:, :2] + 1

    regions = padded_regions(xyxy, INPUT_WH)

    middle = xyxy.reshape(-1, 2, 2).mean(axis=1)
    np.testing.assert_allclose(regions.reshape(-1, 2, 2).mean(axis=1), middle)
    wh = regions[:, 2:] - regions[:, :2]
    np.testing.assert_allclose(wh[:, 0] / wh[:, 1], 192 / 256)
    box_wh = xyxy[:, 2:] - xyxy[:, :2]
    assert (wh >= 1.25 * box_wh - 1e-9).all()
    assert (np.isclose(wh, 1.25 * box_wh).any(axis=1)).all()


@pytest.mark.parametrize(
    "box",
    [
        (np.nan, 0, 10, 10), (0, 0, np.inf, 10), (-np.inf, 0, np.inf, 10),
        (10, 10, 0, 20), (5, 5, 5, 5),
    ],
    ids=["nan", "infinite", "endless", "inside-out", "a-point"],
)  # fmt: skip
def test_unusable_box_has_no_region_and_a_black_crop(box, image):
    regions = padded_regions(np.array([box, (20, 20, 80, 120)]), INPUT_WH)

    assert np.isnan(regions[0]).all()
    assert np.isfinite(regions[1]).all()
    crops = crop_people(image, regions, INPUT_WH)
    assert not crops[0].any()
    assert crops[1].any()


def test_no_boxes_give_no_crops(image):
    regions = padded_regions(np.zeros((0, 4)), INPUT_WH)
    assert crop_people(image, regions, INPUT_WH).shape == (0, 256, 192, 3)


def test_region_of_the_input_size_copies_its_pixels_as_rgb(image):
    region = np.array([[10.0, 20.0, 10 + 63, 20 + 79]])
    crop = crop_people(image, region, (64, 80))[0]
    np.testing.assert_array_equal(crop, image[20:100, 10:74, ::-1])


def test_outside_the_frame_is_black(image):
    crop = crop_people(image, np.array([[-20.0, -30.0, 43.0, 49.0]]), (64, 80))[0]
    assert not crop[:30].any()
    assert not crop[:, :20].any()
    np.testing.assert_array_equal(crop[30:, 20:], image[:50, :44, ::-1])


@pytest.mark.parametrize(
    "region", [(500, 500, 600, 600), (-1e7, -1e7, 1e7, 1e7)], ids=["beside", "huge"]
)
def test_absurd_region_gives_a_crop(region, image):
    crop = crop_people(image, np.array([region], dtype=np.float64), (64, 80))[0]
    assert crop.shape == (80, 64, 3)
    if region[0] == 500:
        assert not crop.any()


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 40, 3), (40, 1, 3)])
def test_frame_of_one_pixel_is_no_trouble(shape):
    image = np.full(shape, 200, dtype=np.uint8)
    crop = crop_people(image, np.array([[-2.0, -2.0, 2.0, 2.0]]), (5, 5))[0]
    np.testing.assert_array_equal(crop[2, 2], 200)


def test_a_ramp_is_interpolated_exactly():
    ramp = np.repeat(np.arange(0, 250, 2, dtype=np.uint8)[np.newaxis, :, None], 50, 0)
    region = np.array([[3.3, 4.0, 90.7, 44.0]])

    crop = crop_people(np.repeat(ramp, 3, axis=2), region, (64, 80))[0]

    wanted = 2 * np.linspace(3.3, 90.7, 64)
    assert np.abs(crop[..., 0] - wanted).max() <= 0.5 + 1e-4


def test_corners_of_region_and_heatmap_agree():
    region = np.array([[10.0, 20.0, 110.0, 180.0]])
    corners = np.array([[[0.0, 0.0], [47.0, 63.0]]])
    in_image = points_in_image(corners, region, (48, 64))
    np.testing.assert_allclose(in_image.ravel(), region.ravel())


def test_crops_equal_transformers(rng, image):
    pytest.importorskip("transformers")
    module = "transformers.models.vitpose.image_processing_pil_vitpose"
    processor = pytest.importorskip(module).VitPoseImageProcessorPil()
    xyxy = np.array([[30.3, 20.2, 100.7, 160.9], [-40, 60, 70, 300], [5, 5, 25, 18.5]])
    xywh = np.concatenate([xyxy[:, :2], xyxy[:, 2:] - xyxy[:, :2]], axis=1)
    theirs = processor(
        image[..., ::-1], [xywh.tolist()], do_rescale=False, do_normalize=False
    ).pixel_values

    ours = crop_people(image, padded_regions(xyxy, INPUT_WH), INPUT_WH)

    difference = np.abs(ours.transpose(0, 3, 1, 2) - np.asarray(theirs, dtype=float))
    assert difference.max() <= 1  # Rounding, where a value is halfway.
    assert (difference > 0).mean() < 1e-3
