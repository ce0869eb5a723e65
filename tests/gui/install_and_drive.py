# SPDX-License-Identifier: GPL-3.0-or-later
"""Install the extension's zip as a user would, then run a script that drives it.

    python3 install_and_drive.py PROJECT SCRIPT [ARGUMENTS...]

Runs beside Blender, in the folder that `scripts/test_gui.py` prepares: PROJECT holds
`extension.zip`, `tests` and `resources`; pictures and logs go to `PROJECT/out`. Blender
gets a home of its own, so that nothing is left from the script before.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

INSTALL = ("blender", "--command", "extension", "install-file")


def main(project, script, *arguments):
    """Return the script's exit code."""
    project = Path(project)
    out = project / "out"
    out.mkdir()
    home = tempfile.mkdtemp(prefix="home-", dir=project)
    temporary = Path(home) / "tmp"
    temporary.mkdir()
    environment = dict(
        os.environ, HOME=home, TMPDIR=str(temporary), PYTHONUNBUFFERED="1"
    )
    done = subprocess.run(
        [*INSTALL, "-r", "user_default", "-e", str(project / "extension.zip")],
        check=False,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    (out / "install.log").write_text(done.stdout, "utf-8")
    if done.returncode:
        print(done.stdout)  # noqa: T201  This is a script.
        return done.returncode
    path = project / "tests" / "gui" / script
    command = [sys.executable, str(path), str(out), *arguments]
    return subprocess.run(command, check=False, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
