# SPDX-License-Identifier: GPL-3.0-or-later
"""Layouts into COCO-17: every name keeps its place and its score."""

import numpy as np
import pytest

from vitpose_blender.core.errors import VitposeError
from vitpose_blender.core.layout_convert import to_coco17
from vitpose_blender.core.layouts import COCO17, LAYOUTS
from vitpose_blender.core.types import Keypoints2D

PEOPLE = sorted(set(LAYOUTS) - {"ap10k17"})


def random_keypoints(rng, layout_id: str) -> Keypoints2D:
    count = len(LAYOUTS[layout_id])
    xy = rng.uniform(0, 1000, (count, 2))
    return Keypoints2D(xy, rng.uniform(0.1, 1, count), 2.5, layout_id)


@pytest.mark.parametrize("layout_id", PEOPLE)
def test_every_name_keeps_its_place_and_score(rng, layout_id):
    keypoints = random_keypoints(rng, layout_id)

    out = to_coco17(keypoints)

    assert (out.layout, out.t) == ("coco17", 2.5)
    rows = LAYOUTS[layout_id].index
    for row, name in enumerate(COCO17.names):
        if name in rows:
            np.testing.assert_array_equal(out.xy[row], keypoints.xy[rows[name]])
            assert out.score[row] == keypoints.score[rows[name]]
        else:
            assert np.isnan(out.xy[row]).all()
            assert out.score[row] == 0.0


@pytest.mark.parametrize(
    ("layout_id", "num_known"),
    [("coco17", 17), ("coco_wholebody133", 17), ("body25", 17), ("body25b", 17),
     ("mpii16", 12), ("aic14", 12)],
)  # fmt: skip
def test_what_a_layout_lacks_is_missing(rng, layout_id, num_known):
    out = to_coco17(random_keypoints(rng, layout_id))
    assert np.isfinite(out.xy).all(axis=1).sum() == num_known


def test_missing_stays_missing(rng):
    keypoints = random_keypoints(rng, "body25")
    row = LAYOUTS["body25"].index["left_knee"]
    xy = keypoints.xy.copy()
    xy[row] = np.nan
    out = to_coco17(Keypoints2D(xy, keypoints.score, 0.0, "body25"))
    assert np.isnan(out.xy[COCO17.index["left_knee"]]).all()
    assert out.score[COCO17.index["left_knee"]] == 0.0


def test_coco17_is_returned_as_it_is(rng):
    keypoints = random_keypoints(rng, "coco17")
    assert to_coco17(keypoints) is keypoints


def test_converting_twice_changes_nothing(rng):
    once = to_coco17(random_keypoints(rng, "body25b"))
    np.testing.assert_array_equal(to_coco17(once).xy, once.xy)


def test_a_four_legged_layout_is_refused(rng):
    with pytest.raises(VitposeError, match="'ap10k17' is not a person's"):
        to_coco17(random_keypoints(rng, "ap10k17"))
