# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the extension's zip: `dist/vitpose_blender-<version>.zip`.

Blender wants the manifest beside the package's `__init__.py`, and everything the
extension reads inside that folder, so the parts are first gathered in a temporary one.
Blender's own builder, which comes with the bpy wheel, then checks and packs it; no
Blender needs to be installed.
"""

import _environment

if __name__ == "__main__":
    _environment.activate()

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = _environment.ROOT
DATA_FOLDERS = ("rigs", "resources")
BUILDER = "scripts/addons_core/bl_pkg/cli/blender_ext.py"
# Every file's time, so that a zip differs only where the files do; the earliest that
# the zip format can say in every time zone, 1980-01-02 [s].
SAME_TIME = 315_619_200


class BuildError(Exception):
    """The extension cannot be built; the message says why."""


def default_output() -> Path:
    """Return where the zip goes unless told otherwise."""
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text("utf-8"))
    return ROOT / "dist" / f"{manifest['id']}-{manifest['version']}.zip"


def stage(folder: Path) -> None:
    """Gather in `folder` what the extension consists of.

    Args:
        folder: An empty folder; it becomes the extension's root package.
    """
    skip = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
    shutil.copytree(ROOT / "vitpose_blender", folder, ignore=skip, dirs_exist_ok=True)
    for name in DATA_FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=skip)
    for name in ("blender_manifest.toml", "LICENSE", "CHANGELOG.md"):
        shutil.copy(ROOT / name, folder)
    for path in folder.rglob("*"):
        os.utime(path, (SAME_TIME, SAME_TIME))
        if path.is_file():
            path.chmod(0o644)


def build(out: Path) -> None:
    """Write the extension's zip, checked by Blender's own rules.

    Args:
        out: Where the zip goes; its folder is made, and an older file is replaced.

    Raises:
        BuildError: There is no builder, or it refuses the package.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        stage(Path(temporary))
        _run_builder("build", "--source-dir", temporary, "--output-filepath", str(out))
    _run_builder("validate", str(out))


def _run_builder(*arguments: str) -> None:
    """Run one command of Blender's extension tool."""
    command = [sys.executable, str(_find_builder()), *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise BuildError(
            f"Blender's builder refuses the extension: {done.stdout}{done.stderr}"
        )


def _find_builder() -> Path:
    """Return Blender's extension tool without importing bpy, which takes seconds."""
    spec = importlib.util.find_spec("bpy")
    if spec is not None and spec.origin is not None:
        found = sorted(Path(spec.origin).parent.glob(f"*/{BUILDER}"))
        if found:
            return found[-1]
    raise BuildError(
        "Building needs the bpy wheel, which carries Blender's extension tool: run "
        "this without VITPOSE_NO_VENV, or install bpy"
    )


def main() -> int:
    """Build, and say what came out."""
    parser = argparse.ArgumentParser(
        description="Build the extension that Blender installs from disk."
    )
    parser.add_argument(
        "--out", type=Path, default=default_output(), help="the zip (%(default)s)"
    )
    out = parser.parse_args().out
    try:
        build(out)
    except (BuildError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{out} ({out.stat().st_size / 1e6:.1f} MB): built and valid")
    return 0


if __name__ == "__main__":
    sys.exit(main())
