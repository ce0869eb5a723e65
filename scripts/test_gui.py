# SPDX-License-Identifier: GPL-3.0-or-later
"""Work the installed extension with a real pointer, in a real Blender with its window.

    python3 scripts/test_gui.py                      every script of tests/gui
    python3 scripts/test_gui.py drive_faults.py      only this one
    python3 scripts/test_gui.py --suite sid          the newest Blender that Debian has
    python3 scripts/test_gui.py bench_window.py      the figures of bench_live.py there

Blender comes from Debian's packages and lives in a folder of its own, made at the
first run (two minutes, 3.3 GB). That needs Linux, root, and the tools that lie beside
the project in `shared/tools/blender_gui`. Pictures and logs land in `out/gui`: look at
them. Ends with 1 if a check failed, and with 2 where the tests cannot run here.
"""

import _environment

if __name__ == "__main__":
    _environment.activate()

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import build_extension

ROOT = _environment.ROOT
TOOLS = ROOT.parent / "shared" / "tools" / "blender_gui"
INSIDE = "tests/gui/install_and_drive.py"
SCRIPTS = (
    "drive_character.py",
    "drive_capture.py",
    "drive_overlay.py",
    "drive_faults.py",
    "drive_preferences.py",
)
SUITES = ("trixie", "sid")  # Blender 4.3.2 and 5.2.
LIMIT = 300  # Of one script; what takes longer hangs [s].
RESULT = re.compile(r"^(\d+) passed, (\d+) failed$", re.MULTILINE)


class Preparation:
    """A folder with Blender in it, made beside other work where there is none yet.

    Args:
        folder: Where it goes.
        suite: Debian's release.
    """

    def __init__(self, folder: Path, suite: str = SUITES[0]) -> None:
        self.folder = folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        self._log = folder.with_name(folder.name + ".setup.log")
        command = ["nice", TOOLS / "setup_chroot.sh", suite, folder, "torch"]
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True
            )

    def wait(self, limit: float | None = None) -> str:
        """Wait until it is there; returns what went wrong, or nothing.

        Args:
            limit: How long it may take from now on [s]; None waits for ever.
        """
        try:
            if self._process.wait(limit) == 0:
                return ""
        except subprocess.TimeoutExpired:
            self.close()
            return f"Blender's folder {self.folder} was not made in time"
        said = self._log.read_text("utf-8", errors="replace").strip()
        return f"Blender's folder {self.folder} cannot be made: {said}"

    def close(self) -> None:
        """End it with all that it started; what is half made is made anew next time."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait()


def reason_against() -> str:
    """Return why these tests cannot run here; empty where they can."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "it needs Linux and root, for a folder with Debian's Blender in it"
    if not (TOOLS / "setup_chroot.sh").is_file():
        return f"there is no {TOOLS}"
    return ""


def default_folder(suite: str = SUITES[0]) -> Path:
    """Return where Blender's folder is kept, from one run to the next."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "vitpose-blender" / f"gui-{suite}"


def run_all(
    folder: Path,
    out: Path,
    scripts: Sequence[str] = SCRIPTS,
    limit: float = LIMIT,
) -> list[int]:
    """Run scripts in Blender's folder, one after another.

    Args:
        folder: Blender's, ready.
        out: For pictures and logs, a folder a script; replaced.
        scripts: Names in `tests/gui`.
        limit: Of each [s].

    Returns:
        How many checks passed, and how many failed.
    """
    passed = failed = 0
    with _environment.one_at_a_time(folder), _project_in(folder) as project:
        for script in scripts:
            pictures = out / Path(script).stem
            shutil.rmtree(pictures, ignore_errors=True)
            good, bad = _run(folder, project, script, pictures, limit)
            passed, failed = passed + good, failed + bad
    return [passed, failed]


@contextmanager
def _project_in(folder: Path) -> Iterator[Path]:
    """Copy what the scripts need into Blender's folder, and take it away again."""
    project = Path(tempfile.mkdtemp(prefix="vitpose-", dir=folder / "tmp"))
    try:
        for name in ("tests", "resources", "scripts", "rigs", "vitpose_blender"):
            shutil.copytree(ROOT / name, project / name)
        shutil.copy(ROOT / "pyproject.toml", project)
        shutil.copy(TOOLS.parent / "mjpeg_server.py", project)
        build_extension.build(project / "extension.zip")
        yield project
    finally:
        shutil.rmtree(project)


def _run(
    folder: Path, project: Path, script: str, out: Path, limit: float
) -> tuple[int, int]:
    """Run one script; returns how many of its checks passed and failed."""
    place = f"/{project.relative_to(folder)}"
    started = time.monotonic()
    command = ["timeout", "--kill-after=10", str(limit), TOOLS / "inchroot.sh", folder]
    done = subprocess.run(
        [*command, "python3", f"{place}/{INSIDE}", place, script],
        check=False,
        env=dict(os.environ, INCHROOT_HOME=place),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    shutil.copytree(project / "out", out, dirs_exist_ok=True)
    shutil.rmtree(project / "out")
    (out / "said.txt").write_text(done.stdout, "utf-8")
    found = RESULT.findall(done.stdout)
    passed, failed = map(int, found[-1]) if found else (0, 1)
    if done.returncode and not failed:
        failed = 1
    seconds = time.monotonic() - started
    print(f"{script:<22}{passed} passed, {failed} failed  {seconds:.0f} s", flush=True)
    if failed:
        print(done.stdout, flush=True)
    return passed, failed


def main() -> int:
    """Read the command line, run the scripts, and sum up."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scripts", nargs="*", help=f"of {', '.join(SCRIPTS)}")
    parser.add_argument("--suite", choices=SUITES, default=SUITES[0])
    parser.add_argument("--folder", type=Path, help="Blender's; kept between runs")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "gui")
    parser.add_argument("--limit", type=float, default=LIMIT, help="of a script [s]")
    arguments = parser.parse_args()
    folder = arguments.folder or default_folder(arguments.suite)
    problem = reason_against()
    if not problem:
        with closing(Preparation(folder, arguments.suite)) as preparation:
            problem = preparation.wait()
    if problem:
        print(problem, file=sys.stderr)
        return 2
    scripts = arguments.scripts or SCRIPTS
    passed, failed = run_all(folder, arguments.out, scripts, arguments.limit)
    print(f"{passed} passed, {failed} failed; pictures in {arguments.out}")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
