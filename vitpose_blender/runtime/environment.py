# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of the extension's own environment, and whether it can be used.

<folder>/venv          the environment
<folder>/ready.json    written last, so its presence says that all the rest is there
<folder>/install.log   what happened
"""

import json
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Environment:
    """An environment of our own in a folder.

    Attributes:
        folder: Where it lives, and its log and stamp with it.
    """

    folder: Path

    @property
    def venv(self) -> Path:
        return self.folder / "venv"

    @property
    def python(self) -> Path:
        """The interpreter, which need not be there."""
        if os.name == "nt":
            return self.venv / "Scripts" / "python.exe"
        return self.venv / "bin" / "python"

    @property
    def log(self) -> Path:
        return self.folder / "install.log"

    @property
    def stamp(self) -> Path:
        return self.folder / "ready.json"

    @property
    def downloads(self) -> Path:
        return self.folder / "downloads"

    @property
    def temporary(self) -> Path:
        return self.folder / "temporary"

    @property
    def site_packages(self) -> Path:
        """Where its packages are, for the Python that runs this."""
        if os.name == "nt":
            return self.venv / "Lib" / "site-packages"
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        return self.venv / "lib" / version / "site-packages"

    def contents(self) -> Mapping[str, str]:
        """Return what the stamp says; empty where there is none that can be read."""
        try:
            table = json.loads(self.stamp.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return table if isinstance(table, dict) else {}

    def is_ready(self) -> bool:
        """Whether it was installed to its end, for this Python, and is still there.

        An environment does not outlive the Blender whose Python made it.
        """
        stamp = self.contents()
        base = stamp.get("base", "")
        if not base or stamp.get("python") != python_version():
            return False
        return self.python.exists() and Path(base).exists()


def python_version() -> str:
    """Return what an environment must agree with, such as `3.11`."""
    return ".".join(platform.python_version_tuple()[:2])
