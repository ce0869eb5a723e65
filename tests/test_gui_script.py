# SPDX-License-Identifier: GPL-3.0-or-later
"""What `scripts/test_gui.py` makes of the scripts it runs, with a stand-in Blender."""

import contextlib
import importlib
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def test_gui(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    return importlib.import_module("test_gui")


@pytest.fixture
def tools(tmp_path, test_gui, monkeypatch):
    """Put tools in place that run commands right here; returns Blender's folder."""
    folder, tools = tmp_path / "blender", tmp_path / "tools" / "blender_gui"
    (folder / "tmp").mkdir(parents=True)
    tools.mkdir(parents=True)
    tools.parent.joinpath("mjpeg_server.py").touch()
    for name, text in (
        ("setup_chroot.sh", "exit ${PROBLEM:-0}"),
        ("inchroot.sh", 'place="$1$4"; mkdir -p "$place/out"; . "$1/said.sh"'),
    ):
        (tools / name).write_text(f"#!/bin/sh\n{text}\n", "utf-8")
        (tools / name).chmod(0o755)
    monkeypatch.setattr(test_gui, "TOOLS", tools)
    monkeypatch.setattr(
        test_gui.build_extension, "build", lambda out: out.write_bytes(b"")
    )
    return folder


needs_linux = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the tools are for Linux"
)


@needs_linux
@pytest.mark.parametrize(
    ("says", "counts"),
    [
        ("echo 3 passed, 0 failed", [3, 0]),
        ("echo 2 passed, 1 failed; exit 1", [2, 1]),
        ("echo 3 passed, 0 failed; exit 7", [3, 1]),
        ("echo Traceback; exit 1", [0, 1]),
        ("echo nothing at all", [0, 1]),
    ],
)
def test_what_a_script_says_is_counted(test_gui, tools, tmp_path, says, counts):
    (tools / "said.sh").write_text(f"touch $place/out/a.png; {says}\n", "utf-8")

    result = test_gui.run_all(tools, tmp_path / "out", ["drive_me.py"])

    assert result == counts
    assert (tmp_path / "out" / "drive_me" / "a.png").exists()
    assert not any((tools / "tmp").iterdir())


@needs_linux
def test_a_folder_that_cannot_be_made_is_told(test_gui, tools, monkeypatch):
    assert not test_gui.Preparation(tools).wait()

    monkeypatch.setenv("PROBLEM", "1")

    assert "cannot be made" in test_gui.Preparation(tools).wait()


@needs_linux
def test_a_folder_that_takes_too_long_is_given_up(test_gui, tools):
    slow = test_gui.TOOLS / "setup_chroot.sh"
    slow.write_text("#!/bin/sh\nsleep 600\n", "utf-8")
    preparation = test_gui.Preparation(tools)

    assert "not made in time" in preparation.wait(0.01)
    preparation.close()


@pytest.fixture
def test_script(test_gui):
    return importlib.import_module("test")


def window_tests(test_script, *options):
    sys.argv[1:] = ["--gui", *options]
    return test_script.WindowTests(test_script.parse_arguments())


@needs_linux
def test_among_all_tests_they_are_skipped_where_there_is_no_blender(
    test_gui, test_script, tools, monkeypatch, capsys
):
    monkeypatch.setattr(sys, "argv", ["test.py"])
    monkeypatch.setattr(test_gui, "reason_against", str)
    monkeypatch.setenv("PROBLEM", "1")
    with contextlib.closing(
        window_tests(test_script, "--gui-folder", str(tools))
    ) as in_window:
        in_window.run()

    assert [in_window.num_failed, in_window.num_skipped] == [0, 1]
    assert "skipped: Blender's folder" in capsys.readouterr().out


def test_asked_for_alone_they_fail_where_there_is_no_blender(
    test_gui, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(sys, "argv", ["test_gui.py"])
    monkeypatch.setattr(test_gui, "TOOLS", tmp_path)

    assert test_gui.main() == 2
    assert capsys.readouterr().err


def test_without_the_tools_the_reason_is_told(test_gui, tmp_path, monkeypatch):
    monkeypatch.setattr(test_gui, "TOOLS", tmp_path)
    reason = test_gui.reason_against()

    assert reason
    if sys.platform.startswith("linux") and os.geteuid() == 0:
        assert str(tmp_path) in reason
