# SPDX-License-Identifier: GPL-3.0-or-later
"""Making the environment for real, from a folder of tiny wheels; and every refusal."""

import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.runtime.wheels import make_wheels
from vitpose_blender.core.errors import SetupError
from vitpose_blender.runtime import children
from vitpose_blender.runtime import install as installing
from vitpose_blender.runtime.environment import Environment, python_version
from vitpose_blender.runtime.install import Request, install, remove
from vitpose_blender.runtime.job import Cancelled
from vitpose_blender.runtime.lock import one_at_a_time
from vitpose_blender.runtime.packages import NEEDS, lacking, probe
from vitpose_blender.runtime.plan import Host


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory) -> Path:
    """A Python without packages, as Blender's is."""
    folder = tmp_path_factory.mktemp("host") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return Environment(folder.parent).python


@pytest.fixture(autouse=True)
def nobodys_pip(monkeypatch):
    """Settings of pip on this machine do not count."""
    for name in ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(
        "PIP_CONFIG_FILE", "/dev/null" if sys.platform != "win32" else "nul"
    )


@pytest.fixture
def request_for(tmp_path, bare_python):
    """Return a way to ask for an environment in a temporary folder."""

    def make(wheels: Path | None = None, **changes) -> Request:
        host = Host(bare_python, python_version(), "1.26.4")
        own = Environment(tmp_path / "runtime")
        return Request(own, host, "cpu", wheels, **changes)

    return make


def run(request: Request, stop: threading.Event | None = None) -> list:
    """Install, and return the progress that was reported."""
    said = []
    install(request, said.append, stop or threading.Event())
    return said


@pytest.mark.slow
def test_wheels_become_an_environment_that_works(tmp_path, request_for):
    request = request_for(make_wheels(tmp_path / "wheels"))
    own = request.environment

    said = run(request)

    assert own.is_ready()
    assert lacking(probe(str(own.python))) == []
    shares = [progress.share for progress in said]
    assert shares == sorted(shares)
    assert 0.0 <= shares[0] <= shares[-1] <= 1.0
    assert any(progress.text.startswith("Unpacking 7") for progress in said)
    assert not own.downloads.exists()
    assert not own.temporary.exists()
    assert "Successfully installed" in own.log.read_text("utf-8")

    remove(own)
    assert not own.is_ready()
    assert not own.venv.exists()


@pytest.mark.slow
def test_a_cancelled_installation_leaves_nothing_half_done(tmp_path, request_for):
    request = request_for(make_wheels(tmp_path / "wheels"))
    stop = threading.Event()

    def cancel_when_pip_runs(progress):
        if progress.text == "Asking for packages":
            stop.set()

    with pytest.raises(Cancelled):
        install(request, cancel_when_pip_runs, stop)

    assert not request.environment.is_ready()
    assert not request.environment.venv.exists()
    assert not request.environment.temporary.exists()


@pytest.mark.slow
def test_a_package_that_does_not_import_is_told_at_once(tmp_path, request_for):
    broken = 'raise OSError("libfoo.so is missing")'
    request = request_for(make_wheels(tmp_path / "wheels", torch=broken))
    with pytest.raises(SetupError, match=r"torch does not work .*libfoo\.so"):
        run(request)
    assert not request.environment.is_ready()


@pytest.mark.slow
def test_a_wheel_that_is_missing_is_named(tmp_path, request_for):
    request = request_for(make_wheels(tmp_path / "wheels", leave_out="torch"))
    with pytest.raises(SetupError, match=r"has no torch==\S+ for this Python"):
        run(request)


class TestRefusals:
    def test_the_network_is_not_used_unasked(self, request_for, monkeypatch):
        monkeypatch.setattr(children.subprocess, "Popen", None)  # No child at all.
        with pytest.raises(SetupError, match="Allow Online Access"):
            run(request_for())

    def test_a_folder_without_wheels(self, tmp_path, request_for):
        with pytest.raises(SetupError, match="has no wheels"):
            run(request_for(tmp_path))

    def test_a_full_disk(self, tmp_path, request_for, monkeypatch):
        usage = shutil.disk_usage(tmp_path)._replace(free=5_000_000)
        monkeypatch.setattr(installing.shutil, "disk_usage", lambda _: usage)
        request = request_for(make_wheels(tmp_path / "wheels"))
        with pytest.raises(SetupError, match=r"has 0\.0 GB free .* make room"):
            run(request)
        assert not request.environment.venv.exists()

    def test_two_at_once(self, tmp_path, request_for):
        request = request_for(make_wheels(tmp_path / "wheels"))
        folder = request.environment.folder
        folder.mkdir()
        with (
            one_at_a_time(folder / "lock"),
            pytest.raises(SetupError, match="Another Blender"),
        ):
            run(request)

    def test_a_folder_that_cannot_be_made(self, tmp_path, request_for):
        (tmp_path / "runtime").write_text("a file")
        request = request_for(make_wheels(tmp_path / "wheels"))
        with pytest.raises(SetupError, match="Cannot make the folder"):
            run(request)


def test_nothing_is_installed_where_all_is_there(tmp_path, request_for, monkeypatch):
    here = tmp_path / "here"
    for need in NEEDS:
        (here / need.module).mkdir(parents=True)
        (here / need.module / "__init__.py").write_text('__version__ = "99.0"')
    request = request_for(make_wheels(tmp_path / "wheels"), paths=(str(here),))

    said = install(request, lambda progress: None, threading.Event())

    assert said.startswith("Nothing to install")
    assert not request.environment.folder.exists()


def test_an_environment_needs_the_python_that_made_it(tmp_path, request_for):
    own = Environment(tmp_path)
    own.python.parent.mkdir(parents=True)
    own.python.touch()
    for stamp, is_ready in (
        ({"python": python_version(), "base": sys.executable}, True),
        ({"python": "2.7", "base": sys.executable}, False),
        ({"python": python_version(), "base": str(tmp_path / "gone")}, False),
    ):
        own.stamp.write_text(str(stamp).replace("'", '"'), "utf-8")
        assert own.is_ready() is is_ready
    own.stamp.write_text("{", "utf-8")
    assert not own.is_ready()
