# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for every test: a seeded generator, golden files, the shared data."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.inference.random_vitpose import random_vitpose, save_vitpose
from tests.script_runs import ScriptRunner

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


@pytest.fixture(scope="session")
def vitpose_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny ViTPose of random weights, saved the way the hub's are."""
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    return save_vitpose(random_vitpose(), tmp_path_factory.mktemp("vitpose-tiny"))


@pytest.fixture
def run_script(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> ScriptRunner:
    """Run a script of `scripts/` in this process, as from the command line."""
    return ScriptRunner(monkeypatch, capfd)


@pytest.fixture
def full_disk() -> Callable[[int], AbstractContextManager[None]]:
    """Return a context in which no file of ours can grow beyond some bytes."""
    resource = pytest.importorskip("resource", reason="only Unix limits file sizes")

    @contextmanager
    def limited(num_bytes: int) -> Iterator[None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limited
