# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures that are only looked at are no larger than needed."""

import numpy as np
import pytest

from vitpose_blender.live.preview_size import LONGER_SIDE, fitted


@pytest.mark.parametrize(
    "wh", [(1280, 720), (720, 1280), (1000, 1000), (641, 3), (3, 641), (4000, 1)]
)
def test_a_large_picture_is_made_smaller_in_its_proportions(wh, rng):
    pytest.importorskip("cv2")
    image = rng.integers(0, 255, (wh[1], wh[0], 3), np.uint8)
    height, width = fitted(image).shape[:2]
    scale = LONGER_SIDE / max(wh)
    assert max(width, height) == LONGER_SIDE
    assert abs(width - wh[0] * scale) < 1
    assert abs(height - wh[1] * scale) < 1


def test_colours_stay_where_they_are():
    pytest.importorskip("cv2")
    image = np.zeros((720, 1280, 3), np.uint8)
    image[:360, :640] = (10, 20, 30)
    small = fitted(image)
    assert small[:170, :310].reshape(-1, 3).tolist() == [[10, 20, 30]] * (170 * 310)
    assert not small[190:, :].any()


@pytest.mark.parametrize("wh", [(640, 480), (1, 1), (4, 3)])
def test_what_fits_stays_itself(wh):
    image = np.zeros((wh[1], wh[0], 3), np.uint8)
    assert fitted(image) is image
    assert fitted(None) is None
