# SPDX-License-Identifier: GPL-3.0-or-later
"""Run every check and every test, on a machine that has nothing but Python.

    python3 scripts/test.py                  everything, with Blender's newest wheel
    python3 scripts/test.py --fast           without the checks and the slow tests
    python3 scripts/test.py --bpy 4.2.23     the Blender tests with an older wheel
    python3 scripts/test.py --gui            and with a pointer in Blender's window
    python3 scripts/test.py -- -k camera     what follows the dashes goes to pytest

Tests run beside each other, a process a core; with arguments for pytest, in one. The
exit code is pytest's, or 1 if only a check or a test in the window failed.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import _environment
import check

# Blender 4.2 crashes on the way out of a process that has exported a glTF: leave at
# once with pytest's own exit code.
RUN_PYTEST = """
import os, sys, pytest
code = pytest.main(sys.argv[1:])
sys.stdout.flush()
sys.stderr.flush()
os._exit(code)
"""
PATIENCE = 60.0  # For Blender's folder once all other tests are over [s].
PICTURES = {".png", ".jpg", ".mp4"}
MOST_PROCESSES = 4  # Each holds a Blender and PyTorch, up to 2 GB.


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--bpy",
        metavar="VERSION",
        help="run the core and Blender tests with this bpy wheel instead",
    )
    parser.add_argument(
        "--fast",
        action="store_true",
        help="leave out the checks and the tests marked slow",
    )
    parser.add_argument(
        "--gui",
        action="store_true",
        help="also work the panels of a real Blender; see scripts/test_gui.py",
    )
    parser.add_argument(
        "--gui-folder", type=Path, metavar="FOLDER", help="where that Blender is kept"
    )
    parser.add_argument("pytest_arguments", nargs="*", metavar="-- ARGUMENTS")
    return parser.parse_args()


def pytest_command(arguments: argparse.Namespace, results: Path) -> list[str]:
    """Return the command that runs the wanted tests.

    Args:
        arguments: As `parse_arguments` returns them.
        results: Where the tests' files and the report go; emptied first.
    """
    command = [sys.executable, "-c", RUN_PYTEST, f"--basetemp={results}"]
    command.append(f"--junitxml={results / 'report.xml'}")
    if arguments.fast:
        command += ["-m", "not slow"]
    if arguments.pytest_arguments:
        return command + arguments.pytest_arguments
    # A file's tests stay together, as they share what is slow to make.
    processes = min(os.cpu_count() or 1, MOST_PROCESSES)
    command += ["-n", str(processes), "--dist", "loadfile"]
    return command + (["tests/core", "tests/blender"] if arguments.bpy else [])


def counts(report: Path, in_window: "WindowTests") -> str:
    """Return how many tests passed, failed and were skipped, in pytest's words."""
    if not report.is_file():
        return "no report: pytest ended early"
    suite = ElementTree.parse(report).getroot().find("testsuite")
    assert suite is not None
    failed, errors, skipped, total = (
        int(suite.attrib[name]) for name in ("failures", "errors", "skipped", "tests")
    )
    passed = total - failed - errors - skipped + in_window.num_passed
    failed += errors + in_window.num_failed
    skipped += in_window.num_skipped
    return f"{passed} passed, {failed} failed, {skipped} skipped"


class WindowTests:
    """Those that need a Blender with its window, which is made beside the others.

    Args:
        arguments: As `parse_arguments` returns them.

    Attributes:
        num_passed: How many checks passed.
        num_failed: How many did not.
        num_skipped: 1 where there can be no such Blender here.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.num_passed = self.num_failed = self.num_skipped = 0
        self._preparation = None
        if not arguments.gui:
            return
        import test_gui

        reason = test_gui.reason_against()
        if reason:
            self._skip(reason)
            return
        folder = arguments.gui_folder or test_gui.default_folder()
        self._preparation = test_gui.Preparation(folder)

    def run(self) -> None:
        """Run them, if they are wanted and can be run."""
        import test_gui

        if self._preparation is None:
            return
        problem = self._preparation.wait(PATIENCE)
        if problem:
            self._skip(problem)
            return
        out = _environment.ROOT / "out" / "gui"
        result = test_gui.run_all(self._preparation.folder, out)
        self.num_passed, self.num_failed = result

    def close(self) -> None:
        """End what is still being made."""
        if self._preparation is not None:
            self._preparation.close()

    def _skip(self, reason: str) -> None:
        """Say why there are none; who asks `test_gui.py` for them sees it fail."""
        self.num_skipped = 1
        print(f"{'window':<12}skipped: {reason}", flush=True)


def main() -> int:
    """Run the checks, then the tests, and sum up."""
    arguments = parse_arguments()
    started = time.monotonic()
    # Shells start background jobs deaf to Ctrl-C, and some tests press it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _environment.activate(arguments.bpy)
    with closing(WindowTests(arguments)) as in_window:
        return run(arguments, in_window, started)


def run(arguments: argparse.Namespace, in_window: WindowTests, started: float) -> int:
    """Run all that is wanted; returns the exit code."""
    failed = []
    if not check.run_step("packages", _environment.pip_check()):
        failed.append("packages")
    if not arguments.fast and not arguments.bpy:
        failed += check.failed_checks()
    name = f"test-bpy-{arguments.bpy}" if arguments.bpy else "test"
    results = _environment.ROOT / "out" / name
    shutil.rmtree(results, ignore_errors=True)
    results.parent.mkdir(exist_ok=True)
    command = pytest_command(arguments, results)
    # Where processes share the cores, threads that wait for one another only cost.
    environment = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **os.environ}
    code = subprocess.run(
        command, check=False, cwd=_environment.ROOT, env=environment
    ).returncode
    in_window.run()

    seconds = time.monotonic() - started
    print(f"\n{counts(results / 'report.xml', in_window)}; {seconds:.0f} s in all")
    print(f"checks: {'failed: ' + ', '.join(failed) if failed else 'all good'}")
    pictures = [path for path in results.rglob("*") if path.suffix in PICTURES]
    if pictures:
        print(f"pictures: {len(pictures)} in {results}")
    if code < 0:  # A signal's number; a shell would say it so.
        code = 128 - code
    return code or int(bool(failed) or in_window.num_failed > 0)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
