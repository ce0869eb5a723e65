# SPDX-License-Identifier: GPL-3.0-or-later
"""scripts/demo.py: which way it takes the sample clip, with and without a model."""

import pytest

from tests.script_runs import load_script
from vitpose_blender.inference import weights


@pytest.fixture
def capture_command(monkeypatch, tmp_path):
    """Return the command line of the capture; the project's models are elsewhere."""
    monkeypatch.delenv("VITPOSE_MODEL", raising=False)
    monkeypatch.setattr(weights, "_own_models", lambda: tmp_path)
    demo = load_script("demo")
    return lambda: [str(part) for part in demo.commands()[0]]


def test_recorded_keypoints_stand_in_for_a_missing_model(capture_command):
    assert any(part.endswith("sample.keypoints.json") for part in capture_command())
    assert "--model" not in capture_command()


def test_pixels_go_through_the_built_in_model(capture_command, tmp_path):
    folder = tmp_path / weights.BUILT_IN_MODEL
    folder.mkdir()
    for name in ("config.json", "model.safetensors"):
        (folder / name).write_text("{}", encoding="utf-8")
    command = capture_command()
    assert command[1].endswith("sample.mp4")
    assert command[command.index("--model") + 1] == weights.BUILT_IN_MODEL


def test_the_environment_names_another_model(capture_command, monkeypatch):
    monkeypatch.setenv("VITPOSE_MODEL", "some/folder")
    command = capture_command()
    assert command[1].endswith("sample.mp4")
    assert command[command.index("--model") + 1] == "some/folder"
