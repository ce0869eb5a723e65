# SPDX-License-Identifier: GPL-3.0-or-later
"""The cross-sections of the mannequin and of the clothed person, from a table."""

import tomllib
from pathlib import Path

import numpy as np

from mannequin_tube import Array


def _read(section: str) -> dict[str, Array]:
    path = Path(__file__).with_suffix(".toml")
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return {name: np.array(rows) for name, rows in tables[section].items()}


BODY = _read("body")
CLOTHES = _read("clothes")


def up_trunk(rows: Array) -> tuple[Array, Array]:
    """Split rows `(z, side, front, back, y)` [m] into a tube's path and its keys."""
    z = rows[:, 0]
    path = np.column_stack([z, np.zeros_like(z), rows[:, 4], z])
    return path, rows[:, :4]


def from_joint(s: float, rows: Array) -> Array:
    """Return a tube's keys from rows that begin at the joint at distance `s` [m]."""
    return rows + np.array([s, 0.0, 0.0, 0.0])
