# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests for decode.py and crop.points_in_image: exact, and equal to transformers'."""

import numpy as np
import pytest

from vitpose_blender.inference.crop import padded_regions, points_in_image
from vitpose_blender.inference.decode import decode_heatmaps

HEIGHT, WIDTH = 64, 48


def bumps(xy, sigma=2.0, highest=1.0):
    """Return Gaussian heatmaps with their summits at `xy`, shape `(N, K, 2)`."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    xy = np.asarray(xy)[..., np.newaxis, np.newaxis, :]
    square = (x - xy[..., 0]) ** 2 + (y - xy[..., 1]) ** 2
    sigma, highest = (
        np.broadcast_to(v, xy.shape[:2])[..., np.newaxis, np.newaxis]
        for v in (sigma, highest)
    )
    return (highest * np.exp(-square / (2 * sigma**2))).astype(np.float32)


@pytest.fixture(scope="module")
def processor():
    pytest.importorskip("transformers")
    module = "transformers.models.vitpose.image_processing_pil_vitpose"
    return pytest.importorskip(module).VitPoseImageProcessorPil()


def test_summit_of_a_gaussian_is_found_within_its_cell(rng):
    xy = rng.uniform([8, 8], [WIDTH - 9, HEIGHT - 9], (2, 17, 2))

    found, score = decode_heatmaps(bumps(xy))

    np.testing.assert_allclose(found, xy, atol=1e-3)
    assert (score > 0.9).all()


def test_mirrored_heatmap_gives_the_mirrored_point(rng):
    heatmaps = bumps(rng.uniform([0, 0], [WIDTH - 1, HEIGHT - 1], (1, 17, 2)))

    xy, score = decode_heatmaps(heatmaps)
    mirrored, same_score = decode_heatmaps(heatmaps[..., ::-1])

    np.testing.assert_allclose(mirrored[..., 0], WIDTH - 1 - xy[..., 0], atol=1e-9)
    np.testing.assert_allclose(mirrored[..., 1], xy[..., 1], atol=1e-9)
    np.testing.assert_array_equal(same_score, score)


def test_brightness_does_not_move_the_point(rng):
    xy = rng.uniform([8, 8], [WIDTH - 9, HEIGHT - 9], (1, 17, 2))
    dim, _ = decode_heatmaps(bumps(xy, highest=0.3))
    bright, _ = decode_heatmaps(bumps(xy, highest=0.9))
    np.testing.assert_allclose(dim, bright, atol=1e-3)


@pytest.mark.parametrize("corner", [(0, 0), (WIDTH - 1, 0), (WIDTH - 1, HEIGHT - 1)])
def test_peak_in_a_corner_stays_in_the_heatmap(corner):
    xy, score = decode_heatmaps(bumps(np.array([[corner]])))
    assert np.abs(xy - corner).max() < 1
    np.testing.assert_allclose(score, 1.0)


@pytest.mark.parametrize(
    "value", [0.0, 0.5, -1.0, np.nan, np.inf], ids=["0", "0.5", "-1", "nan", "inf"]
)
def test_heatmap_without_a_peak_is_unseen(value):
    xy, score = decode_heatmaps(np.full((1, 2, HEIGHT, WIDTH), value, np.float32))
    assert np.isnan(xy).all()
    np.testing.assert_array_equal(score, 0.0)


def test_one_bad_heatmap_spoils_no_other(rng):
    heatmaps = bumps(rng.uniform(10, 30, (2, 5, 2)))
    alone, _ = decode_heatmaps(heatmaps)
    heatmaps[1, 3, 5, 5] = np.nan

    xy, score = decode_heatmaps(heatmaps)

    assert np.isnan(xy[1, 3]).all()
    assert score[1, 3] == 0.0
    unspoilt = np.ones((2, 5), dtype=bool)
    unspoilt[1, 3] = False
    np.testing.assert_array_equal(xy[unspoilt], alone[unspoilt])


def test_nobody_gives_nothing():
    xy, score = decode_heatmaps(np.zeros((0, 17, HEIGHT, WIDTH), np.float32))
    assert xy.shape == (0, 17, 2)
    assert score.shape == (0, 17)


def test_ties_and_ridges_stay_finite():
    heatmaps = np.zeros((1, 3, HEIGHT, WIDTH), np.float32)
    heatmaps[0, 0, :, 20] = 0.7  # A ridge has no single summit.
    heatmaps[0, 1, 10:12, 10:12] = 0.7
    heatmaps[0, 2, 0, 0] = 1e-6  # Below the smallest value that is told apart.

    xy, _ = decode_heatmaps(heatmaps)

    assert np.isfinite(xy).all()
    np.testing.assert_allclose(xy[0, 0, 0], 20, atol=1e-3)
    np.testing.assert_allclose(xy[0, 2], 0, atol=1e-3)


def _kinds_of_heatmaps(rng):
    xy = rng.uniform([-1, -1], [WIDTH, HEIGHT], (6, 17, 2))
    clean = bumps(xy, rng.uniform(1.2, 3, (6, 17)), rng.uniform(0.02, 1.05, (6, 17)))
    speckled = clean + rng.normal(size=clean.shape).astype(np.float32) * 0.02
    two = np.maximum(clean, 0.8 * bumps(rng.uniform(5, 40, (6, 17, 2))))
    coarse = clean.astype(np.float16).astype(np.float32)
    return {"clean": clean, "speckled": speckled, "two peaks": two, "coarse": coarse}


@pytest.mark.parametrize("kind", ["clean", "speckled", "two peaks", "coarse"])
def test_decoding_equals_transformers(kind, rng, processor):
    heatmaps = _kinds_of_heatmaps(rng)[kind]
    # A person of heatmap size, so that one pixel is one cell.
    center = np.full((6, 2), ((WIDTH - 1) / 2, (HEIGHT - 1) / 2), np.float32)
    scale = np.full((6, 2), ((WIDTH - 1) / 200, (HEIGHT - 1) / 200), np.float32)
    theirs, their_score = processor.keypoints_from_heatmaps(heatmaps, center, scale)

    ours, score = decode_heatmaps(heatmaps)

    np.testing.assert_allclose(ours, theirs, atol=0.02)
    assert np.quantile(np.abs(ours - theirs), 0.99) < 1e-4
    np.testing.assert_allclose(score, their_score[..., 0], rtol=1e-6)


def test_points_of_the_frame_equal_transformers(rng, processor):
    torch = pytest.importorskip("torch")
    heatmaps = bumps(rng.uniform([3, 3], [44, 60], (5, 17, 2)))
    xywh = rng.uniform([-50, -50, 20, 20], [900, 500, 600, 700], (5, 4))
    output = type("Output", (), {"heatmaps": torch.from_numpy(heatmaps)})
    results = processor.post_process_pose_estimation(output, [xywh.tolist()])[0]
    theirs = np.stack([result["keypoints"].numpy() for result in results])

    xyxy = np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], axis=1)
    xy, _ = decode_heatmaps(heatmaps)
    ours = points_in_image(xy, padded_regions(xyxy, (192, 256)), (WIDTH, HEIGHT))

    np.testing.assert_allclose(ours, theirs, atol=2e-3)
