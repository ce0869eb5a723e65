# SPDX-License-Identifier: GPL-3.0-or-later
"""Children are read as they write, and end with all they started."""

import os
import sys
import threading
import time

import pytest

from vitpose_blender.core.errors import SetupError
from vitpose_blender.runtime.children import TimeoutSetupError, run_lines
from vitpose_blender.runtime.job import Cancelled, Job, Progress

FAMILY = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""


def is_alive_for_long(pid: int) -> bool:
    """Whether a process goes on: one that was killed needs a moment to be gone."""
    patience = time.monotonic() + 10
    while is_alive(pid) and time.monotonic() < patience:
        time.sleep(0.01)
    return is_alive(pid)


def is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:  # noqa: PTH123
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_lines_and_exit_code_come_through():
    lines = []
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    assert run_lines(python(code), lines.append, threading.Event()) == 3
    assert sorted(lines) == ["err", "out"]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_cancelled_child_takes_its_own_with_it():
    stop, pids = threading.Event(), []

    def hear(line):
        pids.append(int(line))
        stop.set()

    with pytest.raises(Cancelled):
        run_lines(python(FAMILY), hear, stop)
    assert len(pids) == 1
    assert not is_alive_for_long(pids[0])


def test_a_child_that_hangs_is_ended():
    with pytest.raises(TimeoutSetupError, match="did not end within"):
        run_lines(
            python("import time; time.sleep(600)"),
            print,
            threading.Event(),
            timeout=0.2,
        )


def test_a_program_that_is_not_there_is_a_sentence(tmp_path):
    with pytest.raises(SetupError, match="cannot be started"):
        run_lines([str(tmp_path / "none")], print, threading.Event())


def test_what_misleads_a_python_is_kept_from_it(monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PIP_TARGET", str(tmp_path))
    lines = []
    code = "import os; print(*{'PYTHONPATH', 'PIP_TARGET'} & os.environ.keys())"
    run_lines(python(code), lines.append, threading.Event(), more_env={"A": "b"})
    assert lines == [""]
    assert os.environ["PYTHONPATH"] == str(tmp_path)


class TestJob:
    def test_it_says_how_far_it_is_and_what_came_of_it(self):
        shown, go_on = threading.Event(), threading.Event()

        def work(report, stop):
            report(Progress("half", 0.5))
            shown.set()
            assert go_on.wait(10)
            return "done"

        job = Job("A job", work)
        job.start()
        assert shown.wait(10)
        assert job.is_running
        assert job.progress == Progress("half", 0.5)
        go_on.set()
        job.wait(10)
        assert (job.result, job.error, job.is_running) == ("done", "", False)

    def test_cancelling_is_no_error(self):
        def work(report, stop):
            assert stop.wait(10)
            raise Cancelled

        job = Job("A job", work)
        job.start()
        job.cancel()
        job.wait(10)
        assert job.was_cancelled
        assert job.error == ""

    @pytest.mark.parametrize(
        ("error", "said"),
        [(SetupError("No room"), "No room"), (KeyError("x"), "Internal error")],
        ids=["the-users", "a-bug"],
    )
    def test_a_failure_is_kept_as_a_sentence(self, error, said, caplog):
        def work(report, stop):
            raise error

        job = Job("A job", work)
        job.start()
        job.wait(10)
        assert job.error.startswith(said)
        assert not job.was_cancelled
