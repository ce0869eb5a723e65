# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the core and Blender tests inside a real Blender, with its own Python and numpy.

    blender --background --factory-startup --python tests/run_in_blender.py
    blender --background --factory-startup --python tests/run_in_blender.py -- -k bake

Blender's Python needs pytest. What follows the dashes goes to pytest.
"""

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Run pytest as from the project's folder; returns its exit code."""
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    dashes = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    arguments = sys.argv[dashes + 1 :]
    return int(pytest.main([*arguments, "tests/core", "tests/blender"]))


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # Blender would go on and report success.
