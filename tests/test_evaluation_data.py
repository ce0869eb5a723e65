# SPDX-License-Identifier: GPL-3.0-or-later
"""What the accuracy figures are measured on is what it says it is."""

import itertools

import numpy as np
import pytest

from tests.script_runs import load_script
from vitpose_blender.core.layouts import COCO17

ANKLES = COCO17.rows_of(["left_ankle", "left_ankle", "right_ankle", "right_ankle"])


@pytest.mark.parametrize("name", ["mocap", "two_people"])
def test_feet_are_at_the_legs_they_belong_to(shared, name):
    cases = getattr(load_script("evaluation_data"), name)(shared)
    for case in itertools.islice(cases, 4):
        away = case.feet[:, :, np.newaxis] - case.truth[:, np.newaxis, ANKLES]
        distance = np.nanmedian(np.linalg.norm(away, axis=-1), axis=0)
        own = np.diag(distance)
        assert (own < np.roll(distance, 2, axis=1).diagonal()).all()
        # Heels are nearer to the ankle than toes are.
        assert own[0] < own[1]
        assert own[2] < own[3]
