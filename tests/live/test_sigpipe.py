# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that is gone must not take the one that talks to it along."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
AS_IN_BLENDER = (
    "import os, signal, threading\n"
    "from vitpose_blender.live.sigpipe import no_sigpipe\n"
    "signal.signal(signal.SIGPIPE, signal.SIG_DFL)\n"
    "read_end, write_end = os.pipe()\n"
    "os.close(read_end)\n"
)
GUARDED = (
    "def write():\n"
    "    for _ in range(3):\n"
    "        try:\n"
    "            with no_sigpipe():\n"
    "                os.write(write_end, b'anything')\n"
    "        except BrokenPipeError:\n"
    "            print('broken')\n"
)

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "SIGPIPE"), reason="this system has no such signal"
)


def run(code):
    return subprocess.run(
        [sys.executable, "-c", AS_IN_BLENDER + code],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def test_a_broken_pipe_ends_a_process_that_does_not_guard_itself():
    assert run("os.write(write_end, b'anything')").returncode == -signal.SIGPIPE


@pytest.mark.parametrize(
    "call", ["write()", "t = threading.Thread(target=write); t.start(); t.join()"]
)
def test_a_guarded_write_is_an_error_like_any_other(call):
    done = run(f"{GUARDED}{call}\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["broken"] * 3


def test_the_signal_means_what_it_meant_afterwards():
    done = run(f"{GUARDED}write()\nos.write(write_end, b'anything')")
    assert done.stdout.split() == ["broken"] * 3
    assert done.returncode == -signal.SIGPIPE
