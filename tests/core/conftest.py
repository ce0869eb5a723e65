# SPDX-License-Identifier: GPL-3.0-or-later
"""A humanoid character, and a person built like it, still and moving."""

import numpy as np
import pytest

from tests.humanoid import humanoid_roles, humanoid_skeleton, moving, person_like
from vitpose_blender.core.build_rest import build_rig_rest

FPS = 30.0


@pytest.fixture
def rest():
    return build_rig_rest(humanoid_skeleton(), humanoid_roles())


@pytest.fixture
def standing(rest):
    return person_like(rest)


@pytest.fixture
def xyz(standing):
    """Four seconds of a person who moves everything."""
    return moving(standing, np.arange(int(4 * FPS)) / FPS)
