# SPDX-License-Identifier: GPL-3.0-or-later
"""Install an extension's zip, switch it on and off twice, and report what was seen.

Run as a child process by test_extension.py, because what Blender has once imported or
registered cannot be undone in the process that runs the other tests:

    python install_extension.py ZIP REPOSITORY REPORT
"""

import importlib
import json
import os
import pkgutil
import sys
from pathlib import Path

import bpy

# isort: split
import addon_utils  # Found only once bpy is imported.

MODULE = "bl_ext.trial.vitpose_blender"
HEAVY = {"torch", "transformers", "cv2"}


def raise_it(error):
    raise error


def traces():
    """Return everything an add-on can leave in Blender's registries."""
    groups = (bpy.types.Scene, bpy.types.Object, bpy.types.WindowManager)
    handlers = (getattr(bpy.app.handlers, name) for name in dir(bpy.app.handlers))
    return {
        "types": sorted(dir(bpy.types)),
        "properties": sorted(name for group in groups for name in dir(group)),
        "handlers": sum(len(h) for h in handlers if isinstance(h, list)),
    }


def observe():
    """Return whether the extension is on, and whether anything heavy came with it."""
    return {
        "is_on": addon_utils.check(MODULE)[1],
        "heavy": sorted(HEAVY & sys.modules.keys()),
    }


def import_all(package_name):
    """Return the names of all modules in a package; each could be imported."""
    package = importlib.import_module(package_name)
    found = pkgutil.walk_packages(package.__path__, package_name + ".")
    return [importlib.import_module(module.name).__name__ for module in found]


def install(zip_path, repository):
    repositories = bpy.context.preferences.extensions.repos
    repositories.new(name="Trial", module="trial", custom_directory=repository)
    bpy.ops.extensions.package_install_files(
        filepath=zip_path, repo="trial", enable_on_install=False
    )


def main(zip_path, repository, report):
    install(zip_path, repository)
    seen = {"before": traces()}
    for round_ in ("first", "second"):
        addon_utils.enable(MODULE, default_set=False, handle_error=raise_it)
        seen[round_ + " on"] = observe()
        data = importlib.import_module(MODULE + ".data_files")
        seen["data"] = [str(data.data_folder(name)) for name in ("rigs", "resources")]
        rig_choice = importlib.import_module(MODULE + ".blender.rig_choice")
        seen["own maps"] = str(rig_choice.user_folder())
        seen["offers"] = [
            name for name in dir(bpy.types) if name.startswith("VITPOSE_")
        ]
        addon_utils.disable(MODULE, default_set=False, handle_error=raise_it)
        seen[round_ + " off"] = observe()
        seen[round_ + " after"] = traces()
    seen["modules"] = import_all(MODULE)
    Path(report).write_text(json.dumps(seen), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
    sys.stdout.flush()
    os._exit(0)  # Blender's own clean-up at exit is not what is tested.
