# SPDX-License-Identifier: GPL-3.0-or-later
"""Check form, lint and types: `ruff format --check`, `ruff check`, `mypy`."""

import subprocess
import sys
import time

import _environment

CHECKS = {
    "formatting": ["ruff", "format", "--check", "--quiet"],
    "lint": ["ruff", "check", "--quiet"],
    "types": ["mypy"],
}


def run_step(name: str, command: list[str]) -> bool:
    """Run one command, show whether it passed, and what it said if not.

    Args:
        name: What the command checks, for the line that is shown.
        command: The program and its arguments; it runs in the project's folder.
    """
    print(f"{name:<12}", end="", flush=True)
    started = time.monotonic()
    done = subprocess.run(
        command,
        check=False,
        cwd=_environment.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    seconds = time.monotonic() - started
    print(f"{'failed' if done.returncode else 'good':<8}{seconds:.1f} s", flush=True)
    if done.returncode:
        print(done.stdout, flush=True)
    return done.returncode == 0


def failed_checks() -> list[str]:
    """Run every check and return the names of those that failed."""
    return [
        name
        for name, command in CHECKS.items()
        if not run_step(name, [sys.executable, "-m", *command])
    ]


if __name__ == "__main__":
    _environment.activate()
    sys.exit(1 if failed_checks() else 0)
