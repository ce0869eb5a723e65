# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for every test: a seeded generator, golden files, the shared data."""

import os
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real characters, motion and footage beside the project."""
    folder = Path(os.environ.get("VITPOSE_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip("the shared test data are not on this machine")
    return folder
