# SPDX-License-Identifier: GPL-3.0-or-later
"""The set-up that every script does for itself, tried on a project without packages."""

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "scripts"
FIRST_FILES = ["_environment.py", "check.py", "test.py"]  # Run by any Python.
REPORT = """
import _environment

if __name__ == "__main__":
    _environment.activate()

import sys

print(sys.prefix, sys.path[0], *sys.argv[1:], sep="|")
sys.exit(7)
"""


@pytest.fixture
def environment():
    """Return a fresh copy of the module, so that a test may change it."""
    path = SCRIPTS / "_environment.py"
    spec = importlib.util.spec_from_file_location("environment_under_test", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def start(project: Path) -> subprocess.Popen[str]:
    """Start the small project's one script, as a person would."""
    outside = {k: v for k, v in os.environ.items() if k != "VITPOSE_NO_VENV"}
    return subprocess.Popen(
        [sys.executable, project / "scripts" / "report.py", "two words", "--flag"],
        env=outside,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(project: Path) -> tuple[int, str, str]:
    process = start(project)
    out, err = process.communicate()
    return process.returncode, out, err


def make_project(folder: Path) -> Path:
    """Make a project with our set-up, a script, and no packages to install."""
    (folder / "scripts").mkdir(parents=True)
    (folder / "requirements").mkdir()
    shutil.copy(SCRIPTS / "_environment.py", folder / "scripts")
    (folder / "scripts" / "report.py").write_text(REPORT)
    for name in ("base.txt", "main.txt", "constraints.txt"):
        (folder / "requirements" / name).write_text("")
    return folder


@pytest.fixture(scope="module")
def first_runs(tmp_path_factory):
    """Return a project and the outcomes of two first runs at the same time."""
    project = make_project(tmp_path_factory.mktemp("environment") / "project")
    runs = [start(project), start(project)]
    outputs = [process.communicate() for process in runs]
    if any("No Python 3.11" in err for _, err in outputs):
        pytest.skip("this machine has no Python 3.11")
    return project, [(p.returncode, *o) for p, o in zip(runs, outputs)]


def test_script_continues_in_the_environment(first_runs):
    project, outcomes = first_runs
    for code, out, err in outcomes:
        assert (code, err) == (7, "")
        wanted = [str(project / ".venv"), str(project), "two words", "--flag"]
        assert out.splitlines()[-1].split("|") == wanted


def test_of_two_first_runs_one_installs(first_runs):
    _, outcomes = first_runs
    assert sum("Setting up" in out for _, out, _ in outcomes) == 1


def test_later_run_installs_nothing(first_runs):
    project, _ = first_runs
    log = (project / ".venv" / "install.log").read_bytes()

    code, out, _ = run(project)

    assert code == 7
    assert len(out.splitlines()) == 1
    assert (project / ".venv" / "install.log").read_bytes() == log


def test_changed_requirements_update_what_is_there(first_runs):
    project, _ = first_runs
    kept = project / ".venv" / "kept"
    kept.touch()
    (project / "requirements" / "base.txt").write_text("# Another line.\n")

    code, out, _ = run(project)

    assert code == 7
    assert "Updating .venv" in out
    assert kept.exists()


def test_interrupted_installation_starts_over(first_runs):
    project, _ = first_runs
    half_package = project / ".venv" / "half_package"
    half_package.touch()
    (project / ".venv" / "requirements.stamp").write_text("interrupted")

    code, out, _ = run(project)

    assert code == 7
    assert "Setting up .venv" in out
    assert not half_package.exists()


def test_package_that_cannot_be_had_ends_with_the_log(first_runs):
    project, _ = first_runs
    requirement = project / "requirements" / "main.txt"
    requirement.write_text("./absent-1.0-py3-none-any.whl\n")

    code, _, err = run(project)
    requirement.write_text("")

    assert code == 2
    assert "install.log" in err.splitlines()[0]
    assert "absent-1.0" in err
    assert "Traceback" not in err
    assert (project / ".venv" / "requirements.stamp").read_text() == "interrupted"


def test_own_python_can_be_kept(environment, monkeypatch):
    monkeypatch.setenv("VITPOSE_NO_VENV", "1")
    monkeypatch.setattr(sys, "path", [])

    environment.activate()

    assert sys.path == [str(ROOT)]


def test_missing_python_is_one_sentence(environment, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(environment, "PROBE", "print()")

    with pytest.raises(environment.SetupError, match="uv python install") as caught:
        environment._find_python(tmp_path / "install.log")

    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks Linux's loader")
class TestSystemLibraries:
    @pytest.fixture(autouse=True)
    def absent(self, environment, monkeypatch):
        libraries = {"libc.so.6": "libc6", "libabsent.so.1": "libabsent1"}
        monkeypatch.setattr(environment, "SYSTEM_LIBRARIES", libraries)

    def test_missing_ones_are_named(self, environment, monkeypatch, tmp_path):
        monkeypatch.setenv("PATH", str(tmp_path))  # Without apt.
        with pytest.raises(environment.SetupError, match=r"apt install libabsent1$"):
            environment._ensure_system_libraries(tmp_path / "install.log")

    def test_apt_brings_them_where_it_may(self, environment, monkeypatch, tmp_path):
        calls = tmp_path / "calls"
        apt = tmp_path / "apt-get"
        apt.write_text(f'#!/bin/sh\necho "$@" >> "{calls}"\n')
        apt.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
        monkeypatch.setattr(os, "geteuid", lambda: 0)

        # This apt does not really bring anything, which must not go unnoticed.
        with pytest.raises(environment.SetupError, match="libabsent1"):
            environment._ensure_system_libraries(tmp_path / "install.log")

        assert calls.read_text().splitlines() == [
            "update",
            "install -y --no-install-recommends libabsent1",
        ]


def test_full_disk_is_noticed_before_anything_is_made(
    environment, monkeypatch, tmp_path
):
    monkeypatch.setattr(environment, "ROOT", make_project(tmp_path / "project"))
    monkeypatch.setattr(environment, "DISK_NEEDED", 1e9)

    with pytest.raises(environment.SetupError, match="make room"):
        environment.ensure()

    assert not (tmp_path / "project" / ".venv").exists()


@pytest.mark.parametrize("name", FIRST_FILES)
def test_first_files_suit_any_python(name):
    tree = ast.parse((SCRIPTS / name).read_text("utf-8"), feature_version=(3, 7))
    imported = {
        alias.name.split(".")[0]
        for node in tree.body  # What a function imports, the right Python reads.
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert imported <= sys.stdlib_module_names | {"_environment", "check"}


def test_every_requirement_is_pinned_once():
    names = []
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        for line in path.read_text("utf-8").splitlines():
            if line and not line.startswith(("#", "-r ")):
                name = re.fullmatch(r"([\w.-]+)==[\w.]+", line).group(1)
                names.append(re.sub(r"[-_.]+", "-", name).lower())
    assert len(names) == len(set(names))
    assert {"bpy", "torch", "numpy", "pytest"} <= set(names)


def test_older_bpy_comes_without_torch(environment):
    arguments = environment._packages("4.2.23")
    assert arguments[0] == "bpy==4.2.23"
    base = Path(arguments[arguments.index("-r") + 1])
    assert "torch" not in base.read_text("utf-8")
