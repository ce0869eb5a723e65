# SPDX-License-Identifier: GPL-3.0-or-later
"""What all command lines share: exit codes, errors in a sentence, progress, help."""

import ast
import io
import os
import re
import subprocess
import sys
import traceback
from types import SimpleNamespace

import pytest

from tests.script_runs import SCRIPTS, load_script
from vitpose_blender.core.errors import SourceError

COMMANDS = ["capture", "animate"]
# Read by the Python that starts a script, before the right one takes over.
FIRST_FILES = [*COMMANDS, "_cli", "_capture_options", "_capture_outputs"]


@pytest.fixture
def cli():
    return load_script("_cli")


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(cli, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(cli, "time", clock)
    return clock


@pytest.fixture
def terminal(cli, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(cli, "sys", SimpleNamespace(stderr=terminal, stdout=None))
    return terminal


def run_bare(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script without any package, as on a machine that has only Python."""
    outside = {k: v for k, v in os.environ.items() if k != "VITPOSE_NO_VENV"}
    return subprocess.run(
        [sys.executable, "-S", "-E", *arguments],
        check=False,
        env=outside,
        capture_output=True,
        text=True,
    )


def raising(error):
    def main():
        raise error

    return main


def test_the_exit_code_is_mains_own(cli):
    assert cli.exit_code(lambda: 0) == 0
    assert cli.exit_code(lambda: 7) == 7


def test_bad_input_is_one_sentence(cli, capsys):
    assert cli.exit_code(raising(SourceError("No such thing: bring it"))) == 2
    assert capsys.readouterr().err == "Error: No such thing: bring it\n"


def test_a_stop_is_no_error(cli, capsys):
    assert cli.exit_code(raising(KeyboardInterrupt())) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_a_bug_shows_its_traceback(cli, caplog):
    assert cli.exit_code(raising(ZeroDivisionError("oops"))) == 1
    assert "This is a bug" in caplog.text
    assert "ZeroDivisionError: oops" in caplog.text


def test_the_process_ends_with_the_exit_code():
    code = f"import sys; sys.path[:0] = {[str(SCRIPTS), str(SCRIPTS.parent)]}\n"
    code += "import _cli; print('said'); _cli.run(lambda: 42)"
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (42, "said\n", "")


def test_a_terminal_sees_rate_and_time_left(cli, clock, terminal):
    progress = cli.Progress("Capturing", 100)
    clock.now += 5
    progress.step(25)
    assert terminal.getvalue().startswith("\rCapturing [######....")
    assert "25/100 frames, 5.0/s, 15 s left" in terminal.getvalue()
    assert "\n" not in terminal.getvalue()

    clock.now += 15
    progress.step(100)
    progress.finish()
    assert terminal.getvalue().endswith("100/100 frames, 5.0/s, 20.0 s\033[K\n")


def test_a_terminal_is_not_flooded(cli, clock, terminal):
    progress = cli.Progress("Capturing", 1000)
    for count in range(1000):
        clock.now += 0.001
        progress.step(count)
    assert 5 <= terminal.getvalue().count("\r") <= 10


def test_an_unknown_length_has_a_rate_but_no_end(cli, clock, terminal):
    progress = cli.Progress("Capturing", None)
    clock.now += 2
    progress.step(60)
    assert "Capturing: 60 frames, 30.0/s" in terminal.getvalue()
    assert "left" not in terminal.getvalue()


@pytest.mark.parametrize("total", [None, 0, 3])
def test_a_pipe_sees_one_line_at_the_end(cli, clock, capsys, total):
    with cli.Progress("Capturing", total) as progress:
        for count in range(3):
            clock.now += 1
            progress.step(count + 1)
        assert capsys.readouterr() == ("", "")
    out, err = capsys.readouterr()
    assert out.count("\n") == 1
    assert "3.0 s" in out
    assert err == ""


def test_a_job_that_failed_shows_no_end(cli, capsys):
    with pytest.raises(SourceError), cli.Progress("Capturing", 3):
        raise SourceError("gone")
    assert capsys.readouterr() == ("", "")


def test_a_job_that_was_stopped_shows_how_far_it_came(cli, capsys):
    with pytest.raises(KeyboardInterrupt), cli.Progress("Capturing", 3):
        raise KeyboardInterrupt
    assert "0/3 frames" in capsys.readouterr().out


def test_nothing_written_past_python_gets_through_a_hush(cli, capfd):
    sys.stdout.write("before\n")
    with cli.hushed():
        os.write(1, b"Blender says\n")
        sys.stdout.write("so does an importer\n")
        try:
            raise ValueError("inner")
        except ValueError:
            traceback.print_exc()
    sys.stdout.write("after\n")
    assert capfd.readouterr() == ("before\nafter\n", "")


def test_a_hush_ends_with_an_error(cli, capfd):
    with pytest.raises(SourceError), cli.hushed():
        raise SourceError("gone")
    os.write(1, b"heard\n")
    assert capfd.readouterr().out == "heard\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_teaches_without_an_environment(name):
    done = run_bare(str(SCRIPTS / f"{name}.py"), "--help")
    assert done.returncode == 0, done.stderr
    assert f"python3 scripts/{name}.py" in done.stdout
    assert "Exit codes: 0 done, 1 a bug, 2 bad input" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["capture"], "required: SOURCE, --out"),
        (["capture", "x.mp4"], "required: --out"),
        (["capture", "x.mp4", "--out", "y", "--fps", "many"], "--fps.*'many'"),
        (["capture", "x.mp4", "--out", "y", "--fov", "wide"], "--fov.*'wide'"),
        (["capture", "x.mp4", "--out", "y", "--size", "12"], "'12'.* like 1280x720"),
        (["capture", "x.mp4", "--out", "y", "--size", "0x720"], "like 1280x720"),
        (["capture", "x.mp4", "--out", "y", "--faster"], "--faster"),
        (["animate", "x.take.jsonl"], "required: character, --out"),
        (["animate", "x", "y", "--out", "z", "--smooth", "very"], "'very'.*'crisp'"),
        (["animate", "x", "y", "--out", "z", "--person", "Bob"], "--person.*'Bob'"),
        (["animate", "x", "y", "--out", "z", "--fps", "film"], "--fps.*'film'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_options_are_one_sentence(run_script, arguments, match):
    sentence = run_script(*arguments).sentence
    assert "--help" in sentence
    assert re.search(match, sentence), sentence


def test_wrong_options_need_no_environment():
    done = run_bare(str(SCRIPTS / "capture.py"), "x.mp4", "--out", "y", "--fps", "x")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: argument --fps")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", FIRST_FILES)
def test_first_files_suit_an_older_python(name):
    source = (SCRIPTS / f"{name}.py").read_text("utf-8")
    ast.parse(source, feature_version=(3, 7))
    # It keeps `int | None` from being looked at, which Python 3.10 brought.
    assert "from __future__ import annotations\n" in source
