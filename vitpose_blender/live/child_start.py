# SPDX-License-Identifier: GPL-3.0-or-later
"""The script that the interpreter of a capture's own process runs.

It loads the package from its folder under a plain name: installed as an extension the
package is called bl_ext.<repository>.vitpose_blender, which is nothing outside Blender.
Nothing but the standard library until the folders of packages are on the path.
"""

import importlib
import importlib.util
import json
import os
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1]
NAME = "vitpose_blender"


def load_package() -> None:
    """Make the package importable as `vitpose_blender`, whatever its folder's name."""
    places = [str(FOLDER)]
    spec = importlib.util.spec_from_file_location(
        NAME, FOLDER / "__init__.py", submodule_search_locations=places
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = package
    spec.loader.exec_module(package)


def main() -> None:
    # What a library prints must not get among the messages: it goes into the log.
    messages = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    commands = sys.stdin.buffer
    job = json.loads(commands.readline())
    sys.path[:0] = [path for path in job["paths"] if path not in sys.path]
    try:
        load_package()
        child = importlib.import_module(f"{NAME}.live.child")
    except ModuleNotFoundError as error:  # Not even numpy.
        told = {"kind": "error", "lacks": error.name}
        messages.write(json.dumps(told).encode() + b"\n")
        messages.flush()
        return
    child.main(job, commands, messages)


if __name__ == "__main__":
    main()
