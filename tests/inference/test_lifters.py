# SPDX-License-Identifier: GPL-3.0-or-later
"""The lifters there are, and what the command lines say of them."""

import ast
from pathlib import Path

import pytest

from vitpose_blender.core.errors import VitposeError
from vitpose_blender.inference.lifters import (
    CLIP_LIFTER,
    LIFTERS,
    LIVE_LIFTER,
    make_lifter,
)

CLI = Path(__file__).parents[2] / "scripts" / "_cli.py"


@pytest.mark.parametrize("name", LIFTERS)
def test_every_lifter_goes_by_its_name(name):
    assert make_lifter(name).name == name


def test_the_command_lines_offer_them_all_with_the_same_defaults():
    """They must do so before the environment that could import the package is there."""
    offered = next(
        ast.literal_eval(node.value)
        for node in ast.parse(CLI.read_text("utf-8")).body
        if isinstance(node, ast.Assign) and node.targets[0].id == "LIFTERS"
    )
    assert offered == (LIVE_LIFTER, CLIP_LIFTER)
    assert set(offered) == set(LIFTERS)


def test_an_unknown_lifter_is_refused_by_name():
    with pytest.raises(VitposeError, match="no lifter 'psychic'; choose one of"):
        make_lifter("psychic")
